"""What has to be ordered: for each report, one order after the other. Pure.

Streams that come from one report are planned together, so that they share orders.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from source_lms_reports.errors import ConfigError
from source_lms_reports.jobs.ticket import Order, Window
from source_lms_reports.plan.stream import ReportStream, Selected, Slice
from source_lms_reports.plan.timeline import Timeline
from source_lms_reports.plan.windows import WindowView, min_or_none
from source_lms_reports.platforms.model import ReportSpec
from source_lms_reports.platforms.template import fill_all
from source_lms_reports.spec.settings import Settings
from source_lms_reports.times import instant, rfc3339, shifted, written_like

#: A window of an earlier sync may have ended so long after now: what we know of the vendor's time is a little behind
#: it, sometimes more and sometimes less.
_TOLERANCE = timedelta(minutes=1)


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
        spec = self._spec.windows
        if spec is None:
            return list(self._of_window(None))
        timeline = Timeline(spec, self._selected, self._settings, self._now, self._windows_left())
        return [slice_ for window in timeline.windows() for slice_ in self._of_window(window)]

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

    def _windows_left(self) -> dict[datetime | None, Window]:
        """The windows of earlier syncs' jobs that would be ordered just so today, by where they begin."""
        left: dict[datetime | None, Window] = {}
        for ticket in self._tickets.values():
            window = ticket.window
            if window is None or window.end is None:
                continue
            end = instant(window.end)
            orders = (one for parameters in self._sets for one in self._orders(window, parameters))
            ordered = (one.identity for one in orders)
            if end is not None and end <= self._now + _TOLERANCE and ticket.identity in ordered:
                left.setdefault(instant(window.start) if window.start else None, window)
        return left

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
