"""The dispatcher with a real engine and a vendor of made-up answers; events wake it, nothing waits for time to pass."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest

from source_lms_reports.api.dispatch import Dispatcher, Stopped
from source_lms_reports.api.vendor_clock import VendorClock
from source_lms_reports.errors import ConfigError, PayloadError
from source_lms_reports.jobs.actions import Action, Fetch, Fetched, JobState, Observed, Outcome, Place, Placed, Refused
from source_lms_reports.jobs.engine import Engine
from source_lms_reports.jobs.events import Delivered, Event, Failed
from source_lms_reports.jobs.policy import Policy
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.jobs.ticket import Order, Ticket

PATIENCE = 10.0
READY = JobState(JobStatus.READY)
RUNNING = JobState(JobStatus.RUNNING)


def order(name: str) -> Order:
    return Order(name, {}, None, (name,))


def ticket(for_: Order, at: float = 0.0) -> Ticket:
    return Ticket("1", for_.identity, for_.report, for_.parameters, for_.window, at)


class ActionExecutor:
    """Answers each action by a function."""

    def __init__(self, answer: Callable[[Action], Outcome]) -> None:
        self.execute = answer


def delivering(action: Action) -> Outcome:
    if isinstance(action, Place):
        return Placed(ticket(action.order), READY)
    if isinstance(action, Fetch):
        return Fetched(f"payload of {action.order.report}")
    return Observed(READY)


def dispatcher(answer: Callable[[Action], Outcome], events: list[Event] | None = None) -> Dispatcher:
    policy = Policy(cadence=0.01, retry_base=0.01)
    engine = Engine(policy, None, random.Random(1), epoch_at=lambda now: now, can_find=False, can_abort=False)
    return Dispatcher(engine, ActionExecutor(answer), (events if events is not None else []).append)


def test_what_is_submitted_is_delivered_to_whoever_waits() -> None:
    events: list[Event] = []
    running = dispatcher(delivering, events)
    for name in ("a", "b", "c"):
        running.submit(order(name))

    assert [running.wait(order(name).identity) for name in "abc"] == [f"payload of {name}" for name in "abc"]
    assert [running.wait(order("a").identity) for _ in range(2)] == ["payload of a"] * 2
    running.stop()
    assert sum(isinstance(event, Delivered) for event in events) == 3


def test_a_failure_is_raised_for_its_own_order_only() -> None:
    def answer(action: Action) -> Outcome:
        if action.order.report == "bad":
            return Refused("config", ConfigError("no permission"))
        return delivering(action)

    events: list[Event] = []
    running = dispatcher(answer, events)
    running.submit(order("bad"))
    running.submit(order("good"))

    with pytest.raises(ConfigError, match="no permission"):
        running.wait(order("bad").identity)
    assert running.wait(order("good").identity) == "payload of good"
    running.stop()
    assert sum(isinstance(event, Failed) for event in events) == 1


@pytest.mark.parametrize("step", [10_800.0, -600.0])
def test_no_wait_hangs_on_the_wall_clock(step: float) -> None:
    """The wall clock is set at each request, while a job is at work for several looks."""
    wall, looks = [1_700_000_000.0], iter([RUNNING, RUNNING, RUNNING, READY])

    def answer(action: Action) -> Outcome:
        wall[0] += step
        if isinstance(action, Place):
            return Placed(ticket(action.order, wall[0]), RUNNING)
        return Fetched("payload") if isinstance(action, Fetch) else Observed(next(looks))

    policy = Policy(cadence=0.01, wait_limit=PATIENCE)
    epoch_at = VendorClock("Example", wall=lambda: wall[0]).at
    engine = Engine(policy, None, random.Random(1), epoch_at=epoch_at, can_find=False, can_abort=False)
    running = Dispatcher(engine, ActionExecutor(answer), lambda _: None)
    running.submit(order("a"))

    assert running.wait(order("a").identity) == "payload"
    running.stop()


def test_a_bug_of_the_executor_reaches_everyone_who_waits() -> None:
    def answer(_: Action) -> Outcome:
        raise ZeroDivisionError

    running = dispatcher(answer)
    running.submit(order("a"))

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            running.wait(order("a").identity)


def test_whoever_waits_is_let_go_when_it_stops() -> None:
    asked, let_go = threading.Event(), threading.Event()

    def answer(action: Action) -> Outcome:
        asked.set()
        let_go.wait(PATIENCE)
        return delivering(action)

    running = dispatcher(answer)
    running.submit(order("a"))
    stopped: list[bool] = []

    def wait() -> None:
        with pytest.raises(Stopped):
            running.wait(order("a").identity)
        stopped.append(True)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert asked.wait(PATIENCE)
    running.stop()
    waiting.join(PATIENCE)
    let_go.set()
    assert stopped == [True]


def test_a_payload_that_nobody_needs_any_more_is_handed_back() -> None:
    running = dispatcher(delivering)
    running.submit(order("a"))
    running.wait(order("a").identity)

    assert running.withdraw(order("a").identity) == "payload of a"
    assert running.withdraw(order("a").identity) is None
    running.stop()


def test_an_error_that_nobody_needs_any_more_is_not_handed_back() -> None:
    running = dispatcher(lambda _: Refused("config", PayloadError("x")))
    running.submit(order("a"))
    with pytest.raises(PayloadError):
        running.wait(order("a").identity)

    assert running.withdraw(order("a").identity) is None
    running.stop()
