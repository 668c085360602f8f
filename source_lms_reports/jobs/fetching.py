"""Downloads a result: of a job (`Fetching`), or of a report that is answered at once (`FetchingAtOnce`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import assert_never

from source_lms_reports.jobs import messages
from source_lms_reports.jobs.actions import BadPayload, Fetched, LinkDead, Refused
from source_lms_reports.jobs.limits import JobLimits, RequestFailures
from source_lms_reports.jobs.policy import MAX_LINK_RENEWALS, MAX_ORDERS
from source_lms_reports.jobs.verdicts import Again, Arrived, Ended, LookAgain, Lost, Useless, Verdict

if TYPE_CHECKING:
    from source_lms_reports.errors import PayloadError, ReportError
    from source_lms_reports.jobs.open_job import OpenJob
    from source_lms_reports.jobs.placing import Placing
    from source_lms_reports.jobs.ticket import Order

#: The second look for a link waits as long as a request that has failed so often.
_SECOND_LOOK = 4
_NOT_DOWNLOADED = "could not be downloaded"
_NOT_WHOLE = "did not arrive as a whole report"


class Fetching:
    """All downloads of one job.

    Args:
        order: What it is for.
        limits: What all orders share.
        job: Whose result it is.
        placing: The orders so far.
        spoilt: Downloads of earlier jobs that were no whole reports.
    """

    def __init__(self, order: Order, limits: JobLimits, job: OpenJob, placing: Placing, spoilt: int) -> None:
        self.job = job
        self._order = order
        self._limits = limits
        self._placing = placing
        self._failures = RequestFailures(limits)
        self._throttled_since: float | None = None
        self._renewals = 0
        self._spoilt_before = spoilt
        self._spoilt = 0

    @property
    def spoilt(self) -> int:
        """Downloads that were no whole reports, of earlier jobs too."""
        return self._spoilt_before + self._spoilt

    def after(self, outcome: Fetched | LinkDead | BadPayload | Refused, now: float) -> Verdict:
        """What to do after a download."""
        match outcome:
            case Fetched(payload):
                return Arrived(payload)
            case LinkDead(words):
                return self._renew(messages.link_expired(self._order, self._placing.orders, words), now)
            case BadPayload(error):
                return self._after_spoilt(error, now)
            case Refused():
                return self._after_refused(outcome, now)
            case _:
                assert_never(outcome)

    def _after_refused(self, refused: Refused, now: float) -> Verdict:
        match refused.kind:
            case "gone":
                return Lost(True, refused.error.message)
            case "config" | "restart":
                return Ended(messages.refused(self._order, refused.error), keep_ticket=refused.locked_out)
            case "throttled" | "quota":
                return self._after_throttled(refused, now)
            case "transient":
                at = self._failures.next_try(refused, now)
                return Again(at) if at is not None else self._renew(self._not_downloaded(refused.error), now)
            case _:
                assert_never(refused.kind)

    def _after_throttled(self, refused: Refused, now: float) -> Verdict:
        """Wait for the download host, but never longer than for a job: neither the link nor the job is to blame."""
        self._throttled_since = now if self._throttled_since is None else self._throttled_since
        at = now + self._failures.next_delay(refused.retry_after)
        if at - self._throttled_since > self._limits.policy.wait_limit:
            return Ended(self._not_downloaded(refused.error), keep_ticket=True)
        return Again(at)

    def _renew(self, error: ReportError, now: float) -> Verdict:
        """Ask for the job again, which brings a new link; then order anew.

        At once where the link has expired; the second time later, as the file may not be in its place yet.
        """
        self._failures.forget()
        self._renewals += 1
        if self._renewals > MAX_LINK_RENEWALS:
            return Useless("link dead", error)
        return LookAgain(now if self._renewals == 1 else now + self._limits.retry_delay(_SECOND_LOOK))

    def _after_spoilt(self, error: PayloadError, now: float) -> Verdict:
        """Once more by a fresh link: the cut may be the network's. Then the job's result is to blame."""
        self._failures.forget()
        self._spoilt += 1
        if self._spoilt == 1:
            return LookAgain(now)
        told = messages.gave_up(self._order, _NOT_WHOLE, self.spoilt, error)
        return Useless("bad payload", told, self._limits.policy.cooldown(self._placing.orders))

    def _not_downloaded(self, error: ReportError) -> ReportError:
        return messages.gave_up(self._order, _NOT_DOWNLOADED, self._failures.count, error)


class FetchingAtOnce:
    """All requests for a report that is answered at once."""

    def __init__(self, order: Order, limits: JobLimits) -> None:
        self._order = order
        self._limits = limits
        self._failures = RequestFailures(limits)
        self._spoilt = 0

    def after(self, outcome: Fetched | LinkDead | BadPayload | Refused, now: float) -> Verdict:
        """What to do after a request."""
        match outcome:
            case Fetched(payload):
                return Arrived(payload)
            case LinkDead(words):
                return self._retry(Refused("transient", messages.link_expired(self._order, 0, words)), now)
            case BadPayload(error):
                return self._after_spoilt(error, now)
            case Refused():
                return self._after_refused(outcome, now)
            case _:
                assert_never(outcome)

    def _after_refused(self, refused: Refused, now: float) -> Verdict:
        match refused.kind:
            case "config" | "gone" | "restart":
                return Ended(messages.refused(self._order, refused.error))
            case "transient" | "throttled" | "quota":
                return self._retry(refused, now)
            case _:
                assert_never(refused.kind)

    def _retry(self, refused: Refused, now: float) -> Verdict:
        at = self._failures.next_try(refused, now)
        if at is not None:
            return Again(at)
        return Ended(messages.gave_up(self._order, _NOT_DOWNLOADED, self._failures.count, refused.error))

    def _after_spoilt(self, error: PayloadError, now: float) -> Verdict:
        self._failures.forget()
        self._spoilt += 1
        if self._spoilt < MAX_ORDERS:
            return Again(now + self._limits.policy.cooldown(self._spoilt))
        return Ended(messages.gave_up(self._order, _NOT_WHOLE, self._spoilt, error))
