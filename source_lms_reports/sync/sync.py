"""One read: what its streams share, and how the report engine's events reach their states."""

from __future__ import annotations

import functools
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from source_lms_reports.api.client import Client
from source_lms_reports.api.setup import open_dispatcher, read_options
from source_lms_reports.errors import JobOverdue
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.events import Delivered, Event, Failed, OrderInDoubt, TicketClosed, TicketOpened, Warned
from source_lms_reports.jobs.ticket import Order
from source_lms_reports.plan.orders import ReportPlan
from source_lms_reports.plan.stream import ReportStream, Selected, Wanted
from source_lms_reports.spec.settings import Settings, require_past_start
from source_lms_reports.sync.keeper import StateKeeper
from source_lms_reports.sync.live import make_live_progress
from source_lms_reports.sync.plans import Plans
from source_lms_reports.sync.progress import Progress
from source_lms_reports.sync.shared_orders import Dispatch, SharedOrders
from source_lms_reports.sync.state import Saved, StreamState, read_state
from source_lms_reports.sync.turns import Turns
from source_lms_reports.times import now_utc

LOGGER = logging.getLogger("airbyte")

WriteState: TypeAlias = Callable[[str, Mapping[str, Any]], None]
"""Takes the name of a stream and its state, each time that it has changed."""
OpenDispatch: TypeAlias = Callable[[Callable[[Event], None]], Dispatch]
"""Makes what fetches the reports of a sync, and tells each event."""


def begin_sync(
    settings: Settings,
    client: Client,
    streams: Sequence[tuple[Wanted, ReportStream]],
    spool: Spool,
    write_state: WriteState,
    **seams: Any,
) -> Sync:
    """A sync of some streams, each from where the last one left it. Every door begins here.

    The vendor is asked for its time, as nothing is read beyond it. What of a state does not count is told. The streams
    whose reports took longest in the last sync come first, the others in the given order.

    Args:
        settings: The configuration.
        client: The vendor's API.
        streams: The streams with what is wanted of them.
        spool: Where downloads are kept.
        write_state: Takes the states.
        seams: Further arguments of `Sync`.
    """
    if streams:
        client.learn_vendor_time()
    now = now_utc(client.vendor_now())
    require_past_start(settings, now)
    if streams and all(stream.cursor_kind == "told" for _, stream in streams):
        _tell_without_effect(settings, client.platform.title)
    selected = [_selected(wanted, stream, now, client.account) for wanted, stream in streams]
    return Sync(settings, client, _in_turn(client, selected), spool, write_state, now, **seams)


def _in_turn(client: Client, selected: Sequence[Selected]) -> Sequence[Selected]:
    """The streams in the order in which their reports are ordered: the longest must not be the last to begin.

    Where the vendor counts orders, its quota says how long a sync takes, so the order stays.

    Slots that take (1, 1, 8) seconds, two at a time -> 9 seconds; (8, 1, 1) -> 8 seconds.
    """
    return selected if client.platform.quotas else sorted(selected, key=lambda one: -one.seconds)


def _selected(wanted: Wanted, stream: ReportStream, now: datetime, account: str) -> Selected:
    """A stream with what counts of its state. A full refresh takes up jobs, but not the cursor."""
    field = stream.cursor if wanted.incremental else None
    saved = read_state(wanted.state, field, now, account, kind=stream.cursor_kind)
    for warning in saved.warnings:
        LOGGER.warning(f"Stream {stream.name}: {warning}")
    return Selected(stream, saved.cursor, field is not None, saved.tickets, saved.seconds, saved.orders)


def _tell_without_effect(settings: Settings, title: str) -> None:
    """Name the settings that cannot say what is read: the vendor itself tells where the next order begins."""
    bounds = {"start_date": settings.start, "end_date": settings.end, "lookback_days": settings.lookback_days}
    named = " and ".join(name for name, value in bounds.items() if value)
    if named:
        LOGGER.info(f"{title} itself says where the next sync begins, so {named} has no effect here.")


