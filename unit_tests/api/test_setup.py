"""What the platform files and the configuration make of the engine's patience."""

from __future__ import annotations

from itertools import pairwise

import pytest

from source_lms_reports.api.setup import make_policy
from source_lms_reports.jobs.policy import Policy
from source_lms_reports.platforms.model import load_platform, platform_names
from unit_tests.connections import connection


def looks(policy: Policy, until: float) -> list[float]:
    """When a job that never ends is looked at, without jitter."""
    at, times = policy.early_look, list[float]()
    while at <= until:
        times.append(at)
        at += policy.interval(at)
    return times


@pytest.mark.parametrize("name", platform_names())
def test_a_job_is_looked_at_soon_and_at_most_thirty_times_in_ten_minutes(name: str) -> None:
    policy = make_policy(load_platform(name), connection(name)[1])
    assert policy.early_look <= 1
    assert len(looks(policy, 600)) <= 30


@pytest.mark.parametrize(("name", "cadence"), [("canvas", None), ("sana", None), ("second_nature", 15), ("hapyak", 10)])
def test_the_cadence_is_the_one_that_the_vendor_states(name: str, cadence: float | None) -> None:
    policy = make_policy(load_platform(name), connection(name)[1])
    assert policy.cadence == cadence
    gaps = [later - sooner for sooner, later in pairwise(looks(policy, 100))]
    assert min(gaps) == (cadence or 1)


@pytest.mark.parametrize("name", platform_names())
def test_an_interval_of_the_users_own_replaces_it_with_no_look_before(name: str) -> None:
    policy = make_policy(load_platform(name), connection(name, poll_interval_seconds=20)[1])
    assert looks(policy, 100)[:4] == [20, 40, 60, 80]
    assert policy.max_interval <= 160
