"""What the platform files and the configuration make of the engine's patience."""

from __future__ import annotations

from datetime import datetime, timezone
from itertools import pairwise

import pytest

from source_lms_reports.api.setup import make_engine, make_policy
from source_lms_reports.jobs.actions import Action, Fetch, Fetched, Outcome, Place
from source_lms_reports.jobs.events import Delivered, Held
from source_lms_reports.jobs.policy import Policy
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.jobs.ticket import Order
from source_lms_reports.plan.orders import ReportPlan
from source_lms_reports.plan.stream import ReportStream, Selected
from source_lms_reports.platforms.model import load_platform, platform_names
from source_lms_reports.spec.settings import Settings
from unit_tests.connections import connection
from unit_tests.jobs.desk import NOON, START, Desk, refused


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


def test_a_first_sync_of_all_of_hapyak_waits_for_its_hour_and_orders_whole_streams() -> None:
    """With the defaults it needs more reports than an hour allows; each takes half a minute here."""
    declared, settings = connection("hapyak")
    desk = Desk()
    desk.engine = make_engine(load_platform("hapyak"), settings, desk.epoch_at)
    streams = [stream for report in declared.values() for stream in report]
    wanted = {stream.name: _orders(stream, settings) for stream in streams}
    ordered_at: dict[str, float] = {}

    def vendor(action: Action, now: float) -> Outcome:
        ordered_at.setdefault(action.identity, now)
        if isinstance(action, Fetch):
            return Fetched("payload")
        return desk.outcome(action, JobStatus.READY if now - ordered_at[action.identity] >= 30 else JobStatus.RUNNING)

    for orders in wanted.values():
        desk.submit(*orders)
    desk.run(vendor)

    assert 30 < sum(map(len, wanted.values())) == len(desk.told(Delivered)) < 40
    assert desk.now - START < 4_000
    assert max(event.orders for event in desk.told(Held)) > 10
    first_hour = [action.order.queue for at, action in desk.log if isinstance(action, Place) and at - START < 3_600]
    assert len(first_hour) == 20
    in_part = [name for name, orders in wanted.items() if 0 < first_hour.count(name) < len(orders)]
    assert len(in_part) <= 1


def test_ninety_tables_are_ordered_five_a_minute_by_how_long_they_wait() -> None:
    """Four slots, and jobs of a minute and a half. The third table's first job fails, so that it is ordered again."""
    settings = connection("instructure_dap", max_concurrent_reports=4)[1]
    desk = Desk()
    desk.engine = make_engine(load_platform("instructure_dap"), settings, desk.epoch_at)
    ordered_at: dict[str, float] = {}
    most_at_work = 0

    def vendor(action: Action, now: float) -> Outcome:
        nonlocal most_at_work
        if isinstance(action, Fetch):
            return Fetched("payload")
        if isinstance(action, Place):
            is_second = action.identity in ordered_at
            fails = action.order.report == "table_02" and not is_second
            ordered_at[action.identity] = now - 90 if fails else now
            most_at_work = max(most_at_work, sum(now - at < 90 for at in ordered_at.values()))
            return desk.outcome(action, JobStatus.FAILED if fails else JobStatus.RUNNING)
        is_done = now - ordered_at[action.identity] >= 90
        return desk.outcome(action, JobStatus.READY if is_done else JobStatus.RUNNING)

    tables = [f"table_{number:02d}" for number in range(90)]
    desk.submit(*(Order(table, {}, None, (table,)) for table in tables))
    desk.run(vendor, most=20_000)

    assert len(desk.told(Delivered)) == 90
    placed = [action.order.report for _, action in desk.log if isinstance(action, Place)]
    assert list(dict.fromkeys(placed)) == tables
    assert placed.count("table_02") == 2
    assert placed.index("table_02", 3) < placed.index("table_08")  # it has waited the longest
    assert most_at_work <= 4
    times = desk.did(Place)
    assert all(sixth - first >= 60 for first, sixth in zip(times, times[5:], strict=False))


def test_a_refusal_of_the_sixth_order_that_names_no_time_is_waited_out_for_half_a_minute() -> None:
    """As the client reads a 429 without `Retry-After` where the platform says how long that is."""
    settings = connection("instructure_dap")[1]
    desk = Desk()
    desk.engine = make_engine(load_platform("instructure_dap"), settings, desk.epoch_at)
    desk.submit(Order("users", {}, None, ("users",)))
    desk.play(place=[refused("throttled", 30), JobStatus.READY])

    assert desk.did(Place) == [0, 30]
    assert len(desk.told(Delivered)) == 1


def _orders(stream: ReportStream, settings: Settings) -> list[Order]:
    plan = ReportPlan([Selected(stream)], settings, datetime.fromtimestamp(NOON, timezone.utc))
    return [slice_.order for slice_ in plan.slices()]
