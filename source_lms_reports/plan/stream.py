"""A stream of a report: what is known about it, where the last sync left it, and one order of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from source_lms_reports.jobs.ticket import Order, Ticket, Window
from source_lms_reports.platforms.model import ReportSpec, StreamSpec

REPORT_START, REPORT_END = "_report_start", "_report_end"

CursorKind = Literal["rows", "window", "told"]
"""What a cursor is: the greatest value of a column of the vendor's, so that it tells rows apart; the end of a window,
which is no column of the vendor's; or what the vendor's jobs say of how far they reach."""


@dataclass(frozen=True)
class ReportStream:
    """One stream with all that is known about it.

    Attributes:
        name: The stream's name.
        report: The vendor's id of its report.
        report_spec: How the report is ordered.
        part: Which part of the report it is.
        schema: The JSON schema of its records.
        moment: The column by which rows tell the moment of their file, where the vendor has the files ready.
        item: The user's declaration of a configured stream, or what the vendor's list says of a listed one.
        jobs_tell: Whether the vendor's jobs say how far they reach, which is the cursor then.
    """

    name: str
    report: str
    report_spec: ReportSpec
    part: StreamSpec
    schema: Mapping[str, Any]
    item: Mapping[str, Any] = field(default_factory=dict)
    moment: str = ""
    jobs_tell: bool = False

    @property
    def cursor(self) -> str | None:
        """The cursor column, or None where the stream is full refresh only."""
        return self.part.cursor or None

    @property
    def cursor_kind(self) -> CursorKind | None:
        """What the cursor is; None where there is none."""
        if self.cursor is None:
            return None
        if self.cursor in (REPORT_END, self.moment):
            return "window"
        return "told" if self.jobs_tell else "rows"


@dataclass(frozen=True)
class Wanted:
    """A stream as a catalog asks for it.

    Attributes:
        name: The stream's name.
        schema: The JSON schema that the catalog has for it.
        cursor_field: The catalog's cursor column, if it names one.
        incremental: Whether the stream is to be read incrementally.
        state: What the last sync left.
    """

    name: str
    schema: Mapping[str, Any] = field(default_factory=dict)
    cursor_field: str | None = None
    incremental: bool = False
    state: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Selected:
    """A stream of this sync, with where the last one left it.

    Attributes:
        cursor_value: The cursor in the state; None on a full refresh and on the first sync.
        incremental: Whether the stream is read incrementally in this sync.
        tickets: Jobs that the last sync left running.
        seconds: How long the vendor made its report in the last sync; 0 where that is not known.
        orders: When earlier syncs ordered its report, in the vendor's epoch seconds.
    """

    stream: ReportStream
    cursor_value: str | None = None
    incremental: bool = False
    tickets: tuple[Ticket, ...] = ()
    seconds: int = 0
    orders: tuple[float, ...] = ()

    @property
    def orders_past(self) -> tuple[float, ...]:
        """Those orders of which no job is left."""
        at_work = {round(ticket.ordered_at, 3) for ticket in self.tickets}
        return tuple(at for at in self.orders if round(at, 3) not in at_work)


@dataclass(frozen=True)
class Slice:
    """One order of a stream.

    Attributes:
        window: The time it covers, or None.
        closes_window: Whether the window is read once this slice is.
        ticket: The job of an earlier sync that answers it.
        parameters: What it asks for beside the window.
    """

    order: Order
    window: Window | None = None
    closes_window: bool = True
    ticket: Ticket | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
