"""What is read knows when it was ordered, by the vendor's clock, and a ticket knows where."""

from __future__ import annotations

import dataclasses
import email.utils
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from requests_mock import Mocker

from source_lms_reports.api.client import Client
from source_lms_reports.api.credentials import NoAuth
from source_lms_reports.api.executor import ActionExecutor
from source_lms_reports.api.setup import make_executor
from source_lms_reports.api.transport import Transport
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.actions import (
    Fetch,
    Fetched,
    Find,
    Found,
    JobState,
    NothingFound,
    Observed,
    Place,
    Placed,
    Poll,
    Refused,
)
from source_lms_reports.jobs.result import Links
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.jobs.ticket import Order, Ticket
from source_lms_reports.platforms.model import load_platform
from source_lms_reports.times import at_epoch, rfc3339
from unit_tests.connections import connection

OURS, THEIRS = 1_700_000_000.0, 1_700_036_000.0
DATE = {"Date": email.utils.formatdate(THEIRS, usegmt=True)}
ORDER = Order("zero_activity_csv", {})
URL = "https://x.example/api/v1/accounts/self/reports/zero_activity_csv"
LINK = "https://files.example/1.csv"


@dataclasses.dataclass
class Desk:
    client: Client
    executor: ActionExecutor
    mock: Mocker

    def ticket(self, ordered_at: float = THEIRS, account: str = "") -> Ticket:
        return Ticket("77", ORDER.identity, ORDER.report, {}, None, ordered_at, account=account)


def _desk(name: str, spool: Spool, mock: Mocker) -> Desk:
    platform, (declared, settings) = load_platform(name), connection(name)
    every = {auth: NoAuth() for auth in ("default", *platform.authenticators)}
    client = Client(platform, settings.context, every, Transport(), clock=lambda: OURS)
    specs = {report: streams[0].report_spec for report, streams in declared.items()}
    options = ReadOptions(records_path=("results",))
    return Desk(client, make_executor(client, spool, specs, lambda _: options, lambda *_: None), mock)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path) as spool:
        yield spool


@pytest.fixture
def canvas(spool: Spool) -> Iterator[Desk]:
    with Mocker() as mock:
        yield _desk("canvas", spool, mock)


def _listed(**more: Any) -> list[dict[str, Any]]:
    return [{"id": 9, "status": "running", "parameters": {}, **more}]


def test_an_order_is_dated_by_the_vendor_even_where_its_answer_is_the_first_to_tell_the_time(canvas: Desk) -> None:
    canvas.mock.post(URL, json={"id": 77, "status": "created"}, headers=DATE)
    placed = canvas.executor.execute(Place(ORDER))
    assert isinstance(placed, Placed)
    assert THEIRS - 5 < placed.ticket.ordered_at <= THEIRS
    assert placed.ticket.account == canvas.client.account != ""


def test_what_a_job_has_come_to_is_as_old_as_its_order(canvas: Desk) -> None:
    canvas.mock.get(LINK, text="a\n1\n")
    done = JobState(JobStatus.READY, result=Links((LINK,)))
    fetched = canvas.executor.execute(Fetch(ORDER, canvas.ticket(THEIRS - 3600), done))
    assert isinstance(fetched, Fetched)
    assert fetched.payload.ordered_at == THEIRS - 3600


def test_a_list_is_as_old_as_its_first_question(spool: Spool) -> None:
    with Mocker() as mock:
        desk = _desk("tinqwise", spool, mock)
        mock.get("https://x.example/api/v2/reports/users/", json={"results": [{"id": 1}]}, headers=DATE)
        fetched = desk.executor.execute(Fetch(Order("users", {}), None, None))
    assert isinstance(fetched, Fetched)
    assert THEIRS - 5 < fetched.payload.ordered_at <= THEIRS


