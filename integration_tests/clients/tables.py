"""Rows as databases give them back, made comparable with rows as vendors hold them."""

from __future__ import annotations

import json
from typing import Any

from source_lms_reports.times import instant


def comparable(value: Any) -> Any:
    """Times as instants, numbers as floats: a database has its own ways of writing both."""
    if isinstance(value, str):
        at = instant(value)
        return at.isoformat() if at is not None and len(value) > len("2026-01-01") else value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return value


def as_text(row: dict[str, Any]) -> str:
    """A row as one text; its columns in the order of their names, those without a value left out."""
    filled = {name: comparable(value) for name, value in row.items() if value is not None}
    return json.dumps(filled, sort_keys=True)
