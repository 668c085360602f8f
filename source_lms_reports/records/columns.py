"""The columns of a table of cells in the types of a schema, and what was found on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from source_lms_reports.records.cast import CASTERS, Kind, kind_of, natives
from source_lms_reports.records.growing import SURELY_LONG, GrowingSchema, shortened


@dataclass
class _Uncast:
    kind: Kind
    count: int
    row: int
    value: str


class ColumnCaster:
    """Casts the cells of one stream, a column at a time.

    Args:
        columns: The JSON schema of each column.
        growing: The schema that every value must fit; None where a value that does not cast stays a text.
    """

    def __init__(self, columns: Mapping[str, Any], growing: GrowingSchema | None = None) -> None:
        self._growing = growing
        self._kinds = {name: kind_of(growing.column(name) if growing else one) for name, one in columns.items()}
        self._doubtful = {name for name in self._kinds if self._is_doubtful(name)}
        self._uncast: dict[str, _Uncast] = {}

    def is_text(self, name: str) -> bool:
        """Whether a column is one of texts, where an empty cell is `""`; elsewhere it is None."""
        return self._kinds.get(name, "text") == "text"

    def values(self, name: str, cells: list[Any], rows: Sequence[int], have: set[type] | None) -> list[Any]:
        """The values of a column.

        Args:
            name: The column.
            cells: Its cells.
            rows: The numbers of their rows.
            have: The types that they may have; None for texts alone.
        """
        values, uncast = self._cast(name, cells, have)
        if self._growing is not None and (uncast or name in self._doubtful or self._may_be_long(name, cells, have)):
            if self._growing.admit(name, values, rows):
                self._kinds[name] = "text"
                self._doubtful.discard(name)
                return self._cast(name, cells, have)[0]
        elif uncast:
            self._count_uncast(name, values, rows)
        return values

    def warnings(self) -> list[str]:
        """What did not cast, a line for each column."""
        return [
            f"Values of column {name} that are not of type {uncast.kind} and stay text: {uncast.count:,} "
            f"(first: row {uncast.row}, {uncast.value})"
            for name, uncast in self._uncast.items()
        ]

    def _is_doubtful(self, name: str) -> bool:
        """Whether a value that is cast may still not fit: `[]` where an object is asked for, `never` for a time."""
        if self._growing is None:
            return False
        kind = self._kinds[name]
        return kind == "nested" or (kind == "text" and not self._growing.is_plain_text(name))

    def _may_be_long(self, name: str, cells: list[Any], have: set[type] | None) -> bool:
        """Whether a column of integers may hold one beyond 64 bits, which no store has room for."""
        if self._kinds.get(name) != "integer":
            return False
        return have is not None or max(map(len, cells), default=0) > SURELY_LONG

    def _cast(self, name: str, cells: list[Any], have: set[type] | None) -> tuple[list[Any], bool]:
        kind = self._kinds.get(name, "text")
        if have is not None:
            return natives(cells, kind, have)
        return (cells, False) if kind == "text" else CASTERS[kind](cells)

    def _count_uncast(self, name: str, values: list[Any], rows: Sequence[int]) -> None:
        for at, value in enumerate(values):
            if isinstance(value, str):
                uncast = self._uncast.setdefault(name, _Uncast(self._kinds[name], 0, rows[at], shortened(value)))
                uncast.count += 1
