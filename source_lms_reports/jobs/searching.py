"""Looks through the vendor's list for a job to adopt, before anything is ordered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from typing_extensions import assert_never

from source_lms_reports.jobs import messages
from source_lms_reports.jobs.actions import Found, NothingFound, Refused
from source_lms_reports.jobs.limits import JobLimits, RequestFailures
from source_lms_reports.jobs.policy import FRESH_FOR, TICKET_LIFE
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.jobs.verdicts import Again, Ended, NothingToAdopt, Opened, Verdict

if TYPE_CHECKING:
    from source_lms_reports.errors import ReportError
    from source_lms_reports.jobs.ticket import Order


class Searching:
    """One search.

    Args:
        order: What it is for.
        limits: What all orders share.
        given_up: Ids of jobs that are not taken again.
        in_doubt: Orders of ours that the list may show, because their answers were lost.
    """

    def __init__(self, order: Order, limits: JobLimits, given_up: Collection[str], in_doubt: int) -> None:
        self._order = order
        self._limits = limits
        self._given_up = given_up
        self._in_doubt = in_doubt
        self._failures = RequestFailures(limits)

    def after(self, outcome: Found | NothingFound | Refused, now: float) -> Verdict:
        """What to do after the list was asked for."""
        match outcome:
            case Found(ticket, state) if self._is_fit(outcome, now):
                return Opened(replace(ticket, adopted=True), "adopted", state)
            case Found() | NothingFound():
                return NothingToAdopt()
            case Refused():
                return self._after_refused(outcome, now)
            case _:
                assert_never(outcome)

    def _after_refused(self, refused: Refused, now: float) -> Verdict:
        match refused.kind:
            case "gone":
                return NothingToAdopt()
            case "config" | "restart":
                return NothingToAdopt(messages.without_listing(refused.error))
            case "transient" | "throttled" | "quota":
                at = self._failures.next_try(refused, now)
                return Again(at) if at is not None else self._out_of_reach(refused.error)
            case _:
                assert_never(refused.kind)

    def _out_of_reach(self, error: ReportError) -> Verdict:
        """If the list may hold a job of ours, a second one would be worse than none."""
        if not self._in_doubt:
            return NothingToAdopt(messages.without_listing(error))
        return Ended(messages.gave_up(self._order, "could not be ordered for certain", self._in_doubt, error))

    def _is_fit(self, found: Found, now: float) -> bool:
        state, ended = found.state, found.state.finished_at
        if found.ticket.id in self._given_up:
            return False
        if state.status.is_alive:
            return self._limits.age(found.ticket.ordered_at, now) <= TICKET_LIFE
        if state.status is not JobStatus.READY or ended is None:
            return False
        return abs(self._limits.age(ended, now)) < FRESH_FOR
