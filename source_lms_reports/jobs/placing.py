"""Orders a report, and counts what the vendor has been made to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import assert_never

from source_lms_reports.jobs import messages
from source_lms_reports.jobs.actions import Placed, Refused
from source_lms_reports.jobs.limits import JobLimits, RequestFailures
from source_lms_reports.jobs.policy import MAX_ORDERS
from source_lms_reports.jobs.verdicts import Again, Ended, InDoubt, Opened, Verdict

if TYPE_CHECKING:
    from source_lms_reports.errors import ReportError
    from source_lms_reports.jobs.quota import Quota
    from source_lms_reports.jobs.ticket import Order


class Placing:
    """All orders of one report in one sync."""

    def __init__(self, order: Order, limits: JobLimits) -> None:
        self._order = order
        self._limits = limits
        self._quota = limits.quota_of(order)
        self._failures = RequestFailures(limits)
        self._orders = 0
        self._doubt: ReportError | None = None
        self._throttled = 0
        self._throttled_since: float | None = None
        self._spent_at = 0.0

    @property
    def orders(self) -> int:
        """Orders that the vendor took, or may have taken. Never reset."""
        return self._orders

    @property
    def in_doubt(self) -> bool:
        """True when the answer to an order was lost."""
        return self._doubt is not None

    @property
    def may_go(self) -> bool:
        """True while the limit of orders is not reached."""
        return self._orders < MAX_ORDERS

    def goes_out(self, now: float) -> None:
        """An order is sent."""
        if self._quota is not None:
            self._quota.spend(now)
            self._spent_at = now

    def after(self, outcome: Placed | Refused, now: float) -> Verdict:
        """What to do after an order was sent."""
        match outcome:
            case Placed(ticket, state):
                self._taken()
                return Opened(ticket, "adopted" if ticket.adopted else "ordered", state)
            case Refused(unsent=True):
                return self._after_nothing_sent(outcome, now)
            case Refused(uncertain=True):
                return self._after_lost_answer(outcome, now)
            case Refused():
                return self._after_refused(outcome, now)
            case _:
                assert_never(outcome)

    def not_ordered(self) -> ReportError:
        """Why no further order goes out after one whose answer was lost."""
        if self._doubt is None:
            raise ValueError("no answer was lost")
        return self._failed(self._doubt, self._orders)

    def _taken(self) -> None:
        self._orders += 1
        self._throttled, self._throttled_since = 0, None
        self._failures.forget()
        if self._quota is not None:
            self._quota.accepted()

    def _after_lost_answer(self, refused: Refused, now: float) -> Verdict:
        """The vendor may have the job: look for it where possible, and count the order in any case."""
        self._orders += 1
        self._doubt = refused.error
        self._failures.forget()
        return InDoubt(now + self._limits.retry_delay(self._orders, refused.retry_after))

    def _after_nothing_sent(self, refused: Refused, now: float) -> Verdict:
        """No connection, or no token: the vendor knows of no order, and its quota is as it was."""
        if self._quota is not None:
            self._quota.refund(self._spent_at)
        if refused.kind in ("config", "gone", "restart"):
            return Ended(messages.refused(self._order, refused.error))
        at = self._failures.next_try(refused, now)
        if at is not None:
            return Again(at)
        what = "could not be ordered: no request could be sent"
        return Ended(messages.gave_up(self._order, what, self._failures.count, refused.error))

    def _after_refused(self, refused: Refused, now: float) -> Verdict:
        match refused.kind:
            case "throttled" | "quota":
                return self._after_throttled(refused, now)
            case "config" | "gone" | "restart":
                return Ended(messages.refused(self._order, refused.error))
            case "transient":
                at = self._failures.next_try(refused, now)
                return Again(at) if at is not None else Ended(self._failed(refused.error, self._failures.count))
            case _:
                assert_never(refused.kind)

    def _after_throttled(self, refused: Refused, now: float) -> Verdict:
        """Wait for the vendor to take orders again, but never longer than for a job."""
        self._throttled += 1
        self._throttled_since = now if self._throttled_since is None else self._throttled_since
        ends = self._throttled_since + self._limits.policy.wait_limit
        if self._quota is not None:
            return self._held_back(self._quota, refused, now, ends)
        delay = self._limits.retry_delay(self._throttled, refused.retry_after)
        if refused.kind == "quota" or now + delay > ends:
            return Ended(self._failed(refused.error, self._throttled))
        return Again(now + delay)

    def _held_back(self, quota: Quota, refused: Refused, now: float, ends: float) -> Verdict:
        """The quota says when the next order may go, and whether that is too long to wait for."""
        quota.refund(self._spent_at)
        quota.exhaust(now, refused.retry_after, long=refused.kind == "quota")
        if quota.is_spent(now):
            return Again(now)  # every order that still has to be placed ends, this one with them
        # A vendor that asks for no wait at all, again and again, is not asked each second.
        delay = self._limits.retry_delay(self._throttled)
        if now + delay > ends:
            return Ended(self._failed(refused.error, self._throttled))
        return Again(now + delay)

    def _failed(self, error: ReportError, tries: int) -> ReportError:
        return messages.gave_up(self._order, "could not be ordered", tries, error)
