"""What all streams of one sync share: plans, orders, payloads, and the engine that fetches them."""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from source_lms_reports.api.client import Client
from source_lms_reports.api.refusal import refusals_as_errors
from source_lms_reports.api.setup import open_dispatcher, read_options
from source_lms_reports.errors import ReportError
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.payload import Payload
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.events import Event, TicketClosed, TicketOpened, Warned
from source_lms_reports.plan.orders import ReportPlan
from source_lms_reports.plan.stream import ReportStream, Selected, Slice
from source_lms_reports.platforms.paths import value_at
from source_lms_reports.platforms.template import fill
from source_lms_reports.spec.settings import Settings
from source_lms_reports.sync.keeper import StateKeeper
from source_lms_reports.sync.live import make_live_progress
from source_lms_reports.sync.progress import Progress
from source_lms_reports.sync.state import StreamState
from source_lms_reports.times import now_utc

LOGGER = logging.getLogger("airbyte")
#: Streams that hold an open table: one whose rows are shaped, and one that is ready when the first has ended. Only one
#: is shaped at a time, as two in one interpreter take longer than one after the other. To open a sheet is to decode
#: it, which leaves the interpreter free.
_OPEN_TABLES = 2


class Sync:
    """One `read`.

    Args:
        settings: The configuration.
        client: The vendor's API.
        selected: The streams to read.
        spool: Where downloads are kept.
        write_state: Takes the name of a stream and its state, each time that it has changed.
        clock: Epoch seconds.
    """

    def __init__(
        self,
        settings: Settings,
        client: Client,
        selected: Sequence[Selected],
        spool: Spool,
        write_state: Callable[[str, Mapping[str, Any]], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.progress = Progress(clock, live=make_live_progress())
        self.started = now_utc(clock())
        self._client = client
        self._platform = client.platform
        self._groups = _by_report(selected)
        self._plans: dict[str, ReportPlan | ReportError] = {}
        self._planning = {report: threading.Lock() for report in self._groups}
        self._guard = threading.RLock()
        self._tables = threading.Semaphore(_OPEN_TABLES)
        self._shaping = threading.Lock()
        self._keepers = {one.stream.name: self._keeper(one, write_state) for one in selected}
        self._open: dict[str, set[str]] = {}
        streams = {report: group[0].stream for report, group in self._groups.items()}
        self._dispatcher = open_dispatcher(
            client, settings, spool, streams, self.options, self._on_event, self.progress.downloading, clock
        )

    @property
    def lookahead(self) -> int:
        """How many windows of one stream are ordered ahead."""
        return self.settings.max_concurrent_reports

    def keeper(self, stream: str) -> StateKeeper:
        """The state of `stream`."""
        return self._keepers[stream]

    def options(self, report: str) -> ReadOptions:
        """How the files of a report are read."""
        return read_options(self._platform, self.settings, self._groups[report][0].stream)

    def plan(self, stream: ReportStream) -> ReportPlan:
        """The plan of the stream's report, made once.

        Raises:
            ReportError: The vendor would not tell what is needed to make it.
        """
        with self._planning[stream.report]:
            if stream.report not in self._plans:
                try:
                    self._plans[stream.report] = self._make_plan(self._groups[stream.report])
                except ReportError as error:
                    self._plans[stream.report] = error
            plan = self._plans[stream.report]
        if isinstance(plan, ReportError):
            raise plan
        return plan

    def submit(self, slice_: Slice) -> None:
        """Have an order fetched for all streams that read it. The second call for the same order does nothing."""
        with self._guard:
            if slice_.order.identity in self._open:
                return
            self._open[slice_.order.identity] = set(slice_.order.streams)
        self._dispatcher.submit(slice_.order, slice_.ticket)

    def payload(self, identity: str) -> Payload:
        """The payload of an order, once it is here.

        Raises:
            ReportError: The order has failed.
        """
        payload: Payload = self._dispatcher.wait(identity)
        return payload

    def release(self, identity: str, stream: str) -> None:
        """`stream` has read its part of an order. After the last one its files are deleted."""
        with self._guard:
            readers = self._open.get(identity)
            if readers is None or stream not in readers:
                return
            readers.discard(stream)
            if readers:
                return
        payload = self._dispatcher.withdraw(identity)
        if payload is not None:
            payload.remove()

    def leave(self, stream: str) -> None:
        """`stream` has ended: let go of everything that was ordered for it."""
        with self._guard:
            mine = [identity for identity, readers in self._open.items() if stream in readers]
        for identity in mine:
            self.release(identity, stream)

    @contextlib.contextmanager
    def opening(self) -> Iterator[None]:
        """Room for an open table."""
        with self._tables:
            yield

    @contextlib.contextmanager
    def shaping(self) -> Iterator[None]:
        """The turn to make records of it."""
        with self._shaping:
            yield

    def stop(self) -> None:
        """The sync is over."""
        self.progress.close()
        self._dispatcher.stop()

    def _keeper(self, one: Selected, write_state: Callable[[str, Mapping[str, Any]], None]) -> StateKeeper:
        field = one.stream.cursor if one.incremental else None
        state = StreamState(field, one.cursor_value, one.tickets, self.started)
        return StateKeeper(state, functools.partial(write_state, one.stream.name))

    def _make_plan(self, group: Sequence[Selected]) -> ReportPlan:
        direct = self._platform.pattern == "pages" or bool(group[0].stream.report_spec.request)
        return ReportPlan(group, self.settings, self.started, self._each(group[0].stream), direct)

    def _each(self, stream: ReportStream) -> list[str] | None:
        each = stream.report_spec.each
        if each is None:
            return None
        given = fill(each.unless, self.settings.context)
        if given:
            return [str(given)]
        with refusals_as_errors():
            items = self._client.items(each.request, each.request, report=stream.report)
        return [str(value_at(item, each.value)) for item in items]

    def _on_event(self, event: Event) -> None:
        if isinstance(event, TicketOpened):
            for stream in event.order.streams:
                if stream in self._keepers:
                    self._keepers[stream].ticket_opened(event.ticket)
        elif isinstance(event, TicketClosed) and event.reason != "delivered":
            # A delivered ticket stays in the state until its rows are handed over: a crash in between would lose it.
            for stream in event.order.streams:
                if stream in self._keepers:
                    self._keepers[stream].ticket_closed(event.order.identity)
        elif isinstance(event, Warned):
            LOGGER.warning(event.text)
        self.progress.event(event)


def _by_report(selected: Sequence[Selected]) -> Mapping[str, list[Selected]]:
    groups: dict[str, list[Selected]] = {}
    for one in selected:
        groups.setdefault(one.stream.report, []).append(one)
    return groups
