"""Waits for a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import assert_never

from source_lms_reports.jobs import messages
from source_lms_reports.jobs.actions import JobState, Observed, Refused
from source_lms_reports.jobs.limits import JobLimits, RequestFailures
from source_lms_reports.jobs.policy import NEW_FOR, sane
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.jobs.verdicts import Again, Ended, Lost, Ready, Verdict, Waiting

if TYPE_CHECKING:
    from source_lms_reports.errors import JobOverdue, ReportError
    from source_lms_reports.jobs.events import Opening
    from source_lms_reports.jobs.ticket import Order, Ticket


class OpenJob:
    """A ticket, and what this sync has seen of its job."""

    def __init__(self, order: Order, limits: JobLimits, ticket: Ticket, how: Opening, now: float) -> None:
        self.ticket = ticket
        self.how = how
        self._order = order
        self._limits = limits
        self._failures = RequestFailures(limits)
        self._since = now
        self._ordered = min(now, now - limits.age(ticket.ordered_at, now)) if how != "ordered" else now
        self._deadline = now + limits.policy.wait_limit
        self._looked_at = now
        self._is_just_ordered = how == "ordered"
        self._was_known = False
        self._unknown = 0
        self._state: JobState | None = None
        self._trouble: ReportError | None = None
        self._made_in: float | None = None

    @property
    def made_in(self) -> float | None:
        """Seconds from its order until it was seen ready; None while it is not, or where it was at the first look."""
        return self._made_in

    @property
    def state(self) -> JobState | None:
        """What the vendor said last; None before it was asked."""
        return self._state

    @property
    def is_alive(self) -> bool:
        """True while it may take up a place at the vendor."""
        return self._state is None or self._state.status.is_alive

    @property
    def deadline(self) -> float:
        """When this sync stops waiting for it."""
        return self._deadline

    def after(self, outcome: Observed | Refused, now: float) -> Verdict:
        """What to do after the vendor was asked for it."""
        self._is_just_ordered = False
        self._looked_at = now
        match outcome:
            case Observed(state):
                self._was_known, self._unknown = True, 0
                return self.seen(state, now)
            case Refused():
                return self._after_refused(outcome, now)
            case _:
                assert_never(outcome)

    def seen(self, state: JobState, now: float) -> Verdict:
        """What to do as the job stands."""
        was_seen_at_work = self.how == "ordered" or self._state is not None
        if state.status is JobStatus.READY and was_seen_at_work and self._made_in is None:
            self._made_in = now - self._ordered
        self._state, self._trouble = state, None
        self._failures.forget()
        match state.status:
            case JobStatus.READY:
                return Ready()
            case JobStatus.QUEUED | JobStatus.RUNNING:
                return Waiting(self._next_look(now, state.retry_after), state)
            case JobStatus.FAILED | JobStatus.GONE:
                return Lost(state.status is JobStatus.GONE, state.words)
            case _:
                assert_never(state.status)

    def first_look(self, now: float) -> float:
        """When to look at a job that was ordered earlier: at once, unless that was a moment ago."""
        return max(now, self._ordered + self._limits.policy.shortest_interval)

    def look_for_link(self, now: float, at: float) -> float:
        """When to look at the finished job once more, at `at` if it may be. The deadline is put off for it."""
        self._failures.forget()
        self._deadline = max(self._deadline, now + self._limits.policy.wait_limit)
        return max(at, self._looked_at + self._limits.policy.shortest_interval)

    def overdue(self, now: float) -> JobOverdue:
        """The error of a job that is waited for no longer."""
        said = self._state.words if self._state else None
        return messages.job_overdue(self._order, self.ticket, now - self._since, said, self._trouble)

    def _after_refused(self, refused: Refused, now: float) -> Verdict:
        match refused.kind:
            case "gone":
                return self._after_unknown(refused, now)
            case "config":
                # A job that the vendor denies us is worth a second sync's look, but not a third's.
                keep = refused.locked_out or self.how != "resumed"
                return Ended(messages.refused(self._order, refused.error), keep_ticket=keep)
            case "restart":
                return Ended(messages.refused(self._order, refused.error))
            case "transient" | "throttled" | "quota":
                return self._after_trouble(refused, now)
            case _:
                assert_never(refused.kind)

    def _after_unknown(self, refused: Refused, now: float) -> Verdict:
        """The vendor does not know the job. A store that lags behind says so too.

        Of a job that was ordered just now, that is heard until it has had its time; of one that it has known, once.
        """
        self._unknown += 1
        is_new = now - self._ordered < NEW_FOR
        if self._unknown == 1 if self._was_known else is_new:
            self._trouble = refused.error
            return Again(self._next_look(now, refused.retry_after))
        return Lost(True, refused.error.message)

    def _after_trouble(self, refused: Refused, now: float) -> Verdict:
        """The job is not to blame for a request that fails: only the deadline ends this."""
        self._trouble = refused.error
        return Again(self._next_look(now, refused.retry_after, at_least=self._failures.next_delay()))

    def _next_look(self, now: float, retry_after: float | None, at_least: float = 0.0) -> float:
        """By what was waited, or at the deadline for the last time; never sooner than the vendor allows."""
        policy, named = self._limits.policy, sane(retry_after) or 0.0
        shortest = policy.early_look if self._is_just_ordered else policy.shortest_interval
        usual = shortest if self._is_just_ordered else policy.interval(now - self._ordered)
        delay = max(self._limits.jittered(usual), at_least, named)
        return max(min(now + delay, self._deadline), now + max(shortest, named))
