from __future__ import annotations

import math
import random
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.jobs.policy import LONGEST_RETRY_AFTER, Policy, jittered, places_for, sane
from unit_tests.jobs.desk import Unmoved

GIB = 1024**3

rngs = st.randoms(use_true_random=False)
headers = st.none() | st.floats()
policies = st.builds(
    Policy,
    cadence=st.none() | st.floats(0.1, 300),
    max_interval=st.floats(0, 600),
)


@given(policies, st.floats(-10, 1e9))
def test_a_job_is_never_looked_at_sooner_than_the_cadence_nor_later_than_the_longest_interval(
    policy: Policy, waited: float
) -> None:
    interval = policy.interval(waited)
    assert policy.shortest_interval <= interval <= max(policy.shortest_interval, policy.max_interval)
    assert 0 < policy.early_look <= policy.shortest_interval


def test_given_a_stated_cadence_then_the_waits_are_it_until_a_quarter_of_the_time_waited_is_more() -> None:
    policy = Policy(cadence=15, max_interval=30)
    assert policy.early_look == 0.5
    assert [policy.interval(waited) for waited in (0, 15, 60, 80, 120, 7_000)] == [15, 15, 15, 20, 30, 30]


def test_given_no_cadence_then_the_first_look_is_after_a_second_and_the_waits_a_quarter_of_the_time_waited() -> None:
    policy = Policy(cadence=None, max_interval=120)
    assert policy.early_look == 1
    assert [policy.interval(waited) for waited in (0, 1, 4, 10, 100, 480, 7_000)] == [1, 1, 1, 2.5, 25, 120, 120]


@pytest.mark.parametrize("longest", [60.0, 90.0, 120.0])
def test_given_no_cadence_then_there_are_at_most_thirty_looks_in_ten_minutes(longest: float) -> None:
    policy = Policy(cadence=None, max_interval=longest)
    looks, at = 0, policy.early_look
    while at <= 600:
        looks, at = looks + 1, at + policy.interval(at)
    assert 20 < looks <= 30


def test_given_jitter_when_drawn_then_it_only_ever_adds() -> None:
    waits = [jittered(10, random.Random(seed)) for seed in range(50)]
    assert all(10 <= wait <= 11 for wait in waits)
    assert len(set(waits)) > 40


def test_given_failed_requests_when_retried_then_the_wait_doubles_to_its_cap() -> None:
    policy = Policy(retry_base=2)
    waits = [policy.retry_delay(failures, Unmoved()) for failures in range(1, 8)]
    assert waits == [2, 4, 8, 16, 32, 60, 60]
    assert policy.retry_delay(1, Unmoved(), retry_after=33) == 33
    assert policy.retry_delay(10_000, Unmoved()) == 60


def test_given_failed_jobs_then_the_cool_downs_are_two_and_eight_cadences() -> None:
    policy = Policy(cadence=15)
    assert [policy.cooldown(failed) for failed in (0, 1, 2, 3)] == [30, 30, 120, 120]
    assert Policy(cadence=None).cooldown(1) == 30


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), (-1.0, None), (math.nan, None), (0.0, 0.0), (7.5, 7.5), (math.inf, LONGEST_RETRY_AFTER)],
)
def test_given_any_retry_after_then_it_is_a_usable_wait(header: float | None, seconds: float | None) -> None:
    assert sane(header) == seconds


@pytest.mark.parametrize(
    "wrong",
    [
        {"cadence": 0.0},
        {"wait_limit": -1.0},
        {"retry_base": 0.0},
        {"max_in_flight": 0},
    ],
    ids=str,
)
def test_given_a_figure_that_makes_no_sense_then_the_policy_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Policy"):
        replace(Policy(), **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("unread", "free", "places"),
    [(0, sys.maxsize, sys.maxsize), (GIB, GIB, sys.maxsize), (GIB + 1, GIB, 1), (4 * GIB + 1, 100 * GIB, 1)],
)
def test_files_that_lie_unread_may_take_half_of_the_disk_and_never_more_than_four_gibibytes(
    unread: int, free: int, places: int
) -> None:
    assert places_for(unread, free, is_being_read=False) == places
    assert places_for(unread, free, is_being_read=True) == (0 if places == 1 else places)
