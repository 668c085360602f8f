"""Reports whose files' addresses are asked for one by one."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from requests_mock import Mocker

from source_lms_reports.api.client import Client
from source_lms_reports.api.credentials import NoAuth
from source_lms_reports.api.executor import ActionExecutor
from source_lms_reports.api.patience import Patience
from source_lms_reports.api.setup import make_executor
from source_lms_reports.api.transport import Transport
from source_lms_reports.errors import JobGone, PayloadError, ReportError, RestartNeeded
from source_lms_reports.files.opening import open_tables
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.payload import Payload
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.actions import (
    BadPayload,
    Fetch,
    Fetched,
    LinkDead,
    Observed,
    Outcome,
    Place,
    Poll,
    Refused,
)
from source_lms_reports.jobs.policy import Policy
from source_lms_reports.jobs.result import PartIds
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.jobs.ticket import Order, Ticket
from source_lms_reports.platforms.model import parse_platform
from unit_tests.files.reading import rows_of

BASE, STORE = "https://api.x.example", "https://store.x.example"
ORDER = Order("users", {})
TICKET = Ticket("j/1", ORDER.identity, "users", {}, None, 0.0)
PLATFORM = f"""
name: x
title: X
pattern: ticket
base_url: {BASE}
spec: {{}}
authenticators: {{default: {{type: BearerAuthenticator, api_token: t}}}}
requests:
  order: {{method: POST, path: /order}}
  poll: {{path: "/job/{{{{ ticket.id }}}}"}}
  trade: {{method: POST, path: /trade, json: {{id: "{{{{ part }}}}"}}, one_a_part: true}}
job:
  id: [id]
  status: [status]
  statuses: {{complete: ready, failed: failed}}
  parts: [objects, "*", id]
  part_links: [urls, "*", url]
  cursor: [[until], [at]]
errors:
  - {{contains: reloaded, kind: restart, message: "Only a snapshot of {{{{ report }}}}: {{{{ words }}}}"}}
  - {{status: [404], phase: [trade], kind: gone, message: gone}}
