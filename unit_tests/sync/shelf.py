"""A sync whose reports lie ready: each order has a file, an error, or what a function makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from source_lms_reports.api.client import Client
from source_lms_reports.api.connect import connect
from source_lms_reports.api.transport import Transport
from source_lms_reports.errors import ReportError
from source_lms_reports.files.payload import Part, Payload
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.events import Event, TicketClosed, TicketOpened
from source_lms_reports.jobs.ticket import Order, Ticket
from source_lms_reports.plan.stream import Selected
from source_lms_reports.spec.settings import Settings
from source_lms_reports.streams.catalog import Reports, by_name
from source_lms_reports.sync.reader import StreamReader
from source_lms_reports.sync.sync import Sync
from unit_tests.connections import MINIMAL

NOW = datetime(2026, 3, 2, 10, 30, tzinfo=timezone.utc)
Content = bytes | ReportError | Payload
Report = Callable[[Order], Content]


class Shelf:
    """Stands in for the dispatcher: delivers at once, and remembers what was asked.

    Args:
        folder: Where files are written.
        report: What an order brings.
        on_event: Told of tickets.
    """

    def __init__(self, folder: Path, report: Report, on_event: Callable[[Event], None]) -> None:
        self._folder = folder
        self._report = report
        self._on_event = on_event
        self._here: dict[str, Payload | ReportError] = {}
        self._tickets: dict[str, tuple[Order, Ticket]] = {}
        self.submitted: list[Order] = []
        self.withdrawn: list[str] = []

    def submit(self, order: Order, stored: Ticket | None = None) -> None:
        """See `Dispatch`."""
        self.submitted.append(order)
        number, at = len(self.submitted), NOW.timestamp()
        ticket = stored or Ticket(str(number), order.identity, order.report, order.parameters, order.window, at)
        self._tickets[order.identity] = order, ticket
        self._on_event(TicketOpened(order, ticket, "resumed" if stored else "ordered"))
        content = self._report(order)
        if isinstance(content, ReportError):
            self._here[order.identity] = content
            self._on_event(TicketClosed(order, ticket, "failed"))
            return
        if isinstance(content, Payload):
            self._here[order.identity] = content
            return
        path = self._folder / f"report-{number}"
        path.write_bytes(content)
        self._here[order.identity] = Payload((Part(path),), ticket.ordered_at)

    def wait(self, identity: str) -> Payload:
        """See `Dispatch`."""
        found = self._here[identity]
        if isinstance(found, ReportError):
            raise found
        return found

    def withdraw(self, identity: str) -> Payload | None:
        """See `Dispatch`."""
        self.withdrawn.append(identity)
        found = self._here.pop(identity)
        return found if isinstance(found, Payload) else None

    def stop(self) -> None:
        """See `Dispatch`."""

    @property
    def left(self) -> list[str]:
        """The files that were not removed."""
        return sorted(path.name for path in self._folder.glob("report-*"))


class Desk:
    """One sync of a platform.

    Args:
        folder: Where files are written.
        platform: The platform.
        report: What an order brings.
        streams: The streams by name, each with the cursor of the last sync: empty for none, None for a full refresh.
        settings: More of the configuration.
        change: Changes a selected stream.
    """

    def __init__(
        self,
        folder: Path,
        platform: str,
        report: Report | bytes,
        streams: Mapping[str, str | None],
        settings: Mapping[str, Any] | None = None,
        change: Callable[[Selected], Selected] = lambda one: one,
    ) -> None:
        self.states: list[tuple[str, Mapping[str, Any]]] = []
        self.client, self.settings = connection(platform, **(settings or {}))
        known = by_name(Reports(self.client.platform, self.settings).declared().values())
        chosen = [Selected(known[name], cursor or None, cursor is not None) for name, cursor in streams.items()]
        self.shelf: Shelf
        self.sync = Sync(
            self.settings, self.client, list(map(change, chosen)), Spool(folder), self._write, NOW,
            open_dispatch=lambda on_event: self._open(folder, report, on_event),
        )  # fmt: skip

    def reader(self, stream: str) -> StreamReader:
        """The reader of a stream, for plain records."""
        return StreamReader(self.sync, next(one for one in self.sync.selected if one.stream.name == stream), None)

    def read(self, stream: str) -> list[Any]:
        """All records of a stream; each of its windows is closed behind its rows."""
        reader, rows = self.reader(stream), []
        try:
            for slice_ in reader.slices():
                rows += list(reader.read(slice_))
                reader.close(slice_)
        finally:
            reader.leave()
        return rows

    def state(self, stream: str) -> Mapping[str, Any]:
        """The stream's last state."""
        return [state for name, state in self.states if name == stream][-1]

    def _write(self, stream: str, state: Mapping[str, Any]) -> None:
        self.states.append((stream, dict(state)))

    def _open(self, folder: Path, report: Report | bytes, on_event: Callable[[Event], None]) -> Shelf:
        make: Report = (lambda _: report) if isinstance(report, bytes) else report
        self.shelf = Shelf(folder, make, on_event)
        return self.shelf


def connection(platform: str, **settings: Any) -> tuple[Client, Settings]:
    """A connection to a platform, by which nothing is asked."""
    made, client = connect({"platform": {"name": platform, **MINIMAL[platform]}, **settings}, Transport())
    return client, made
