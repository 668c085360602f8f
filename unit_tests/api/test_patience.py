from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from source_lms_reports.api.patience import Patience, no_patience
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.errors import TransientError
from source_lms_reports.jobs.actions import RefusalKind
from source_lms_reports.jobs.policy import Policy
from unit_tests.jobs.desk import Unmoved


@dataclass
class Vendor:
    """Refuses so many times; each answer takes its time on the machine's steady clock."""

    refusals: int
    kind: RefusalKind = "transient"
    retry_after: float | None = None
    takes: float = 0.0
    now: float = 0.0
    asked: int = 0
    waits: list[float] = field(default_factory=list)

    def ask(self) -> str:
        self.asked += 1
        self.now += self.takes
        if self.asked > self.refusals:
            return "yes"
        raise Refusal(self.kind, TransientError("no"), retry_after=self.retry_after)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def patience(self, limit: float = 7_200.0) -> Patience:
        return Patience(Policy(), limit, sleep=self.sleep, steady=lambda: self.now, rng=Unmoved())


def test_four_bad_answers_in_a_row_are_survived_with_growing_waits() -> None:
    vendor = Vendor(refusals=4)

    assert vendor.patience().through(vendor.ask) == "yes"
    assert vendor.waits == [2.0, 4.0, 8.0, 16.0]


def test_the_fifth_is_enough() -> None:
    vendor = Vendor(refusals=5)

    with pytest.raises(Refusal):
        vendor.patience().through(vendor.ask)
    assert vendor.asked == 5


@pytest.mark.parametrize("kind", ["config", "gone", "quota"])
def test_what_no_moment_mends_is_not_asked_again(kind: RefusalKind) -> None:
    vendor = Vendor(refusals=1, kind=kind)

    with pytest.raises(Refusal):
        vendor.patience().through(vendor.ask)
    assert vendor.asked == 1


def test_retry_after_is_waited_for_where_there_is_time() -> None:
    vendor = Vendor(refusals=1, kind="throttled", retry_after=90.0)

    assert vendor.patience().through(vendor.ask) == "yes"
    assert vendor.waits == [90.0]


@pytest.mark.parametrize(("retry_after", "takes"), [(61.0, 0.0), (None, 30.0)])
def test_in_front_of_a_screen_it_ends_within_a_minute(retry_after: float | None, takes: float) -> None:
    vendor = Vendor(refusals=9, retry_after=retry_after, takes=takes)

    with pytest.raises(Refusal):
        vendor.patience().shortened().through(vendor.ask)
    assert vendor.now <= 60.0


def test_in_front_of_a_screen_four_bad_answers_are_survived_too() -> None:
    vendor = Vendor(refusals=4)

    assert vendor.patience().shortened().through(vendor.ask) == "yes"
    assert vendor.now <= 20.0


def test_no_patience_is_one_try() -> None:
    vendor = Vendor(refusals=1)

    with pytest.raises(Refusal):
        no_patience().through(vendor.ask)
    assert vendor.asked == 1
