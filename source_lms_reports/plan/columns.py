"""The columns that tell a row's window, and the rows that a stream's bounds leave out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from source_lms_reports.jobs.ticket import Window
from source_lms_reports.plan.stream import REPORT_END, REPORT_START, ReportStream, Selected
from source_lms_reports.platforms.model import StreamSpec, WindowSpec
from source_lms_reports.spec.settings import Settings
from source_lms_reports.times import instant, shifted


def window_columns(one: Selected, window: Window | None) -> dict[str, str]:
    """The columns by which the rows of one window tell it.

    Rows of a full refresh since ever have none: there is no window that they are of.
    """
    stream = one.stream
    if window is not None and stream.moment:
        return {stream.moment: window.end or ""}
    if window is None or not has_window_columns(stream.report_spec.windows, stream.part):
        return {}
    if window.start is None and not one.incremental:
        return {}
    pairs = ((REPORT_START, window.start), (REPORT_END, window.end))
    return {name: value for name, value in pairs if value is not None}


def has_window_columns(spec: WindowSpec | None, stream: StreamSpec) -> bool:
    """Whether the rows of a stream tell their window."""
    if spec is None or not spec.constants:
        return False
    return spec.constants == "always" or stream.cursor == REPORT_END


def vendor_schema(stream: ReportStream) -> Mapping[str, Any]:
    """The columns that the vendor's report is expected to have: all but those that tell the window or the file."""
    added = (REPORT_START, REPORT_END, stream.moment)
    own = {name: one for name, one in stream.schema.get("properties", {}).items() if name not in added}
    return {**stream.schema, "properties": own}


def keep_from(one: Selected, settings: Settings) -> datetime | None:
    """The earliest cursor value whose rows are emitted; None for all.

    The cursor of a window is no bound: every row of a window that is read belongs to it. Nor is one that the vendor
    tells.
    """
    if one.stream.cursor_kind != "rows":
        return None
    moment = instant(one.cursor_value) if one.cursor_value else None
    if moment is not None:
        moment = shifted(moment, -settings.lookback_days)
    bounds = [bound for bound in (moment, settings.start) if bound is not None]
    return max(bounds) if bounds else None


def keep_before(one: Selected, settings: Settings) -> datetime | None:
    """The first cursor value whose rows are left out; None for no such bound."""
    return settings.end if one.stream.cursor_kind == "rows" else None