class Sync:
    """One `read`.

    Args:
        settings: The configuration.
        client: The vendor's API.
        selected: The streams to read.
        spool: Where downloads are kept.
        write_state: Takes the states.
        now: The vendor's time.
        clock: Seconds that only ever go on, for what is shown of the progress.
        open_dispatch: Makes what fetches the reports; the report engine with its threads if None.
        progress: Tells how far the reports are; if None, a person at a terminal sees it live as well.
    """

    def __init__(
        self,
        settings: Settings,
        client: Client,
        selected: Sequence[Selected],
        spool: Spool,
        write_state: WriteState,
        now: datetime,
        *,
        clock: Callable[[], float] = time.monotonic,
        open_dispatch: OpenDispatch | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.settings = settings
        self.selected = selected
        self.progress = progress or Progress(clock, live=make_live_progress())
        self.turns = Turns()
        self.platform = client.platform
        self._groups = _by_report(selected)
        self._plans = Plans(settings, client, self._groups, now)
        self._keepers = {one.stream.name: self._keeper(one, write_state, now) for one in selected}
        if open_dispatch is None:
            streams = {report: group[0].stream for report, group in self._groups.items()}
            told = self._on_event, self.progress.downloading, lambda: self.turns.is_shaping
            ordered = {report: group[0].orders_past for report, group in self._groups.items()}
            self._dispatch: Dispatch = open_dispatcher(
                client, settings, spool, streams, self.options, *told, ordered=ordered
            )
        else:
            self._dispatch = open_dispatch(self._on_event)
        self.orders = SharedOrders(self._dispatch)

    @property
    def orders_ahead(self) -> int:
        """How many orders of one stream stand in line at a time.

        Where the vendor counts orders, all of them: the engine then orders a stream to its end before the next one.
        """
        return sys.maxsize if self.platform.quotas else self.settings.max_concurrent_reports

    def keeper(self, stream: str) -> StateKeeper:
        """The state of `stream`."""
        return self._keepers[stream]

    def sharing(self, report: str) -> Sequence[Selected]:
        """The streams of this sync that read `report`."""
        return self._groups[report]

    def options(self, report: str) -> ReadOptions:
        """How the files of a report are read."""
        return read_options(self.platform, self.settings, [one.stream for one in self._groups[report]])

    def plan(self, stream: ReportStream) -> ReportPlan:
        """See `Plans.of`."""
        return self._plans.of(stream)

    def stop(self) -> None:
        """The sync is over."""
        self.progress.close()
        self._dispatch.stop()

    def _keeper(self, one: Selected, write_state: WriteState, now: datetime) -> StateKeeper:
        stream, settings = one.stream, self.settings
        field = stream.cursor if one.incremental else None
        saved = Saved(one.cursor_value, one.tickets, seconds=one.seconds, orders=one.orders)
        kept = max((limit.per_seconds for limit in self.platform.quotas if limit.per), default=0)
        state = StreamState(field, saved, now, settings.end, kind=stream.cursor_kind, remembers=kept)
        return StateKeeper(state, functools.partial(write_state, stream.name))

    def _on_event(self, event: Event) -> None:
        match event:
            case TicketOpened(order, ticket):
                for keeper in self._readers(order):
                    keeper.ticket_opened(ticket)
            case OrderInDoubt(order, at):
                for keeper in self._readers(order):
                    keeper.order_counts(at)
            case TicketClosed(order, _, reason):
                for keeper in self._readers(order):
                    keeper.ticket_closed(order.identity, reason)
            case Delivered(order, made_in=float(seconds)):
                self._waited(order, seconds)
            case Failed(order, JobOverdue()):
                self._waited(order, self.settings.report_timeout)
            case Warned(_, text):
                LOGGER.warning(text)
        self.progress.event(event)

    def _waited(self, order: Order, seconds: float) -> None:
        for keeper in self._readers(order):
            keeper.waited(seconds)

    def _readers(self, order: Order) -> list[StateKeeper]:
        return [self._keepers[name] for name in order.streams if name in self._keepers]


def _by_report(selected: Sequence[Selected]) -> Mapping[str, list[Selected]]:
    groups: dict[str, list[Selected]] = {}
    for one in selected:
        groups.setdefault(one.stream.report, []).append(one)
    return groups
