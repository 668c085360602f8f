"""An Airbyte source for the reporting APIs of learning platforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_lms_reports.source import SourceLmsReports

__all__ = ["SourceLmsReports"]


def __getattr__(name: str) -> Any:
    """Import the source on first use, so that `spec` and small modules do not pay for it."""
    if name == "SourceLmsReports":
        from source_lms_reports.source import SourceLmsReports

        return SourceLmsReports
    raise AttributeError(name)
