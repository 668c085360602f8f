"""Incremental syncs on Canvas: a second sync emits what is new, and a window is read once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from integration_tests.connector import Connector, Json, Run, as_set, catalog_of, present, quick
from integration_tests.sandbox import Sandbox

DAY = timedelta(days=1)
LATER = "2026-02-01T12:00:00Z"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Json]:
    with Sandbox(rows=10) as small:
        return Connector(tmp_path_factory.mktemp("discover")).discover(quick(small, "canvas")).catalog


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=60) as started:
        yield started


@pytest.fixture(autouse=True)
def _forget(sandbox: Sandbox) -> None:
    sandbox.reset()


def truth(sandbox: Sandbox, stream: str, **options: Any) -> list[Json]:
    return [present(record) for record in sandbox.truth("canvas", stream, **options)]


def moment(text: str) -> datetime:
    """A time in either of the ways in which Canvas writes it."""
    return datetime.fromisoformat(text.replace(" UTC", "Z").replace("Z", "+00:00"))


BY_COLUMN = {
    "eportfolio_report": "updated_at",
    "last_user_access": "last access at",
    "last_enrollment_activity": "last activity at",
    "outcome_results": "submission date",
    "student_assignment_outcome_map": "submission date",
    "unused_courses": "created at",
}


def an_hour_ago(sandbox: Sandbox, connector: Connector, config: Json, chosen: Json) -> Run:
    """A sync whose jobs are too old for the next one to adopt."""
    sandbox.clock.advance(-3600)
    run = connector.read(config, chosen)
    sandbox.clock.advance(3600)
    return run


def two_syncs(
    sandbox: Sandbox, connector: Connector, catalog: dict[str, Json], config: Json, between: dict[str, Json]
) -> tuple[Run, Run]:
    """Two incremental syncs; `between` gives rows that appear at the vendor in the meantime."""
    chosen = catalog_of(catalog[stream] for stream in BY_COLUMN)
    first = an_hour_ago(sandbox, connector, config, chosen)
    for stream, row in between.items():
        sandbox.mutate("canvas", stream, add=[row])
    second = connector.read(config, chosen, first.state_file)
    assert (first.code, second.code) == (0, 0)
    return first, second


def test_a_second_sync_emits_what_is_at_or_after_the_cursor_and_nothing_else(
    sandbox: Sandbox, connector: Connector, catalog: dict[str, Json]
) -> None:
    new = {stream: {column: LATER} for stream, column in BY_COLUMN.items()}

    first, second = two_syncs(sandbox, connector, catalog, quick(sandbox, "canvas"), new)

    for stream, column in BY_COLUMN.items():
        cursor = first.states[stream][column]
        rows = truth(sandbox, stream)
        times = [row[column] for row in rows if column in row and row[column] != LATER]
        assert moment(cursor) == max(map(moment, times)), stream
        expected = [row for row in rows if column not in row or moment(row[column]) >= moment(cursor)]
        assert second.records[stream] == expected, stream
        assert len(expected) < len(rows), stream
        assert {column: LATER} in second.records[stream], stream
        assert second.states[stream] == {column: LATER}, stream


def test_a_changed_row_that_the_vendor_dates_anew_comes_again(
    sandbox: Sandbox, connector: Connector, catalog: dict[str, Json]
) -> None:
    chosen = catalog_of([catalog["last_user_access"]])
    config = quick(sandbox, "canvas")
    first = an_hour_ago(sandbox, connector, config, chosen)
    sandbox.mutate("canvas", "last_user_access", update={3: {"last access at": LATER, "last ip": "10.9.9.9"}})

    second = connector.read(config, chosen, first.state_file)

    (changed,) = [row for row in second.records["last_user_access"] if row.get("last ip") == "10.9.9.9"]
    assert changed["last access at"] == LATER
    assert as_set(first.records["last_user_access"]) | as_set(second.records["last_user_access"]) >= as_set(
        truth(sandbox, "last_user_access")
    )


def test_lookback_days_read_so_much_again(sandbox: Sandbox, connector: Connector, catalog: dict[str, Json]) -> None:
    config = {**quick(sandbox, "canvas"), "lookback_days": 30}

    first, second = two_syncs(sandbox, connector, catalog, config, {})

    seen_more = 0
    for stream, column in BY_COLUMN.items():
        bound = moment(first.states[stream][column]) - 30 * DAY
        rows = truth(sandbox, stream)
        expected = [row for row in rows if column not in row or moment(row[column]) >= bound]
        assert second.records[stream] == expected, stream
        seen_more += len(expected) > len([row for row in rows if row.get(column) == first.states[stream][column]])
    assert seen_more


def test_start_and_end_date_bound_the_rows(sandbox: Sandbox, connector: Connector, catalog: dict[str, Json]) -> None:
    start, end = "2025-06-01T00:00:00Z", "2025-12-01T00:00:00Z"
    config = {**quick(sandbox, "canvas"), "start_date": start, "end_date": end}

    run = connector.read(config, catalog_of(catalog[stream] for stream in BY_COLUMN))

    dropped = 0
    for stream, column in BY_COLUMN.items():
        rows = truth(sandbox, stream)
        expected = [row for row in rows if column not in row or moment(start) <= moment(row[column]) < moment(end)]
        assert run.records.get(stream, []) == expected, stream
        dropped += len(rows) - len(expected)
    assert dropped


def test_a_full_refresh_ignores_the_cursor(sandbox: Sandbox, connector: Connector, catalog: dict[str, Json]) -> None:
    chosen = catalog_of([catalog["last_user_access"]], mode="full_refresh")
    state = [
        {
            "type": "STREAM",
            "stream": {"stream_descriptor": {"name": "last_user_access"}, "stream_state": {"last access at": LATER}},
        }
    ]

    run = connector.read(quick(sandbox, "canvas"), chosen, state)

    assert run.records["last_user_access"] == truth(sandbox, "last_user_access")


def test_a_date_in_the_future_does_not_hide_the_rows_to_come(
    sandbox: Sandbox, connector: Connector, catalog: dict[str, Json]
) -> None:
    sandbox.mutate("canvas", "last_user_access", add=[{"last access at": "2099-01-01T00:00:00Z"}])
    before = datetime.now(timezone.utc)

    run = connector.read(quick(sandbox, "canvas"), catalog_of([catalog["last_user_access"]]))

    assert moment(run.states["last_user_access"]["last access at"]) <= before + timedelta(minutes=5)


# -- windows

WINDOWED = "students_with_no_submissions"


def windows(sandbox: Sandbox) -> list[tuple[datetime, datetime]]:
    """The time that was ordered, window by window."""
    asked = []
    for entry in sandbox.requests("canvas", "order"):
        fields = dict(entry.body)
        asked.append((moment(fields["parameters[start_at]"]), moment(fields["parameters[end_at]"])))
    return sorted(asked)


def test_windows_reach_from_the_start_date_to_now_without_a_gap(
    sandbox: Sandbox, connector: Connector, catalog: dict[str, Json]
) -> None:
    start = datetime.now(timezone.utc).replace(microsecond=0) - 50 * DAY
    config = {**quick(sandbox, "canvas"), "start_date": start.strftime("%Y-%m-%dT%H:%M:%SZ")}
    before = time.time()

    run = connector.read(config, catalog_of([catalog[WINDOWED]]))

    asked = windows(sandbox)
    assert asked[0][0] == start
    assert [end for _, end in asked[:-1]] == [begin for begin, _ in asked[1:]]
    assert all(end - begin <= 14 * DAY for begin, end in asked)
    assert len(asked) == 4
    assert before - 1 <= asked[-1][1].timestamp() <= time.time()
    records = run.records[WINDOWED]
    assert sorted(map(str, records)) == sorted(map(str, truth(sandbox, WINDOWED)))
    assert {(moment(row["_report_start"]), moment(row["_report_end"])) for row in records} <= set(asked)
    assert moment(run.states[WINDOWED]["_report_end"]) == asked[-1][1]


def test_the_windows_are_emitted_in_the_order_of_time(
    sandbox: Sandbox, connector: Connector, catalog: dict[str, Json]
) -> None:
    config = {**quick(sandbox, "canvas"), "start_date": "2025-11-01T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"}

    run = connector.read(config, catalog_of([catalog[WINDOWED]]))

    ends = [row["_report_end"] for row in run.records[WINDOWED]]
    assert ends == sorted(ends)
    assert len(set(ends)) == 5
    states = [one["stream"]["stream_state"].get("_report_end") for one in run.of("STATE")]
    marks = [mark for mark in states if mark]
    assert marks == sorted(marks)
    assert run.states[WINDOWED]["_report_end"] == "2026-01-01T00:00:00Z"


def test_without_a_start_date_two_weeks_are_read(
    sandbox: Sandbox, connector: Connector, catalog: dict[str, Json]
) -> None:
    connector.read(quick(sandbox, "canvas"), catalog_of([catalog[WINDOWED]]))

    ((begin, end),) = windows(sandbox)
    assert end - begin == 14 * DAY


def test_the_next_sync_goes_on_where_the_last_window_ended(
    sandbox: Sandbox, connector: Connector, catalog: dict[str, Json]
) -> None:
    state = [
        {
            "type": "STREAM",
            "stream": {
                "stream_descriptor": {"name": WINDOWED},
                "stream_state": {"_report_end": (datetime.now(timezone.utc) - 3 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")},
            },
        }
    ]
    run = connector.read(quick(sandbox, "canvas"), catalog_of([catalog[WINDOWED]]), state)

    ((begin, end),) = windows(sandbox)
    assert begin == moment(state[0]["stream"]["stream_state"]["_report_end"])  # type: ignore[index]
    assert run.states[WINDOWED]["_report_end"] == end.strftime("%Y-%m-%dT%H:%M:%SZ")
