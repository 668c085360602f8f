"""Which action is due when, over all orders of a sync.

The engine is passive: it starts no thread, sends no request and reads no clock. Its owner goes round

    events = engine.tick(now)
    actions = engine.due(now)           # run each, somewhere
    ...
    events = engine.handle(action, outcome, now)

and sleeps until `next_due(now)` or until an action has an outcome, whichever is first. An owner with
threads holds a lock around every call. All times are epoch seconds, and never run backwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from source_lms_reports.jobs import messages as words
from source_lms_reports.jobs.actions import Action, Fetched, Outcome
from source_lms_reports.jobs.events import Event, Warned
from source_lms_reports.jobs.order_state import JobLimits, OrderState, Phase
from source_lms_reports.jobs.steps import settle

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping

    from source_lms_reports.jobs.policy import Policy
    from source_lms_reports.jobs.quota import Quota
    from source_lms_reports.jobs.ticket import Order, Ticket


class Engine:
    """Brings every order submitted to exactly one `Delivered` or `Failed`.

    Args:
        policy: The vendor's waits and limits.
        quota: The vendor's limits on orders; None where only concurrency is limited.
        rng: Where the jitter comes from.
        can_find: The vendor lists its jobs, so that a running one can be adopted.
        can_abort: The vendor can abort or delete a job.
    """

    def __init__(
        self, policy: Policy, quota: Quota | None, rng: random.Random, *, can_find: bool, can_abort: bool
    ) -> None:
        self._policy = policy
        self._quota = quota
        self._terms = JobLimits(policy, quota, rng, can_find, can_abort)
        self._outbox: list[Event] = []
        self._lives: dict[str, OrderState] = {}
        self._served: dict[str, int] = {}
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
        life = self._lives.get(order.identity)
        if life is None:
            life = self._lives[order.identity] = OrderState(order, self._terms, len(self._lives), self._outbox)
            life.begin(now, stored)
        else:
            life.order = life.order.shared_with(order.streams)
            if not life.live:
                life.begin_again(now)

    def withdraw(self, identity: str, now: float) -> None:  # noqa: ARG002 - every call tells the time
        """Nobody needs this order any more. It ends without an event; a job that it has is kept as a ticket.

        An action in progress is still to be handled: a job that comes of it is kept too, but a payload that
        comes of it is told in no event, and is the caller's to remove.
        """
        life = self._lives.get(identity)
        if life is not None:
            life.withdraw()

    def open_tickets(self) -> Mapping[str, Ticket]:
        """The jobs that a later sync can take up, by the identity of their orders."""
        return {identity: life.watch.ticket for identity, life in self._lives.items() if life.watch}

    @property
    def idle(self) -> bool:
        """True when every order has ended, every action is handled and every event told."""
        return not self._outbox and not any(life.live or life.busy for life in self._lives.values())

    # -- what is to be done

    def tick(self, now: float) -> list[Event]:
        """Everything that happens by the clock alone: deadlines and spent quotas."""
        for life in self._waiting():
            if life.is_overdue(now):
                life.overdue(now)
            elif self._starves(life, now):
                self._fail_for_quota(life, now)
        return self._told()

    def due(self, now: float) -> list[Action]:
        """Hand out every action whose time has come. Each is in progress until it is handled."""
        actions = [life.hand_out(now) for life in self._waiting() if life.is_due(now) and not life.wants_slot]
        for _ in range(self._free_slots()):
            life = self._next_in_line(now)
            if life is None:
                break
            self._served[life.order.queue] = 1 + max(self._served.values(), default=0)
            actions.append(life.hand_out(now))
        return actions

    def next_due(self, now: float) -> float | None:
        """When `tick` or `due` next have something to give; None: only an outcome can change that."""
        if self._outbox:
            return now
        has_slot = self._free_slots() > 0
        times = [
            self._wakes_at(life, now)
            for life in self._waiting()
            if has_slot or not life.wants_slot or self._starves(life, now)
        ]
        return max(now, min(times)) if times else None

    def handle(self, action: Action, outcome: Outcome, now: float) -> list[Event]:
        """Take note of what came of an action that `due` handed out.

        Raises:
            ValueError: The action is not in progress.
            TypeError: The action cannot have such an outcome.
        """
        life = self._lives.get(action.identity)
        if life is None or life.busy is not action:
            raise ValueError(f"this action is not in progress: {action}")
        life.busy = None
        if not (life.withdrawn and isinstance(outcome, Fetched)):
            settle(life, action, outcome, now)
        return self.tick(now)

    # -- inside

    def _waiting(self) -> Iterable[OrderState]:
        return (life for life in self._lives.values() if life.live and life.busy is None)

    def _free_slots(self) -> int:
        return self._policy.max_in_flight - sum(life.holds_slot for life in self._lives.values())

    def _next_in_line(self, now: float) -> OrderState | None:
        """Orders go before searches, queues take turns, and within a queue it is first come, first served."""
        may_place = self._quota is None or self._quota.when(now) <= now
        candidates = (
            life
            for life in self._waiting()
            if life.wants_slot and life.is_due(now) and (may_place or life.phase is not Phase.PLACE)
        )
        return min(candidates, key=self._rank, default=None)

    def _rank(self, life: OrderState) -> tuple[bool, int, int]:
        return life.phase is Phase.FIND, self._served.get(life.order.queue, 0), life.number

    def _wakes_at(self, life: OrderState, now: float) -> float:
        if life.phase is not Phase.PLACE or self._quota is None or self._starves(life, now):
            return now if self._starves(life, now) else life.wakes_at()
        return self._quota.when(max(now, life.not_before))

    def _starves(self, life: OrderState, now: float) -> bool:
        """True when the quota keeps this order back for longer than a sync should wait."""
        if self._quota is None or life.phase is not Phase.PLACE:
            return False
        return self._quota.is_spent(max(now, life.not_before))

    def _fail_for_quota(self, life: OrderState, now: float) -> None:
        quota = self._quota
        if quota is not None:
            at = max(now, life.not_before)
            life.fail(words.quota_spent(life.order, quota.when(at), quota.reason(at)))

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
