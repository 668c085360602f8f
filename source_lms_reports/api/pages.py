"""Lists that are answered at once, page after page, each page a file."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from source_lms_reports.api.answer import Answer
from source_lms_reports.api.calls import OrderCalls
from source_lms_reports.api.client import next_page
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.api.transport import Call
from source_lms_reports.errors import PayloadError, TransientError
from source_lms_reports.files.archive import sources
from source_lms_reports.files.json_sections import member
from source_lms_reports.files.options import ArchiveLimits
from source_lms_reports.files.payload import Part, Payload
from source_lms_reports.jobs.ticket import Order
from source_lms_reports.platforms.paths import value_at


class PageReader:
    """Reads the lists that need no job.

    Args:
        calls: Makes the requests.
    """

    def __init__(self, calls: OrderCalls) -> None:
        self._calls = calls

    def parts(self, order: Order) -> Iterator[Part]:
        """The pages of a report: those of its list, or of the list of each of its children.

        Raises:
            Refusal: A page could not be had.
            PayloadError: A page broke off.
        """
        children = self._calls.report(order).children
        if children is None:
            yield from self._list(order, {})
            return
        for item in self._calls.client.items(children.request, "fetch", report=order.report):
            yield from self._list(order, {"parent": item, "child": value_at(item, children.value)})

    def _list(self, order: Order, extra: Mapping[str, Any]) -> Iterator[Part]:
        client, name = self._calls.client, self._calls.report(order).request
        spec = client.platform.requests[name]
        call: Call | None = self._calls.call(name, order, order.parameters, **extra)
        seen: set[str] = set()
        while call is not None:
            page = client.patience.through(functools.partial(self._page, call, order))
            yield page
            document = _first_of(page, spec.next) if spec.pages == "next_url" else None
            url = next_page(spec, page.link, document)
            call = client.follow(call, url, seen) if url else None

    def _page(self, call: Call, order: Order) -> Part:
        found = self._calls.save(call, order, [200])
        if isinstance(found, Part):
            return found
        self._calls.client.judge(found, "fetch", order.report)
        raise Refusal("transient", _unexpected(order, found))


def _unexpected(order: Order, answer: Answer) -> TransientError:
    return TransientError(f"The list of {order.report} ended with status {answer.status}.")


def _first_of(page: Part, path: Sequence[str | int]) -> dict[str, Any]:
    """The member of the JSON object in a file that a path begins with, read like the rows; of anything else, none."""
    name = str(path[0])
    try:
        values = [member(source, name) for source in sources(Payload((page,)), ArchiveLimits())]
    except PayloadError:
        return {}  # the proof of the payload will tell what is wrong with it
    return {name: values[0]} if values else {}
