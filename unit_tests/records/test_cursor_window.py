from __future__ import annotations

from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.records.cursor_window import CursorWindow
from source_lms_reports.times import instant


def _day(day: int) -> datetime:
    return datetime(2024, 1, day, tzinfo=timezone.utc)


def test_rows_outside_the_window_are_dropped() -> None:
    window = CursorWindow(_day(2), _day(4))
    texts = [f"2024-01-0{day}T00:00:00Z" for day in (5, 1, 2, 3, 4)]

    assert window.select(texts) == [False, False, True, True, False]
    assert window.greatest == "2024-01-05T00:00:00Z"


def test_rows_without_a_time_are_kept() -> None:
    window = CursorWindow(_day(20), None)
    texts = ["", "soon", "2024-01-01T00:00:00Z", "2024-01-00T00:00:00Z", "2024-01-30T00:00:00Z"]

    assert window.select(texts) == [True, True, False, True, True]
    assert window.select(["", "soon"]) is None
    assert window.greatest == "2024-01-30T00:00:00Z"


def test_times_are_compared_and_not_texts() -> None:
    window = CursorWindow(_day(2), None)

    assert window.select(["2024-01-01T23:30:00-01:00", "2024-01-02T00:30:00+01:00"]) == [True, False]
    assert window.greatest == "2024-01-01T23:30:00-01:00"


def test_a_form_of_time_that_means_none_drops_nothing_else() -> None:
    window = CursorWindow(_day(15), None)
    texts = [f"2024-01-{day:02d}" for day in range(1, 32)] + ["2024-01-32", "2024-00-10", "2024-01-00"]

    assert window.select(texts) == [False] * 14 + [True] * 20
    assert window.greatest == "2024-01-31"


def test_the_end_of_the_window_is_not_in_it_and_its_beginning_is() -> None:
    assert CursorWindow(None, _day(4)).select(["2024-01-03", "2024-01-04"]) == [True, False]
    assert CursorWindow(_day(3), None).select(["2024-01-03", "2024-01-04"]) is None


def test_a_day_that_does_not_exist_is_kept_among_dropped_ones() -> None:
    window = CursorWindow(datetime(2024, 3, 1, tzinfo=timezone.utc), None)

    assert window.select(["2024-01-10", "2024-01-11", "2024-01-40", "2024-02-02", "2024-03-01"]) == [
        False,
        False,
        True,
        False,
        True,
    ]


_TIMES = st.datetimes(datetime(2023, 12, 31), datetime(2024, 1, 5))  # noqa: DTZ001
_FORMS = [
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S +0300",
    "%Y-%m-00T%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.%f",
    "x%d",
]


@given(
    times=st.lists(_TIMES, max_size=12),
    forms=st.lists(st.sampled_from(_FORMS), min_size=1, max_size=2),
    bounds=st.tuples(st.none() | _TIMES, st.none() | _TIMES),
)
def test_every_row_is_judged_by_its_own_time(
    times: list[datetime], forms: list[str], bounds: tuple[datetime | None, datetime | None]
) -> None:
    texts = [at.strftime(forms[number % len(forms)]) for number, at in enumerate(times)]
    first, last = (bound and bound.replace(tzinfo=timezone.utc) for bound in bounds)
    window = CursorWindow(first, last)

    kept = window.select(texts) or [True] * len(texts)

    for text, keep in zip(texts, kept, strict=True):
        at = instant(text)
        assert keep == (at is None or ((first is None or at >= first) and (last is None or at < last)))
    known = [at for at in map(instant, texts) if at is not None]
    assert (window.greatest and instant(window.greatest)) == max(known, default=None)
