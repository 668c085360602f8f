"""How bundles of lines travel through the CDK as if each were one record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from source_lms_reports.sync.bundles import Lines

_KEY = "\0lines"
"""The one key of a record that is a bundle. No vendor's column begins with a NUL."""


def as_record_data(data: Lines | Mapping[str, Any]) -> Mapping[str, Any]:
    """What the CDK takes for the data of a record."""
    return {_KEY: data} if isinstance(data, Lines) else data


def lines_in(data: Mapping[str, Any] | None) -> Lines | None:
    """The lines that a record's data is, or None for a plain record."""
    lines = data.get(_KEY) if data else None
    return lines if isinstance(lines, Lines) else None
