"""Brings the files of a finished report to disk, and proves that they are one."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from source_lms_reports.api.calls import OrderCalls
from source_lms_reports.api.client import linked_next
from source_lms_reports.api.pages import PageReader
from source_lms_reports.api.parts import PartFetcher
from source_lms_reports.api.refusal import of_machine
from source_lms_reports.errors import (
    LinkExpired,
    MachineFault,
    PayloadError,
    TruncatedPayload,
    UnendedPayload,
    machine_faults,
)
from source_lms_reports.files.archive import HEAD, is_packed
from source_lms_reports.files.opening import verify
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.payload import Part, Payload
from source_lms_reports.jobs.actions import BadPayload, Fetched, LinkDead
from source_lms_reports.jobs.result import Arrived, BrokenOff, Links, PartIds, Result
from source_lms_reports.jobs.ticket import Order
from source_lms_reports.plan.ready import LINK

LOGGER = logging.getLogger("airbyte")
_BLOCK = 1024 * 1024


class Fetcher:
    """Fetches the files of all orders of a sync.

    Args:
        calls: Makes the requests.
        options: How a report's files are read.
    """

    def __init__(self, calls: OrderCalls, options: Callable[[str], ReadOptions]) -> None:
        self._calls = calls
        self._pages = PageReader(calls, options)
        self._options = options
        self._in_parts = PartFetcher(calls, self._prove)
        self._renewed: set[str] = set()
        self._doubtful: dict[str, list[tuple[int, str]]] = {}
        self._guard = threading.Lock()

    def fetch_at_once(self, order: Order) -> Fetched | LinkDead | BadPayload:
        """Fetch a report that needs no job: a list, or a file that is ready.

        Raises:
            Refusal: The vendor does not give it.
        """
        clock = self._calls.client.vendor_clock
        asked = clock.mark()
        if LINK in order.parameters and not self._calls.report(order).request:
            return self.fetch(order, Links((str(order.parameters[LINK]),)), clock.at(asked))
        try:
            payload = self._pages.payload(order)
        except PayloadError as error:
            return BadPayload(error)
        return Fetched(dataclasses.replace(payload, ordered_at=clock.at(asked)))

    def fetch(self, order: Order, result: Result | None, ordered_at: float) -> Fetched | LinkDead | BadPayload:
        """Fetch what a job has come to.

        Args:
            order: The order that the job answers.
            result: What it has come to.
            ordered_at: When it was ordered, in the vendor's epoch seconds.

        Raises:
            Refusal: The download host is throttling, failing or out of reach.
        """
        parts: list[Part] = []
        try:
            with machine_faults():
                if isinstance(result, PartIds):
                    return Fetched(self._first_of(order, result, ordered_at))
                for part in self._parts(order, result):
                    parts.append(part)  # noqa: PERF402 - what is here when a later part fails must be removed
                payload = Payload(tuple(parts), ordered_at, is_complete=not _goes_on(order, parts))
                self._prove(order, payload)
                _require_size(result, parts)
            return Fetched(payload)
        except LinkExpired as error:
            Payload(tuple(parts)).remove()
            return LinkDead(error.message)
        except PayloadError as error:
            Payload(tuple(parts)).remove()
            return BadPayload(error)
        except MachineFault as fault:  # it says nothing about the job, so its ticket is kept
            Payload(tuple(parts)).remove()
            raise of_machine(fault, self._calls.spool) from fault
        except BaseException:
            Payload(tuple(parts)).remove()
            raise

    def _first_of(self, order: Order, result: PartIds, ordered_at: float) -> Payload:
        """The first file, which brings the others when they are asked for. Of a report without files, none."""
        parts = tuple(self._in_parts.part(order, part_id) for part_id in result.ids[:1])
        bring = functools.partial(self._in_parts.pieces, order, result.ids[1:])
        return Payload(parts, ordered_at, reached=result.reached, bring=bring)

    def _parts(self, order: Order, result: Result | None) -> Iterator[Part]:
        match result:
            case BrokenOff():
                raise result.error
            case Arrived():
                yield from _still_there(result.payload)
            case Links() if result.urls:
                self._require_fresh(order, result)
                for url in result.urls:
                    yield self._calls.download(order, url)
            case _:
                platform = self._calls.client.platform
                lacking = "does not give it" if platform.job.report_in_poll else "names no download link"
                raise LinkExpired(f"{platform.title} calls the report ready, but {lacking}.")

    def _require_fresh(self, order: Order, links: Links) -> None:
        """Refuse links that have ended by their own date, once: that date may be wrong."""
        with self._guard:
            has_ended = links.ends_at is not None and links.ends_at <= self._calls.client.vendor_now()
            if not has_ended or order.identity in self._renewed:
                return
            self._renewed.add(order.identity)
        raise LinkExpired("The download link has ended by its own date.")

    def _prove(self, order: Order, payload: Payload) -> None:
        """Prove that a payload is a whole report.

        Raises:
            PayloadError: It is not, or not for certain: a doubt goes where a second download brings the same bytes.
        """
        try:
            verify(payload, self._options(order.report))
        except UnendedPayload:
            seen = [(part.path.stat().st_size, _digest(part.path)) for part in payload.parts]
            is_framed = all(part.is_framed for part in payload.parts)
            if not is_framed or self._doubtful.get(order.identity) != seen:
                self._doubtful[order.identity] = seen
                raise
            LOGGER.warning(
                f"Report {order.report} ends without a line end. It came twice with the same bytes, so it is taken as "
                "whole."
            )


def _goes_on(order: Order, parts: Sequence[Part]) -> bool:
    """Whether a file came with a link to a next one, so that rows may be missing; told."""
    if not any(linked_next(part.link) for part in parts):
        return False
    LOGGER.warning(
        f"The report {order.report} came with a link to a next page, and that it has pages is not known here. What "
        "came is emitted, and the state stays where it is."
    )
    return True


def _require_size(result: Result | None, parts: Sequence[Part]) -> None:
    """Refuse a file that is shorter than the job says: of a CSV that ends behind a row nothing else tells it.

    A packed one tells its own end, and the job may speak of what is in it.

    Raises:
        TruncatedPayload: It is shorter.
    """
    if not isinstance(result, Links) or result.size is None or len(parts) != 1 or parts[0].is_cut:
        return
    came = parts[0].path.stat().st_size
    if came >= result.size:
        return
    with parts[0].path.open("rb") as file:
        if is_packed(file.read(HEAD)):
            return
    raise TruncatedPayload(
        f"{came:,} bytes of the report came, and the job says that it has {result.size:,}: it was cut on its way. If "
        "that goes on, ask who runs the network between here and the vendor, such as a proxy."
    )


def _still_there(payload: Payload) -> tuple[Part, ...]:
    if all(part.path.exists() for part in payload.parts):
        return payload.parts
    raise LinkExpired("The report that came is no longer on disk.")


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
