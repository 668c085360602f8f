"""Lists that are answered at once, page after page, each page a file."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from source_lms_reports.api.answer import Answer
from source_lms_reports.api.calls import OrderCalls
from source_lms_reports.api.client import next_page
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.api.transport import Call
from source_lms_reports.errors import PayloadError, TransientError
from source_lms_reports.files.archive import sources
from source_lms_reports.files.json_records import ObjectChunk
from source_lms_reports.files.json_sections import member
from source_lms_reports.files.opening import open_tables, verify
from source_lms_reports.files.options import ArchiveLimits, ReadOptions
from source_lms_reports.files.payload import Part, Payload
from source_lms_reports.jobs.ticket import Order
from source_lms_reports.platforms.paths import Path, choices, value_at

LOGGER = logging.getLogger("airbyte")
_NOT_FOUND = 404
_NUMBER = re.compile(r"[0-9]{1,15}")


@dataclass
class _List:
    """The pages of one list: how many rows they hold, and how many the list has by the word of any of them."""

    parts: list[Part] = field(default_factory=list)
    rows: int = 0
    count: int | None = None
    has_twins: bool = False
    _seen: set[bytes] = field(default_factory=set)

    def holds(self, payload: Payload, options: ReadOptions) -> None:
        """Take note of the rows of a page. One with the rows of an earlier page came in the place of another."""
        digest, rows = hashlib.sha256(), 0
        for table in open_tables(payload, options):
            for chunk in table.chunks():
                rows += len(chunk)
                digest.update(bytes(chunk) if isinstance(chunk, ObjectChunk) else repr(chunk.columns).encode())
        self.rows += rows
        self.has_twins |= rows > 0 and digest.digest() in self._seen
        self._seen.add(digest.digest())

    def says(self, document: Mapping[str, Any], path: Path) -> None:
        """Take note of the number of rows that a page tells; the greatest counts, for rows may go meanwhile."""
        number = value_at(document, path)
        told = str(number) if isinstance(number, (int, str)) and not isinstance(number, bool) else ""
        if _NUMBER.fullmatch(told):
            self.count = max(int(told), self.count or 0)

    @property
    def adds_up(self) -> bool:
        """Whether as many rows came as were told, and no page twice."""
        return not self.has_twins and self.count in (None, self.rows)

    @property
    def words(self) -> str:
        """Why it does not add up."""
        if self.has_twins:
            return "a page of it came again in the place of another"
        return f"it says that it has {self.count:,} rows, and {self.rows:,} came"

    def remove(self) -> None:
        """Delete the pages."""
        Payload(tuple(self.parts)).remove()


class PageReader:
    """Reads the lists that need no job.

    Args:
        calls: Makes the requests.
        options: How a report's files are read.
    """

    def __init__(self, calls: OrderCalls, options: Callable[[str], ReadOptions]) -> None:
        self._calls = calls
        self._options = options

    def payload(self, order: Order) -> Payload:
        """The pages of a report, each proven: those of its list, or of the list of each of its children.

        Raises:
            Refusal: A page could not be had.
            PayloadError: A page is none, as often as it was asked for.
        """
        lists: list[_List] = []
        try:
            for extra in self._children(order):
                lists.append(self._twice(order, extra))  # noqa: PERF401 - what is here when a later one fails is removed
        except BaseException:
            for found in lists:
                found.remove()
            raise
        parts = tuple(part for found in lists for part in found.parts)
        return Payload(parts, is_complete=all(found.adds_up for found in lists))

    def _children(self, order: Order) -> list[Mapping[str, Any]]:
        """What the templates of each list of a report may use beside the order."""
        children = self._calls.report(order).children
        if children is None:
            return [{}]
        items = self._calls.client.items(children.request, "fetch", report=order.report)
        return [{"parent": item, "child": value_at(item, children.value)} for item in items]

    def _twice(self, order: Order, extra: Mapping[str, Any]) -> _List:
        """A list, read again where it does not add up.

        Where rows come or go while its pages are read, others move to pages that were read before, and are skipped.
        """
        found = self._list(order, extra)
        if found.adds_up:
            return found
        found.remove()
        found = self._list(order, extra)
        if not found.adds_up:
            LOGGER.warning(
                f"The list of {order.report} does not add up, though it was read twice: {found.words}. What came is "
                "emitted, and the next sync asks for the same time again."
            )
        return found

    def _list(self, order: Order, extra: Mapping[str, Any]) -> _List:
        client, name = self._calls.client, self._calls.report(order).request
        spec = client.platform.requests[name]
        found = _List()
        call: Call | None = self._calls.call(name, order, order.parameters, **extra)
        seen: set[str] = set()
        try:
            while call is not None:
                page = self._patiently(call, order, is_first=not found.parts)
                found.parts.append(page)
                if spec.count or spec.pages:
                    found.holds(Payload((page,)), self._options(order.report))
                if spec.count:
                    found.says(_first_of(page, spec.count), spec.count)
                document = _first_of(page, spec.next) if spec.pages == "next_url" else None
                url = next_page(spec, page.link, document)
                call = client.follow(call, url, seen) if url else None
        except BaseException:
            found.remove()
            raise
        return found

    def _patiently(self, call: Call, order: Order, is_first: bool) -> Part:
        try:
            return self._calls.client.patience.through(lambda: self._page(call, order))
        except Refusal as refusal:
            if isinstance(refusal.error, PayloadError):
                raise refusal.error from refusal
            if refusal.status == _NOT_FOUND and not is_first:
                raise Refusal("transient", _gone(order, refusal), status=_NOT_FOUND) from refusal
            raise

    def _page(self, call: Call, order: Order) -> Part:
        """One page. A body that is none, such as a maintenance page, is as good a reason to ask again as a status.

        Raises:
            Refusal: It could not be had.
        """
        try:
            found = self._calls.save(call, order, [200])
            if isinstance(found, Part):
                return _proven(found, self._options(order.report))
        except PayloadError as error:
            raise Refusal("transient", error) from error
        self._calls.client.judge(found, "fetch", order.report)
        raise Refusal("transient", _unexpected(order, found))


def _proven(page: Part, options: ReadOptions) -> Part:
    try:
        verify(Payload((page,)), options)
    except BaseException:
        Payload((page,)).remove()
        raise
    return page


def _gone(order: Order, refusal: Refusal) -> TransientError:
    """What a page is that the page before it has named, and that is not there any more (Django: "Invalid page")."""
    words = f"A page of the list of {order.report} is gone (HTTP 404): the list has become shorter while it was read."
    return TransientError(words, detail=refusal.error.detail)


def _unexpected(order: Order, answer: Answer) -> TransientError:
    return TransientError(f"The list of {order.report} ended with status {answer.status}.")


def _first_of(page: Part, path: Path) -> dict[str, Any]:
    """The members of a file's JSON object that a path may begin with, read like the rows; none of anything else."""
    names = [str(one[0]) for one in choices(path)]
    try:
        found = [
            {name: member(source, name) for name in names} for source in sources(Payload((page,)), ArchiveLimits())
        ]
    except PayloadError:
        return {}  # the proof of the payload will tell what is wrong with it
    return found[0] if found else {}
