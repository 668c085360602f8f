"""How far the state goes: not beyond the order of what was read, nor what was emitted, nor the vendor's clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from integration_tests.connector import Connector, Json, Run, catalog_of, quick
from integration_tests.sandbox import Sandbox

STREAM, COLUMN = "last_user_access", "last access at"
WINDOWED = "students_with_no_submissions"
HOUR = 3_600


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(rows=12) as started:
        yield started


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    """One whose `last_user_access` has three users, last seen long ago, and whose clock is ours."""
    running.reset()
    running.clock.set(time.time())
    old = {number: {COLUMN: f"2025-0{number + 1}-01T00:00:00Z"} for number in range(3)}
    running.mutate("canvas", STREAM, update=old, remove=list(range(3, 40)))
    yield running
    running.clock.set(time.time())


def catalog(*names: str, cursor: str = COLUMN) -> Json:
    """A catalog of streams that are read incrementally."""
    modes = {"supported_sync_modes": ["full_refresh", "incremental"], "default_cursor_field": [cursor]}
    return catalog_of([{"name": name, "json_schema": {}, **modes} for name in names])


def saved(stream: str, **state: object) -> list[Json]:
    """A state as a platform has kept it."""
    return [{"type": "STREAM", "stream": {"stream_descriptor": {"name": stream}, "stream_state": state}}]


def add(sandbox: Sandbox, *times: str) -> None:
    """Users who were last seen at these times."""
    sandbox.mutate("canvas", STREAM, add=[{COLUMN: at, "user name": at} for at in times])


def seen(run: Run, stream: str = STREAM, column: str = COLUMN) -> list[str]:
    """The times of the rows that came."""
    return sorted(row.get(column, "") for row in run.records.get(stream, []))


def written(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def ordered(sandbox: Sandbox) -> int:
    """How many times the report of the stream was ordered."""
    return len([job for job in sandbox.jobs("canvas") if job.report == f"{STREAM}_csv" and job.origin == "ordered"])


def moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def read(connector: Connector, config: Json, state: list[Json] | None = None) -> Run:
    run = connector.read(config, catalog(STREAM), state)
    assert run.code == 0, run.errors
    return run


def test_what_lies_behind_an_end_date_comes_when_it_is_gone(sandbox: Sandbox, connector: Connector) -> None:
    add(sandbox, "2025-11-05T00:00:00Z", "2025-11-15T00:00:00Z", "2025-11-20T00:00:00Z")
    config = quick(sandbox, "canvas")

    first = read(connector, {**config, "end_date": "2025-11-10T00:00:00Z"})
    second = read(connector, config, first.state_file)

    assert seen(first)[-1] == first.states[STREAM][COLUMN] == "2025-11-05T00:00:00Z"
    assert seen(second) == ["2025-11-05T00:00:00Z", "2025-11-15T00:00:00Z", "2025-11-20T00:00:00Z"]


def test_a_report_that_a_later_sync_takes_up_counts_up_to_its_own_order(sandbox: Sandbox, connector: Connector) -> None:
    sandbox.fault("job_slow@canvas:polls=9999")
    config = quick(sandbox, "canvas")
    planned = written(sandbox.clock.now() + 0.7 * HOUR)
    add(sandbox, planned)
    late = connector.read({**config, "report_timeout_minutes": 0.01}, catalog(STREAM))
    assert late.code == 1
    ordered_at = sandbox.clock.now()
    sandbox.clock.advance(HOUR)
    while_it_ran = written(ordered_at + 0.5 * HOUR)
    add(sandbox, while_it_ran)
    for job in sandbox.running_jobs():
        job.script = ["done"]
    sandbox.faults.clear()

    resumed = read(connector, config, late.state_file)
    sandbox.clock.advance(HOUR)
    after = read(connector, config, resumed.state_file)

    assert seen(resumed)[-1] == planned
    assert resumed.states[STREAM] == {COLUMN: "2025-03-01T00:00:00Z"}
    assert seen(after) == ["2025-03-01T00:00:00Z", while_it_ran, planned]
    assert after.states[STREAM] == {COLUMN: planned}
    assert ordered(sandbox) == 2


def test_a_planned_date_neither_moves_the_cursor_nor_stops_it(sandbox: Sandbox, connector: Connector) -> None:
    now = sandbox.clock.now()
    two_days_ago, yesterday, planned = (written(now + days * 24 * HOUR) for days in (-2, -1, 30))
    add(sandbox, two_days_ago, planned)
    config = quick(sandbox, "canvas")

    first = read(connector, config)
    sandbox.clock.advance(HOUR)
    add(sandbox, yesterday)
    second = read(connector, config, first.state_file)

    assert first.states[STREAM] == {COLUMN: two_days_ago}
    assert seen(second) == [two_days_ago, yesterday, planned]
    assert second.states[STREAM] == {COLUMN: yesterday}


def test_a_column_of_dates_keeps_its_form_here_and_at_the_vendor(sandbox: Sandbox, connector: Connector) -> None:
    day = datetime.fromtimestamp(sandbox.clock.now(), tz=timezone.utc).date()
    values = ", ".join(f"('u{days}', DATE '{day + timedelta(days=days)}')" for days in (-3, 0, 9))
    query = f'SELECT * FROM (VALUES {values}) AS t("user", "day")'  # noqa: S608 - made of numbers
    config = quick(sandbox, "sana", queries=[{"name": "days", "query": query, "cursor_field": "day"}])
    days = catalog("days", cursor="day")

    first = connector.read(config, days)
    later = query.replace("VALUES ", f"VALUES ('later', DATE '{day}'), ")
    config["platform"]["queries"][0]["query"] = later
    second = connector.read(config, days, first.state_file)

    assert first.states["days"] == {"day": str(day)}
    assert {row["user"] for row in second.records["days"]} == {"later", "u0", "u9"}
    assert f">= '{day}'" in sandbox.requests("sana", "order")[-1].body["query"]
    assert second.states["days"] == {"day": str(day)}


def test_the_later_rows_of_a_day_come_though_an_older_state_has_cut_it_to_an_instant(
    sandbox: Sandbox, connector: Connector
) -> None:
    add(sandbox, "2025-11-25", "2025-11-24")
    run = read(connector, quick(sandbox, "canvas"), saved(STREAM, **{COLUMN: "2025-11-25T21:52:46Z"}))
    assert seen(run) == ["2025-11-25"]


# -- whose jobs


def test_a_job_of_another_address_is_left_alone(sandbox: Sandbox, connector: Connector) -> None:
    sandbox.fault("job_slow@canvas:polls=9999")
    late = connector.read({**quick(sandbox, "canvas"), "report_timeout_minutes": 0.01}, catalog(STREAM))
    (ticket,) = late.states[STREAM]["_report_tickets"]
    with Sandbox(rows=12) as other:
        theirs = other.act("canvas", "seed_run", report="last_user_access_csv", status="complete", age_minutes=180)
        ticket["id"] = str(theirs["id"])
        moved = saved(STREAM, _report_tickets=[ticket])
        run = read(connector, quick(other, "canvas"), moved)
        assert "was ordered at another address or account" in run.logged("WARN")[0]
        assert ordered(other) == 1

        other.clock.advance(HOUR)
        unnamed = {name: value for name, value in ticket.items() if name != "account"}
        run = read(connector, quick(other, "canvas"), saved(STREAM, _report_tickets=[unnamed]))
        assert any("is another one at this address" in words for words in run.logged("WARN"))
        assert ordered(other) == 2
    assert run.states[STREAM].keys() == {COLUMN}


# -- clocks


def test_windows_end_by_the_vendors_clock(sandbox: Sandbox, connector: Connector) -> None:
    sandbox.clock.advance(-HOUR)
    config = quick(sandbox, "canvas")
    begun = sandbox.clock.now()

    first = connector.read(config, catalog(WINDOWED, cursor="_report_end"))
    sandbox.clock.advance(2 * HOUR)
    second = connector.read(config, catalog(WINDOWED, cursor="_report_end"), first.state_file)

    ends = [moment(run.states[WINDOWED]["_report_end"]) for run in (first, second)]
    assert begun - 5 <= ends[0] <= begun + 60
    assert begun + 2 * HOUR - 5 <= ends[1] <= sandbox.clock.now()
    assert any("clock of this machine is" in words for words in first.logged("WARN"))


def test_a_day_is_closed_when_it_is_over_at_the_vendor(sandbox: Sandbox, connector: Connector) -> None:
    today = datetime.fromtimestamp(time.time(), tz=timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    sandbox.clock.set(today.timestamp() - 300)
    config = {**quick(sandbox, "hapyak"), "start_date": written(today.timestamp() - 5 * 24 * HOUR)}

    run = connector.read(config, catalog("user_stream_raw", cursor="_report_end"))

    assert run.code == 0, run.errors
    assert run.states["user_stream_raw"] == {"_report_end": str((today - timedelta(days=2)).date())}


def test_a_state_of_the_future_is_told_and_pulled_back_to_now(sandbox: Sandbox, connector: Connector) -> None:
    ahead = written(sandbox.clock.now() + 40 * 24 * HOUR)
    config = quick(sandbox, "canvas")
    state = [*saved(STREAM, **{COLUMN: ahead}), *saved(WINDOWED, _report_end=ahead)]

    first = connector.read(config, catalog(STREAM, WINDOWED), state)
    pulled_back = sandbox.clock.now()
    sandbox.clock.advance(HOUR)
    new = written(pulled_back + HOUR / 2)
    add(sandbox, new)
    second = connector.read(config, catalog(STREAM, WINDOWED), first.state_file)

    told = [words for words in first.logged("WARN") if f"{ahead} in the cursor" in words]
    assert len(told) == 2
    assert all("in the vendor's future" in words for words in told)
    assert pulled_back - 30 <= moment(first.states[STREAM][COLUMN]) <= pulled_back
    assert seen(second) == [new]
    assert second.states[STREAM] == {COLUMN: new}
    window = [order for order in sandbox.requests("canvas", "order") if order.report == f"{WINDOWED}_csv"]
    assert len(window) == 1
    assert not [words for words in second.logged("WARN") if "future" in words]


# -- cursors that are no times


def test_a_state_that_is_no_time_is_told_and_never_sent(sandbox: Sandbox, connector: Connector) -> None:
    stream, column = "user_course_instance_progress", "last_progress_date"
    whole = connector.read(quick(sandbox, "sana"), catalog(stream, cursor=column))

    run = connector.read(quick(sandbox, "sana"), catalog(stream, cursor=column), saved(stream, **{column: "yesterday"}))

    assert run.records == whole.records
    assert run.states == whole.states
    assert any("says 'yesterday' in the cursor" in words for words in run.logged("WARN"))
    assert "yesterday" not in str(sandbox.requests("sana", "order")[-1].body)


def test_a_column_of_no_times_is_told(sandbox: Sandbox, connector: Connector) -> None:
    sandbox.mutate("canvas", STREAM, update={number: {COLUMN: f"{number}/11/2025"} for number in range(3)})
    first = read(connector, quick(sandbox, "canvas"))
    assert first.states[STREAM] == {"__ab_no_cursor_state_message": True}
    (told,) = [words for words in first.logged("WARN") if "no time" in words]
    assert f"Values of the cursor column {COLUMN} that are no time: 3 (first: '0/11/2025')" in told
