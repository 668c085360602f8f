"""What vendors' APIs answer: any status, header and body in answer to any step of a report job."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import requests
import urllib3
from hypothesis import strategies as st
from requests.adapters import BaseAdapter, HTTPAdapter

from source_lms_reports.api.answer import wait_asked_for
from source_lms_reports.api.client import Client
from source_lms_reports.api.credentials import NoAuth
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.api.setup import make_executor
from source_lms_reports.api.transport import Transport
from source_lms_reports.errors import ReportError
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.actions import Abort, Action, Fetch, Fetched, Find, Observed, Place, Placed, Poll, Refused
from source_lms_reports.jobs.ticket import Order, Ticket, Window
from source_lms_reports.platforms.model import Platform, load_platform
from source_lms_reports.redaction import MASK, Redactor
from unit_tests.connections import connection
from unit_tests.files.reading import gzipped
from unit_tests.fuzz.parser import Case, Parser, cases

_NOW = 1_772_000_000.0
_SECRET = 's3cr3t/w+rd="\\'
_REPORTS = {
    "canvas": ("provisioning_csv", "zero_activity_csv"),
    "hapyak": ("user_stream_raw",),
    "sana": ("user_course_instance_progress",),
    "tinqwise": ("modules", "users"),
    "second_nature": ("course_user_state", "course_status", "of their own"),
}
_PAIRS = [(platform, report) for platform, reports in _REPORTS.items() for report in reports]


class Canned(BaseAdapter):
    """Gives the same answers in turn, whatever is asked."""

    def __init__(self, answers: list[Any]) -> None:
        super().__init__()
        self._answers = answers
        self._at = 0

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        status, headers, body = self._answers[self._at % len(self._answers)]
        self._at += 1
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(body), headers=headers, status=status, preload_content=False, decode_content=False
        )
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        return None


@lru_cache
def _platform(name: str) -> tuple[Platform, Mapping[str, Any], Mapping[str, Any]]:
    declared, settings = connection(name)
    specs = {report: streams[0].report_spec for report, streams in declared.items()}
    return load_platform(name), settings.context, specs


def _check_step(case: Case) -> bool:
    name, report = case["of"]
    platform, context, specs = _platform(name)
    transport = Transport()
    for scheme in ("https://", "http://"):
        transport._session.mount(scheme, Canned(case["answers"]))
    every = {auth: NoAuth() for auth in ("default", *platform.authenticators)}
    client = Client(platform, context, every, transport, clock=lambda: _NOW)
    order = Order(report, {"format": "csv"}, Window("2026-01-01", "2026-01-02"), ("s",))
    ticket = Ticket("7", order.identity, report, order.parameters, order.window, _NOW - 60)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, Spool(Path(folder)) as spool:
        vendor = make_executor(client, spool, specs, lambda _: ReadOptions(), lambda *_: None)
        try:
            is_direct = report in specs and specs[report].request
            action = Fetch(order, None, None) if is_direct else _action(case["step"], platform, order, ticket)
            outcome = vendor.execute(action)
            if isinstance(outcome, (Observed, Placed)):
                outcome = vendor.execute(Fetch(order, ticket, outcome.state))
        except ReportError:
            return False
    return not isinstance(outcome, Refused) and (not isinstance(outcome, Fetched) or outcome.payload is not None)


def _action(step: str, platform: Platform, order: Order, ticket: Ticket) -> Action:
    """The wanted step, or one that the platform has."""
    if step == "abort":
        return Abort(order, ticket) if "abort" in platform.requests else Poll(order, ticket)
    steps: dict[str, Action] = {"place": Place(order), "poll": Poll(order, ticket)}
    return Find(order) if step == "find" else steps[step]


def _check_list(case: Case) -> bool:
    platform, context, _ = _platform("canvas")
    transport = Transport()
    transport._session.mount("https://", Canned(case["answers"]))
    client = Client(platform, context, {"default": NoAuth()}, transport, clock=lambda: _NOW)
    try:
        client.items("list", "list")
    except Refusal:
        return False
    return True


def _check_header(case: Case) -> bool:
    seconds = wait_asked_for({"retry-after": case["text"]}, _NOW)
    assert seconds is None or 0 <= seconds < float("inf")
    return seconds is not None


def _check_text(case: Case) -> bool:
    redactor = Redactor()
    redactor.register(_SECRET)
    shown = redactor.redact(case["text"].replace("SECRET", _SECRET))
    assert _SECRET not in shown
    assert _SECRET.replace("\\", "\\\\").replace('"', '\\"') not in shown
    return MASK in shown


_LINKS = st.sampled_from(
    (
        "https://f.example/a.csv?sig=1",
        "http://f.example/a",
        "https://[bad",
        "https://x:99999/",
        "https://x:port/",
        "",
        "//",
        "/a",
        "http://localhost:1/a",
        "ftp://x",
        "https://",
        "https:///a",
        "https://x.example/next?page=2",
        "https://℀/",
        "https://é/",
        "https://x.example/%zz",
        "javascript:0",
        "https://a@b:c@d/",
        "https://" + "a" * 70 + ".example/",
        "https://.example/",
        "\n",
        "https://a b/",
    )
)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | _LINKS
_WORDS: tuple[str, ...] = (
    "id",
    "status",
    "progress",
    "file",
    "attachment",
    "url",
    "report_url",
    "ticket_id",
    "error",
    "data",
    "reports",
    "next",
    "link",
)
_WORDS += (
    "complete",
    "running",
    "failed",
    "ready",
    "parameters",
    "created_at",
    "ended_at",
    "current_line",
    "expiresAt",
    "results",
    "links",
)
_VALUES = _SCALARS | st.sampled_from(
    (
        10**400,
        -(10**400),
        1e308,
        "complete",
        "running",
        "failed",
        "ready",
        "error",
        "2026-01-01T00:00:00Z",
        "0001-01-01",
        [[]],
        50,
        101,
    )
)
_JSON = st.recursive(
    _VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=5),
    max_leaves=12,
)
_JOBS = st.fixed_dictionaries(
    {},
    optional={
        "id": _VALUES,
        "ticket_id": _VALUES,
        "status": st.sampled_from(("complete", "running", "ready", "failed", "aborted", "pending")) | _VALUES,
        "progress": _VALUES,
        "attachment": st.fixed_dictionaries({"url": _LINKS | _VALUES}) | _JSON,
        "data": _JSON,
        "file_url": _LINKS,
        "report_url": _LINKS | st.lists(_LINKS, max_size=2) | _JSON,
        "current_line": _VALUES,
        "created_at": _VALUES,
        "ended_at": _VALUES,
        "parameters": _JSON,
        "next": _LINKS | _VALUES,
        "results": st.lists(_JSON, max_size=2) | _JSON,
    },
)
_DOCUMENTS = (_JSON | _JOBS | st.lists(_JOBS, max_size=3)).map(lambda value: json.dumps(value).encode())
_BODIES = _DOCUMENTS | st.sampled_from(
    (
        b"",
        b"<html>",
        b"a,b\n1,2\n",
        b"\x1f\x8b\x08\x00junk",
        gzipped(b'{"next": "https://x.example/2"}'),
        gzipped(b'{"a": 1}')[:-9],
        b"[" * 5000,
        b'{"a":' * 5000,
        b'{"next": "\\ud800", "a": [1]}',
        b'{"status": 1e999}',
        b"9" * 5000,
        b"\xff\xfe{\x00}\x00",
        b"null",
        b"\xef\xbb\xbf{}",
        b'{"id": NaN}',
        b' {"next": "/2"}',
        b"\n\n[]",
        gzipped(b""),
        b"\x1f\x8b",
        b'{"id": 1, "progress": 1' + b"0" * 400 + b"}",
    )
)
_DATES = st.sampled_from(
    (
        "Tue, 14 Nov 2023 22:13:50 GMT",
        "Mon, 01 Jan 0001 00:00:00 -0000",
        "Fri, 31 Dec 9999 23:59:59 -0000",
        "Thu, 1 Jan 1970 00:00:00 +9999",
        "1 Jan 99999999999999999999 00:00:00 GMT",
        "Tue, 14 Nov 2023 22:13:50",
        "14 Nov 23 24:61:61 EST",
        "Tue, 14 Nov 2023 22:13:50 +99999999",
        "1e400",
        "-1",
        "1_000",
        "٣",
        "0x1",
        "12; 13",
        " 7 ",
        "nan",
        "infinity",
        "9" * 400,
        "1e308",
        ",,,",
        "a, b c d e f",
    )
)
_DATE_PARTS = st.lists(
    st.sampled_from(
        ("Tue,", "14", "Nov", "2023", "22:13:50", "GMT", "-0000", "+9999", "99999999999", ":", "1:2", "pm", "0")
    ),
    max_size=7,
)
_HEADER_TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=12)
_HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Retry-After": _DATES | _HEADER_TEXTS,
        "Content-Type": _HEADER_TEXTS
        | st.sampled_from(("text/csv; charset=idna", 'text/csv; charset="', "text/html", "; charset=utf-16")),
        "Content-Length": st.sampled_from(("²", "1", "0", "99999", "-1", "", "1, 1", "٣")),
        "Content-Disposition": _HEADER_TEXTS
        | st.sampled_from(('attachment; filename="%zz"', "filename*=UTF-8''%ff", 'filename="a\\"b')),
        "Link": st.builds('<{}>; rel="next"'.format, _LINKS)
        | _HEADER_TEXTS
        | st.sampled_from(("<", "<>;", "<a>; rel", ", ,", "<a>; rel=next; rel=prev")),
        "Location": _LINKS | _HEADER_TEXTS,
        "ETag": _HEADER_TEXTS,
        "Content-Encoding": st.sampled_from(("gzip", "br", "deflate", "identity", "gzip, gzip", "x")),
        "Transfer-Encoding": st.sampled_from(("chunked", "identity")),
    },
)
_STATUSES = st.sampled_from(
    (200, 200, 200, 201, 202, 204, 206, 301, 302, 307, 400, 401, 403, 404, 408, 410, 416, 429, 500, 502, 503, 599)
)
_ANSWERS = st.lists(st.tuples(_STATUSES, _HEADERS, _BODIES), min_size=1, max_size=3)
_PIECES = (
    "https://",
    "x.example",
    "?",
    "&",
    "=",
    "a",
    "page",
    "token",
    "SECRET",
    "Bearer ",
    "Authorization: ",
    '"',
    "'",
    " ",
    "@",
    "\\",
    ":",
    "/",
    "\n",
)
_CHECKS = {"step": _check_step, "list": _check_list, "header": _check_header, "text": _check_text}

_STEPS = st.sampled_from(("place", "poll", "find", "abort"))
PARSER = Parser(
    "answers",
    st.one_of(
        cases(kind=st.just("step"), of=st.sampled_from(_PAIRS), step=_STEPS, answers=_ANSWERS),
        cases(kind=st.just("step"), of=st.sampled_from(_PAIRS), step=_STEPS, answers=_ANSWERS),
        cases(kind=st.just("list"), answers=_ANSWERS),
        cases(kind=st.just("header"), text=_DATES | _DATE_PARTS.map(" ".join) | st.text(max_size=12)),
        cases(
            kind=st.just("text"),
            text=st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=14).map("".join),
        ),
    ),
    lambda case: _CHECKS[case["kind"]](case),
)
