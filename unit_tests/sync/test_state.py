"""The state moves when a window has been read to its end, and keeps the jobs that are still at the vendor."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from source_lms_reports.jobs.ticket import Order, Ticket
from source_lms_reports.sync.keeper import StateKeeper
from source_lms_reports.sync.state import TICKETS, StreamState, read_cursor, read_tickets

STARTED = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def _ticket(number: int, age: timedelta = timedelta()) -> Ticket:
    order = Order("grades", {"number": number})
    return Ticket(str(number), order.identity, "grades", order.parameters, None, (STARTED - age).timestamp())


def _state(
    field: str | None = "at", value: str | None = None, tickets: tuple[Ticket, ...] = ()
) -> tuple[StateKeeper, list[dict[str, Any]]]:
    written: list[dict[str, Any]] = []
    keeper = StateKeeper(StreamState(field, value, tickets, STARTED), lambda state: written.append(dict(state)))
    return keeper, written


def test_given_a_new_job_when_it_is_opened_then_a_state_tells_it_at_once() -> None:
    state, written = _state(value="2026-01-01")
    state.ticket_opened(_ticket(1))
    (one,) = written
    assert one["at"] == "2026-01-01"
    assert [ticket["id"] for ticket in one[TICKETS]] == ["1"]


def test_given_a_window_when_it_is_read_then_the_cursor_moves_and_its_job_is_forgotten() -> None:
    state, written = _state(value="2026-01-01T00:00:00Z", tickets=(_ticket(1), _ticket(2)))
    state.window_read([_ticket(1).identity], "2026-02-01T00:00:00+01:00")
    (one,) = written
    assert one["at"] == "2026-02-01T00:00:00+01:00"
    assert [ticket["id"] for ticket in one[TICKETS]] == ["2"]


@pytest.mark.parametrize("reached", ["2025-12-31T23:00:00Z", "2026-01-01T01:00:00+01:00", "never", None])
def test_given_nothing_later_when_a_window_is_read_then_the_cursor_stays(reached: str | None) -> None:
    state, _ = _state(value="2026-01-01T00:00:00Z")
    state.window_read([], reached)
    assert state.as_json()["at"] == "2026-01-01T00:00:00Z"


def test_given_a_date_in_the_future_when_a_window_is_read_then_the_cursor_stops_at_the_start_of_the_sync() -> None:
    state, _ = _state(value="2026-01-01T00:00:00Z")
    state.window_read([], "2099-01-01T00:00:00Z")
    assert state.as_json()["at"] == "2026-03-01T12:00:00Z"


def test_given_a_full_refresh_when_all_is_read_then_the_state_says_nothing() -> None:
    state, written = _state(field=None, tickets=(_ticket(1),))
    state.window_read([_ticket(1).identity], None)
    state.ensure_written()
    assert written == [{}]


def test_given_nothing_was_written_when_the_stream_ends_then_one_state_is() -> None:
    state, written = _state(value="2026-01-01")
    state.ensure_written()
    state.ensure_written()
    assert written == [{"at": "2026-01-01"}]


def test_given_old_jobs_that_nobody_wants_when_planned_then_only_those_are_forgotten() -> None:
    day = timedelta(hours=25)
    state, _ = _state(tickets=(_ticket(1, day), _ticket(2, day), _ticket(3)))
    state.forget_all_but([_ticket(1).identity])
    assert [one["id"] for one in state.as_json()[TICKETS]] == ["1", "3"]


def test_given_a_ticket_of_another_version_when_the_state_is_read_then_it_is_left_out() -> None:
    state = {TICKETS: [_ticket(1).to_state(), {"v": 99}, "nonsense"]}
    assert [ticket.id for ticket in read_tickets(state, "grades")] == ["1"]
    assert read_tickets({TICKETS: "nonsense"}, "grades") == ()


@pytest.mark.parametrize(("state", "value"), [({"at": "x"}, "x"), ({"at": 7}, "7"), ({"at": None}, None), ({}, None)])
def test_the_cursor_of_a_state(state: dict[str, Any], value: str | None) -> None:
    assert read_cursor(state, "at") == value
