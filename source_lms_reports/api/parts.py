"""Brings the files of a report whose addresses are asked for one by one, right before each is downloaded."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from source_lms_reports.api.calls import OrderCalls
from source_lms_reports.api.job_document import links_of
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.errors import JobGone, LinkExpired, PayloadError, ReportError
from source_lms_reports.files.payload import Part, Payload
from source_lms_reports.jobs.ticket import Order
from source_lms_reports.platforms.paths import value_at

#: Files that are on disk, or on their way to it, beside the one that is read.
LOOK_AHEAD = 2

Prove = Callable[[Order, Payload], None]


class PartFetcher:
    """Fetches the files of a job by their ids.

    Args:
        calls: Makes the requests.
        prove: Lets a payload pass that is a whole report, and raises a `PayloadError` for any other.
    """

    def __init__(self, calls: OrderCalls, prove: Prove) -> None:
        self._calls = calls
        self._prove = prove
        self._addresses: dict[str, str] = {}

    def part(self, order: Order, part_id: str) -> Part:
        """One file, on disk and proven.

        Raises:
            LinkExpired: Its address is refused, or none was given.
            PayloadError: What came is damaged.
            Refusal: The vendor or the download host is throttling, failing or out of reach, or the file is gone.
        """
        part = self._calls.download(order, self._address(order, part_id))
        try:
            self._prove(order, Payload((part,)))
        except BaseException:
            Payload((part,)).remove()
            raise
        return part

    def pieces(self, order: Order, ids: Sequence[str], first: Payload) -> Iterator[Payload]:
        """A report file by file; the next ones are fetched meanwhile.

        Args:
            order: The order.
            ids: Of the files behind the first one. Each is deleted when the next is asked for.
            first: The file that is here; it stays.

        Raises:
            JobGone: The vendor has deleted a file.
            ReportError: A file could not be had, or is damaged, as often as it was asked for.
        """
        waiting = iter(ids)
        pool = ThreadPoolExecutor(LOOK_AHEAD, "part")
        coming: collections.deque[Future[Part]] = collections.deque()

        def fetch_ahead(count: int) -> None:
            coming.extend(pool.submit(self._patiently, order, one) for one in itertools.islice(waiting, count))

        try:
            fetch_ahead(LOOK_AHEAD)
            if first.parts:
                yield first
            while coming:
                payload = Payload((coming.popleft().result(),))
                fetch_ahead(1)
                try:
                    yield payload
                finally:
                    payload.remove()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for future in coming:
                future.add_done_callback(_remove)

    def _patiently(self, order: Order, part_id: str) -> Part:
        try:
            return self._calls.client.patience.through(lambda: self._again(order, part_id))
        except Refusal as refusal:
            raise _error(refusal, self._calls.client.platform.title, order) from refusal

    def _again(self, order: Order, part_id: str) -> Part:
        """One file. What a new address or another download may mend is a refusal of the moment.

        Raises:
            Refusal: It could not be had.
        """
        try:
            return self.part(order, part_id)
        except (LinkExpired, PayloadError) as error:
            raise Refusal("transient", error) from error

    def _address(self, order: Order, part_id: str) -> str:
        client = self._calls.client
        _, document = client.ask(self._calls.call("trade", order, parts=[part_id]), "trade", order.report)
        found: Any = value_at(document, client.platform.job.part_links, links_of)
        urls = links_of(found)
        if len(urls) != 1:
            raise LinkExpired(f"{client.platform.title} gives {len(urls)} addresses for one file of the report.")
        if self._addresses.setdefault(urls[0], part_id) != part_id:
            raise LinkExpired(f"{client.platform.title} gives the address of another file of the report.")
        return urls[0]


def _error(refusal: Refusal, title: str, order: Order) -> ReportError:
    if refusal.kind == "gone":
        words = f"{title} has deleted the report {order.report} while it was read. The next sync orders it anew."
        return JobGone(words, refusal.error.detail or refusal.error.message)
    return refusal.error.in_context(f"A file of the report {order.report} could not be had. ")


def _remove(future: Future[Part]) -> None:
    """Delete what came for nobody any more."""
    if not future.cancelled() and future.exception() is None:
        Payload((future.result(),)).remove()
