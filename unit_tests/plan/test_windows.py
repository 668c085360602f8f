from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.jobs.ticket import Window
from source_lms_reports.plan.windows import Span, as_days, as_instants, cut, halves, unit_start, whole_units
from source_lms_reports.times import earlier, later, midnight, now_utc, rfc3339, shifted

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone.utc))  # noqa: DTZ001
UNITS = st.sampled_from(["day", "week", "month"])


def test_a_year_has_four_digits() -> None:
    assert rfc3339(day("0001-01-02")) == "0001-01-02T00:00:00Z"


def test_time_ends_where_python_says() -> None:
    assert shifted(day("2024-01-31"), -0.5) == day("2024-01-30") + timedelta(hours=12)
    assert shifted(day("0001-01-01"), -1) == day("0001-01-01")
    assert shifted(day("9999-12-31"), 2) > day("9999-12-31")
    assert list(whole_units(day("9999-12-31"), day("2024-01-01"), "month")) == []


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        ("2024-01-31", "P1M", "2024-02-29"),
        ("2023-01-31", "P1M", "2023-02-28"),
        ("2024-08-31", "P6M", "2025-02-28"),
        ("2024-12-15", "P1M", "2025-01-15"),
        ("2024-02-28", "P14D", "2024-03-13"),
    ],
)
def test_a_length_ends_on_a_day_that_exists(start: str, length: str, end: str) -> None:
    assert later(day(start), length) == day(end)


def test_backwards_too() -> None:
    assert earlier(day("2024-03-31"), "P1M") == day("2024-02-29")
    assert earlier(day("2024-01-15"), "P14D") == day("2024-01-01")


@pytest.mark.parametrize("length", ["", "month", "14 days", "-P1D", "P0D", "P"])
def test_what_is_no_length_is_refused(length: str) -> None:
    with pytest.raises(ValueError, match="not a length"):
        later(day("2024-01-01"), length)


@given(MOMENTS, st.integers(0, 400), st.sampled_from(["P14D", "P6M", "day", "week", "month"]))
def test_cuts_are_consecutive_and_cover_all(start: datetime, days: int, length: str) -> None:
    end = start + timedelta(days=days, seconds=17)

    spans = list(cut(start, end, length))

    assert spans[0].start == start
    assert spans[-1].end == end
    assert [span.end for span in spans[:-1]] == [span.start for span in spans[1:]]
    assert all(span.start is not None and span.start < span.end for span in spans)


def test_nothing_is_cut_out_of_nothing() -> None:
    assert list(cut(day("2024-01-02"), day("2024-01-02"), "P14D")) == []
    assert list(cut(day("2024-01-02"), day("2024-01-01"), "P14D")) == []


@given(MOMENTS, st.integers(0, 400), UNITS)
def test_whole_units_begin_with_the_first_and_have_all_ended(start: datetime, days: int, unit: str) -> None:
    end = midnight(start + timedelta(days=days))

    spans = list(whole_units(start, end, unit))

    assert all(span.end <= end and span.start == unit_start(span.start or end, unit) for span in spans)
    assert [span.end for span in spans[:-1]] == [span.start for span in spans[1:]]
    if spans:
        assert spans[0].start == unit_start(start, unit)


def test_weeks_begin_on_monday() -> None:
    assert unit_start(day("2024-03-03"), "week") == day("2024-02-26")
    assert unit_start(day("2024-03-04"), "week") == day("2024-03-04")


@given(st.integers(1, 200))
def test_halves_of_days_have_no_gap_and_no_overlap(days: int) -> None:
    start = day("2024-01-01")
    window = Window("2024-01-01", (start + timedelta(days=days)).date().isoformat())

    two = halves(window)

    assert two is not None
    left, right = two
    assert (left.start, right.end) == (window.start, window.end)
    assert day(str(left.end)) + timedelta(days=1) == day(str(right.start))


def test_one_day_has_no_halves() -> None:
    assert halves(Window("2024-01-01", "2024-01-01")) is None
    assert halves(Window(None, "2024-01-01")) is None


def test_days_are_inclusive_and_instants_are_not() -> None:
    span = Span(day("2024-01-01"), day("2024-02-01"))
    assert as_days(span) == Window("2024-01-01", "2024-01-31")
    assert as_instants(span) == Window("2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z")
    assert as_instants(Span(None, day("2024-02-01"))).start is None


def test_times_are_written_in_utc_with_whole_seconds() -> None:
    local = datetime(2024, 1, 1, 5, 30, 59, 999999, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert rfc3339(local) == "2024-01-01T00:00:59Z"
    assert rfc3339(now_utc(1_700_000_000.9)) == "2023-11-14T22:13:20Z"
