"""What the benchmark of waiting compares with, and its table."""

from __future__ import annotations

import pytest

from benchmarks.waits.__main__ import Waited, critical_path, table


@pytest.mark.parametrize(
    ("seconds", "slots", "expected"),
    [((3.0,), 4, 3.0), ((1.0, 2.0, 3.0), 1, 6.0), ((3.0, 1.0, 1.0, 1.0), 2, 3.0), ((1.0, 1.0, 5.0), 2, 6.0)],
)
def test_the_best_time_fills_a_slot_as_soon_as_it_is_free(
    seconds: tuple[float, ...], slots: int, expected: float
) -> None:
    assert critical_path(seconds, slots) == expected


def test_the_table_says_what_share_of_its_own_time_a_report_lost_at_most() -> None:
    waited = Waited(54.0, lost=[0.5, 0.5, 4.0], shares=[0.05, 0.5, 0.1], looks=[2, 2, 2], state=[])
    shown = table({"one": waited}, 7.25)
    assert "| one | 54.0 s | 2.00 | 0.5 s | 50% | 2 to 2 |" in shown
    assert "cached: 7.2 s." in shown
