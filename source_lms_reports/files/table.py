"""The common form of a CSV file, a sheet and a JSON array: a named table that is read in chunks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from source_lms_reports.files.json_records import ObjectChunk
from source_lms_reports.files.table_warnings import TableWarnings, listed
from source_lms_reports.files.twin_names import TwinNames

EXTRA = "_extra"
"""The column of the cells that stand beyond the header."""

_MARK = "\ufeff"
_MARK_NOTE = "A byte order mark in the name of the first column, removed"
LONG_NOTE = "Rows with more cells than the header: {count} (first: row {example}); the extra cells are under _extra"


@dataclass
class CellChunk:
    """Rows of cells, column by column.

    Args:
        first_row: The number of the first row, counting data rows from 1.
        columns: As many lists as the table has columns, all of the same length. An empty cell is `""`, or None where
            the column's kinds have None.
        kinds: For each column the types that its cells may have: texts, numbers, booleans (XLSX); None where all cells
            are texts.
        extra: For each row its cells beyond the header, or None; None if no row has any.
    """

    first_row: int
    columns: list[list[Any]]
    kinds: list[set[type]] | None = None
    extra: list[list[Any] | None] | None = None

    def __len__(self) -> int:
        return len(self.columns[0])


Chunk = CellChunk | ObjectChunk


class Table(ABC):
    """One CSV file, ZIP member, sheet or JSON section.

    Args:
        name: The member's stem, the sheet's name; None for a lone CSV file or array.
        columns: Unique names, in order; `()` where a row brings its own names (JSON).
        notes: Warnings; complete once the chunks are read.
    """

    is_whole = True
    """Whether all rows that there may be are read: what is left out is told, and the state does not pass it."""

    def __init__(self, name: str | None, columns: tuple[str, ...], notes: TableWarnings) -> None:
        self.name = name
        self.columns = columns
        self.notes = notes

    @abstractmethod
    def chunks(self) -> Iterator[Chunk]:
        """The rows, about a thousand at a time, once.

        Raises:
            PayloadError: The file turns out not to be whole.
        """

    def names(self) -> Collection[str] | None:
        """The columns, as far as the header tells, or the first rows where they bring their names.

        Returns:
            None of a table of nothing.
        """
        return self.columns or None

    def has_column(self, name: str) -> bool:
        """Whether the header has a column, or any row that brings its names; all are looked through for it."""
        return name in self.columns

    def count(self) -> int:
        """How many rows the chunks will have; faster than reading them where the format allows it.

        Raises:
            PayloadError: The file turns out not to be whole.
        """
        return sum(map(len, self.chunks()))


def unique_names(header: list[str], notes: TableWarnings) -> tuple[str, ...]:
    """Column names by position: the second `a` is `a_2`, a header without a name `_column_<n>`.

    A byte order mark before the first one is none of it: where a mark stood before a quote it is in the cell.
    """
    if header and header[0].startswith(_MARK):
        notes.add(_MARK_NOTE)
        header = [header[0].lstrip(_MARK), *header[1:]]
    taken = {EXTRA, *header}
    seen: set[str] = set()
    names: list[str] = []
    twins = TwinNames(taken)
    for position, text in enumerate(header, start=1):
        name = text if text.strip() else f"_column_{position}"
        if name in seen or (name != text and name in taken) or name == EXTRA:
            name = twins.free(name)
        seen.add(name)
        taken.add(name)
        names.append(name)
    _tell_renamed(header, names, notes)
    return tuple(names)


def _tell_renamed(header: list[str], names: list[str], notes: TableWarnings) -> None:
    renamed = [name for text, name in zip(header, names, strict=True) if text != name]
    if renamed:
        notes.add(f"Headers that were empty or not unique are named by position: {listed(renamed)}")


def without_marker(chunks: Iterator[CellChunk], is_marker: Callable[[CellChunk], bool]) -> Iterator[CellChunk]:
    """The chunks; none where the only one there is says that there are no rows.

    Args:
        chunks: Of a table.
        is_marker: Whether a chunk is one row of that kind.
    """
    first = next(chunks, None)
    if first is None:
        return
    second = next(chunks, None)
    if second is None and is_marker(first):
        return
    yield first
    if second is not None:
        yield second
        yield from chunks
