"""Whatever the vendor answers, in whatever order and at whatever time: what must hold, holds."""

from __future__ import annotations

import math
import random
import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from source_lms_reports.errors import EmptyPayload, JobOverdue
from source_lms_reports.jobs.actions import (
    Abort,
    Aborted,
    Action,
    BadPayload,
    Fetch,
    Fetched,
    Find,
    Found,
    JobState,
    LinkDead,
    NothingFound,
    Observed,
    Outcome,
    Place,
    Placed,
    Poll,
    Refused,
)
from source_lms_reports.jobs.engine import Engine
from source_lms_reports.jobs.events import Delivered, Event, Failed, TicketClosed
from source_lms_reports.jobs.policy import MAX_ORDERS, NEW_FOR, TICKET_LIFE, Policy
from source_lms_reports.jobs.quota import Limit, Quota
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.jobs.ticket import Order, Ticket
from unit_tests.jobs.desk import NOON, START, Ledger, order, refused, ticket

if TYPE_CHECKING:
    from collections.abc import Sequence

ORDERS = [
    order("a", day=1),
    order("a", day=2),
    order("b"),
    order("b", ("c",), day=3),
    order("d", direct=True),
]
MOST_STEPS = 3_000

waits = st.none() | st.floats(0, 100) | st.sampled_from([math.inf, math.nan, -1.0, 10_000.0])
reports = st.builds(
    JobState,
    st.sampled_from(JobStatus),
    words=st.none() | st.just("words"),
    finished_at=st.none() | st.floats(NOON - 2_000, NOON + 2_000),
    retry_after=waits,
)
kinds = st.sampled_from(["throttled", "transient", "config", "quota", "gone", "restart"])
refusals = st.builds(refused, kinds, waits, uncertain=st.booleans(), locked_out=st.booleans()) | st.builds(
    refused, kinds, waits, unsent=st.just(True), locked_out=st.booleans()
)
policies = st.builds(
    Policy,
    cadence=st.sampled_from([0.1, 10.0, None]),
    max_interval=st.sampled_from([5.0, 60.0]),
    wait_limit=st.sampled_from([1.0, 100.0, 1_000.0]),
    max_in_flight=st.integers(1, 3),
)
limits: st.SearchStrategy[list[Limit]] = st.lists(
    st.builds(Limit, st.integers(1, 4), st.sampled_from([20, 60, 3_600])), max_size=2
)
quotas = st.none() | st.tuples(limits, st.sampled_from([0.0, 100.0, 4_000.0]))


