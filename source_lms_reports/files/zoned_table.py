"""A table whose header says in which zone the times of a column are: it goes without, the times with its offset."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from source_lms_reports.files.table import CellChunk, Chunk, Table, unique_names

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d):([0-5]\d(?:\.\d{1,6})?)")


class ZonedTable(Table):
    """A table of cells, some of whose columns are told by the pattern to hold times of a zone.

        Enrolled (Asia/Calcutta TimeZone)    ->  Enrolled
        2026-05-05 18:30:00                      2026-05-05T18:30:00+05:30

    A cell of another form stays as it is, and so do all cells of a zone that nobody knows; both are counted.

    Args:
        table: The table.
        pattern: Matches a whole header, with a group `name`, the column's, and a group `zone`.
    """

    def __init__(self, table: Table, pattern: str) -> None:
        self._table = table
        found = [re.fullmatch(pattern, name, re.IGNORECASE | re.DOTALL) for name in table.columns]
        self._zones = {at: match["zone"].strip() for at, match in enumerate(found) if match}
        names = [match["name"].strip() if match else name for match, name in zip(found, table.columns, strict=True)]
        super().__init__(table.name, unique_names(names, table.notes) if self._zones else table.columns, table.notes)
        self._odd: dict[int, tuple[int, str]] = {}
        self._twice: dict[int, tuple[int, str]] = {}

    def chunks(self) -> Iterator[Chunk]:
        """See `Table.chunks`."""
        for chunk in self._table.chunks():
            yield self._zoned(chunk) if isinstance(chunk, CellChunk) and self._zones else chunk
        for at, (count, example) in self._odd.items():
            self.notes.add(
                f"Values of the column {self.columns[at]} that are no times of the zone {self._zones[at]} and stay as "
                f"they are: {count:,} (first: {example[:40]!r})"
            )

        for at, (count, example) in self._twice.items():
            self.notes.add(
                f"Times of the column {self.columns[at]} in an hour that comes twice in {self._zones[at]}, as clocks "
                f"are set back, taken for the first one's: {count:,} (such as {example})"
            )

    def count(self) -> int:
        """See `Table.count`."""
        return self._table.count()

    def _zoned(self, chunk: CellChunk) -> CellChunk:
        columns = list(chunk.columns)
        for at, name in self._zones.items():
            columns[at] = [self._instant(at, cell, _zone(name)) for cell in columns[at]]
        return replace(chunk, columns=columns)

    def _instant(self, at: int, cell: object, zone: tzinfo | None) -> object:
        if not isinstance(cell, str) or not cell.strip():
            return cell
        text = in_zone(cell.strip(), zone) if zone else None
        if text is None:
            count, example = self._odd.get(at, (0, cell))
            self._odd[at] = (count + 1, example)
            return cell
        if zone is not None and _comes_twice(text[:16], zone):
            count, example = self._twice.get(at, (0, cell.strip()))
            self._twice[at] = (count + 1, example)
        return text


def in_zone(text: str, zone: tzinfo) -> str | None:
    """A time of a zone as an instant, its digits as they are; None where it is none, or has none there.

    `2026-05-05 18:30:00` in Asia/Calcutta -> `2026-05-05T18:30:00+05:30`. An hour that comes twice, as clocks are set
    back, is the first one.
    """
    found = _TIME.fullmatch(text)
    written = _offset(f"{found[1]}T{found[2]}", zone) if found else None
    return f"{found[1]}T{found[2]}:{found[3]}{written}" if found and written else None


@lru_cache(maxsize=65_536)
def _offset(minute: str, zone: tzinfo) -> str | None:
    """How far a zone is ahead of UTC in a minute, such as `+05:30`; None where there is no such minute."""
    try:
        offset = datetime.fromisoformat(minute).replace(tzinfo=zone).utcoffset()
    except (ValueError, OverflowError):
        return None
    minutes = round(offset.total_seconds() / 60) if offset is not None else 0
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


@lru_cache(maxsize=65_536)
def _comes_twice(minute: str, zone: tzinfo) -> bool:
    """Whether clocks of a zone show a minute twice. Of one that they never show, the offsets differ the other way."""
    first = datetime.fromisoformat(minute).replace(tzinfo=zone)
    one, other = first.utcoffset(), first.replace(fold=1).utcoffset()
    return one is not None and other is not None and one > other


@cache
def _zone(name: str) -> tzinfo | None:
    """The zone of a name, in any case; None where nobody knows it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, or a path that leads elsewhere
        known = next((one for one in available_timezones() if one.lower() == name.lower()), None)
        return ZoneInfo(known) if known else None
