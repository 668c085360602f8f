"""The table of docs/clients.md of how many rows of each platform each client landed, by what the tests told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from source_lms_reports.platforms.model import load_platform, platform_names

#: Of a way (`dlt → DuckDB`) and a platform: streams, rows that landed, rows that the vendor holds.
Landed = Mapping[str, Mapping[str, tuple[int, int, int]]]


def landing_table(results: Iterable[Mapping[str, Any]]) -> str:
    """A row for each way, a column for each platform.

    Args:
        results: Of all clients, as `recorder` keeps them.
    """
    ways: dict[str, Mapping[str, tuple[int, int, int]]] = {}
    for result in results:
        ways |= result.get("landed", {})
    names = sorted(platform_names())
    titles = [load_platform(name).title for name in names]
    lines = [
        f"| {way} | " + " | ".join(_cell(platforms.get(name)) for name in names) + " |"
        for way, platforms in sorted(ways.items(), key=lambda one: one[0].lower())
    ]
    return "\n".join([f"| Way | {' | '.join(titles)} |", "|---" * (len(names) + 1) + "|", *lines])


def _cell(numbers: tuple[int, int, int] | None) -> str:
    if numbers is None:
        return ""
    streams, there, due = numbers
    return f"{there:,} of {due:,} ({streams})"