def test_an_adopted_job_is_as_old_as_the_vendor_says_and_one_of_unknown_age_is_not_adopted(canvas: Desk) -> None:
    canvas.mock.get(URL, json=_listed(created_at=rfc3339(at_epoch(THEIRS - 60))))
    found = canvas.executor.execute(Find(ORDER))
    assert isinstance(found, Found)
    assert (found.ticket.ordered_at, found.ticket.adopted) == (THEIRS - 60, True)
    assert found.ticket.account == canvas.client.account
    canvas.mock.get(URL, json=_listed())
    assert canvas.executor.execute(Find(ORDER)) == NothingFound()


@pytest.mark.parametrize(
    ("created", "knows_account", "is_ours"),
    [(-7200.0, False, False), (-7200.0, True, True), (-300.0, False, True), (7200.0, False, False)],
)
def test_a_ticket_that_does_not_tell_where_it_was_ordered_is_told_from_others_by_its_date(
    canvas: Desk, created: float, knows_account: bool, is_ours: bool, caplog: pytest.LogCaptureFixture
) -> None:
    job = {"id": 77, "status": "running", "created_at": rfc3339(at_epoch(THEIRS + created))}
    canvas.mock.get(f"{URL}/77", json=job)
    outcome = canvas.executor.execute(Poll(ORDER, canvas.ticket(account="here" if knows_account else "")))
    if is_ours:
        assert isinstance(outcome, Observed)
        return
    assert isinstance(outcome, Refused)
    assert outcome.kind == "gone"
    assert "job 77 in the state is another one at this address" in caplog.text


RUNNING = {"id": 9, "status": "running", "created_at": rfc3339(at_epoch(THEIRS - 600)), "parameters": {}}


def test_an_order_that_is_answered_with_a_running_job_is_placed_and_as_old_as_that_job(canvas: Desk) -> None:
    canvas.mock.post(URL, status_code=409, json=RUNNING, headers={**DATE, "Location": f"{URL}/9"})
    placed = canvas.executor.execute(Place(ORDER))
    assert isinstance(placed, Placed)
    assert (placed.ticket.id, placed.ticket.ordered_at, placed.ticket.adopted) == ("9", THEIRS - 600, True)
    assert placed.ticket.account == canvas.client.account
    assert placed.state.status is JobStatus.RUNNING


@pytest.mark.parametrize(
    "body", [{"status": "conflict", "message": "report is already being generated"}, {"id": 9, "status": "running"}]
)
def test_a_conflict_that_names_no_job_of_known_age_passes_by_itself(canvas: Desk, body: dict[str, Any]) -> None:
    canvas.mock.post(URL, status_code=409, json=body)
    outcome = canvas.executor.execute(Place(ORDER))
    assert isinstance(outcome, Refused)
    assert (outcome.kind, outcome.uncertain) == ("transient", False)
    assert "is under way, but not which one" in outcome.error.message


def test_a_conflict_that_a_proxy_answers_may_be_an_order(canvas: Desk) -> None:
    canvas.mock.post(URL, status_code=409, text="<html>Conflict</html>")
    outcome = canvas.executor.execute(Place(ORDER))
    assert isinstance(outcome, Refused)
    assert (outcome.kind, outcome.uncertain) == ("transient", True)


def test_what_the_vendor_says_of_a_failure_is_its_message(canvas: Desk) -> None:
    job = {"id": 77, "status": "error", "message": "Shard is down.", "parameters": {"extra_text": "Failed"}}
    canvas.mock.get(f"{URL}/77", json=job)
    outcome = canvas.executor.execute(Poll(ORDER, canvas.ticket(account="here")))
    assert isinstance(outcome, Observed)
    assert outcome.state.words == "Shard is down."
    canvas.mock.get(f"{URL}/77", json={**job, "message": None})
    outcome = canvas.executor.execute(Poll(ORDER, canvas.ticket(account="here")))
    assert isinstance(outcome, Observed)
    assert outcome.state.words == "Failed"
