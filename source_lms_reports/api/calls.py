"""The requests that are made for an order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import requests

from source_lms_reports.api.answer import MAX_ANSWER_BYTES, Answer
from source_lms_reports.api.client import Client
from source_lms_reports.api.download import download, store
from source_lms_reports.api.transport import Call, ConnectionFault
from source_lms_reports.errors import TruncatedPayload
from source_lms_reports.files.answers import answer_in
from source_lms_reports.files.payload import Part
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.ticket import Order, Ticket, Window
from source_lms_reports.plan.windows import WindowView
from source_lms_reports.platforms.model import ReportSpec
from source_lms_reports.platforms.template import fill

_OK = 200
#: Told an order, the bytes of its file that are here, and the bytes announced.
Progress = Callable[[Order, int, "int | None"], None]


class BodyBrokeOff(TruncatedPayload):
    """The answer that is the report, or a page of it, broke off while it came."""


class OrderCalls:
    """Makes the requests of all orders of a sync.

    Args:
        client: The vendor's API.
        spool: Where files are kept.
        reports: The reports of this sync by their ids.
        progress: Told the bytes of downloads.
        most: So many bytes of a report are enough, where its first rows say what is wanted; None for all of it.
        items: What the vendor's list says of the reports, by their ids.
    """

    def __init__(
        self,
        client: Client,
        spool: Spool,
        reports: Mapping[str, ReportSpec],
        progress: Progress,
        most: int | None = None,
        items: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.client = client
        self.most = most
        self.spool = spool
        self._reports = reports
        self._progress = progress
        self._items = items or {}

    def report(self, order: Order) -> ReportSpec:
        """What is known of the report that is ordered."""
        return self._reports[order.report]

    def call(
        self,
        name: str,
        order: Order,
        parameters: Mapping[str, Any] | None = None,
        parts: Sequence[str] = (),
        **extra: Any,
    ) -> Call:
        """The request called `name`, filled for an order.

        Args:
            name: One of the platform's requests.
            order: The order.
            parameters: Those that are sent along.
            parts: Ids of the files that it is about.
            extra: Further names for the templates.
        """
        item = self._items.get(order.report, {})
        facts = {"report": order.report, "item": item, "job_type": self._job_type(order), **extra}
        return self.client.prepare(
            name, parameters=parameters, parts=parts, authenticator=self._authenticator(order), **facts
        )

    def ask(
        self,
        step: str,
        order: Order,
        parameters: Mapping[str, Any] | None = None,
        also: Collection[int] = (),
        **extra: Any,
    ) -> tuple[Answer, Any]:
        """Send the request called `step`; answers of the statuses in `also` are good ones, too.

        Returns:
            The answer, and the JSON in it.

        Raises:
            Refusal: It is no success, or no JSON.
        """
        return self.client.ask(self.call(step, order, parameters, **extra), step, order.report, also=also)

    def save(self, call: Call, order: Order, good: Collection[int], most: int | None = None) -> Part | Answer:
        """The body of a good answer on disk, or the other answer.

        Args:
            call: The request.
            order: The order that it is made for.
            good: The statuses of good answers.
            most: As for `download.download`.

        Raises:
            Refusal: No answer came.
            BodyBrokeOff: The body ended early.
        """
        return self.client.fetch(call, lambda response: self._stored(response, order, most), good)

    def save_or_read(self, call: Call, order: Order) -> Part | Answer:
        """The body of an answer on disk if it is a report, or the answer. What is raised is that of `save`."""

        def saved(response: requests.Response) -> Part | Answer:
            part = self._stored(response, order)
            body = answer_in(part, MAX_ANSWER_BYTES, self.client.platform.job.statuses)
            if body is None:
                return part
            part.path.unlink()
            return Answer(response.status_code, response.headers, body, response.url)

        return self.client.fetch(call, saved, (_OK,))

    def _stored(self, response: requests.Response, order: Order, most: int | None = None) -> Part:
        try:
            return store(response, self.spool, self._teller(order), most)
        except ConnectionFault as fault:
            words = f"The report broke off while it came. {fault.message}"
            raise BodyBrokeOff(words, detail=fault.detail) from fault

    def download(self, order: Order, url: str) -> Part:
        """The file at a link. What is raised is that of `download.download`."""

        def opened(headers: Mapping[str, str]) -> AbstractContextManager[requests.Response]:
            return self.client.opened(url, headers, self._authenticator(order))

        return download(opened, self.spool, self.client.vendor_now, self._teller(order), self.most)

    def _job_type(self, order: Order) -> str:
        spec = self._reports.get(order.report)
        if spec is None or not spec.job_type:
            return order.report
        window = WindowView(order.window or Window(None, None))
        return str(fill(spec.job_type, {**self.client.context, "report": order.report, "window": window}))

    def _authenticator(self, order: Order) -> str:
        return self._reports[order.report].authenticator if order.report in self._reports else "default"

    def ticket(self, order: Order, job_id: str, ordered_at: float, adopted: bool = False) -> Ticket:
        """The ticket of a job that answers `order`, ordered at so many epoch seconds of the vendor's clock."""
        return Ticket(
            job_id,
            order.identity,
            order.report,
            order.parameters,
            order.window,
            ordered_at,
            adopted,
            account=self.client.account,
        )

    def _teller(self, order: Order) -> Callable[[int, int | None], None]:
        return lambda done, total: self._progress(order, done, total)
