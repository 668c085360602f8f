"""Cuts a stream's time into the windows that its report is ordered by. Pure."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from source_lms_reports.jobs.ticket import Window

_LENGTH = re.compile(r"(\d+) (day|month)s?")
_ONE_DAY = timedelta(days=1)
_FIRST = datetime.min.replace(tzinfo=timezone.utc)
_LAST = datetime.max.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Span:
    """A window as instants: `start` is in it (None: since ever), `end` is not."""

    start: datetime | None
    end: datetime


def now_utc(epoch: float) -> datetime:
    """Epoch seconds as an aware time, cut to the second."""
    return datetime.fromtimestamp(int(epoch), tz=timezone.utc)


def rfc3339(moment: datetime) -> str:
    """`moment` as RFC 3339 in UTC, with whole seconds."""
    return f"{moment.astimezone(timezone.utc).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def shifted(moment: datetime, days: float) -> datetime:
    """`moment` plus or less so many days, or where time as Python knows it ends."""
    try:
        return moment + timedelta(days=days)
    except OverflowError:
        return _FIRST if days < 0 else _LAST


def later(moment: datetime, length: str) -> datetime:
    """`moment` plus a length such as `14 days` or `6 months`. A day that the month lacks becomes its last.

    Raises:
        ValueError: `length` is not a length.
    """
    return _moved(moment, length, 1)


def earlier(moment: datetime, length: str) -> datetime:
    """`moment` less a length such as `14 days` or `6 months`.

    Raises:
        ValueError: `length` is not a length.
    """
    return _moved(moment, length, -1)


def _moved(moment: datetime, length: str, sign: int) -> datetime:
    match = _LENGTH.fullmatch(length)
    if match is None:
        raise ValueError(f"not a length of time: {length!r}")
    count = sign * int(match[1])
    if match[2] == "day":
        return moment + timedelta(days=count)
    months = moment.year * 12 + moment.month - 1 + count
    year, month = divmod(months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def midnight(moment: datetime) -> datetime:
    """The start of the UTC day of `moment`."""
    return moment.astimezone(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)


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
    return later(start, "1 month" if unit == "month" else unit)


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
