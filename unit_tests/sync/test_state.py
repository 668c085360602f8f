"""The state moves when a window has been read to its end, as far as its order vouches for, and keeps open jobs."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from source_lms_reports.jobs.ticket import Order, Ticket, Window
from source_lms_reports.plan.stream import ReportStream, Selected
from source_lms_reports.platforms.model import ReportSpec, StreamSpec
from source_lms_reports.sync.keeper import StateKeeper
from source_lms_reports.sync.state import ORDERS, SECONDS, TICKETS, OrderRead, Saved, StreamState, later_of, read_state

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
HOUR = 3600.0
STREAM = ReportStream("grades", "grades", ReportSpec(streams={}), StreamSpec(), {})


def _ticket(number: int, age: timedelta = timedelta(), account: str = "") -> Ticket:
    order = Order("grades", {"number": number})
    ordered_at = (NOW - age).timestamp()
    return Ticket(str(number), order.identity, "grades", order.parameters, None, ordered_at, account=account)


def _state(
    field: str | None = "at", cursor: str | None = None, tickets: tuple[Ticket, ...] = ()
) -> tuple[StateKeeper, list[dict[str, Any]]]:
    written: list[dict[str, Any]] = []
    state = StreamState(field, Saved(cursor, tickets), NOW)
    return StateKeeper(state, lambda state: written.append(dict(state))), written


def _read(greatest: str | None, identity: str = "x", ordered: float = 0.0, **more: Any) -> OrderRead:
    """What an order brought that was placed so many seconds after the sync began."""
    return OrderRead(identity, NOW.timestamp() + ordered, greatest=greatest, **more)


def _cursor(*orders: OrderRead, before: str | None = None, end: datetime | None = None) -> str | None:
    """Where the cursor stands after one window of these orders."""
    state = StreamState("at", Saved(before), NOW, end)
    for one in orders:
        state.order_read(one)
    state.window_read()
    found: str | None = state.as_json().get("at")
    return found


# -- jobs


def test_given_a_new_job_when_it_is_opened_then_a_state_tells_it_at_once() -> None:
    state, written = _state(cursor="2026-01-01")
    state.ticket_opened(_ticket(1))
    (one,) = written
    assert one["at"] == "2026-01-01"
    assert [ticket["id"] for ticket in one[TICKETS]] == ["1"]


def test_given_a_job_that_was_delivered_when_its_rows_are_not_handed_over_then_it_stays() -> None:
    state, written = _state(tickets=(_ticket(1), _ticket(2)))
    state.ticket_closed(_ticket(1).identity, "delivered")
    assert written == []
    state.ticket_closed(_ticket(1).identity, "failed")
    state.ticket_closed(_ticket(1).identity, "failed")
    assert [[ticket["id"] for ticket in one[TICKETS]] for one in written] == [["2"]]


def test_given_a_window_when_it_is_read_then_the_cursor_moves_and_its_job_is_forgotten() -> None:
    state, written = _state(cursor="2026-01-01T00:00:00Z", tickets=(_ticket(1), _ticket(2)))
    state.order_read(_read("2026-02-01T00:00:00+01:00", _ticket(1).identity), closes_window=True)
    (one,) = written
    assert one["at"] == "2026-02-01T00:00:00+01:00"
    assert [ticket["id"] for ticket in one[TICKETS]] == ["2"]


def test_given_old_jobs_that_nobody_wants_when_planned_then_only_those_are_forgotten() -> None:
    day = timedelta(hours=25)
    state, _ = _state(tickets=(_ticket(1, day), _ticket(2, day), _ticket(3)))
    state.forget_all_but([_ticket(1).identity])
    assert [one["id"] for one in state.as_json()[TICKETS]] == ["1", "3"]


def test_given_a_full_refresh_when_all_is_read_then_the_state_says_nothing() -> None:
    state, written = _state(field=None, tickets=(_ticket(1),))
    state.order_read(_read(None, _ticket(1).identity), closes_window=True)
    state.ensure_written()
    assert written == [{}]


def test_given_nothing_was_written_when_the_stream_ends_then_one_state_is() -> None:
    state, written = _state(cursor="2026-01-01")
    state.ensure_written()
    state.ensure_written()
    assert written == [{"at": "2026-01-01"}]


# -- how long reports are made


def test_the_longest_time_of_a_sync_is_kept_and_takes_the_place_of_the_last_ones() -> None:
    state = StreamState(None, Saved(seconds=90), NOW)
    assert state.as_json() == {SECONDS: 90}
    for seconds in (7.4, 31.6, 12.0):
        state.waited(seconds)
    assert state.as_json() == {SECONDS: 32}
    assert read_state(state.as_json(), None, NOW).seconds == 32


def test_a_report_that_takes_a_moment_leaves_nothing_in_the_state() -> None:
    state = StreamState(None, Saved(seconds=90), NOW)
    state.waited(4.4)
    assert state.as_json() == {}


@pytest.mark.parametrize("raw", [None, True, "20", -1, float("nan"), float("inf"), 1e300, [20], {"seconds": 20}])
def test_a_length_that_is_none_is_passed_over(raw: Any) -> None:
    assert read_state({SECONDS: raw}, None, NOW) == Saved()


# -- how far the cursor goes


@pytest.mark.parametrize("greatest", ["2025-12-31T23:00:00Z", "2026-01-01T01:00:00+01:00", "never", None])
def test_given_nothing_later_when_a_window_is_read_then_the_cursor_stays(greatest: str | None) -> None:
    assert _cursor(_read(greatest), before="2026-01-01T00:00:00Z") == "2026-01-01T00:00:00Z"


def test_the_cursor_stops_at_the_job_that_was_read_and_not_at_the_sync() -> None:
    resumed = _read("2026-03-01T11:30:00Z", ordered=-HOUR)
    assert _cursor(resumed, before="2026-02-01") == "2026-02-01"
    assert _cursor(_read("2026-03-01T10:59:59Z", ordered=-HOUR)) == "2026-03-01T10:59:59Z"
    assert _cursor(_read("2026-03-01T12:30:00Z", ordered=HOUR)) == "2026-03-01T12:30:00Z"


def test_of_several_orders_the_first_vouches_for_the_window() -> None:
    early, late = _read("2026-02-01", "a", -HOUR), _read("2026-03-01T11:59:00Z", "b")
    assert _cursor(early, late) == _cursor(late, early) == "2026-02-01"
    dated_back = _read("2026-03-01T10:59:00Z", "b")
    assert _cursor(early, dated_back) == _cursor(dated_back, early) == "2026-02-01"


def test_the_end_of_what_was_asked_for_is_not_passed() -> None:
    end = NOW - timedelta(days=20)
    assert _cursor(_read("2026-02-20"), before="2026-02-01", end=end) == "2026-02-01"
    window = Window("2026-02-01", "2026-02-14")
    assert _cursor(_read("2026-02-15T00:00:01Z", window=window), before="2026-02-01") == "2026-02-01"
    assert _cursor(_read("2026-02-14T23:59:59Z", window=window)) == "2026-02-14T23:59:59Z"


def test_what_the_vendor_did_not_give_whole_moves_nothing_and_nothing_behind_it_does() -> None:
    state = StreamState("at", Saved("2026-01-01"), NOW)
    for part in (False, True):
        state.order_read(_read("2026-02-01", is_complete=part))
        state.window_read()
    assert state.as_json() == {"at": "2026-01-01"}


@pytest.mark.parametrize(
    ("end", "ordered", "reached"),
    [
        ("2026-02-28", 0.0, "2026-02-28"),
        ("2026-03-01", 0.0, "2026-02-28"),  # the day had not ended when it was ordered
        ("2026-03-31", 24 * HOUR, "2026-03-01"),
        ("2026-03-01T12:00:00Z", 0.5, "2026-03-01T12:00:00Z"),
        ("2026-03-01T12:10:00Z", 0.5, "2026-03-01T12:00:00Z"),
    ],
)
def test_a_window_counts_as_far_as_it_was_over_when_it_was_ordered(end: str, ordered: float, reached: str) -> None:
    state = StreamState("_report_end", Saved("2026-01-31"), NOW, kind="window")
    state.order_read(_read(None, ordered=ordered, window=Window("2026-02-01", end)))
    state.window_read()
    assert state.as_json() == {"_report_end": reached}


def test_behind_a_window_that_was_ordered_too_early_nothing_counts() -> None:
    state = StreamState("_report_end", Saved("2026-01-31"), NOW, kind="window")
    for number, window in enumerate((Window("2026-02-01", "2026-03-31"), Window("2026-04-01", "2026-04-30"))):
        state.order_read(_read(None, ordered=number * 24 * HOUR, window=window))
        state.window_read()
    assert state.as_json() == {"_report_end": "2026-02-28"}


@pytest.mark.parametrize(
    ("one", "other", "later"),
    [
        ("2026-01-01", "2026-01-02", "2026-01-02"),
        ("2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01"),
        (None, "2026-01-01", "2026-01-01"),
        ("2026-01-01", None, "2026-01-01"),
        ("2026-01-01", "soon", "2026-01-01"),
        (None, None, None),
    ],
)
def test_the_later_of_two(one: str | None, other: str | None, later: str | None) -> None:
    assert later_of(one, other) == later


# -- what counts of a saved state


@pytest.mark.parametrize(
    ("state", "cursor"),
    [
        ({"at": "2026-01-01"}, "2026-01-01"),
        ({"at": 1772000000}, "1772000000"),
        ({"at": " 2026-01-01\n"}, "2026-01-01"),
        ({"__ab_no_cursor_state_message": True}, None),
        ({"at": None}, None),
        ({"at": ""}, None),
        ({}, None),
    ],
)
def test_the_cursor_of_a_state(state: dict[str, Any], cursor: str | None) -> None:
    assert read_state(state, "at", NOW) == Saved(cursor)
    assert read_state(state, None, NOW) == Saved()


@pytest.mark.parametrize("value", ["yesterday", "****", "****-01-01", "2026-02-30", {"a": 1}, True, 7])
def test_a_cursor_that_is_no_time_is_told_and_does_not_count(value: object) -> None:
    saved = read_state({"at": value}, "at", NOW)
    (warning,) = saved.warnings
    assert saved.cursor is None
    assert "in the cursor at, which is no time" in warning
    assert str(value) in warning


@pytest.mark.parametrize(
    ("value", "is_window", "cursor"),
    [
        ("2026-04-10", False, "2026-03-01"),
        ("2026-04-10", True, "2026-02-28"),
        ("2026-03-01", True, "2026-02-28"),
        ("2026-04-10T12:00:00Z", True, "2026-03-01T12:00:00Z"),
        ("2026-04-10 13:00:00.250 +0100", False, "2026-03-01 13:00:00.000 +0100"),
        ("1780000000", False, "1772366400"),
    ],
)
def test_a_cursor_in_the_future_is_told_and_pulled_back_in_its_own_form(
    value: str, is_window: bool, cursor: str
) -> None:
    saved = read_state({"at": value}, "at", NOW, kind="window" if is_window else "rows")
    (warning,) = saved.warnings
    assert saved.cursor == cursor
    assert f"{value} in the cursor at, which is in the vendor's future" in warning
    assert f"goes on from {cursor}" in warning


@pytest.mark.parametrize(("value", "cursor"), [("2026-03-01T12:00:59Z", "2026-03-01T12:00:00Z"), ("2026-03-01", None)])
def test_what_two_good_clocks_may_differ_by_is_not_told(value: str, cursor: str | None) -> None:
    assert read_state({"at": value}, "at", NOW) == Saved(cursor or value)


def test_a_ticket_of_another_version_is_left_out_and_told() -> None:
    state = {TICKETS: [_ticket(1).to_state(), {"v": 99}, "nonsense"]}
    saved = read_state(state, "at", NOW)
    assert [ticket.id for ticket in saved.tickets] == ["1"]
    assert len(saved.warnings) == 2


@pytest.mark.parametrize("kept", ["nonsense", {"v": 99}, 7])
def test_what_is_no_list_of_tickets_is_told(kept: object) -> None:
    saved = read_state({"at": "2026-01-01", TICKETS: kept}, "at", NOW)
    assert saved.tickets == ()
    assert len(saved.warnings) == 1


def test_a_state_of_another_cursor_is_told_and_does_not_count() -> None:
    saved = read_state({"updated": "2026-01-01", TICKETS: []}, "at", NOW)
    assert saved.cursor is None
    assert saved.warnings == (
        "The state knows no cursor at, only updated. It does not count: the stream is read from its start.",
    )
    assert read_state({"updated": "2026-01-01"}, None, NOW) == Saved()


def test_what_the_connector_keeps_beside_the_cursor_is_no_cursor() -> None:
    state = StreamState("at", Saved(seconds=60), NOW, remembers=60.0)
    state.ticket_opened(_ticket(1))
    kept = state.as_json()
    assert kept.keys() == {TICKETS, SECONDS, ORDERS}
    assert read_state(kept, "at", NOW).warnings == ()


def test_a_ticket_counts_only_where_it_was_ordered() -> None:
    state = {TICKETS: [_ticket(1, account="here").to_state(), _ticket(2, account="there").to_state()]}
    saved = read_state(state, None, NOW, "here")
    assert [ticket.id for ticket in saved.tickets] == ["1"]
    (warning,) = saved.warnings
    assert "job 2 in the state was ordered at another address or account" in warning


def test_a_ticket_of_a_version_that_did_not_tell_where_counts() -> None:
    state = {TICKETS: [_ticket(1).to_state()]}
    assert read_state(state, None, NOW, "here").tickets == (_ticket(1),)


def test_a_ticket_that_a_wrong_clock_dated_does_not_count() -> None:
    ahead = [_ticket(1, timedelta(minutes=-10)), _ticket(2, timedelta(seconds=-30)), _ticket(3)]
    saved = read_state({TICKETS: [one.to_state() for one in ahead]}, None, NOW)
    assert saved.tickets == (dataclasses.replace(ahead[1], ordered_at=NOW.timestamp()), ahead[2])
    (warning,) = saved.warnings
    assert "job 1 in the state was ordered in the vendor's future" in warning


# -- a cursor that the vendor tells


@pytest.mark.parametrize(
    ("told", "cursor"),
    [
        (["2026-03-02T00:00:00.125Z"], "2026-03-02T00:00:00.125Z"),  # it may be later than our own time
        (["2026-01-01T00:00:00Z"], "2026-01-01T00:00:00Z"),  # after a restart it may go back
        (["2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z"], "2026-03-01T00:00:00Z"),
        (["2026-03-02T00:00:00Z", None], "2026-02-01"),
        ([None], "2026-02-01"),
        (["soon"], "2026-02-01"),
    ],
    ids=str,
)
def test_a_cursor_that_the_vendor_tells_is_taken_as_it_is(told: list[str | None], cursor: str) -> None:
    state = StreamState("at", Saved("2026-02-01"), NOW, NOW, kind="told")
    for one in told:
        state.order_read(_read("2026-02-20", reached=one))
    state.window_read()
    assert state.as_json() == {"at": cursor}


def test_a_cursor_that_the_vendor_tells_stays_where_something_is_missing() -> None:
    state = StreamState("at", Saved("2026-02-01"), NOW, kind="told")
    state.order_read(_read(None, reached="2026-02-20", is_complete=False))
    state.window_read()
    assert state.as_json() == {"at": "2026-02-01"}


def test_a_cursor_that_the_vendor_tells_is_not_pulled_back() -> None:
    assert read_state({"at": "2026-04-10T00:00:00.125Z"}, "at", NOW, kind="told") == Saved("2026-04-10T00:00:00.125Z")


def test_when_a_report_was_ordered_is_remembered_for_as_long_as_it_counts() -> None:
    saved = read_state(
        {ORDERS: ["2026-02-28T11:59:59Z", "2026-03-01T11:00:00.250+00:00", "2026-03-02T00:00:00Z"]}, "at", NOW
    )
    state = StreamState("at", saved, NOW, remembers=24 * HOUR)
    state.ticket_opened(_ticket(1))
    state.ticket_opened(dataclasses.replace(_ticket(2, timedelta(minutes=1)), adopted=True))
    assert state.as_json()[ORDERS] == ["2026-03-01T11:00:00.250+00:00", "2026-03-01T12:00:00.000+00:00"]


def test_an_order_that_was_never_answered_counts_where_orders_are_counted() -> None:
    state = StreamState("at", Saved(), NOW, remembers=24 * HOUR)
    assert state.order_counts(NOW.timestamp() - 60)
    assert state.as_json() == {ORDERS: ["2026-03-01T11:59:00.000+00:00"]}
    assert not StreamState("at", Saved(), NOW).order_counts(NOW.timestamp())


@pytest.mark.parametrize("odd", [None, "x", 7, ["x"], [7], [None], {}])
def test_moments_that_are_none_count_for_nothing(odd: Any) -> None:
    assert read_state({ORDERS: odd}, "at", NOW).orders == ()


def test_a_platform_that_does_not_count_each_report_has_no_orders_in_its_state() -> None:
    state = StreamState("at", Saved(orders=(NOW.timestamp() - 1,)), NOW)
    state.ticket_opened(_ticket(1))
    assert ORDERS not in state.as_json()


def test_an_order_whose_job_is_in_the_state_counts_once() -> None:
    one, other = _ticket(1), _ticket(2, timedelta(hours=1))
    selected = Selected(STREAM, tickets=(one,), orders=(one.ordered_at, other.ordered_at))
    assert selected.orders_past == (other.ordered_at,)
