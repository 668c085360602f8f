from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.jobs.policy import LONGEST_RETRY_AFTER, Policy, sane

rngs = st.randoms(use_true_random=False)
headers = st.none() | st.floats()
policies = st.builds(
    Policy,
    cadence=st.floats(0.1, 300),
    max_interval=st.floats(0, 600),
    backoff=st.floats(1, 10),
    jitter=st.floats(0, 1),
)


@given(policies, st.integers(0, 10_000), rngs, headers)
def test_a_job_is_never_looked_at_sooner_than_the_cadence_or_the_vendor_allows(
    policy: Policy, looks: int, rng: random.Random, retry_after: float | None
) -> None:
    delay = policy.poll_delay(looks, rng, retry_after)
    assert policy.soonest_poll(retry_after) <= delay < math.inf
    assert delay >= policy.cadence
    assert delay >= (sane(retry_after) or 0)


@given(policies, st.integers(0, 10_000), rngs)
def test_the_wait_between_looks_stops_growing(policy: Policy, looks: int, rng: random.Random) -> None:
    longest = max(policy.cadence, policy.max_interval)
    assert policy.poll_delay(looks, rng) <= longest * (1 + policy.jitter)


def test_given_no_jitter_when_looked_at_again_and_again_then_the_wait_grows_to_its_cap() -> None:
    policy = Policy(cadence=10, max_interval=45, backoff=2, jitter=0)
    waits = [policy.poll_delay(looks, random.Random(1)) for looks in range(5)]
    assert waits == [10, 20, 40, 45, 45]


def test_given_jitter_when_drawn_then_it_only_ever_adds() -> None:
    policy = Policy(cadence=10, max_interval=10, jitter=0.5)
    waits = [policy.poll_delay(0, random.Random(seed)) for seed in range(50)]
    assert all(10 <= wait <= 15 for wait in waits)
    assert len(set(waits)) > 40


def test_given_a_cadence_beyond_the_cap_then_the_jitter_is_added_all_the_same() -> None:
    policy = Policy(cadence=100, max_interval=10, jitter=0.5)
    assert len({policy.poll_delay(9, random.Random(seed)) for seed in range(9)}) == 9


def test_given_failed_requests_when_retried_then_the_wait_doubles_to_its_cap() -> None:
    policy = Policy(retry_base=2, jitter=0)
    waits = [policy.retry_delay(failures, random.Random(1)) for failures in range(1, 8)]
    assert waits == [2, 4, 8, 16, 32, 60, 60]
    assert policy.retry_delay(1, random.Random(1), retry_after=33) == 33
    assert policy.retry_delay(10_000, random.Random(1)) == 60


def test_given_failed_jobs_then_the_cool_downs_are_two_and_eight_cadences() -> None:
    policy = Policy(cadence=15)
    assert [policy.cooldown(failed) for failed in (0, 1, 2, 3)] == [30, 30, 120, 120]


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
        {"backoff": 0.5},
        {"jitter": -0.1},
        {"max_in_flight": 0},
    ],
    ids=str,
)
def test_given_a_figure_that_makes_no_sense_then_the_policy_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Policy"):
        replace(Policy(), **wrong)  # type: ignore[arg-type]
