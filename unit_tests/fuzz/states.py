"""The state of an earlier sync: any JSON in its place, and cursors that mean any time."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from source_lms_reports.jobs.ticket import Ticket
from source_lms_reports.plan.columns import keep_before, keep_from, window_columns
from source_lms_reports.plan.orders import ReportPlan
from source_lms_reports.plan.stream import CursorKind, ReportStream, Selected
from source_lms_reports.spec.settings import Settings
from source_lms_reports.sync.state import TICKETS, OrderRead, Saved, StreamState, read_state
from source_lms_reports.times import instant
from unit_tests.connections import connection
from unit_tests.fuzz.parser import Case, Parser, cases

_NOW = datetime(2026, 3, 2, 10, 30, tzinfo=timezone.utc)
_STREAMS = (
    *(
        ("canvas", "eportfolio_report_csv"),
        ("canvas", "students_with_no_submissions_csv"),
        ("canvas", "zero_activity_csv"),
    ),
    *(
        ("hapyak", "user_stream_raw"),
        ("hapyak", "user_engagement_summary_raw"),
        ("sana", "user_course_instance_progress"),
    ),
    *(("tinqwise", "modules"), ("tinqwise", "training_time"), ("second_nature", "course_user_state")),
)
_TEXTS = st.text(max_size=6) | st.sampled_from(("", "t1", "://", "https://x/?sig=1", "\ud800", "2024-01-01"))
_TIMES = st.sampled_from(
    (
        "2024-01-01",
        "2026-02-27",
        "2026-03-01T00:00:00Z",
        "2026-03-02T10:30:00Z",
        "2099-01-01",
        "never",
        "",
        "1709209815",
        "2026-02-29",
        "2025-12-31T23:59:60Z",
        "2026-01-01 00:00:00 +0100",
        " 2026-01-01 ",
        "20260101",
        "٢٠٢٤-02-29",
        "0",
        "null",
    )
)
_EDGES = st.sampled_from(("0001-01-01", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31", "0999-06-01"))
_NUMBERS = (
    st.integers()
    | st.floats()
    | st.sampled_from((10**400, -1, 0, True, 1e308, 1_772_000_000.5, float("nan"), float("inf")))
)
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS | _TIMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=5,
)
_WINDOWS = st.none() | st.fixed_dictionaries({"start": st.none() | _TIMES, "end": st.none() | _TIMES}) | _JSON
_TICKETS = st.fixed_dictionaries(
    {
        "v": st.just(1),
        "id": _TEXTS,
        "identity": _TEXTS,
        "report": _TEXTS,
        "parameters": st.dictionaries(_TEXTS, _JSON, max_size=3),
        "window": _WINDOWS,
        "ordered_at": _NUMBERS,
        "adopted": st.booleans(),
        "details": st.dictionaries(_TEXTS, _TEXTS, max_size=2),
    }
)
_PART = st.sampled_from(
    ("v", "id", "identity", "report", "parameters", "window", "ordered_at", "adopted", "details", "new")
)
_BROKEN = st.builds(lambda ticket, part, value: {**ticket, part: value}, _TICKETS, _PART, _JSON)


@lru_cache
def _connection(
    platform: str, report: str, lookback: float, start: str | None, end: str | None
) -> tuple[ReportStream, Settings]:
    shared: dict[str, Any] = {"lookback_days": lookback, "start_date": start, "end_date": end}
    declared, settings = connection(platform, None, **{key: value for key, value in shared.items() if value})
    return declared[report][0], settings


def _check(case: Case) -> bool:
    state = json.loads(case["state"])
    stream, settings = _connection(*case["stream"], case["lookback"], *case["dates"])
    field = stream.cursor or "at"
    if case["cursor"] is not None:
        state[field] = case["cursor"]
    kind = stream.cursor_kind
    saved = read_state(state, field, _NOW, kind=kind)
    value, tickets = saved.cursor, saved.tickets
    assert value is None or instant(value) is not None
    _write(field, saved, kind, case["reached"])
    selected = Selected(stream, value, case["incremental"], tickets)
    windowed = stream.report_spec.windows is not None
    is_ancient = windowed and (value or "9").strip() < "1"  # days and weeks since the year 1
    slices = [] if is_ancient else ReportPlan([selected], settings, _NOW, direct=False).slices()
    for slice_ in slices[:20]:
        assert re.fullmatch("[0-9a-f]{32}", slice_.order.identity)
        window_columns(selected, slice_.window)
    bounds = keep_from(selected, settings), keep_before(selected, settings)
    assert all(bound is None or bound.tzinfo for bound in bounds)
    ends = [instant(slice_.window.end) for slice_ in slices if slice_.window is not None and slice_.window.end]
    assert None not in ends
    assert ends == sorted(ends, key=str), "windows out of order"
    return bool(tickets) or value is not None


def _without_addresses(ticket: Ticket) -> Ticket:
    """Details that are addresses are never kept: they may carry a signature."""
    details = {name: text for name, text in ticket.details.items() if "://" not in text}
    return dataclasses.replace(ticket, details=details)


def _write(field: str, saved: Saved, kind: CursorKind | None, reached: str | None) -> None:
    """What was read is written again, and read again."""
    state = StreamState(field, saved, _NOW, kind=kind)
    state.forget_all_but([])
    for ticket in saved.tickets:
        state.ticket_opened(ticket)
    again = json.loads(json.dumps(state.as_json()))
    expected = Saved(saved.cursor, tuple(map(_without_addresses, _one_each(saved.tickets))))
    assert read_state(again, field, _NOW, kind=kind) == expected
    for ticket in saved.tickets:
        state.order_read(OrderRead(ticket.identity, ticket.ordered_at, ticket.window, reached))
    state.window_read()
    assert TICKETS not in state.as_json()
    before, after = (instant(text) if text else None for text in (saved.cursor, state.as_json().get(field)))
    assert before is None or (after is not None and after >= before), "the cursor went back"
    assert after is None or after <= _NOW


def _one_each(tickets: tuple[Ticket, ...]) -> tuple[Ticket, ...]:
    return tuple({ticket.identity: ticket for ticket in tickets}.values())


_STATES = st.dictionaries(st.sampled_from(("at", "updated_at", "_report_end")) | _TEXTS, _JSON, max_size=2) | (
    st.fixed_dictionaries({TICKETS: st.lists(_TICKETS | _BROKEN | _JSON, max_size=3) | _JSON})
)

PARSER = Parser(
    "state",
    cases(
        state=_STATES.map(json.dumps),
        cursor=st.none() | _TIMES | _EDGES,
        reached=st.none() | _TIMES | _EDGES,
        stream=st.sampled_from(_STREAMS),
        lookback=st.sampled_from((0.0, 0.5, 2.0, 365.0)),
        dates=st.sampled_from(
            ((None, None), ("2026-01-01", None), ("2025-01-01", "2026-02-01"), (None, "2026-01-15T12:00:00Z"))
        ),
        incremental=st.booleans(),
    ),
    _check,
)
