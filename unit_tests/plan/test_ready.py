"""Which ready files are read: nothing that changed is left out, and nothing is read that need not be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.errors import TransientError
from source_lms_reports.plan.ready import ReadyFile, ReadyPlan, choose
from source_lms_reports.plan.stream import ReportStream, Selected
from source_lms_reports.platforms.model import ReportSpec, StreamSpec
from source_lms_reports.spec.settings import Settings
from source_lms_reports.times import instant

FIRST = datetime(2026, 11, 1, tzinfo=timezone.utc)


def file(day: int, kind: str = "changes", name: str = "") -> ReadyFile:
    moment = (FIRST + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return ReadyFile(moment, kind == "full", f"/{kind}/{day}{name}")


LISTED = [file(4), file(3, "full"), file(0, "full"), file(2), file(1)]


def links(files: Sequence[ReadyFile], since: int | None, *, incremental: bool = True) -> tuple[list[str], bool] | None:
    at = None if since is None else FIRST + timedelta(days=since)
    chosen = choose(files, at, incremental=incremental)
    return None if chosen is None else ([one.link for one in chosen.files], chosen.has_gap)


@pytest.mark.parametrize(
    ("files", "since", "incremental", "wanted"),
    [
        (LISTED, None, True, (["/full/3", "/changes/4"], False)),
        (LISTED, None, False, (["/full/3"], False)),
        (LISTED, 1, True, (["/changes/2", "/changes/4"], False)),
        (LISTED, 4, True, ([], False)),
        (LISTED, -1, True, (["/full/3", "/changes/4"], True)),
        ([file(0, "full"), file(7, "full")], 0, True, (["/full/7"], False)),
        ([file(0, "full"), file(7, "full")], 7, True, ([], False)),
        ([file(7, "full")], 0, True, (["/full/7"], False)),
        ([file(1), file(2)], 0, True, None),
        ([file(1), file(2)], 1, True, (["/changes/2"], False)),
        ([], None, True, None),
        ([], 3, True, None),
        ([file(0, "full"), file(7, "full"), file(6), file(8)], 1, True, (["/full/7", "/changes/8"], True)),
        ([file(0, "full"), file(1)], 0, True, (["/changes/1"], False)),
        ([file(1, "full"), file(1)], None, True, (["/full/1"], False)),
        (
            [file(1, "full"), file(2, "changes", "a"), file(2, "changes", "a")],
            None,
            True,
            (["/full/1", "/changes/2a"], False),
        ),
    ],
)
def test_the_files_that_are_read(
    files: Sequence[ReadyFile], since: int | None, incremental: bool, wanted: tuple[list[str], bool] | None
) -> None:
    assert links(files, since, incremental=incremental) == wanted


@given(kept=st.integers(3, 8), stops=st.lists(st.integers(0, 20), min_size=1, max_size=6).map(sorted))
def test_whatever_is_listed_at_each_sync_the_destination_has_all_changes(kept: int, stops: list[int]) -> None:
    """A day is a change, and a full file every third day. Each sync sees the files of the last days alone."""
    destination: dict[int, int] = {}
    since: datetime | None = None
    for today in stops:
        days = range(today + 1)
        listed = [file(day, "full") for day in days if day % 3 == 0][-2:]
        listed += [file(day) for day in days if day > today - kept]
        chosen = choose(listed, since, incremental=True)
        assert chosen is not None
        for one in chosen.files:
            day = (one.at - FIRST).days
            rows = range(day + 1) if one.is_full else [day]
            destination |= dict.fromkeys(rows, day)
            since = one.at
        assert set(destination) == set(days)


@pytest.mark.parametrize(
    ("files", "since", "wanted", "is_held"),
    [
        ([file(0, "full"), file(5), file(6)], 2, ["/changes/5", "/changes/6"], True),
        ([file(0, "full"), file(5)], 0, ["/changes/5"], True),
        ([file(0, "full"), file(1)], 0, ["/changes/1"], False),
        ([file(0, "full"), file(2), file(5)], 2, ["/changes/5"], False),
        ([file(0, "full")], 2, [], False),
        ([file(0, "full"), file(3, "full"), file(4)], 2, ["/full/3", "/changes/4"], False),
        ([file(0, "full"), file(3, "full"), file(5)], 2, ["/full/3", "/changes/5"], True),
        ([file(0, "full"), file(5)], None, ["/full/0", "/changes/5"], True),
    ],
)
def test_behind_a_hole_that_no_full_file_fills_the_state_stays(
    files: Sequence[ReadyFile], since: int | None, wanted: list[str], is_held: bool
) -> None:
    cursor = None if since is None else (FIRST + timedelta(days=since)).isoformat()
    made = plan(files, cursor=cursor, apart=timedelta(hours=36))
    assert [one.order.parameters["link"] for one in made.slices()] == wanted
    assert made.chosen.is_held == is_held
    held = {f"/changes/{day}" for day in range(9)} if is_held else set()
    assert {one.order.parameters["link"] for one in made.slices() if not one.closes_window} <= held


def plan(
    files: Sequence[ReadyFile],
    cursor: str | None = None,
    end: str | None = None,
    lookback: float = 0,
    apart: timedelta = timedelta.max,
) -> ReadyPlan:
    part = StreamSpec(cursor="_moment")
    stream = ReportStream("bds_users", "BDS Users", ReportSpec(streams={}), part, {}, moment="_moment")
    settings = Settings({}, None, instant(end) if end else None, lookback, 1, 60.0, None)
    return ReadyPlan([Selected(stream, cursor, incremental=True)], settings, FIRST + timedelta(days=30), files, apart)


def test_the_state_moves_file_by_file_and_only_behind_the_last_one_of_a_moment() -> None:
    slices = plan([file(0, "full"), file(1, "changes", "a"), file(1, "changes", "b"), file(2)]).slices()

    assert [(one.order.parameters["link"], one.closes_window) for one in slices] == [
        ("/full/0", True),
        ("/changes/1a", False),
        ("/changes/1b", True),
        ("/changes/2", True),
    ]
    assert slices[-1].window is not None
    assert slices[-1].window.end == "2026-11-03T00:00:00.000Z"
    assert all(one.order.direct for one in slices)


def test_files_behind_the_end_date_are_left_out_and_a_lookback_reads_changes_again() -> None:
    assert [one.order.parameters["link"] for one in plan(LISTED, end="2026-11-03T00:00:00Z").slices()] == [
        "/full/0",
        "/changes/1",
    ]
    again = plan(LISTED, cursor=file(4).moment, lookback=2).slices()
    assert [one.order.parameters["link"] for one in again] == ["/changes/4"]


def test_without_a_full_file_nothing_can_be_told_whole() -> None:
    with pytest.raises(TransientError, match="no full file of BDS Users yet"):
        plan([file(1)])
