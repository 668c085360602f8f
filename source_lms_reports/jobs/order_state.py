"""The life of one order: where it stands, and the moves from there. What an answer means is in `steps`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from source_lms_reports.jobs import messages as words
from source_lms_reports.jobs.actions import Abort, Action, Fetch, Find, JobState, Place, Poll, Refused
from source_lms_reports.jobs.events import (
    Closing,
    Delivered,
    Event,
    Failed,
    Opening,
    TicketClosed,
    TicketOpened,
    Warned,
)
from source_lms_reports.jobs.policy import TICKET_LIFE

if TYPE_CHECKING:
    import random

    from source_lms_reports.errors import ReportError
    from source_lms_reports.jobs.policy import Policy
    from source_lms_reports.jobs.quota import Quota
    from source_lms_reports.jobs.ticket import Order, Ticket


class Phase(Enum):
    """What an order needs next."""

    FIND = auto()
    PLACE = auto()
    POLL = auto()
    FETCH = auto()
    ABORT = auto()
    ENDED = auto()


@dataclass(frozen=True)
class JobLimits:
    """What all orders of one engine share."""

    policy: Policy
    quota: Quota | None
    rng: random.Random
    can_find: bool
    can_abort: bool


@dataclass
class OpenJob:
    """A ticket, and what this sync has seen of it. `alive`: it takes up a place at the vendor."""

    ticket: Ticket
    how: Opening
    since: float
    deadline: float
    looked_at: float
    state: JobState | None = None
    trouble: ReportError | None = None
    looks: int = 0
    renewals: int = 0
    bad_payloads: int = 0
    alive: bool = True


@dataclass(eq=False)
class OrderState:
    """One order on its way to `Delivered` or `Failed`.

    `busy` is the action handed out and not answered yet; nothing else is due until it is. `orders` counts
    what the vendor has, or may have, been made to do in this sync; it is never reset. The outbox is shared by
    all lives.
    """

    order: Order
    terms: JobLimits
    number: int
    outbox: list[Event]
    phase: Phase = Phase.PLACE
    not_before: float = 0.0
    busy: Action | None = None
    withdrawn: bool = False
    watch: OpenJob | None = None
    delivered: Ticket | None = None
    failure: ReportError | None = None
    orders: int = 0
    failed_jobs: int = 0
    bad_payloads: int = 0
    request_failures: int = 0
    throttled: int = 0
    throttled_since: float | None = None
    spent_at: float = 0.0
    searched: bool = False
    unsure: ReportError | None = None
    closed_ids: set[str] = field(default_factory=set)

    # -- where it stands

    @property
    def live(self) -> bool:
        """True while somebody waits for this order."""
        return self.phase is not Phase.ENDED and not self.withdrawn

    @property
    def wants_slot(self) -> bool:
        """True when its next action may put a further load on the vendor."""
        return self.phase in (Phase.FIND, Phase.PLACE) or (self.phase is Phase.FETCH and self.watch is None)

    @property
    def holds_slot(self) -> bool:
        """True while it is a load on the vendor that this sync has to reckon with."""
        if self.busy is not None and self.wants_slot:
            return True
        return self.live and self.phase is Phase.POLL and self.watch is not None and self.watch.alive

    @property
    def may_order(self) -> bool:
        """True while the limit of orders is not reached."""
        return self.orders < self.terms.policy.max_orders

    def is_due(self, now: float) -> bool:
        """True when its next action's time has come."""
        return self.live and self.busy is None and self.not_before <= now

    def is_overdue(self, now: float) -> bool:
        """True when the deadline has come, and with it no last look."""
        if self.phase is not Phase.POLL or self.watch is None or not self.live or self.busy is not None:
            return False
        return self.watch.deadline <= now < self.not_before

    def wakes_at(self) -> float:
        """When it next does something by itself."""
        if self.phase is Phase.POLL and self.watch is not None:
            return min(self.not_before, self.watch.deadline)
        return self.not_before

    def hand_out(self, now: float) -> Action:
        """Its next action, which is in progress from now on."""
        self.busy = self._action()
        if self.phase is Phase.PLACE and self.terms.quota is not None:
            self.terms.quota.spend(now)
            self.spent_at = now
        return self.busy

    # -- beginnings

    def begin(self, now: float, stored: Ticket | None) -> None:
        """Start, with the ticket that an earlier sync kept, if it did."""
        if stored is not None and not stored.adopted and self.terms.quota is not None:
            self.terms.quota.recall([stored.ordered_at], now)
        if self.order.direct:
            self.enter(Phase.FETCH, now)
        elif stored is None:
            self.order_anew(now)
        elif abs(now - stored.ordered_at) <= TICKET_LIFE:
            self.resume(stored, now, first_look=stored.ordered_at + self.terms.policy.cadence)
        else:
            self._give_up_old(stored, now)

    def begin_again(self, now: float) -> None:
        """Somebody wants the order again: go on after a withdrawal, or tell a second time how it ended."""
        self.withdrawn = False
        if self.phase is not Phase.ENDED:
            return
        if self.failure is not None:
            self._untell_failure()
            self.tell(Failed(self.order, self.failure))
        elif self.delivered is not None:
            self.resume(self.delivered, now, first_look=now + self.terms.policy.cadence)
        else:
            self.enter(Phase.FETCH, now)

    def withdraw(self) -> None:
        """Nobody wants the order any more: it stays where it is, and its end is not told."""
        self.withdrawn = True
        self._untell_failure()

    def resume(self, ticket: Ticket, now: float, first_look: float) -> None:
        """Wait for a job that was ordered earlier."""
        self._watch(ticket, "resumed", now)
        soonest = now + self.terms.policy.cadence
        self.enter(Phase.POLL, min(max(now, first_look), soonest))

    def take_up(self, ticket: Ticket, how: Opening, now: float) -> OpenJob:
        """The vendor has a job for this order."""
        if ticket.identity != self.order.identity:
            raise ValueError(f"ticket {ticket.id} answers {ticket.identity}, not {self.order.identity}")
        return self._watch(ticket, how, now)

    # -- moves

    def enter(self, phase: Phase, at: float) -> None:
        """The next action is `phase`'s, from `at` on."""
        self.phase = phase
        self.not_before = at
        self.request_failures = 0

    def order_anew(self, now: float, delay: float = 0.0) -> None:
        """Look for a job to adopt, once in a sync, else order one."""
        search = self.terms.can_find and not self.searched
        self.enter(Phase.FIND if search else Phase.PLACE, now + delay)

    def look_again(self, now: float, seen: OpenJob) -> None:
        """Ask for the finished job once more, for a fresh link."""
        seen.deadline = max(seen.deadline, now + self.terms.policy.wait_limit)
        self.enter(Phase.POLL, max(now, seen.looked_at + self.terms.policy.cadence))

    def look_later(self, now: float, seen: OpenJob, delay: float, soonest: float) -> None:
        """Look again after `delay`, or at the deadline for the last time; `soonest` is kept in any case."""
        self.phase = Phase.POLL
        self.not_before = max(min(now + delay, seen.deadline), now + soonest)

    def retry(self, refused: Refused, now: float) -> bool:
        """Send the same request again after a while; False when it has failed often enough."""
        policy = self.terms.policy
        self.request_failures += 1
        delay = policy.retry_delay(self.request_failures, self.terms.rng, refused.retry_after)
        if self.request_failures >= policy.max_request_failures or delay > policy.wait_limit:
            return False
        self.not_before = now + delay
        return True

    def replace_ticket(self, reason: Closing, now: float, error: ReportError, delay: float = 0.0) -> None:
        """The ticket is of no use: order anew, or end with `error` when that was done often enough."""
        self.close(reason)
        if self.may_order:
            self.order_anew(now, delay)
        else:
            self.fail(error)

    # -- ends

    def close(self, reason: Closing) -> None:
        """Forget the ticket."""
        if self.watch is not None:
            self.closed_ids.add(self.watch.ticket.id)
            self.tell(TicketClosed(self.order, self.watch.ticket, reason))
            self.watch = None

    def deliver(self, payload: Any) -> None:
        """The report is here."""
        ticket = self.watch.ticket if self.watch else None
        self.close("delivered")
        self.delivered = ticket
        self.phase = Phase.ENDED
        self.tell(Delivered(self.order, ticket, payload))

    def fail(self, error: ReportError, *, keep_ticket: bool = False) -> None:
        """The report will not come in this sync."""
        if not keep_ticket:
            self.close("refused")
        self.failure = error
        self.phase = Phase.ENDED
        if not self.withdrawn:
            self.tell(Failed(self.order, error))

    def overdue(self, now: float) -> None:
        """This sync waits no longer, the ticket is kept."""
        seen = self.watch
        if seen is None:
            raise ValueError("an order without a ticket has no deadline")
        said = seen.state.words if seen.state else None
        self.fail(words.job_overdue(self.order, seen.ticket, now - seen.since, said, seen.trouble), keep_ticket=True)

    # -- telling

    def tell(self, event: Event) -> None:
        """Put `event` out for the owner."""
        self.outbox.append(event)

    def warn(self, text: str) -> None:
        """Put a warning out for the owner."""
        self.tell(Warned(self.order, text))

    def _untell_failure(self) -> None:
        self.outbox[:] = [event for event in self.outbox if not self._is_my_failure(event)]

    def _is_my_failure(self, event: Event) -> bool:
        return isinstance(event, Failed) and event.order.identity == self.order.identity

    # -- inside

    def _action(self) -> Action:
        seen = self.watch
        if self.phase is Phase.FIND:
            return Find(self.order)
        if self.phase is Phase.PLACE:
            return Place(self.order)
        if self.phase is Phase.FETCH:
            return Fetch(self.order, seen.ticket, seen.state) if seen else Fetch(self.order, None, None)
        if seen is None or self.phase is Phase.ENDED:
            raise ValueError(f"nothing is to be done for an order in {self.phase}")
        return Poll(self.order, seen.ticket) if self.phase is Phase.POLL else Abort(self.order, seen.ticket)

    def _watch(self, ticket: Ticket, how: Opening, now: float) -> OpenJob:
        deadline = now + self.terms.policy.wait_limit
        self.watch = OpenJob(ticket, how, since=now, deadline=deadline, looked_at=now)
        self.tell(TicketOpened(self.order, ticket, how))
        return self.watch

    def _give_up_old(self, stored: Ticket, now: float) -> None:
        self._watch(stored, "resumed", now)
        if self.terms.can_abort and not stored.adopted:
            self.enter(Phase.ABORT, now)
        else:
            self.close("too old")
            self.order_anew(now)
