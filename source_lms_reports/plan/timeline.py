"""The time of a report as the windows that are ordered one after the other. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from source_lms_reports.jobs.policy import TICKET_LIFE
from source_lms_reports.jobs.ticket import Window
from source_lms_reports.plan.stream import Selected
from source_lms_reports.plan.windows import (
    Span,
    as_days,
    as_instants,
    cut,
    is_calendar,
    min_or_none,
    unit_start,
    whole_units,
)
from source_lms_reports.platforms.model import WindowSpec
from source_lms_reports.platforms.template import fill_all
from source_lms_reports.spec.settings import Settings
from source_lms_reports.times import earlier, instant, midnight, shifted

_TICKET_LIFE = timedelta(seconds=TICKET_LIFE)


class Timeline:
    """The windows of one report.

    A window whose job is still to be read is among them just as it was ordered, so that its ticket can be taken up.

    Args:
        spec: What the platform says of the report's windows.
        selected: The streams that share them.
        settings: The configuration.
        now: Where the last window ends at the latest.
        left: The windows that earlier syncs have ordered and not read, and that would be ordered just so today, by
            where they begin (None: since ever).
    """

    def __init__(
        self,
        spec: WindowSpec,
        selected: Sequence[Selected],
        settings: Settings,
        now: datetime,
        left: Mapping[datetime | None, Window],
    ) -> None:
        self._spec = spec
        self._selected = selected
        self._settings = settings
        self._now = now
        self._left = left

    def windows(self) -> Iterator[Window | None]:
        """The windows in the order of time; None for an order without one."""
        start = min_or_none([self._start(one) for one in self._selected])
        if start is None and self._spec.only_with_start:
            return iter([None])
        return self._days(start) if self._spec.unit == "days" else self._instants(start)

    def _start(self, one: Selected) -> datetime | None:
        """Where the stream's time begins in this sync; None for since ever."""
        spec, settings = self._spec, self._settings
        moment = instant(one.cursor_value) if one.cursor_value else None
        if moment is not None:
            if spec.unit == "days" and one.stream.cursor_kind == "window":
                moment = shifted(moment, 1)
            moment = shifted(moment, -settings.lookback_days)
            return max(moment, settings.start) if settings.start else moment
        if spec.whole_first:
            return None
        if settings.start:
            return settings.start
        return self._default_start() if spec.default_start else None

    def _default_start(self) -> datetime:
        """Where a first sync begins. It moves with the clock, but not past a window that the sync before has ordered.

        Two years back it is 2024-11-26 03:00, and a job of last night goes from 2024-11-25 03:00 on: it begins there.
        """
        start = earlier(self._now, self._spec.default_start)
        left = (at for at in self._left if at is not None and start - _TICKET_LIFE <= at)
        return min([start, *left])

    def _days(self, start: datetime | None) -> Iterator[Window]:
        unit = str(fill_all({"length": self._spec.length}, self._settings.context)["length"])
        end = midnight(self._now)
        position = midnight(start) if start else earlier(end, self._spec.default_start)
        if is_calendar(unit):
            yield from map(as_days, self._units(position, end, unit))
            return
        while position < end:
            window = self._left.get(position)
            if window is None:
                window = as_days(next(cut(position, self._end_before_jobs(position, end), unit)))
            yield window
            position = midnight(instant(window.end or "") or end) + timedelta(days=1)

    def _units(self, start: datetime, end: datetime, unit: str) -> list[Span]:
        spans = list(whole_units(start, end, unit))
        if self._spec.open_end:
            reached = spans[-1].end if spans else unit_start(start, unit)
            spans.append(Span(reached, end + timedelta(days=1)))
        return spans

    def _instants(self, start: datetime | None) -> Iterator[Window]:
        if start is not None and self._spec.optional and (whole := self._left.get(None)) is not None:
            yield whole  # what came since is the next sync's
            return
        position = start
        while position is None or position < self._now:
            window = self._left.get(position) or as_instants(self._next_span(position))
            yield window
            end = instant(window.end or "")
            if position is None or end is None:
                return
            position = end

    def _next_span(self, position: datetime | None) -> Span:
        if position is None:
            return Span(None, self._now)
        end = self._end_before_jobs(position, self._now)
        return next(cut(position, end, self._spec.length)) if self._spec.length else Span(position, end)

    def _end_before_jobs(self, position: datetime, end: datetime) -> datetime:
        """`end`, or the start of a window before it that an earlier sync has ordered: its job is to be read, too."""
        return min((at for at in self._left if at is not None and position < at < end), default=end)
