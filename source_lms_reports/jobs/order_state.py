"""Where one order stands, and what it does next.

An order is at one step at a time, and each step has counters of its own: `Searching`, `Placing`, `OpenJob` (waiting),
`Fetching` or `FetchingAtOnce`, `Aborting`. The step that asked the vendor says what the answer means: it gives a
verdict. The order follows verdicts here, and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import assert_never

from source_lms_reports.jobs import actions, events, messages, verdicts
from source_lms_reports.jobs.aborting import Aborting
from source_lms_reports.jobs.fetching import Fetching, FetchingAtOnce
from source_lms_reports.jobs.open_job import OpenJob
from source_lms_reports.jobs.placing import Placing
from source_lms_reports.jobs.policy import TICKET_LIFE
from source_lms_reports.jobs.searching import Searching
from source_lms_reports.jobs.standing import Standing
from source_lms_reports.jobs.steps import action_of, judged
from source_lms_reports.jobs.telling import Telling

if TYPE_CHECKING:
    from source_lms_reports.errors import ReportError
    from source_lms_reports.jobs.limits import JobLimits
    from source_lms_reports.jobs.ticket import Order, Ticket


class OrderState:
    """One order on its way to `Delivered` or `Failed`.

    Args:
        order: What is wanted.
        limits: What all orders share.
        number: How many orders were there before it.
        outbox: Where events are put; all orders share it.
    """

    def __init__(self, order: Order, limits: JobLimits, number: int, outbox: list[events.Event]) -> None:
        self.number = number
        self.standing = Standing()
        self._order = order
        self._limits = limits
        self._telling = Telling(order.identity, outbox)
        self._placing = Placing(order, limits)
        self._at_once = FetchingAtOnce(order, limits)
        self._searched = False
        self._job: OpenJob | None = None
        self._fetching: Fetching | None = None
        self._failed_jobs = 0
        self._given_up: set[str] = set()
        self._delivered: Ticket | None = None
        self._failure: ReportError | None = None

    @property
    def order(self) -> Order:
        """What is wanted, with all streams that want it."""
        return self._order

    # -- what its owner does

    def begin(self, now: float, stored: Ticket | None) -> None:
        """Start, with the ticket that an earlier sync kept, if it did."""
        if self._order.direct:
            self.standing.enter(self._at_once, now)
        elif stored is None:
            self._order_anew(now)
        else:
            self._begin_with(stored, now)

    def share(self, streams: tuple[str, ...], now: float) -> None:
        """`streams` want the order too: go on after a withdrawal, or tell a second time how it ended."""
        self._order = self._order.shared_with(streams)
        is_under_way = self.standing.step is not None
        self.standing.want(True)
        if is_under_way or self._is_told_again():
            return
        if self._delivered is not None:
            job = self._open(self._delivered, "resumed", now)
            self.standing.enter(job, now + self._limits.policy.shortest_interval)
        else:
            self.standing.enter(self._at_once, now)

    def _is_told_again(self) -> bool:
        if self._failure is None:
            return False
        self._telling.untell_failure()
        self._telling.tell(events.Failed(self._order, self._failure))
        return True

    def withdraw(self) -> None:
        """Nobody wants the order any more: it stays where it is, and its end is not told."""
        self.standing.want(False)
        self._telling.untell_failure()

    def hand_out(self, now: float) -> actions.Action:
        """Its next action, which is in progress from now on."""
        step = self.standing.step
        if step is None:
            raise ValueError("nothing is to be done for an order that has ended")
        if isinstance(step, Placing):
            step.goes_out(now)
        return self.standing.hand_out(action_of(step, self._order))

    def settle(self, action: actions.Action, outcome: actions.Outcome, now: float) -> None:
        """Go on after `action` came to `outcome`. What comes for nobody any more is not told.

        Raises:
            TypeError: The action cannot have such an outcome.
        """
        self.standing.answered()
        if not (self.standing.withdrawn and isinstance(outcome, actions.Fetched)):
            self._follow(judged(self.standing.step, action, outcome, now), now)

    def overdue(self, now: float) -> None:
        """This sync waits no longer, the ticket is kept."""
        if self._job is None:
            raise ValueError("an order without a ticket has no deadline")
        self._fail(self._job.overdue(now), keep_ticket=True)

    def starve(self, error: ReportError) -> None:
        """The quota keeps the order back for too long."""
        self._fail(error)

    # -- answers

    def _follow(self, verdict: verdicts.Verdict, now: float) -> None:
        match verdict:
            case verdicts.Again(at):
                self.standing.enter(self.standing.step, at)
            case verdicts.NothingToAdopt(warning):
                self._telling.warn(self._order, warning)
                self._searched = True
                self._place_or_end(now)
            case verdicts.Opened(ticket, how, state):
                self._searched = True
                self._follow(self._open(ticket, how, now).seen(state, now), now)
            case verdicts.InDoubt(at):
                self._telling.tell(events.OrderInDoubt(self._order, self._limits.epoch_at(now)))
                self._clear_up(at)
            case verdicts.Waiting(at, state):
                self._telling.tell(events.Progressed(self._order, state))
                self.standing.enter(self.standing.step, at)
            case verdicts.Ready():
                self.standing.enter(self._fetching, now)
            case verdicts.LookAgain(at):
                self._look_again(now, at)
            case verdicts.Lost(gone, words):
                self._lost(gone, words, now)
            case verdicts.Useless(reason, error, cooldown):
                self._replace_job(reason, error, now + cooldown)
            case verdicts.Arrived(payload):
                self._deliver(payload)
            case verdicts.GivenUp(warning):
                self._telling.warn(self._order, warning)
                self._close("too old")
                self._order_anew(now)
            case verdicts.Ended(error, keep_ticket):
                self._fail(error, keep_ticket=keep_ticket)
            case _:
                assert_never(verdict)

    # -- moves

    def _begin_with(self, stored: Ticket, now: float) -> None:
        age = self._limits.age(stored.ordered_at, now)
        quota = self._limits.quota_of(self._order)
        if quota is not None and not stored.adopted:
            quota.recall(now - age, now)
        if abs(age) <= TICKET_LIFE:
            job = self._open(stored, "resumed", now)
            self.standing.enter(job, job.first_look(now))
        else:
            self._give_up_old(stored, now)

    def _order_anew(self, at: float) -> None:
        """Look for a job to adopt, once in a sync, else order one."""
        self.standing.enter(self._placing if self._searched or not self._limits.can_find else self._search(), at)

    def _clear_up(self, at: float) -> None:
        """The vendor may have taken an order whose answer was lost."""
        if self._limits.can_find:
            self.standing.enter(self._search(), at)
        else:
            self._place_or_end(at)

    def _place_or_end(self, at: float) -> None:
        if self._placing.may_go:
            self.standing.enter(self._placing, at)
        else:
            self._fail(self._placing.not_ordered())

    def _search(self) -> Searching:
        in_doubt = self._placing.orders if self._placing.in_doubt else 0
        return Searching(self._order, self._limits, self._given_up, in_doubt)

    def _open(self, ticket: Ticket, how: events.Opening, now: float) -> OpenJob:
        if ticket.identity != self._order.identity:
            raise ValueError(f"ticket {ticket.id} answers {ticket.identity}, not {self._order.identity}")
        spoilt = self._fetching.spoilt if self._fetching else 0
        self._job = OpenJob(self._order, self._limits, ticket, how, now)
        self._fetching = Fetching(self._order, self._limits, self._job, self._placing, spoilt)
        self.standing.enter(self._job, now)
        self._telling.tell(events.TicketOpened(self._order, ticket, how))
        return self._job

    def _give_up_old(self, ticket: Ticket, now: float) -> None:
        self._open(ticket, "resumed", now)
        if self._limits.can_abort and not ticket.adopted:
            self.standing.enter(Aborting(self._order, self._limits, ticket), now)
        else:
            self._follow(verdicts.GivenUp(), now)

    def _look_again(self, now: float, at: float) -> None:
        if self._job is None:
            raise ValueError("an order without a ticket has no link")
        self.standing.enter(self._job, self._job.look_for_link(now, at))

    def _lost(self, gone: bool, words: str | None, now: float) -> None:
        """The job failed or is gone. Where somebody else ordered it, that is not held against us."""
        how = self._job.how if self._job else None
        self._failed_jobs += how != "adopted"
        error = messages.job_failed(self._order, self._placing.orders, words, gone=gone)
        at_once = gone and how == "resumed"
        wait = 0.0 if at_once else self._limits.policy.cooldown(self._failed_jobs)
        self._replace_job("gone" if gone else "failed", error, now + wait)

    def _replace_job(self, reason: events.Closing, error: ReportError, at: float) -> None:
        """The job is of no use: order anew, or end with `error` when that was done often enough."""
        self._close(reason)
        if self._placing.may_go:
            self._order_anew(at)
        else:
            self._fail(error)

    # -- ends

    def _close(self, reason: events.Closing) -> None:
        """Forget the ticket."""
        if self._job is not None:
            self._given_up.add(self._job.ticket.id)
            self._telling.tell(events.TicketClosed(self._order, self._job.ticket, reason))
            self._job = None

    def _deliver(self, payload: Any) -> None:
        self._delivered, made_in = (self._job.ticket, self._job.made_in) if self._job else (None, None)
        self._close("delivered")
        self.standing.enter(None, 0.0)
        self._telling.tell(events.Delivered(self._order, self._delivered, payload, made_in))

    def _fail(self, error: ReportError, *, keep_ticket: bool = False) -> None:
        if not keep_ticket:
            self._close("refused")
        self._failure = error
        self.standing.enter(None, 0.0)
        if not self.standing.withdrawn:
            self._telling.tell(events.Failed(self._order, error))
