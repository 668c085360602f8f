"""Which row of a sheet is its header, and how wide the table is: evidence from its first rows, in one place.

A table's width is that of most of its rows. The header is the first row as wide as the table. What stands above it is
narrower: titles, notes, the upper row of a header in two rows. A row that looks like the rows below it is no header
while one stands above it: then the header has fewer labels than the table has columns.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from source_lms_reports.files.cell_values import text_of

_FIGURES = re.compile(r"[\d\s.,:/%+()$€£TZ-]*\d[\d\s.,:/%+()$€£TZ-]*")
_LONGEST = 40
"""Characters of figures: a date, an amount."""
_YEARS = range(1900, 2101)
_FAR = 10
"""A number is far from others if it is so many times greater."""


@dataclass(frozen=True)
class SampleRow:
    """One of a sheet's first rows that are not empty.

    Args:
        place: The row's place among the rows of the file, from 0.
        number: The row's, as the sheet counts.
        cells: Those that are not empty, by column from 0.
        sorts: For each of them what it is: text, figures (text without words), number, moment, boolean, error.
    """

    place: int
    number: int
    cells: dict[int, Any]
    sorts: dict[int, str]

    @cached_property
    def width(self) -> int:
        """Up to its last cell."""
        return max(self.cells, default=-1) + 1


def sort_of(kind: str, value: Any) -> str:
    """What a cell is, for the evidence.

    Args:
        kind: The cell's kind in the file.
        value: Its value.
    """
    if isinstance(value, bool):
        return "boolean"
    if not isinstance(value, str):
        return "number"
    if kind == "error":
        return "error"
    if kind in ("date", "moment", "time", "duration"):
        return "moment"
    return "figures" if len(value) <= _LONGEST and _FIGURES.fullmatch(value) else "text"


def find_header(rows: Sequence[SampleRow]) -> tuple[SampleRow, int]:
    """The header among the first rows of a sheet, of which there is one at least, and the width of the table."""
    titles = _titles(rows)
    width = _width(rows[titles:])
    at = next(place for place, row in enumerate(rows) if place >= titles and row.width >= width)
    at = _not_hollow(rows, at, width)
    if at and _stands_above(rows, at):
        at -= 1
    return rows[at], width


def _titles(rows: Sequence[SampleRow]) -> int:
    """How many rows of one cell stand above rows most of which need other columns."""
    count = next((place for place, row in enumerate(rows) if len(row.cells) > 1), len(rows))
    below = rows[count:]
    used = {column for row in rows[:count] for column in row.cells}
    wider = sum(bool(row.cells.keys() - used) for row in below)
    is_sure = len(below) > 1 or count == 1 or (len(below) == 1 and len(below[0].cells) > 2)
    return count if is_sure and 2 * wider > len(below) else 0


def _width(rows: Sequence[SampleRow]) -> int:
    """The width that most rows have.

    Of two that are as frequent it is the greater, as cells may be missing at the end, unless all its rows are hollow.
    """
    counted = Counter(row.width for row in rows)
    full = {row.width for row in rows if 2 * len(row.cells) >= row.width}
    return max(counted, key=lambda width: (counted[width], width in full, width))


def _not_hollow(rows: Sequence[SampleRow], at: int, width: int) -> int:
    """The next row, where a row of few cells (`Report`, far to the right `2024`) stands above a full row of labels."""
    if at + 1 == len(rows) or 2 * len(rows[at].cells) > width:
        return at
    below = rows[at + 1]
    is_full = below.width >= width and 2 * len(below.cells) > width
    evidence = _Evidence(below, rows[at + 2 :])
    return at + 1 if is_full and set(below.sorts.values()) == {"text"} and evidence.unlike > evidence.like else at


def _stands_above(rows: Sequence[SampleRow], at: int) -> bool:
    """Whether the header is the narrower row above, because this row is one of the table's."""
    row, above, below = rows[at], rows[at - 1], rows[at + 1 :]
    labels = [text_of(cell) for cell in above.cells.values()]
    if above.number + 1 != row.number or set(above.sorts.values()) != {"text"} or len(set(labels)) < len(labels):
        return False
    if not below:
        return set(row.sorts.values()) != {"text"}
    evidence = _Evidence(row, below)
    if evidence.unlike and evidence.unlike >= evidence.like:
        return False
    if evidence.like:
        return not evidence.is_of_label_numbers
    return len(labels) > 1 and evidence.recurs


class _Evidence:
    """How a row compares with the rows below it.

    Args:
        row: The row.
        below: The rows below.
    """

    def __init__(self, row: SampleRow, below: Sequence[SampleRow]) -> None:
        self._row = row
        self._rows = below
        self._below = {column: [one for one in below if column in one.cells] for column in row.cells}

    @property
    def like(self) -> int:
        """Columns in which it is of the same sort, and no text."""
        return sum(sort == self._sort(column) for column, sort in self._row.sorts.items() if sort != "text")

    @property
    def unlike(self) -> int:
        """Columns in which it is of another sort."""
        return sum(self._sort(column) not in ("", "error", sort) for column, sort in self._row.sorts.items())

    @property
    def recurs(self) -> bool:
        """Whether one of its texts comes again in the same column, which no label does."""
        return any(
            any(other.cells[column] == self._row.cells[column] for other in others)
            for column, others in self._below.items()
        )

    @property
    def is_of_label_numbers(self) -> bool:
        """Whether its numbers are years, or count up where those below do not, or are far greater than those (ids)."""
        numbers = {column: cell for column, cell in self._row.cells.items() if self._row.sorts[column] == "number"}
        if not numbers:
            return False
        if all(number in _YEARS for number in numbers.values()):
            return True
        if _counts_up(self._row) and 2 * sum(map(_counts_up, self._rows)) <= len(self._rows):
            return True
        return all(abs(number) > _FAR * self._greatest(column) for column, number in numbers.items())

    def _sort(self, column: int) -> str:
        """The sort of most cells below."""
        counted = Counter(one.sorts[column] for one in self._below[column])
        counted.pop("error", None)
        return counted.most_common(1)[0][0] if counted else ""

    def _greatest(self, column: int) -> float:
        cells = [one.cells[column] for one in self._below[column] if one.sorts[column] == "number"]
        return max(map(abs, cells), default=0)


def _counts_up(row: SampleRow) -> bool:
    """Whether its numbers, two at least, are whole and follow each other: questions 1, 2, 3."""
    numbers = [cell for column, cell in row.cells.items() if row.sorts[column] == "number"]
    return len(numbers) > 1 and all(after - before == 1 for before, after in pairwise(numbers))
