"""What the benchmark of waiting compares with, and its table."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.waits.results import Waited, Waits, critical_path


@pytest.mark.parametrize(
    ("seconds", "slots", "expected"),
    [((3.0,), 4, 3.0), ((1.0, 2.0, 3.0), 1, 6.0), ((3.0, 1.0, 1.0, 1.0), 2, 3.0), ((1.0, 1.0, 5.0), 2, 6.0)],
)
def test_the_best_time_fills_a_slot_as_soon_as_it_is_free(
    seconds: tuple[float, ...], slots: int, expected: float
) -> None:
    assert critical_path(seconds, slots) == expected


def test_the_table_says_what_share_of_its_own_time_a_report_lost_at_most() -> None:
    waited = Waited(54.0, seconds=[1.0, 8.0, 40.0], lost=[0.5, 4.0, 4.0], looks=[2, 2, 2])
    shown = Waits({"one": waited}, 7.25).table()
    assert "| one | 54.0 s | 2.00 | 4.0 s | 50% | 2 to 2 |" in shown
    assert "cached: 7.2 s." in shown


def test_what_was_measured_is_kept(tmp_path: Path) -> None:
    waits = Waits({"one": Waited(54.0, seconds=[1.0], lost=[0.5], looks=[2])}, None)
    waits.save(tmp_path / "waits.json")
    assert Waits.load(tmp_path / "waits.json") == waits