policy: {{cadence: 5}}
check: {{}}
"""


class Vendor:
    """Files by their ids, and what is asked of it."""

    def __init__(self, files: dict[str, Any]) -> None:
        self.files = files
        self.asked: list[Any] = []
        self.gives_one = False

    def trade(self, request: Any, context: Any) -> Any:
        """An address that is good once."""
        (one,) = request.json()
        self.asked.append(one["id"])
        if self.files[one["id"]] is None:
            context.status_code = 404
            return {}
        if self.gives_one:
            return {"urls": {one["id"]: {"url": f"{STORE}/j/a?sig=1"}}}
        return {"urls": {one["id"]: {"url": f"{STORE}/{one['id']}?sig={len(self.asked)}"}}}

    def file(self, request: Any, context: Any) -> bytes:
        """What is at an address: of several answers the next one, a status or a body."""
        answers = self.files[request.path.removeprefix("/")]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, int):
            context.status_code = answer
            return b""
        return bytes(answer)


def part(*ids: int) -> bytes:
    return gzip.compress(b"".join(b'{"id":%d}\n' % one for one in ids))


@pytest.fixture
def executor(tmp_path: Path) -> Iterator[ActionExecutor]:
    patience = Patience(Policy(), 600.0, sleep=lambda _: None, rng=random.Random(1))
    client = Client(parse_platform(PLATFORM), {}, {"default": NoAuth()}, Transport(), lambda: 0.0, patience)
    with Spool(tmp_path) as spool:
        yield make_executor(client, spool, {}, lambda _: ReadOptions(format="jsonl"), lambda *_: None)


def fetched(executor: ActionExecutor, vendor: Vendor) -> Outcome:
    state = executor.execute(Poll(ORDER, TICKET))
    assert isinstance(state, Observed)
    assert state.state.result == PartIds(tuple(vendor.files), "2026-01-01T00:00:00.123Z")
    return executor.execute(Fetch(ORDER, TICKET, state.state))


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    vendor = Vendor({"j/a": [part(1, 2)], "j/b": [part(3)], "j/c": [part(4)], "j/d": [part(5)]})
    job = {"id": "j/1", "status": "complete", "until": "2026-01-01T00:00:00.123Z"}
    with Mocker() as mock:
        mock.get(f"{BASE}/job/j%2F1", json=lambda *_: {**job, "objects": [{"id": one} for one in vendor.files]})
        mock.post(f"{BASE}/trade", json=vendor.trade)
        mock.get(f"{STORE}/j/a", content=vendor.file)
        for name in ("b", "c", "d"):
            mock.get(f"{STORE}/j/{name}", content=vendor.file)
        yield vendor


def rows(payload: Payload) -> list[Any]:
    options = ReadOptions(format="jsonl")
    return [row["id"] for piece in payload.pieces() for table in open_tables(piece, options) for row in rows_of(table)]


def test_files_come_one_by_one_as_one_report(executor: ActionExecutor, vendor: Vendor, tmp_path: Path) -> None:
    outcome = fetched(executor, vendor)
    assert isinstance(outcome, Fetched)
    assert vendor.asked == ["j/a"]
    assert outcome.payload.reached == "2026-01-01T00:00:00.123Z"
    assert rows(outcome.payload) == [1, 2, 3, 4, 5]
    outcome.payload.remove()
    assert [path.name for path in tmp_path.rglob("report-*")] == []


def test_no_more_files_than_a_few_are_fetched_ahead(executor: ActionExecutor, vendor: Vendor) -> None:
    outcome = fetched(executor, vendor)
    assert isinstance(outcome, Fetched)
    pieces = outcome.payload.pieces()
    next(pieces)
    assert "j/d" not in vendor.asked
    next(pieces)
    pieces.close()


def test_a_report_of_no_files_has_no_rows(executor: ActionExecutor, vendor: Vendor) -> None:
    vendor.files.clear()
    outcome = fetched(executor, vendor)
    assert isinstance(outcome, Fetched)
    assert rows(outcome.payload) == []
    assert outcome.payload.reached == "2026-01-01T00:00:00.123Z"


@pytest.mark.parametrize(
    "answers",
    [[403, part(4)], [503, 503, part(4)], [part(4)[:-9], part(4)], [b"<html>", part(4)], [b"", part(4)]],
    ids=["refused", "failing", "cut", "a page", "nothing"],
)
def test_a_later_file_is_asked_for_again_under_a_new_address(
    executor: ActionExecutor, vendor: Vendor, answers: list[Any]
) -> None:
    vendor.files["j/c"] = list(answers)
    outcome = fetched(executor, vendor)
    assert isinstance(outcome, Fetched)
    assert rows(outcome.payload) == [1, 2, 3, 4, 5]
    assert vendor.asked.count("j/c") == len(answers)


@pytest.mark.parametrize(
    ("answers", "error"),
    [(None, JobGone), ([part(4)[:-9]], PayloadError), ([403], ReportError)],
    ids=["gone", "cut", "refused"],
)
def test_a_later_file_that_cannot_be_had_ends_the_report_behind_those_before_it(
    executor: ActionExecutor, vendor: Vendor, answers: Any, error: type[Exception]
) -> None:
    vendor.files["j/c"] = answers
    outcome = fetched(executor, vendor)
    assert isinstance(outcome, Fetched)
    seen: list[int] = []
    pieces = outcome.payload.pieces()
    with pytest.raises(error, match="users"):
        seen.extend(row for piece in pieces for row in rows(Payload(piece.parts)))
    assert seen == [1, 2, 3]


def test_one_address_is_not_that_of_two_files(executor: ActionExecutor, vendor: Vendor) -> None:
    vendor.gives_one = True
    outcome = fetched(executor, vendor)
    assert isinstance(outcome, Fetched)
    pieces = outcome.payload.pieces()
    assert rows(Payload(next(pieces).parts)) == [1, 2]
    with pytest.raises(ReportError, match="the address of another file"):
        next(pieces)


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [(None, Refused), ([403], LinkDead), ([503], Refused), ([part(1)[:-9]], BadPayload)],
    ids=["gone", "refused", "failing", "cut"],
)
def test_the_first_file_goes_the_way_of_every_download(
    executor: ActionExecutor, vendor: Vendor, answers: Any, outcome: type[Outcome]
) -> None:
    vendor.files["j/a"] = answers
    assert isinstance(fetched(executor, vendor), outcome)


def test_a_job_that_names_no_list_of_files_is_not_a_report_of_none(executor: ActionExecutor) -> None:
    with Mocker() as mock:
        mock.get(f"{BASE}/job/j%2F1", text=json.dumps({"id": "j/1", "status": "complete"}))
        observed = executor.execute(Poll(ORDER, TICKET))
        assert isinstance(observed, Observed)
        assert isinstance(executor.execute(Fetch(ORDER, TICKET, observed.state)), LinkDead)


@pytest.mark.parametrize("in_job", [True, False])
def test_a_job_that_only_the_whole_report_can_replace_is_a_restart(executor: ActionExecutor, in_job: bool) -> None:
    body = {"id": "j/1", "status": "failed", "error": {"type": "TableReloadedError"}}
    with Mocker() as mock:
        mock.post(f"{BASE}/order", json=body, status_code=200 if in_job else 400)
        mock.get(f"{BASE}/job/j%2F1", json=body)
        outcomes = [executor.execute(Place(ORDER)), *([executor.execute(Poll(ORDER, TICKET))] if in_job else [])]
    for outcome in outcomes:
        assert isinstance(outcome, Refused)
        assert outcome.kind == "restart"
        assert isinstance(outcome.error, RestartNeeded)
        assert outcome.error.message.startswith("Only a snapshot of users:")


def test_a_job_that_failed_for_another_reason_is_ordered_again(executor: ActionExecutor) -> None:
    with Mocker() as mock:
        mock.get(f"{BASE}/job/j%2F1", json={"id": "j/1", "status": "failed", "error": {"type": "ProcessingError"}})
        observed = executor.execute(Poll(ORDER, TICKET))
    assert isinstance(observed, Observed)
    assert observed.state.status is JobStatus.FAILED
