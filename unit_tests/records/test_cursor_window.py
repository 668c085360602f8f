from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.records.cursor_window import CursorWindow
from source_lms_reports.times import instant, written_like


def _day(day: int) -> datetime:
    return datetime(2024, 1, day, tzinfo=timezone.utc)


def test_rows_outside_the_window_are_dropped() -> None:
    window = CursorWindow(_day(2), _day(4))
    texts = [f"2024-01-0{day}T00:00:00Z" for day in (5, 1, 2, 3, 4)]

    assert window.select(texts) == [False, False, True, True, False]
    assert window.greatest == "2024-01-03T00:00:00Z"


def test_rows_without_a_time_are_kept() -> None:
    window = CursorWindow(_day(20), None)
    texts = ["", "soon", "2024-01-01T00:00:00Z", "2024-01-00T00:00:00Z", "2024-01-30T00:00:00Z"]

    assert window.select(texts) == [True, True, False, True, True]
    assert window.select(["", "soon"]) is None
    assert window.greatest == "2024-01-30T00:00:00Z"
    assert (window.unreadable, window.example) == (3, "soon")


def test_times_are_compared_and_not_texts() -> None:
    window = CursorWindow(_day(2), None)

    assert window.select(["2024-01-01T23:30:00-01:00", "2024-01-02T00:30:00+01:00"]) == [True, False]
    assert window.greatest == "2024-01-01T23:30:00-01:00"


def test_what_comes_after_the_limit_is_kept_and_not_remembered() -> None:
    for texts in (
        ["2024-01-02", "2024-01-03", "2024-01-05"],
        ["2024-01-02", "2024-01-03T00:00:00+00:00", "2024-01-05"],
    ):
        window = CursorWindow(_day(2), None, _day(4))
        assert window.select(texts) is None
        assert window.greatest == texts[1]


@pytest.mark.parametrize(
    ("bound", "text", "kept"),
    [
        ("2024-01-25T21:52:46Z", "2024-01-25", True),
        ("2024-01-25T21:52:46Z", "2024-01-24", False),
        ("2024-01-25T21:52:46Z", "20240125", True),
        ("2024-01-25T21:52:46Z", "2024-01-25 21:52", True),
        ("2024-01-25T21:52:46Z", "2024-01-25 22:52 +0100", True),
        ("2024-01-25T21:52:46Z", "2024-01-25 21:51", False),
        ("2024-01-25T21:52:46.5Z", "2024-01-25T21:52:46Z", True),
        ("2024-01-25T21:52:46.5Z", "2024-01-25T21:52:46.4Z", False),
    ],
)
def test_a_value_is_early_only_if_all_that_it_may_mean_is(bound: str, text: str, kept: bool) -> None:
    for others in ([], ["x"]):  # by the order of texts, and one by one
        window = CursorWindow(instant(bound), None)
        assert (window.select([text, *others]) or [True])[0] == kept


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
    bounds=st.tuples(*[st.none() | _TIMES] * 3),
)
def test_every_row_is_judged_by_its_own_time(
    times: list[datetime], forms: list[str], bounds: tuple[datetime | None, ...]
) -> None:
    texts = [at.strftime(forms[number % len(forms)]) for number, at in enumerate(times)]
    first, last, limit = (bound and bound.replace(tzinfo=timezone.utc) for bound in bounds)
    window = CursorWindow(first, last, limit)

    kept = window.select(texts) or [True] * len(texts)

    for text, keep in zip(texts, kept, strict=True):
        at, start = instant(text), first and instant(written_like(first, text))
        assert keep == (at is None or ((start is None or at >= start) and (last is None or at < last)))
    known = [at for text, keep in zip(texts, kept, strict=True) if keep and (at := instant(text)) is not None]
    counted = [at for at in known if limit is None or at <= limit]
    assert (window.greatest and instant(window.greatest)) == max(counted, default=None)
