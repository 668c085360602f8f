"""What has to be ordered: for each report, one order after the other. Pure.

Streams that come from one report are planned together, so that they share orders. A window that an earlier sync
has ordered and not read is planned again exactly as it was, so that its ticket can be taken up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from source_lms_reports.errors import ConfigError
from source_lms_reports.jobs.policy import TICKET_LIFE
from source_lms_reports.jobs.ticket import Order, Window
from source_lms_reports.plan.stream import ReportStream, Selected, Slice
from source_lms_reports.plan.windows import Span, as_days, as_instants, cut, is_calendar, unit_start, whole_units
from source_lms_reports.platforms.model import ReportSpec, WindowSpec
from source_lms_reports.platforms.template import fill_all
from source_lms_reports.spec.settings import Settings
from source_lms_reports.times import earlier, instant, midnight, rfc3339, shifted, written_like

#: A window of an earlier sync may have ended so long after now: what we know of the vendor's time is a little behind
#: it, sometimes more and sometimes less.
_TOLERANCE = timedelta(minutes=1)
_TICKET_LIFE = timedelta(seconds=TICKET_LIFE)


class ReportPlan:
    """The orders of one report for the streams selected from it.

    Args:
        selected: The streams, all of one report.
        settings: The configuration.
        now: The time of the sync, with whole seconds.
        items: Values of the parameter that the report is ordered for each of; None where there is no such parameter.
        direct: Whether the vendor answers at once, without a job.
    """

    def __init__(
        self,
        selected: Sequence[Selected],
        settings: Settings,
        now: datetime,
        items: Sequence[str] | None = None,
        direct: bool = False,
    ) -> None:
        self._selected = selected
        self._settings = settings
        self._now = min(now, settings.end) if settings.end else now
        self._first = selected[0].stream
        self._spec = self._first.report_spec
        self._sets = list(self._parameter_sets(items))
        self._items = items
        self._direct = direct
        self._tickets = {ticket.identity: ticket for one in selected for ticket in one.tickets}

    def slices(self) -> list[Slice]:
        """All orders, in the order of time."""
        return [slice_ for window in self._windows() for slice_ in self._of_window(window)]

    def restarted(self) -> ReportPlan | None:
        """The plan of a first sync; None where this is one."""
        if all(one.cursor_value is None for one in self._selected):
            return None
        anew = [replace(one, cursor_value=None) for one in self._selected]
        return ReportPlan(anew, self._settings, self._now, self._items, self._direct)

    def order(self, window: Window | None) -> Order:
        """The order for one window, with the report's first parameter set."""
        return self._orders(window, self._sets[0])[0]

    def _order(self, window: Window | None, parameters: Mapping[str, Any], *, fresh: bool) -> Order:
        """The order for one window.

        Args:
            window: The time to ask for.
            parameters: One of the report's parameter sets.
            fresh: Whether what the vendor has kept from before is left aside.
        """
        spec = self._spec.windows
        if spec is not None and window is not None:
            if not self._is_open(window):
                view = {**self._context(), "window": WindowView(window)}
                parameters = {**parameters, **fill_all(spec.parameters, view)}
            if fresh and any(one.incremental for one in self._selected):
                parameters = {**parameters, **fill_all(spec.fresh, self._context())}
        names = tuple(one.stream.name for one in self._selected)
        return Order(self._first.report, parameters, window, names, direct=self._direct)

    def _orders(self, window: Window | None, parameters: Mapping[str, Any]) -> list[Order]:
        """The orders whose jobs answer for a window: as it is ordered now, then as an earlier version did."""
        return [self._order(window, parameters, fresh=fresh) for fresh in (True, False)]

    def parts(self, slice_: Slice, windows: Sequence[Window]) -> list[Slice]:
        """The orders for the parts of a slice's window, in the order of time.

        Where the window is one order, each part is read when its order is; else the last one with the last order.
        """
        each = len(self._sets) == 1
        return [
            self._slice(one, slice_.parameters, slice_.closes_window and (each or one is windows[-1]))
            for one in windows
        ]

    def following(self, slice_: Slice, parameters: Mapping[str, Any]) -> Slice:
        """The order by which a slice goes on where the vendor has cut its result off. It closes no window."""
        return self._slice(slice_.window, {**slice_.parameters, **parameters}, False)

    def whole(self, slice_: Slice) -> Slice | None:
        """All of the report up to the end of the slice's window; None where even that is a window to ask for."""
        window = slice_.window
        if window is None or window.start is None:
            return None
        whole = Window(None, window.end)
        return self._slice(whole, slice_.parameters, slice_.closes_window) if self._is_open(whole) else None

    def _of_window(self, window: Window | None) -> Iterator[Slice]:
        for number, parameters in enumerate(self._sets, start=1):
            yield self._slice(window, parameters, number == len(self._sets))

    def _slice(self, window: Window | None, parameters: Mapping[str, Any], closes_window: bool) -> Slice:
        orders = self._orders(window, parameters)
        order = next((one for one in orders if one.identity in self._tickets), orders[0])
        return Slice(order, window, closes_window, self._tickets.get(order.identity), parameters)

    def _is_open(self, window: Window) -> bool:
        """A window since ever asks for everything: no time filter is sent."""
        spec = self._spec.windows
        is_whole = spec is not None and spec.whole_first
        return window.start is None and (is_whole or self._settings.end is None)

    def _context(self) -> dict[str, Any]:
        floor = min_or_none([self._cursor_floor(one) for one in self._selected])
        end = rfc3339(self._settings.end) if self._settings.end else ""
        facts = {"report": self._first.report, "item": self._first.item, "cursor": floor or "", "end": end}
        return {**self._settings.context, **facts}

    def _parameter_sets(self, items: Sequence[str] | None) -> Iterator[dict[str, Any]]:
        context, spec = self._context(), self._spec
        outputs = [one.stream.part.output for one in self._selected] if spec.selectors else []
        selectors = dict.fromkeys(outputs, "true")
        extra = user_parameters(self._settings, self._first)
        base = {**fill_all(spec.parameters, context), **selectors, **extra}
        _require(spec, self._first.report, base)
        each = [{spec.each.parameter: value} for value in items] if spec.each and items is not None else [{}]
        for one in each:
            yield {**base, **one}
        for also in spec.also_with:
            filled = fill_all(also, context)
            if set(filled) == set(also):
                yield {**filled, **selectors, **extra}

    def _windows(self) -> Iterator[Window | None]:
        spec = self._spec.windows
        if spec is None:
            return iter([None])
        start = min_or_none([self._start(one, spec) for one in self._selected])
        if start is None and spec.only_with_start:
            return iter([None])
        if spec.unit == "days":
            return self._days(spec, start)
        return self._instants(spec, start)

    def _start(self, one: Selected, spec: WindowSpec) -> datetime | None:
        """Where the stream's time begins in this sync; None for since ever."""
        moment = instant(one.cursor_value) if one.cursor_value else None
        if moment is not None:
            if spec.unit == "days" and one.stream.cursor_kind == "window":
                moment = shifted(moment, 1)
            moment = shifted(moment, -self._settings.lookback_days)
            return max(moment, self._settings.start) if self._settings.start else moment
        if spec.whole_first:
            return None
        if self._settings.start:
            return self._settings.start
        return self._default_start(spec) if spec.default_start else None

    def _default_start(self, spec: WindowSpec) -> datetime:
        """Where a first sync begins. It moves with the clock, but not past a window that the sync before has ordered.

        Two years back it is 2024-11-26 03:00, and a job of last night goes from 2024-11-25 03:00 on: it begins there.
        """
        start = earlier(self._now, spec.default_start)
        left = (at for _, at in self._windows_left() if at is not None and start - _TICKET_LIFE <= at)
        return min([start, *left])

    def _days(self, spec: WindowSpec, start: datetime | None) -> Iterator[Window]:
        unit = str(fill_all({"length": spec.length}, self._settings.context)["length"])
        end = midnight(self._now)
        position = midnight(start) if start else earlier(end, spec.default_start)
        if is_calendar(unit):
            yield from map(as_days, self._units(position, end, unit, spec.open_end))
            return
        while position < end:
            window = self._left_behind(position)
            if window is None:
                window = as_days(next(cut(position, self._end_before_jobs(position, end), unit)))
            yield window
            position = midnight(instant(window.end or "") or end) + timedelta(days=1)

    @staticmethod
    def _units(start: datetime, end: datetime, unit: str, open_end: bool) -> list[Span]:
        spans = list(whole_units(start, end, unit))
        if open_end:
            reached = spans[-1].end if spans else unit_start(start, unit)
            spans.append(Span(reached, end + timedelta(days=1)))
        return spans

    def _instants(self, spec: WindowSpec, start: datetime | None) -> Iterator[Window]:
        if start is not None and spec.optional and (whole := self._left_behind(None)) is not None:
            yield whole  # what came since is the next sync's
            return
        position = start
        while position is None or position < self._now:
            window = self._left_behind(position) or as_instants(self._next_span(spec, position))
            yield window
            end = instant(window.end or "")
            if position is None or end is None:
                return
            position = end

    def _next_span(self, spec: WindowSpec, position: datetime | None) -> Span:
        if position is None:
            return Span(None, self._now)
        end = self._end_before_jobs(position, self._now)
        return next(cut(position, end, spec.length)) if spec.length else Span(position, end)

    def _left_behind(self, position: datetime | None) -> Window | None:
        """The window of a job of an earlier sync that begins at `position` and would be ordered just so today."""
        return next((window for window, start in self._windows_left() if start == position), None)

    def _end_before_jobs(self, position: datetime, end: datetime) -> datetime:
        """`end`, or the start of a window before it that an earlier sync has ordered: its job is to be read, too."""
        starts = [start for _, start in self._windows_left() if start is not None and position < start < end]
        return min(starts, default=end)

    def _windows_left(self) -> Iterator[tuple[Window, datetime | None]]:
        """The windows of earlier syncs' jobs that would be ordered just so today, and where they begin."""
        for ticket in self._tickets.values():
            window = ticket.window
            if window is None or window.end is None:
                continue
            end = instant(window.end)
            orders = (one for parameters in self._sets for one in self._orders(window, parameters))
            ordered = (one.identity for one in orders)
            if end is not None and end <= self._now + _TOLERANCE and ticket.identity in ordered:
                yield window, instant(window.start) if window.start else None

    def _cursor_floor(self, one: Selected) -> str | None:
        """The cursor that the vendor is asked to start at, in the vendor's own way of writing it."""
        settings = self._settings
        if one.stream.cursor_kind == "told":
            return one.cursor_value
        if one.cursor_value is None or one.stream.cursor is None:
            return rfc3339(settings.start) if settings.start and one.stream.cursor else None
        moment = instant(one.cursor_value)
        if moment is None or not settings.lookback_days:
            return one.cursor_value
        return written_like(shifted(moment, -settings.lookback_days), one.cursor_value)


def _require(spec: ReportSpec, report: str, parameters: Mapping[str, Any]) -> None:
    """Refuse to order a report without what it needs.

    Raises:
        ConfigError: A setting is missing.
    """
    missing = [setting for names, setting in spec.needs.items() if not set(names.split("|")) & set(parameters)]
    if missing:
        raise ConfigError(
            f"The report {report} needs `{'` and `'.join(missing)}`, which the configuration leaves empty. Fill it, or "
            "leave the stream out of the sync."
        )


def user_parameters(settings: Settings, stream: ReportStream) -> dict[str, str | list[str]]:
    """The user's own parameters of a stream's report.

    A switch that is off is left out: some vendors test for presence only. So is a list without elements.
    """
    given = settings.platform.get("report_parameters") or []
    mine = {one["name"]: str(one["value"]) for one in given if one["report"] == stream.report}
    lists = stream.report_spec.lists
    found = {name: _elements(value) if name in lists else value for name, value in mine.items()}
    return {name: value for name, value in found.items() if value != [] and str(value).lower() != "false"}


def _elements(text: str) -> list[str]:
    """`"active, invited,"` -> `["active", "invited"]`."""
    return [part.strip() for part in text.split(",") if part.strip()]


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
