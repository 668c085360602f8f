"""Does what the report engine wants done: actions become requests, answers become outcomes. One class a pattern."""

from __future__ import annotations

import dataclasses
import logging
import threading
from typing import Any

from typing_extensions import assert_never

from source_lms_reports.api.adopting import JobFinder
from source_lms_reports.api.answer import Answer
from source_lms_reports.api.calls import BodyBrokeOff, OrderCalls
from source_lms_reports.api.fetching import Fetcher
from source_lms_reports.api.job_document import JobReader
from source_lms_reports.api.refusal import Refusal, require_no_restart
from source_lms_reports.errors import TransientError
from source_lms_reports.files.payload import Part, Payload
from source_lms_reports.jobs.actions import (
    Abort,
    Aborted,
    Action,
    Fetch,
    Find,
    Found,
    JobState,
    NothingFound,
    Observed,
    Outcome,
    Place,
    Placed,
    Poll,
)
from source_lms_reports.jobs.result import Arrived, BrokenOff, Links
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.jobs.ticket import Order, Ticket

LOGGER = logging.getLogger("airbyte")
#: A job whose own date differs by more from its ticket's is another one. Our clock may have been wrong by some.
_SAME_ORDER = 900.0
#: A list without elements is not longer.
_EMPTY_BYTES = 64
#: The request that opens the file of a finished job.
_DOWNLOAD = "download"


class ActionExecutor:
    """The executor of one sync: what all patterns share. Called from several threads at once.

    Args:
        calls: Makes the requests.
        fetcher: Brings what is finished to disk.
    """

    def __init__(self, calls: OrderCalls, fetcher: Fetcher) -> None:
        self._calls = calls
        self._client = calls.client
        self._fetcher = fetcher

    def execute(self, action: Action) -> Outcome:
        """Do `action`, once; a refusal is an outcome, not an error."""
        try:
            return self._outcome(action)
        except Refusal as refusal:
            return refusal.as_outcome()

    def _outcome(self, action: Action) -> Outcome:
        match action:
            case Place():
                return self._place(action.order)
            case Poll():
                return Observed(self._look(action.order, action.ticket))
            case Fetch():
                if action.state is None:
                    return self._fetcher.fetch_at_once(action.order)
                ordered_at = action.ticket.ordered_at if action.ticket else 0.0
                return self._fetcher.fetch(action.order, action.state.result, ordered_at)
            case Find():
                return self._find(action.order)
            case Abort():
                return self._abort(action.order, action.ticket)
            case _:
                assert_never(action)

    def _place(self, order: Order) -> Placed:
        raise NotImplementedError(f"{self._client.platform.title} takes no orders")

    def _look(self, order: Order, ticket: Ticket) -> JobState:
        raise NotImplementedError(f"{self._client.platform.title} has no jobs")

    def _find(self, order: Order) -> Found | NothingFound:  # noqa: ARG002 - by the patterns that have a list of jobs
        return NothingFound()

    def _abort(self, order: Order, ticket: Ticket) -> Aborted:
        raise NotImplementedError(f"{self._client.platform.title} has no jobs to abort")


