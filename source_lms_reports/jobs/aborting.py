"""Aborts a job of ours that is too old to be waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import assert_never

from source_lms_reports.jobs import messages
from source_lms_reports.jobs.actions import Aborted, Refused
from source_lms_reports.jobs.limits import JobLimits, RequestFailures
from source_lms_reports.jobs.verdicts import Again, GivenUp, Verdict

if TYPE_CHECKING:
    from source_lms_reports.jobs.ticket import Order, Ticket


class Aborting:
    """The requests to abort one job. Whatever comes of them, the report is ordered anew."""

    def __init__(self, order: Order, limits: JobLimits, ticket: Ticket) -> None:
        self.ticket = ticket
        self._order = order
        self._failures = RequestFailures(limits)

    def after(self, outcome: Aborted | Refused, now: float) -> Verdict:
        """What to do after one."""
        match outcome:
            case Aborted():
                return GivenUp()
            case Refused():
                return self._after_refused(outcome, now)
            case _:
                assert_never(outcome)

    def _after_refused(self, refused: Refused, now: float) -> Verdict:
        match refused.kind:
            case "gone":
                return GivenUp()
            case "config" | "restart":
                return self._stays(refused)
            case "transient" | "throttled" | "quota":
                at = self._failures.next_try(refused, now)
                return Again(at) if at is not None else self._stays(refused)
            case _:
                assert_never(refused.kind)

    def _stays(self, refused: Refused) -> Verdict:
        return GivenUp(messages.not_aborted(self._order, self.ticket, refused.error))
