"""What a vendor's words become, where they are odd."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from requests_mock import Mocker

from source_lms_reports.api.client import Client
from source_lms_reports.api.credentials import NoAuth
from source_lms_reports.api.executor import ActionExecutor
from source_lms_reports.api.setup import make_executor
from source_lms_reports.api.transport import Transport
from source_lms_reports.files.opening import open_tables
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.actions import BadPayload, Fetch, Fetched, LinkDead, Observed, Poll, Refused
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.jobs.ticket import Order, Ticket
from source_lms_reports.platforms.model import load_platform
from unit_tests.connections import connection
from unit_tests.files.reading import gzipped, rows_of

BASE = "https://x.example"
LIST = f"{BASE}/api/v2/reports/users/"


def vendor(name: str, spool: Spool) -> ActionExecutor:
    platform, (declared, settings) = load_platform(name), connection(name)
    every = {auth: NoAuth() for auth in ("default", *platform.authenticators)}
    client = Client(platform, settings.context, every, Transport(), clock=lambda: 0.0)
    specs = {report: streams[0].report_spec for report, streams in declared.items()}
    return make_executor(client, spool, specs, lambda _: ReadOptions(records_path=("results",)), lambda *_: None)


def pages(tmp_path: Path, *bodies: bytes) -> Any:
    """The outcome of a list whose first page names the second one."""
    with Spool(tmp_path) as spool, Mocker() as mock:
        mock.get(LIST, content=bodies[0])
        mock.get(f"{LIST}?page=2", content=bodies[-1])
        outcome = vendor("tinqwise", spool).execute(Fetch(Order("users", {}), None, None))
        if not isinstance(outcome, Fetched):
            return outcome
        options = ReadOptions(records_path=("results",))
        return [row for table in open_tables(outcome.payload, options) for row in rows_of(table)]


@pytest.mark.parametrize(
    "first",
    [
        b'{"results": [{"a": 1}], "next": "/api/v2/reports/users/?page=2"}',
        b'{"results": [{"a": NaN}], "next": "/api/v2/reports/users/?page=2"}',
        b'{"score": 1e999, "results": [{"a": 1}], "next": "/api/v2/reports/users/?page=2"}',
        b'{"next": "/api/v2/reports/users/?page=2", "results": [{"a": "\\ud800"}]}',
        b'{"results": [{"a": "\xe9"}], "next": "/api/v2/reports/users/?page=2"}',
        b'\xef\xbb\xbf\n {"results": [{"a": 1}], "next": "/api/v2/reports/users/?page=2"}',
        '{"results": [{"a": 1}], "next": "/api/v2/reports/users/?page=2"}'.encode("utf-16"),
        gzipped(b'{"results": [{"a": 1}], "next": "/api/v2/reports/users/?page=2"}'),
    ],
)
def test_the_next_page_is_found_in_whatever_the_rows_are_read_from(tmp_path: Path, first: bytes) -> None:
    assert len(pages(tmp_path, first, b'{"results": [{"a": 2}], "next": null}')) == 2


@pytest.mark.parametrize("body", [b"\x1f\x8b\x08\0junk", gzipped(b'{"results": []}')[:-9], b'{"results": [', b"<html>"])
def test_a_page_that_is_damaged_is_a_bad_payload(tmp_path: Path, body: bytes) -> None:
    assert isinstance(pages(tmp_path, body), BadPayload)


def page(rows: int, count: Any, more: bool = False, first: int | None = None) -> dict[str, Any]:
    following = {"next": "/api/v2/reports/users/?page=2"} if more else {}
    begins = (0 if more else 100) if first is None else first
    return {"json": {"count": count, "results": [{"a": begins + number} for number in range(rows)], **following}}


@pytest.mark.parametrize(
    ("first", "second", "rows", "is_complete", "asked"),
    [
        ([page(2, 3, more=True), page(1, 3)], [], 3, True, 2),
        ([page(3, 5)], [page(5, 5)], 5, True, 2),
        ([page(2, 5, more=True), page(2, 4)], [page(4, 4)], 4, True, 3),  # a row went, and another moved up
        ([page(2, 3, more=True), page(2, 4)], [], 4, True, 2),  # a row came at the end
        ([page(4, 5)], [page(3, 4)], 3, False, 2),
        ([page(4, 3)], [page(4, 3)], 4, False, 2),
        ([page(4, None)], [], 4, True, 1),
        ([page(4, "5")], [page(4, "5")], 4, False, 2),
        ([page(4, "some")], [], 4, True, 1),
        # a page that came again in the place of another
        ([page(2, 4, more=True), page(2, 4, first=0)], [page(2, 4, more=True), page(2, 4)], 4, True, 4),
        (
            [page(2, None, more=True), page(2, None, first=0)],
            [page(2, None, more=True), page(2, None, first=0)],
            4,
            False,
            4,
        ),
        ([page(0, 0, more=True), page(0, 0)], [], 0, True, 2),
        ([page(4, True)], [], 4, True, 1),
        ([page(0, 0)], [], 0, True, 1),
    ],
)
def test_a_list_that_does_not_add_up_is_read_again_then_told(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    first: list[dict[str, Any]],
    second: list[dict[str, Any]],
    rows: int,
    is_complete: bool,
    asked: int,
) -> None:
    with Spool(tmp_path) as spool, Mocker() as mock:
        mock.get(LIST, [*first, *second])
        outcome = vendor("tinqwise", spool).execute(Fetch(Order("users", {}), None, None))

        assert isinstance(outcome, Fetched)
        options = ReadOptions(records_path=("results",))
        assert sum(len(rows_of(table)) for table in open_tables(outcome.payload, options)) == rows
        assert outcome.payload.is_complete is is_complete
        assert any("does not add up" in text for text in caplog.messages) is not is_complete
        assert mock.call_count == asked
        assert len(list(tmp_path.rglob("report-*"))) == len(outcome.payload.parts)


def test_a_list_of_lists_that_has_none_is_a_report_without_rows(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool, Mocker() as mock:
        mock.get(re.compile("/course-status/$"), json=[])
        outcome = vendor("second_nature", spool).execute(Fetch(Order("course_user_state", {}), None, None))

        assert isinstance(outcome, Fetched)
        assert outcome.payload.parts == ()


def test_a_page_that_has_gone_since_it_was_named_is_a_fault_of_the_moment(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool, Mocker() as mock:
        mock.get(LIST, [page(2, 3, more=True), {"status_code": 404, "json": {"detail": "Invalid page."}}])
        outcome = vendor("tinqwise", spool).execute(Fetch(Order("users", {}), None, None))

        assert isinstance(outcome, Refused)
        assert outcome.kind == "transient"
        assert "has become shorter while it was read" in outcome.error.message
        assert not list(tmp_path.rglob("report-*"))


def test_a_first_page_that_is_not_there_is_a_matter_of_the_address(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool, Mocker() as mock:
        mock.get(LIST, status_code=404)
        outcome = vendor("tinqwise", spool).execute(Fetch(Order("users", {}), None, None))

        assert isinstance(outcome, Refused)
        assert outcome.kind == "config"


def test_a_progress_beyond_any_number_is_none(tmp_path: Path) -> None:
    order = Order("zero_activity_csv", {})
    ticket = Ticket("7", order.identity, order.report, {}, None, 0.0)
    with Spool(tmp_path) as spool, Mocker() as mock:
        mock.get(
            f"{BASE}/api/v1/accounts/self/reports/zero_activity_csv/7",
            text='{"id": 7, "status": "running", "progress": 1' + "0" * 400 + "}",
        )
        outcome = vendor("canvas", spool).execute(Poll(order, ticket))

    assert isinstance(outcome, Observed)
    assert outcome.state.progress is None


POLL = re.compile("/report-requests/7$")
LOOK = Poll(Order("entitlements", {}), Ticket("7", "x", "entitlements", {}, None, 0.0))


def looked(tmp_path: Path, *answers: dict[str, Any]) -> list[Any]:
    """What several looks at a job come to, each that has the report with what fetching it does."""
    with Spool(tmp_path) as spool, Mocker() as mock:
        mock.get(POLL, list(answers))
        executor = vendor("percipio", spool)
        found: list[Any] = []
        for _ in answers:
            outcome = executor.execute(LOOK)
            if isinstance(outcome, Observed) and outcome.state.status is JobStatus.READY:
                outcome = executor.execute(Fetch(LOOK.order, LOOK.ticket, outcome.state))
            found.append(outcome)
        return found


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        ({"json": {"reportId": "7", "status": "PENDING"}}, JobStatus.QUEUED, "PENDING"),
        ({"json": {"id": "7", "status": "IN_PROGRESS"}}, JobStatus.RUNNING, "IN_PROGRESS"),
        ({"json": {"reportId": "7"}}, JobStatus.QUEUED, ""),
        ({"json": {"status": "FAILED"}}, JobStatus.FAILED, "FAILED"),
        ({"json": {"status": "FAILED", "error": "No rows"}}, JobStatus.FAILED, "No rows"),
        ({"json": {"error": "No rows"}}, JobStatus.FAILED, "No rows"),
        ({"json": {"errors": [{"message": "No rows"}]}}, JobStatus.FAILED, "No rows"),
        ({"json": {"status": "SHELVED", "error": "No rows"}}, JobStatus.FAILED, "No rows"),
        ({"json": {"status": "IN_PROGRESS", "error": "Still counting"}}, JobStatus.RUNNING, "Still counting"),
        ({"json": {"status": "IN_PROGRESS", "error": None}}, JobStatus.RUNNING, "IN_PROGRESS"),
        ({"status_code": 202, "json": {"status": "IN_PROGRESS"}}, JobStatus.RUNNING, "IN_PROGRESS"),
    ],
)
def test_an_object_in_the_place_of_the_report_tells_how_it_is(
    tmp_path: Path, answer: dict[str, Any], status: JobStatus, words: str
) -> None:
    (outcome,) = looked(tmp_path, answer)
    assert isinstance(outcome, Observed)
    assert (outcome.state.status, outcome.state.words) == (status, words)
    assert not list(tmp_path.rglob("report-*"))


@pytest.mark.parametrize("body", [b"[]", b" [\n]\n"])
def test_a_list_without_elements_is_the_report_when_it_comes_again(tmp_path: Path, body: bytes) -> None:
    first, second = looked(tmp_path, {"content": body}, {"content": body})
    assert isinstance(first, Observed)
    assert first.state.status is JobStatus.RUNNING
    assert isinstance(second, Fetched)


@pytest.mark.parametrize("body", [b'[{"userId": "1"}]', b"userId\n1\n", gzipped(b"[]")])
def test_anything_else_is_the_report(tmp_path: Path, body: bytes) -> None:
    (outcome,) = looked(tmp_path, {"content": body})
    assert isinstance(outcome, Fetched)


@pytest.mark.parametrize(
    ("link", "is_complete"),
    [("</2>; rel=next", False), ("</a.css>; rel=preload, </1>; rel=prev", True), ("", True)],
)
def test_a_report_with_a_link_to_a_next_page_is_not_all_of_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, link: str, is_complete: bool
) -> None:
    (outcome,) = looked(tmp_path, {"json": [{"userId": "1"}], "headers": {"Link": link}})
    assert isinstance(outcome, Fetched)
    assert outcome.payload.is_complete is is_complete
    assert any("a link to a next page" in text for text in caplog.messages) is not is_complete


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"text": "<html>"}, "transient"),
        ({"json": {"message": "Internal server error"}}, "transient"),
        ({"json": {}}, "transient"),
        ({"text": '{"status": '}, "transient"),
        ({"text": '{"status": "PENDING"} {"status": "PENDING"}'}, "transient"),
        ({"status_code": 202}, "transient"),
        ({"status_code": 202, "json": []}, "transient"),
        ({"status_code": 503, "text": "<html>"}, "transient"),
        ({"status_code": 429}, "throttled"),
        ({"status_code": 404, "json": {"error": "not found"}}, "gone"),
        ({"status_code": 401}, "config"),
    ],
)
def test_what_is_neither_says_nothing_about_the_job(tmp_path: Path, answer: dict[str, Any], kind: str) -> None:
    (outcome,) = looked(tmp_path, answer)
    assert isinstance(outcome, Refused)
    assert outcome.kind == kind


def test_an_empty_body_is_no_report(tmp_path: Path) -> None:
    (outcome,) = looked(tmp_path, {"content": b""})
    assert isinstance(outcome, BadPayload)


def test_a_report_that_is_said_to_be_ready_is_asked_for_once_more(tmp_path: Path) -> None:
    said, came = looked(tmp_path, {"json": {"status": "COMPLETED"}}, {"json": []})
    assert said == LinkDead("Percipio calls the report ready, but does not give it.")
    assert isinstance(came, Fetched)
