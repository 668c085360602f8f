"""Where a failure happened, in the user's words."""

from __future__ import annotations

from source_lms_reports.jobs.ticket import Window


def place(stream: str | None, report: str = "", window: Window | None = None) -> str:
    """`Stream "x" (report y, 2024-01-01 to 2024-01-14): ` as far as it is known; empty without a stream."""
    if stream is None:
        return ""
    facts = ", ".join(filter(None, [f"report {report}" if report else "", str(window or "")]))
    named = f" ({facts})" if facts else ""
    return f'Stream "{stream}"{named}: '