class TicketExecutor(ActionExecutor):
    """Order, poll, download by a link."""

    def __init__(self, calls: OrderCalls, fetcher: Fetcher) -> None:
        super().__init__(calls, fetcher)
        self._jobs = JobReader(self._client.platform.job, self._client.platform.title, self._client.vendor_now)
        self._finder = JobFinder(calls, self._jobs)
        self._owners: dict[str, str] = {}
        self._empty: set[str] = set()
        self._guard = threading.Lock()

    def _place(self, order: Order) -> Placed:
        asked = self._client.vendor_clock.mark()
        before = self._client.platform.job.placed_before
        answer, document = self._calls.ask("order", order, order.parameters, also=before)
        if answer.status in before:
            return self._placed_before(order, answer, document)
        job_id = self._jobs.id(document)
        if job_id is None:
            words = f"{self._client.platform.title} took the order for {order.report} but gave no id for it."
            raise Refusal("transient", TransientError(words, detail=str(document)[:300]), uncertain=True)
        ticket = self._calls.ticket(order, job_id, self._client.vendor_clock.at(asked))
        self._require_own_job(order, ticket)
        return Placed(ticket, self._state(order, ticket, document, answer))

    def _require_own_job(self, order: Order, ticket: Ticket) -> None:
        """Refuse a job that answers another order: its rows are those of another window.

        Some vendors give the job that is under way where a report is ordered again, whatever it is ordered with.

        Raises:
            Refusal: It does.
        """
        if self._owner(order, ticket) == order.identity:
            return
        title = self._client.platform.title
        words = (
            f"{title} gives the job {ticket.id} for {order.report}, which it has given for an order with other "
            "parameters. Its rows are not those that were asked for."
        )
        raise Refusal("transient", TransientError(words), uncertain=True)

    def _owner(self, order: Order, ticket: Ticket) -> str:
        """The identity of the order that a job was first known for in this sync."""
        address = self._calls.call("poll", order, ticket=ticket).address
        with self._guard:
            return self._owners.setdefault(address, order.identity)

    def _placed_before(self, order: Order, answer: Answer, document: Any) -> Placed:
        """The job that answers an order already, whoever ordered it.

        What has changed since that job's own date is missing from it, so one without a date is not taken.
        """
        job_id, ordered_at = self._jobs.id(document), self._jobs.ordered_at(document)
        if job_id is None or ordered_at is None:
            title = self._client.platform.title
            words = f"{title} says that a report like {order.report} is under way, but not which one or since when."
            raise Refusal("transient", TransientError(words, answer.detail), status=answer.status)
        ticket = self._calls.ticket(order, job_id, ordered_at, adopted=True)
        self._require_own_job(order, ticket)
        return Placed(ticket, self._state(order, ticket, document, answer))

    def _look(self, order: Order, ticket: Ticket) -> JobState:
        self._owner(order, ticket)  # of a job that an earlier sync has ordered, too
        if self._client.platform.job.report_in_poll:
            return self._look_for_report(order, ticket)
        answer, document = self._calls.ask("poll", order, ticket=ticket)
        if not ticket.account:
            self._require_ours(order, ticket, self._jobs.ordered_at(document))
        return self._state(order, ticket, document, answer)

    def _state(self, order: Order, ticket: Ticket, document: Any, answer: Answer) -> JobState:
        """How a job is doing. Where the vendor gives no link, the platform's request for the download is one.

        Raises:
            Refusal: It failed, and one like it would fail again: only the whole report can be had.
        """
        state = self._jobs.read(document, answer)
        if state.status is JobStatus.FAILED:
            require_no_restart(self._client.platform, self._client.context, answer, order.report)
        if state.status is not JobStatus.READY or _DOWNLOAD not in self._client.platform.requests:
            return state
        url = self._calls.call(_DOWNLOAD, order, ticket=ticket, job=document).address
        return dataclasses.replace(state, result=Links((url,)))

    def _look_for_report(self, order: Order, ticket: Ticket) -> JobState:
        """Ask for the report: it comes, or word of its job."""
        try:
            found = self._calls.save_or_read(self._calls.call("poll", order, ticket=ticket), order)
        except BodyBrokeOff as error:  # it counts as a bad payload, not as a look that failed
            return JobState(JobStatus.READY, result=BrokenOff(error))
        if isinstance(found, Part):
            if self._is_empty_for_the_first_time(ticket, found):
                found.path.unlink()
                return JobState(JobStatus.RUNNING)
            return JobState(JobStatus.READY, result=Arrived(Payload((found,))))
        self._client.judge(found, "poll", order.report)
        word = self._jobs.word_of_a_job(found.body)
        state = self._jobs.read(word or self._client.read(found, self._jobs.speaks_of_a_job), found)
        if state.status is JobStatus.READY:
            self._empty.add(ticket.id)
        return state

    def _is_empty_for_the_first_time(self, ticket: Ticket, part: Part) -> bool:
        """Whether a report is a list without elements, was not so before, and is not said to be ready.

        What says that there is nothing and what has nothing to say yet look alike, so it is believed the second time.
        """
        if part.path.stat().st_size > _EMPTY_BYTES or part.path.read_bytes().split() not in ([b"[]"], [b"[", b"]"]):
            return False
        with self._guard:
            is_first = ticket.id not in self._empty
            self._empty.add(ticket.id)
        return is_first

    def _require_ours(self, order: Order, ticket: Ticket, ordered_at: float | None) -> None:
        """Refuse a job that was not ordered when the ticket was.

        A ticket of version 0.1.0 does not tell where it was ordered. Another address may have a job of its number.
        """
        if ordered_at is None or abs(ordered_at - ticket.ordered_at) <= _SAME_ORDER:
            return
        words = (
            f"The report job {ticket.id} in the state is another one at this address. It is left alone, and the report "
            f"{order.report} is ordered anew."
        )
        LOGGER.warning(words)
        raise Refusal("gone", TransientError(words))

    def _find(self, order: Order) -> Found | NothingFound:
        return self._finder.find(order)

    def _abort(self, order: Order, ticket: Ticket) -> Aborted:
        self._client.send(self._calls.call("abort", order, ticket=ticket), "abort", order.report)
        return Aborted()


class RepeatExecutor(ActionExecutor):
    """One request, sent again until its answer is the report. The order itself is the ticket."""

    def _place(self, order: Order) -> Placed:
        asked = self._client.vendor_clock.mark()
        state = self._asked(order, "order")
        return Placed(self._calls.ticket(order, order.identity, self._client.vendor_clock.at(asked)), state)

    def _look(self, order: Order, ticket: Ticket) -> JobState:  # noqa: ARG002 - the order says it all
        return self._asked(order, "poll")

    def _asked(self, order: Order, phase: str) -> JobState:
        """Send the request: the vendor is at work (no body), or the body is the report."""
        meanings = self._client.platform.job.http_statuses
        ready = [status for status, state in meanings.items() if state == "ready"]
        try:
            call = self._calls.call("order", order, order.parameters)
            found = self._calls.save(call, order, ready, self._calls.most)
        except BodyBrokeOff as error:  # it counts as a bad payload, not as a look that failed
            return JobState(JobStatus.READY, result=BrokenOff(error))
        if isinstance(found, Part):
            return JobState(JobStatus.READY, result=Arrived(Payload((found,))))
        state = meanings.get(found.status)
        if state == "running":
            return JobState(JobStatus.RUNNING, retry_after=found.retry_after(self._client.vendor_now()))
        if state == "failed" and phase == "poll":
            return JobState(JobStatus.FAILED, words=found.words)
        self._client.judge(found, phase, order.report)
        words = f"{self._client.platform.title} answered with the unexpected status {found.status}."
        raise Refusal("transient", TransientError(words, detail=found.words))


class PagesExecutor(ActionExecutor):
    """Lists that answer at once: there is nothing to order, only to fetch."""