class AnyVendor(RuleBasedStateMachine):
    """Orders, answers, withdrawals and the clock in any order, beside a model of what the vendor knows."""

    @initialize(
        policy=policies,
        quota=quotas,
        can_find=st.booleans(),
        can_abort=st.booleans(),
        places=st.sampled_from([sys.maxsize, 2, 1]),
    )
    def open(
        self, policy: Policy, quota: tuple[list[Limit], float] | None, can_find: bool, can_abort: bool, places: int
    ) -> None:
        self.policy, self.can_find, self.can_abort = policy, can_find, can_abort
        self.limits, patience = quota or ([], 0.0)
        counted = Quota(self.limits, patience=patience, margin=0) if quota is not None else None
        seams: dict[str, Any] = {"epoch_at": self.epoch_at, "can_find": can_find, "can_abort": can_abort}
        seams["places"] = lambda: places
        self.engine = Engine(policy, counted, random.Random(3), **seams)
        self.ledger = Ledger()
        self.now = START
        self.vendor_is_ahead = 0.0
        self.serial = 0
        self.busy: dict[str, Action] = {}
        self.wanted: set[str] = set()
        self.own: defaultdict[str, int] = defaultdict(int)
        self.alive: dict[str, str] = {}
        self.not_ours: set[str] = set()
        self.unsure: set[str] = set()
        self.poll_from: dict[str, float] = {}
        self.placed_at: dict[str, float] = {}
        self.unknown: defaultdict[str, int] = defaultdict(int)
        self.known: set[str] = set()
        self.too_old: set[str] = set()
        self.looks: defaultdict[str, int] = defaultdict(int)
        self.fetches: defaultdict[str, int] = defaultdict(int)
        self.resumes = 0
        self.uses: list[float] = []
        self.sent_at: dict[str, float] = {}

    # -- what may happen

    @rule(index=st.integers(0, len(ORDERS) - 1), age=st.none() | st.floats(-10, 200_000), adopted=st.booleans())
    def submit(self, index: int, age: float | None, adopted: bool) -> None:
        wanted = ORDERS[index]
        stored = None
        if age is not None:
            self.serial += 1
            stored = ticket(wanted, f"old{self.serial}", self.epoch_at(self.now) - age, adopted=adopted)
            self.placed_at[stored.id] = self.now - max(0.0, age)
            if abs(age) > TICKET_LIFE:
                self.too_old.add(stored.id)
        self.resumes += 1
        self.engine.submit(wanted, self.now, stored)
        self.wanted.add(wanted.identity)

    @rule(index=st.integers(0, len(ORDERS) - 1))
    def withdraw(self, index: int) -> None:
        identity = ORDERS[index].identity
        self.engine.withdraw(identity, self.now)
        self.wanted.discard(identity)
        before = dict(self.ledger.tickets)
        self.hear(self.engine.tick(self.now))
        lost = before.keys() - self.ledger.tickets.keys()
        assert identity not in lost, "a withdrawal forgot a job"

    @rule(seconds=st.sampled_from([10_800.0, -600.0, 3_456_000.0]))
    def set_the_clock(self, seconds: float) -> None:
        before = self.engine.next_due(self.now)
        self.vendor_is_ahead += seconds
        assert self.engine.next_due(self.now) == before, "a wait hangs on the wall clock"

    @rule(seconds=st.floats(0, 2_000))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.look()

    @rule()
    def sleep_until_due(self) -> None:
        self.look()
        at = self.engine.next_due(self.now)
        if at is not None:
            self.now = at
            assert self.look() > 0, "next_due named a time at which nothing happens"

    @rule(part=st.floats(0, 0.99))
    def wake_too_early(self, part: float) -> None:
        self.look()
        at = self.engine.next_due(self.now)
        early = self.now + part * ((at or self.now) - self.now)
        if at is not None and early < at:
            self.now = early
            assert self.look() == 0, "something happened before the time that next_due named"

    @precondition(lambda self: self.busy)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        identity = data.draw(st.sampled_from(sorted(self.busy)))
        self.settle(self.busy[identity], data.draw(self.outcomes(self.busy[identity])))

    # -- what must hold

    @invariant()
    def there_is_always_a_way_on(self) -> None:
        if self.wanted and not self.busy:
            assert self.engine.next_due(self.now) is not None

    @invariant()
    def nothing_is_due_where_nothing_is_wanted(self) -> None:
        if not self.wanted:
            self.hear(self.engine.tick(self.now))
            assert self.engine.next_due(self.now) is None

    def look(self) -> int:
        """Tick and take what is due; there is no second helping at the same moment."""
        events = self.engine.tick(self.now)
        self.hear(events)
        actions = self.engine.due(self.now)
        for action in actions:
            self.check(action)
            self.busy[action.identity] = action
        spent = self.engine.tick(self.now)
        self.hear(spent)
        assert self.engine.due(self.now) == []
        at = self.engine.next_due(self.now)
        assert at is None or at > self.now, "there is more to do, and it was not handed out"
        return len(events) + len(actions) + len(spent)

    def check(self, action: Action) -> None:
        identity = action.identity
        assert identity in self.wanted
        assert identity not in self.busy, "two requests for one order"
        if isinstance(action, (Find, Place)):
            assert identity not in self.alive, "the order has a job already"
            assert identity not in self.ledger.tickets
            self.check_places()
        if isinstance(action, Place):
            assert self.own[identity] < MAX_ORDERS
            assert not (self.can_find and identity in self.unsure), "it did not look first"
            self.check_quota(identity)
        if isinstance(action, Poll):
            assert self.now >= self.poll_from.get(action.ticket.id, 0.0), "too soon"
            self.check_looks(action.ticket)
        if isinstance(action, (Poll, Fetch, Abort)) and action.ticket is not None:
            assert self.ledger.tickets[identity] == action.ticket
        if isinstance(action, Fetch) and action.ticket is not None:
            self.fetches[action.ticket.id] += 1
        if isinstance(action, Abort):
            assert self.can_abort
            assert not action.ticket.adopted
            assert action.ticket.id in self.too_old

    def check_looks(self, held: Ticket) -> None:
        """Where no cadence is stated, at most thirty looks in ten minutes, and one for each link that is renewed."""
        placed = self.placed_at.get(held.id)
        if placed is not None and self.now - placed < 600:
            self.looks[held.id] += 1
        if self.policy.cadence is None and self.policy.max_interval >= 60:
            assert self.looks[held.id] <= 30 + self.fetches[held.id] + self.resumes

    def check_places(self) -> None:
        under_way = sum(isinstance(action, (Find, Place)) for action in self.busy.values())
        jobs = sum(1 for identity in self.alive if identity in self.wanted)
        resumed = sum(1 for held in self.alive.values() if held.startswith("old"))
        assert under_way + jobs - resumed < self.policy.max_in_flight

    def check_quota(self, identity: str) -> None:
        self.uses.append(self.now)
        self.sent_at[identity] = self.now
        for limit in self.limits:
            inside = [use for use in self.uses if use + limit.per_seconds > self.now]
            assert len(inside) <= limit.count

    def hear(self, events: Sequence[Event]) -> None:
        self.ledger.hear(events)
        held = self.ledger.tickets
        for event in events:
            if isinstance(event, TicketClosed):
                if event.reason in ("too old", "refused"):
                    self.alive.pop(event.order.identity, None)
                assert event.order.identity not in self.alive, "a running job was forgotten"
            if isinstance(event, (Delivered, Failed)):
                assert event.order.identity in self.wanted, "it ended twice"
                self.wanted.discard(event.order.identity)
            if isinstance(event, Failed):
                assert event.order.report in event.error.message
                assert not isinstance(event.error, JobOverdue) or event.order.identity in held

    # -- the vendor

    def outcomes(self, action: Action) -> st.SearchStrategy[Outcome]:
        self.serial += 1
        if isinstance(action, Find):
            ages = st.floats(0, 100_000)
            theirs = ages.map(lambda age: ticket(action.order, f"theirs{self.serial}", self.epoch_at(self.now) - age))
            return st.builds(Found, theirs, reports) | st.just(NothingFound()) | refusals
        if isinstance(action, Place):
            ours = ticket(action.order, f"own{self.serial}", self.epoch_at(self.now))
            theirs = st.floats(0, 40_000).map(
                lambda age: ticket(action.order, f"theirs{self.serial}", self.epoch_at(self.now) - age, adopted=True)
            )
            return st.builds(Placed, st.just(ours) | theirs, reports) | refusals
        if isinstance(action, Poll):
            return st.builds(Observed, reports) | refusals
        if isinstance(action, Abort):
            return st.just(Aborted()) | refusals
        bad = st.just(BadPayload(EmptyPayload("Nothing came.")))
        return st.just(Fetched("payload")) | st.just(LinkDead("dead")) | bad | refusals

    def settle(self, action: Action, outcome: Outcome) -> None:
        del self.busy[action.identity]
        too_new = isinstance(action, Poll) and _is_gone(outcome) and self.may_turn_up(action.ticket)
        if not too_new:
            self.note(action, outcome)
        self.hear(self.engine.handle(action, outcome, self.now))
        if too_new:
            assert action.identity in self.ledger.tickets, "a job that the vendor may not know yet was forgotten"
        held = self.ledger.tickets.get(action.identity)
        if isinstance(outcome, Found) and held == _adopted(outcome.ticket):
            self.see(held, outcome.state, action.identity)

    def note(self, action: Action, outcome: Outcome) -> None:
        identity = action.identity
        if isinstance(action, Find) and not isinstance(outcome, Refused):
            self.unsure.discard(identity)
        if isinstance(action, Find) and isinstance(outcome, Refused) and outcome.kind in ("config", "gone"):
            self.unsure.discard(identity)
        if isinstance(action, Place) and isinstance(outcome, Refused):
            self.own[identity] += outcome.uncertain
            if outcome.uncertain:
                self.unsure.add(identity)
            elif outcome.unsent or outcome.kind in ("throttled", "quota"):
                self.uses.remove(self.sent_at[identity])
        if isinstance(outcome, Placed):
            self.own[identity] += 1
            is_new = not outcome.ticket.adopted
            if is_new:
                self.placed_at[outcome.ticket.id] = self.now
            self.see(outcome.ticket, outcome.state, identity, self.policy.early_look if is_new else None)
        if isinstance(action, Poll):
            self.see_poll(action, outcome)
        if isinstance(action, (Poll, Fetch)) and _is_gone(outcome):
            self.alive.pop(identity, None)

    def may_turn_up(self, held: Ticket) -> bool:
        """Whether a vendor that says that it does not know this job is to be asked again."""
        self.unknown[held.id] += 1
        placed = self.placed_at.get(held.id)
        is_new = placed is not None and self.now - placed < NEW_FOR
        return self.unknown[held.id] == 1 if held.id in self.known else is_new

    def see_poll(self, action: Poll, outcome: Outcome) -> None:
        if isinstance(outcome, Observed):
            self.known.add(action.ticket.id)
            self.unknown[action.ticket.id] = 0
            self.see(action.ticket, outcome.state, action.identity)
        elif isinstance(outcome, Refused):
            self.pace(action.ticket, outcome.retry_after)

    def see(self, held: Ticket, report: JobState, identity: str, shortest: float | None = None) -> None:
        self.pace(held, report.retry_after if report.status.is_alive else None, shortest)
        if report.status.is_alive:
            self.alive[identity] = held.id
        else:
            self.alive.pop(identity, None)

    def pace(self, held: Ticket, retry_after: float | None, shortest: float | None = None) -> None:
        named = 0.0 if retry_after is None or math.isnan(retry_after) else min(retry_after, 3e7)
        self.poll_from[held.id] = self.now + max(shortest or self.policy.shortest_interval, named)

    def epoch_at(self, now: float) -> float:
        return now - START + NOON + self.vendor_is_ahead

    def teardown(self) -> None:
        """From any point on, every order ends within a bounded number of steps, if the vendor always answers."""
        if not hasattr(self, "engine"):
            return
        for _ in range(MOST_STEPS):
            self.look()
            for action in list(self.busy.values()):
                self.settle(action, self.worst(action))
            if not self.wanted and not self.busy:
                break
            at = self.engine.next_due(self.now)
            self.now = self.now if at is None else at
        assert not self.wanted, "orders that never end"
        assert not self.busy

    def worst(self, action: Action) -> Outcome:
        """The answer that keeps an engine busy the longest."""
        self.serial += 1
        own = ticket(action.order, f"own{self.serial}", self.epoch_at(self.now))
        answers: dict[type[Action], Outcome] = {
            Find: refused("transient"),
            Place: Placed(own, JobState(JobStatus.READY)),
            Poll: Observed(JobState(JobStatus.READY)),
            Fetch: refused("transient"),
            Abort: refused("throttled"),
        }
        return answers[type(action)]


def _is_gone(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and outcome.kind == "gone"


def _adopted(held: Ticket) -> Ticket:
    return ticket(_order_of(held), held.id, held.ordered_at, adopted=True)


def _order_of(held: Ticket) -> Order:
    return next(each for each in ORDERS if each.identity == held.identity)


TestAnyVendor = AnyVendor.TestCase
TestAnyVendor.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
