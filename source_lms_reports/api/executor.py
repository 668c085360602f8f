"""Does what the report engine wants done: its actions become requests, the answers become outcomes."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from source_lms_reports.api.answer import Answer
from source_lms_reports.api.client import Client, Refusal, next_page, renew
from source_lms_reports.api.download import download, store
from source_lms_reports.api.job_document import JobReader, Links
from source_lms_reports.api.transport import Call, ConnectionFault
from source_lms_reports.errors import LinkExpired, PayloadError, TransientError, TruncatedPayload, UnendedPayload
from source_lms_reports.files.archive import sources
from source_lms_reports.files.json_sections import member
from source_lms_reports.files.opening import verify
from source_lms_reports.files.options import ArchiveLimits, ReadOptions
from source_lms_reports.files.payload import Part, Payload
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.actions import (
    Abort,
    Aborted,
    Action,
    BadPayload,
    Fetch,
    Fetched,
    Find,
    Found,
    JobState,
    LinkDead,
    NothingFound,
    Observed,
    Outcome,
    Place,
    Placed,
    Poll,
    Refused,
)
from source_lms_reports.jobs.policy import FRESH_FOR
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.jobs.ticket import Order, Ticket
from source_lms_reports.platforms.model import ReportSpec
from source_lms_reports.platforms.paths import value_at

LOGGER = logging.getLogger("airbyte")
_BLOCK = 1024 * 1024
_TRUE = frozenset({"true", "1", "yes", "t", "y", "on"})

Progress = Callable[[Order, int, "int | None"], None]


@dataclass(frozen=True)
class Arrived:
    """A report that came along with an answer, on disk already."""

    payload: Payload


class BrokenOff(TruncatedPayload):
    """The answer that is the report broke off. It counts as a bad payload, not as a poll that failed."""


class ActionExecutor:
    """The executor of one sync.

    Args:
        client: The vendor's API.
        spool: Where downloads are kept.
        reports: The reports of this sync by their ids.
        options: How a report's files are read.
        progress: Told the bytes of downloads.
    """

    def __init__(
        self,
        client: Client,
        spool: Spool,
        reports: Mapping[str, ReportSpec],
        options: Callable[[str], ReadOptions],
        progress: Progress,
    ) -> None:
        self._client = client
        self._spool = spool
        self._reports = reports
        self._options = options
        self._progress = progress
        self._http_statuses = client.platform.job.http_statuses
        self._jobs = JobReader(client.platform.job, client.platform.title, client.vendor_now)
        self._renewed: set[str] = set()
        self._doubtful: dict[str, list[tuple[int, str]]] = {}
        self._guard = threading.Lock()

    def execute(self, action: Action) -> Outcome:
        """Do `action`, once; a refusal is an outcome, not an error."""
        try:
            return self._execute(action)
        except Refusal as refusal:
            return Refused(
                refusal.kind,
                refusal.error,
                refusal.retry_after,
                uncertain=refusal.uncertain,
                unsent=refusal.unsent,
                locked_out=refusal.locked_out,
            )

    def _execute(self, action: Action) -> Outcome:
        if isinstance(action, Place):
            return self._place(action.order)
        if isinstance(action, Poll):
            return Observed(self._poll(action.order, action.ticket))
        if isinstance(action, Fetch):
            return self._fetch(action)
        if isinstance(action, Find):
            return self._find(action.order)
        return self._abort(action)

    # -- ordering and polling

    def _place(self, order: Order) -> Outcome:
        now = self._client.vendor_now()
        if self._client.platform.pattern == "repeat":
            ticket = _ticket(order, order.identity, now)
            return Placed(ticket, self._repeat(order, "order"))
        answer, document = self._ask("order", order, parameters=order.parameters)
        job_id = self._jobs.id(document)
        if job_id is None:
            words = f"{self._client.platform.title} took the order for {order.report} but gave no id for it."
            raise Refusal("transient", TransientError(words, detail=str(document)[:300]), uncertain=True)
        return Placed(_ticket(order, job_id, now), self._jobs.read(document, answer))

    def _poll(self, order: Order, ticket: Ticket) -> JobState:
        if self._client.platform.pattern == "repeat":
            return self._repeat(order, "poll")
        answer, document = self._ask("poll", order, ticket=ticket)
        return self._jobs.read(document, answer)

    def _ask(
        self, step: str, order: Order, parameters: Mapping[str, Any] | None = None, **extra: Any
    ) -> tuple[Answer, Any]:
        call = self._call(step, order, parameters, **extra)
        answer = self._client.send(call, step, order.report)
        return answer, self._client.json(answer, step)

    def _call(self, name: str, order: Order, parameters: Mapping[str, Any] | None = None, **extra: Any) -> Call:
        authenticator = self._reports[order.report].authenticator if order.report in self._reports else None
        return self._client.prepare(
            name, parameters=parameters, authenticator=authenticator, report=order.report, **extra
        )

    # -- reports that come as the answer itself

    def _repeat(self, order: Order, phase: str) -> JobState:
        """Send the order's one request: the vendor is at work (no body), or the body is the report."""
        ready = [status for status, state in self._http_statuses.items() if state == "ready"]
        try:
            found = self._saved(self._call("order", order, order.parameters), order, ready)
        except BrokenOff as error:
            return JobState(JobStatus.READY, payload=error)
        if isinstance(found, Part):
            return JobState(JobStatus.READY, payload=Arrived(Payload((found,))))
        state = self._http_statuses.get(found.status)
        if state == "running":
            return JobState(JobStatus.RUNNING, retry_after=found.retry_after(self._client.vendor_now()))
        if state == "failed" and phase == "poll":
            return JobState(JobStatus.FAILED, words=found.words)
        self._client.judge(found, phase, order.report)
        words = f"{self._client.platform.title} answered with the unexpected status {found.status}."
        raise Refusal("transient", TransientError(words, detail=found.words))

    def _saved(self, call: Call, order: Order, good: Collection[int]) -> Part | Answer:
        """The body of a good answer on disk, or the other answer; asked again once where the credentials had ended."""

        def save(response: requests.Response) -> Part:
            try:
                return store(response, self._spool, lambda done, total: self._progress(order, done, total))
            except ConnectionFault as fault:
                raise BrokenOff(f"The report broke off while it came. {fault.message}", detail=fault.detail) from fault

        found = self._client.fetch(call, save, good)
        if isinstance(found, Answer) and found.status == 401 and renew(call.auth):
            found = self._client.fetch(call, save, good)
        return found

    # -- fetching

    def _fetch(self, action: Fetch) -> Outcome:
        order = action.order
        parts: list[Part] = []
        try:
            for part in self._parts(action):
                parts.append(part)  # noqa: PERF402 - what is here when a later part fails must be removed
            payload = Payload(tuple(parts))
            self._verify(order, payload)
            return Fetched(payload)
        except LinkExpired as error:
            Payload(tuple(parts)).remove()
            return LinkDead(error.message)
        except PayloadError as error:
            Payload(tuple(parts)).remove()
            return BadPayload(error)
        except BaseException:
            Payload(tuple(parts)).remove()
            raise

    def _verify(self, order: Order, payload: Payload) -> None:
        """Prove that a payload is a whole report.

        Raises:
            PayloadError: It is not, or not for certain: a doubt goes where a second download brings the same bytes.
        """
        try:
            verify(payload, self._options(order.report))
        except UnendedPayload:
            seen = [(part.path.stat().st_size, _digest(part.path)) for part in payload.parts]
            framed = all(part.is_framed for part in payload.parts)
            if not framed or self._doubtful.get(order.identity) != seen:
                self._doubtful[order.identity] = seen
                raise
            LOGGER.warning(
                f"Report {order.report} ends without a line end. It came twice with the same bytes, so it is taken "
                f"as whole."
            )

    def _parts(self, action: Fetch) -> Iterator[Part]:
        if action.state is None:
            yield from self._pages(action.order)
            return
        held = action.state.payload
        if isinstance(held, BrokenOff):
            raise held
        if isinstance(held, Arrived):
            if all(part.path.exists() for part in held.payload.parts):
                yield from held.payload.parts
                return
            raise LinkExpired("The report that came is no longer on disk.")
        if not isinstance(held, Links) or not held.urls:
            raise LinkExpired(f"{self._client.platform.title} calls the report ready, but names no download link.")
        self._renew_if_ending(action.order, held)
        for url in held.urls:
            yield self._download(action.order, url)

    def _renew_if_ending(self, order: Order, links: Links) -> None:
        """Ask for a fresh link where this one says that it has ended, once: the vendor's clock may differ from ours."""
        with self._guard:
            if links.ends_at is None or links.ends_at > self._client.vendor_now() or order.identity in self._renewed:
                return
            self._renewed.add(order.identity)
        raise LinkExpired("The download link has ended by its own date.")

    def _download(self, order: Order, url: str) -> Part:
        def tell(done: int, total: int | None) -> None:
            self._progress(order, done, total)

        return download(self._client.transport, url, self._spool, self._client.vendor_now(), tell)

    def _pages(self, order: Order) -> Iterator[Part]:
        """The pages of a list that is answered at once, each as a file."""
        spec = self._reports[order.report]
        if spec.children is None:
            yield from self._list(order, {})
            return
        for item in self._client.items(spec.children.request, "fetch", report=order.report):
            yield from self._list(order, {"parent": item, "child": value_at(item, spec.children.value)})

    def _list(self, order: Order, extra: Mapping[str, Any]) -> Iterator[Part]:
        spec = self._reports[order.report]
        request = self._client.platform.requests[spec.request]
        call: Call | None = self._call(spec.request, order, order.parameters, **extra)
        seen: set[str] = set()
        while call is not None:
            found = self._saved(call, order, [200])
            if isinstance(found, Answer):
                self._client.judge(found, "fetch", order.report)
                raise Refusal(
                    "transient", TransientError(f"The list of {order.report} ended with status {found.status}.")
                )
            yield found
            document = _first_of(found, request.next) if request.pages == "next_url" else None
            url = next_page(request, found.link, document)
            call = self._client.follow(call, url, seen) if url else None

    # -- adopting and aborting

    def _find(self, order: Order) -> Outcome:
        spec = self._client.platform.find
        if spec is None:
            return NothingFound()
        _, document = self._ask(spec.request, order)
        jobs = [
            (self._jobs.read(job), job)
            for job in (document if isinstance(document, list) else [])
            if self._jobs.id(job) and self._answers(value_at(job, spec.parameters), order.parameters, spec.ignore)
        ]
        usable = [(report, job) for report, job in jobs if report.status not in (JobStatus.FAILED, JobStatus.GONE)]
        if not usable:
            return NothingFound()
        report, job = min(usable, key=lambda pair: self._age(pair[0]))
        return Found(_ticket(order, str(self._jobs.id(job)), self._jobs.ordered_at(job), adopted=True), report)

    def _age(self, report: JobState) -> float:
        """How long ago a listed job ended; one that still runs comes after those that ended a few minutes ago."""
        if report.status is JobStatus.READY:
            return self._client.vendor_now() - (report.finished_at or 0.0)
        return FRESH_FOR

    @staticmethod
    def _answers(found: Any, wanted: Mapping[str, Any], ignore: list[str]) -> bool:
        """Whether a listed job was ordered with our parameters. A switch that is off is as good as none."""
        if found is None:
            found = {}
        return isinstance(found, Mapping) and _telling(found, ignore) == _telling(wanted, ignore)

    def _abort(self, action: Abort) -> Outcome:
        call = self._call("abort", action.order, ticket=action.ticket)
        self._client.send(call, "abort", action.order.report)
        return Aborted()


def _ticket(order: Order, job_id: str, now: float, adopted: bool = False) -> Ticket:
    return Ticket(job_id, order.identity, order.report, order.parameters, order.window, now, adopted)


def _telling(parameters: Mapping[str, Any], ignore: list[str]) -> dict[str, str]:
    texts = {
        name: str(value) for name, value in parameters.items() if name not in ignore and value not in (None, "", [])
    }
    lowered = {name: "true" if text.lower() in _TRUE else text for name, text in texts.items()}
    return {name: text for name, text in lowered.items() if text.lower() not in ("false", "none")}


def _first_of(part: Part, path: Sequence[str | int]) -> dict[str, Any]:
    """The member of the JSON object in a file that a path begins with, read like the rows; of anything else, none."""
    name = str(path[0])
    try:
        values = [member(source, name) for source in sources(Payload((part,)), ArchiveLimits())]
    except PayloadError:
        return {}  # the proof of the payload will tell what is wrong with it
    return {name: values[0]} if values else {}


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
