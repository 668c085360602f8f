"""Tells how far the reports are, in one line every few seconds at most."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from source_lms_reports.errors import OrderRefused, ReportError, RestartNeeded
from source_lms_reports.jobs.events import Delivered, Event, Failed, Held, Progressed, TicketOpened
from source_lms_reports.jobs.messages import moment
from source_lms_reports.jobs.ticket import Order
from source_lms_reports.sync.live import LiveProgress

LOGGER = logging.getLogger("airbyte")
_INTERVAL = 5.0
_SHOWN = 4
_QUOTA = "quota"
_MIB = 1024 * 1024


def _end(error: ReportError) -> str:
    """How an order has ended. One that was asked for too much may be followed by another, and is no failure yet."""
    match error:
        case RestartNeeded():
            return "the changes cannot be had any more"
        case OrderRefused():
            return "refused"
        case _:
            return "failed"


@dataclass
class _Line:
    text: str
    is_new: bool = True


class Progress:
    """Collects what happens and logs a digest of it.

    Args:
        clock: Seconds that only ever go on.
        interval: The least seconds between two lines.
        live: Live lines for a person who watches, beside the log.
    """

    def __init__(
        self, clock: Callable[[], float], interval: float = _INTERVAL, live: LiveProgress | None = None
    ) -> None:
        self._live = live
        self._clock = clock
        self._interval = interval
        self._guard = threading.Lock()
        self._lines: dict[str, _Line] = {}
        self._rows: dict[str, tuple[float, int]] = {}
        self._last = float("-inf")

    def event(self, event: Event) -> None:
        """Take note of an event of the report engine."""
        if isinstance(event, TicketOpened):
            self._note(event.order, f"{event.how} (job {event.ticket.id})")
        elif isinstance(event, Progressed):
            state = event.state
            facts = [f"{state.progress:.0f} %" if state.progress is not None else ""]
            facts.append(f"{state.lines:,} lines" if state.lines else "")
            self._note(event.order, " ".join(["running", *filter(None, facts)]))
        elif isinstance(event, Delivered):
            self._note(event.order, "downloaded")
        elif isinstance(event, Failed):
            self._note(event.order, _end(event.error))
        elif isinstance(event, Held):
            quota = f" ({event.limit})" if event.limit else ""
            orders = "1 report waits" if event.orders == 1 else f"{event.orders} reports wait"
            self._say(_QUOTA, f"{orders} for the vendor's quota{quota} until {moment(event.until)}")

    def downloading(self, order: Order, done: int, total: int | None) -> None:
        """Take note of the bytes of a download."""
        of = f" of {total / _MIB:,.1f}" if total else ""
        self._note(order, f"downloading {done / _MIB:,.1f}{of} MiB")

    def rows(self, stream: str, count: int) -> None:
        """Take note of rows handed over."""
        with self._guard:
            begun, before = self._rows.get(stream, (self._clock(), 0))
            self._rows[stream] = (begun, before + count)
        rate = (before + count) / max(self._clock() - begun, 1.0)
        self._say(stream, f"{stream}: {before + count:,} rows ({rate:,.0f} a second)")

    def _note(self, order: Order, text: str) -> None:
        span = str(order.window or "")
        self._say(order.identity, f"{order.report}{f' ({span})' if span else ''}: {text}")

    def close(self) -> None:
        """Nothing more will come."""
        if self._live is not None:
            self._live.close()

    def _say(self, key: str, text: str) -> None:
        with self._guard:
            self._lines[key] = _Line(text)
        if self._live is not None:
            self._live.show(key, text)
        self._maybe_tell()

    def _maybe_tell(self) -> None:
        with self._guard:
            now = self._clock()
            if now - self._last < self._interval:
                return
            news = [line for line in self._lines.values() if line.is_new]
            if not news:
                return
            self._last = now
            first = [line for line in news if line is self._lines.get(_QUOTA)]  # why nothing else happens
            rest = [line for line in news if line not in first]
            shown = "; ".join(line.text for line in first + rest[len(first) - _SHOWN :])
            more = f"; and {len(news) - _SHOWN} more" if len(news) > _SHOWN else ""
            for line in news:
                line.is_new = False
        LOGGER.info(f"Progress: {shown}{more}")
