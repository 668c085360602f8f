"""Which action is due when, over all orders of a sync.

The engine is passive: it starts no thread, sends no request and reads no clock. Its owner goes round

    events = engine.tick(now)
    actions = engine.due(now)           # run each, somewhere
    ...
    events = engine.handle(action, outcome, now)

and sleeps until `next_due(now)` or until an action has an outcome, whichever is first. An owner with
threads holds a lock around every call. All times are seconds of a steady clock, so that no step of the wall clock
moves a wait. What the vendor dates (tickets, finished jobs) is measured by `epoch_at`, the vendor's own time.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from source_lms_reports.jobs import messages
from source_lms_reports.jobs.actions import Action, Outcome
from source_lms_reports.jobs.events import Event, Held, Warned
from source_lms_reports.jobs.limits import JobLimits
from source_lms_reports.jobs.order_state import OrderState
from source_lms_reports.jobs.policy import MAX_DOWNLOADS
from source_lms_reports.jobs.quota import quota_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence

    from source_lms_reports.jobs.policy import Policy
    from source_lms_reports.jobs.quota import Quota, Quotas
    from source_lms_reports.jobs.ticket import Order, Ticket

_TELL_HELD_EVERY = 60.0


class Engine:
    """Brings every order submitted to exactly one `Delivered` or `Failed`.

    Args:
        policy: The vendor's waits and limits.
        quotas: The vendor's limits on orders, over all reports or for each; None where only concurrency is limited.
        rng: Where the jitter comes from.
        epoch_at: The vendor's epoch seconds at a time of the steady clock.
        can_find: The vendor lists its jobs, so that a running one can be adopted.
        can_abort: The vendor can abort or delete a job.
        queues: The order in which queues begin, whichever is submitted to first. Others come behind them.
        places: How many jobs may be under way for the room on disk; see `policy.places_for`. Asked at each turn.
    """

    def __init__(
        self,
        policy: Policy,
        quotas: Quotas,
        rng: random.Random,
        *,
        epoch_at: Callable[[float], float],
        can_find: bool,
        can_abort: bool,
        queues: Sequence[str] = (),
        places: Callable[[], int] = lambda: sys.maxsize,
    ) -> None:
        self._policy = policy
        self._quotas = quotas
        self._limits = JobLimits(policy, quotas, rng, epoch_at, can_find, can_abort)
        self._places = places
        self._outbox: list[Event] = []
        self._states: dict[str, OrderState] = {}
        self._queues = {queue: number for number, queue in enumerate(queues)}
        self._served: dict[str, int] = {}
        self._tell_held_at = -math.inf
        self._warned: set[str] = set()

    # -- what is wanted

    def submit(self, order: Order, now: float, stored: Ticket | None = None) -> None:
        """Want `order`. Wanted already: its streams are added, and it ends once for all of them.

        An order that has ended is told again (`Failed`), or read again from the job that it has
        (`Delivered`); the limit of orders goes on counting. `stored` is an earlier sync's ticket for it.

        Raises:
            ValueError: `stored` is a ticket of another order.
        """
        if stored is not None and stored.identity != order.identity:
            raise ValueError(f"ticket {stored.id} answers {stored.identity}, not {order.identity}")
        state = self._states.get(order.identity)
        if state is None:
            state = self._states[order.identity] = OrderState(order, self._limits, len(self._states), self._outbox)
            self._queues.setdefault(state.order.queue, len(self._queues))
            state.begin(now, stored)
        else:
            state.share(order.streams, now)

    def recall(self, report: str, ordered_at: Iterable[float], now: float) -> None:
        """Count what earlier syncs have ordered of a report, in the vendor's epoch seconds."""
        quota = quota_of(self._quotas, report)
        if quota is not None:
            for at in ordered_at:
                quota.recall(now - self._limits.age(at, now), now)

    def withdraw(self, identity: str, now: float) -> None:  # noqa: ARG002 - every call tells the time
        """Nobody needs this order any more. It ends without an event; a job that it has is kept as a ticket.

        An action in progress is still to be handled: a job that comes of it is kept too, but a payload that
        comes of it is told in no event, and is the caller's to remove.
        """
        state = self._states.get(identity)
        if state is not None:
            state.withdraw()

    # -- what is to be done

    def tick(self, now: float) -> list[Event]:
        """Everything that happens by the clock alone: deadlines and spent quotas."""
        for state in self._waiting():
            if state.standing.is_overdue(now):
                state.overdue(now)
            elif self._starves(state, now):
                self._fail_for_quota(state, now)
        self._tell_held(now)
        return self._told()

    def due(self, now: float) -> list[Action]:
        """Hand out every action whose time has come. Each is in progress until it is handled."""
        actions = [
            state.hand_out(now)
            for state in self._waiting()
            if state.standing.is_due(now) and not state.standing.wants_slot
        ]
        for _ in range(self._free_slots()):
            state = self._next_in_line(now)
            if state is None:
                break
            self._served[state.order.queue] = 1 + max(self._served.values(), default=0)
            actions.append(state.hand_out(now))
        return actions

    def next_due(self, now: float) -> float | None:
        """When `tick` or `due` next have something to give; None: only an outcome can change that."""
        if self._outbox:
            return now
        has_slot = self._free_slots() > 0
        taken = self._taken()
        times = [
            self._wakes_at(state, now)
            for state in self._waiting()
            if (has_slot and state.order.report not in taken)
            or not state.standing.wants_slot
            or self._starves(state, now)
        ]
        # Orders that the quota holds back are told of even where no slot is free.
        held = ((state, max(now, state.standing.not_before, self._tell_held_at)) for state in self._waiting())
        times += [at for state, at in held if at < self._opens(state, now)]
        return max(now, min(times)) if times else None

    def handle(self, action: Action, outcome: Outcome, now: float) -> list[Event]:
        """Take note of what came of an action that `due` handed out.

        Raises:
            ValueError: The action is not in progress.
            TypeError: The action cannot have such an outcome.
        """
        state = self._states.get(action.identity)
        if state is None or state.standing.busy is not action:
            raise ValueError(f"this action is not in progress: {action}")
        state.settle(action, outcome, now)
        return self.tick(now)

    # -- inside

    def _waiting(self) -> Iterable[OrderState]:
        return (state for state in self._states.values() if state.standing.live and state.standing.busy is None)

    def _free_slots(self) -> int:
        """How many further jobs may go. One that is ready frees its place; downloads go on beside, but not without end.

        A download itself never waits for its turn, as its link would grow old.
        """
        held = sum(state.standing.holds_slot for state in self._states.values())
        downloads = sum(state.standing.downloads for state in self._states.values())
        free = min(self._policy.max_in_flight - held, MAX_DOWNLOADS - downloads)
        return min(free, self._places() - held - downloads) if free > 0 else 0

    def _next_in_line(self, now: float) -> OrderState | None:
        """Orders go before searches, and within a queue it is first come, first served."""
        taken = self._taken()
        candidates = (
            state
            for state in self._waiting()
            if state.standing.wants_slot
            and state.standing.is_due(now)
            and self._opens(state, now) <= now
            and state.order.report not in taken
        )
        return min(candidates, key=self._rank, default=None)

    def _taken(self) -> set[str]:
        """The reports of which no further job may go now.

        The vendor makes one of each at a time, and is at it; or one is just being ordered, and of two orders under way
        at once nobody could tell whose a job is that the vendor gives for both.
        """
        standings = [(state.order.report, state.standing) for state in self._states.values()]
        if self._policy.one_a_report:
            return {report for report, standing in standings if standing.holds_slot}
        return {report for report, standing in standings if self._policy.names_jobs and standing.is_placed_now}

    def _opens(self, state: OrderState, now: float) -> float:
        """When the quota lets an order go; `now` where nothing is to be ordered, or no quota is there."""
        quota = self._quota_of(state)
        return now if quota is None or not state.standing.places else quota.when(now)

    def _quota_of(self, state: OrderState) -> Quota | None:
        return self._limits.quota_of(state.order)

    def _rank(self, state: OrderState) -> tuple[bool, int, int, int]:
        queue = state.order.queue
        # Where orders are scarce, a queue is ordered to its end before the next: some streams whole, not all in part.
        served = self._served.get(queue, 0) if self._quotas is None else 0
        return state.standing.searches, served, self._queues[queue], state.number

    def _wakes_at(self, state: OrderState, now: float) -> float:
        if self._starves(state, now):
            return now
        quota = self._quota_of(state)
        if quota is None or not state.standing.places:
            return state.standing.wakes_at()
        return quota.when(max(now, state.standing.not_before))

    def _starves(self, state: OrderState, now: float) -> bool:
        """True when the quota keeps this order back for longer than a sync should wait."""
        quota = self._quota_of(state)
        if quota is None or not state.standing.places:
            return False
        return quota.is_spent(max(now, state.standing.not_before))

    def _fail_for_quota(self, state: OrderState, now: float) -> None:
        quota = self._quota_of(state)
        if quota is not None:
            at = max(now, state.standing.not_before)
            until = self._limits.epoch_at(quota.when(at))
            state.starve(messages.quota_spent(state.order, until, quota.reason(at)))

    def _held(self, now: float) -> list[tuple[float, str | None]]:
        """For each order that would go, did its quota not hold it back: until when, and by which limit."""
        held = ((state, self._quota_of(state)) for state in self._waiting() if state.standing.is_due(now))
        return [
            (quota.when(now), quota.reason(now))
            for state, quota in held
            if quota is not None and self._opens(state, now) > now
        ]

    def _tell_held(self, now: float) -> None:
        held = self._held(now)
        if held and now >= self._tell_held_at:
            until, reason = min(held, key=lambda one: one[0])
            self._outbox.append(Held(len(held), self._limits.epoch_at(until), reason))
            self._tell_held_at = now + _TELL_HELD_EVERY

    def _told(self) -> list[Event]:
        told = [event for event in self._outbox if not self._is_repeated(event)]
        self._outbox.clear()
        return told

    def _is_repeated(self, event: Event) -> bool:
        if not isinstance(event, Warned):
            return False
        repeated = event.text in self._warned
        self._warned.add(event.text)
        return repeated
