"""Cuts a stream's time into the windows that its report is ordered by. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from source_lms_reports.jobs.ticket import Window
from source_lms_reports.times import instant, later, midnight, rfc3339

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """A window as instants: `start` is in it (None: since ever), `end` is not."""

    start: datetime | None
    end: datetime


def unit_start(moment: datetime, unit: str) -> datetime:
    """The start of the calendar `day`, `week` (Monday) or `month` of `moment`, in UTC."""
    day = midnight(moment)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def unit_end(start: datetime, unit: str) -> datetime:
    """Where the unit that begins at `start` ends, exclusive. `unit` is a calendar unit or a length."""
    if unit in ("day", "week"):
        return start + timedelta(days=7 if unit == "week" else 1)
    return later(start, "P1M" if unit == "month" else unit)


def is_calendar(unit: str) -> bool:
    """Whether `unit` is a calendar unit and not a length."""
    return unit in ("day", "week", "month")


def cut(start: datetime, end: datetime, length: str) -> Iterator[Span]:
    """Consecutive spans of at most `length` (the last one may be shorter), in order."""
    while start < end:
        stop = min(unit_end(start, length), end)
        yield Span(start, stop)
        start = stop


def whole_units(start: datetime, end: datetime, unit: str) -> Iterator[Span]:
    """The calendar units from the one that `start` is in, as far as they have ended at `end`."""
    start = unit_start(start, unit)
    while start < end and unit_end(start, unit) <= end:
        stop = unit_end(start, unit)
        yield Span(start, stop)
        start = stop


def halves(window: Window) -> tuple[Window, Window] | None:
    """A window of whole days (both ends in it) as two; None where it is one day."""
    if window.start is None or window.end is None:
        return None
    first, last = date.fromisoformat(window.start), date.fromisoformat(window.end)
    if first >= last:
        return None
    middle = first + (last - first) // 2
    return Window(window.start, middle.isoformat()), Window((middle + _ONE_DAY).isoformat(), window.end)


def as_days(span: Span) -> Window:
    """A span between midnights as dates, both ends in it."""
    start = span.start.date().isoformat() if span.start else None
    return Window(start, (span.end - _ONE_DAY).date().isoformat())


def as_instants(span: Span) -> Window:
    """A span as RFC 3339 times."""
    return Window(rfc3339(span.start) if span.start else None, rfc3339(span.end))


def min_or_none(values: Sequence[Any]) -> Any:
    """The smallest value, where None is smaller than any."""
    return None if any(value is None for value in values) else min(values)


@dataclass(frozen=True)
class WindowView:
    """What templates see as `window`."""

    window: Window

    @property
    def start(self) -> str:
        """Its start as the vendor writes it; empty where it is open."""
        return self.window.start or ""

    @property
    def end(self) -> str:
        """Its end as the vendor writes it; empty where it is open."""
        return self.window.end or ""

    @property
    def start_unix(self) -> int | None:
        """Its start in epoch seconds; None where it is open."""
        return _unix(self.window.start)

    @property
    def end_unix(self) -> int | None:
        """Its end in epoch seconds; None where it is open."""
        return _unix(self.window.end)


def _unix(text: str | None) -> int | None:
    moment = instant(text) if text else None
    return int(moment.timestamp()) if moment else None
