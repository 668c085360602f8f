"""A proven workbook: its sheets, whose cells lie on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from source_lms_reports.errors import ArchiveLimitExceeded
from source_lms_reports.files.cell_store import CellStore, SharedTexts
from source_lms_reports.files.file_format import Wanted
from source_lms_reports.files.options import ArchiveLimits, ReadOptions
from source_lms_reports.files.sheet_cells import Meant, SheetCells
from source_lms_reports.files.sheet_table import Layout, SheetTable, layout_of
from source_lms_reports.files.table_warnings import listed
from source_lms_reports.files.xml_text import unescaped

_HIDDEN_NOTE = "Hidden sheets are not read: "
_ONLY_HIDDEN_NOTE = (
    "Nothing stands in the visible sheets, and hidden ones, which are not read, may hold the rows: {example}. The "
    "state stays where it is; have the sheets shown where the report is made"
)
_FULL_NOTE = (
    "The sheet has as many rows as one can have ({count}), so the rest of the report may be missing. What came is "
    "emitted, and the state stays where it is; choose another format of the report, or a shorter time"
)
_MOST_ROWS = frozenset({65_536, 1_048_576})
"""Rows of a full sheet: of the older programs and formats, and of the newer ones."""
_NO_TABLES_NOTE = "Sheets of charts, dialogs or macros are no tables: "
_MOST_PLACES = 2**26
"""Places of a table, filled or not, that are never too many."""
_LEAST_FILLED = 100
"""Beyond that, one of so many places must be filled."""


class Workbook:
    """What is known of a workbook.

    Args:
        folder: Where its cells are kept.
        limits: What it may unpack to.
    """

    def __init__(self, folder: Path, limits: ArchiveLimits) -> None:
        self._store = CellStore(folder)
        self._limits = limits
        self.texts = SharedTexts(self._store)
        """Those that its cells refer to by number."""
        self.from_1904 = False
        """Whether its days are counted from 1904."""
        self.hidden: list[str] = []
        """The names of its hidden sheets."""
        self.no_tables: list[str] = []
        """The names of its sheets that hold a chart, a dialog or macros."""
        self._sheets: list[tuple[SheetCells, Layout | None]] = []

    def new_sheet(self, name: str, meant: Meant = unescaped) -> SheetCells:
        """A visible sheet without cells; see `SheetCells`."""
        return SheetCells(name, self._store, self.texts, meant)

    def add(self, sheet: SheetCells) -> None:
        """A sheet whose cells are complete.

        Raises:
            ArchiveLimitExceeded: Its cells are too far apart, or its texts too many.
        """
        layout = layout_of(sheet, self.from_1904)
        rows, cells = sum(sheet.chunks.rows), sum(sheet.filled.values())
        columns = len(layout.labels) if layout else 0
        if rows * columns > max(_MOST_PLACES, _LEAST_FILLED * cells):
            raise ArchiveLimitExceeded(
                f"The sheet {sheet.name} scatters {cells:,} cells over {rows:,} rows and {columns:,} columns, which no "
                "report does. Ask the vendor what it sent."
            )
        if self.texts.has_long and (size := sheet.text_size()) > self._limits.unpacked:
            raise ArchiveLimitExceeded(
                f"The texts of the sheet {sheet.name} add up to {size / 1024**3:.1f} GiB, which those of no report do. "
                "Ask the vendor what it sent."
            )
        self._sheets.append((sheet, layout))

    def tables(self, name: str | None, options: ReadOptions, wanted: Wanted) -> Iterator[SheetTable]:
        """The sheets that are wanted.

        Args:
            name: The workbook's, where it is one of several files.
            options: The platform's word on its files.
            wanted: By a table's name.
        """
        notes = self._notes()
        for sheet, layout in self._sheets or self._nothing_else():
            table_name = self._table_name(name, sheet.name)
            if wanted(table_name):
                table = SheetTable(table_name, sheet, layout, self.from_1904, options)
                if self._may_hide_rows():
                    table.is_whole = False
                    table.notes.add(_ONLY_HIDDEN_NOTE, example=listed(self.hidden))
                if (rows := sum(sheet.chunks.rows)) in _MOST_ROWS:
                    table.is_whole = False
                    table.notes.add(_FULL_NOTE, count=rows)
                while notes:
                    table.notes.add(notes.pop(0))
                yield table

    def _may_hide_rows(self) -> bool:
        """Whether there are rows in hidden sheets at most: programs write such workbooks, which Excel itself cannot."""
        return bool(self.hidden) and all(layout is None for _, layout in self._sheets)

    def _notes(self) -> list[str]:
        """What is to be told of the sheets that are not read; with the first table that is."""
        hidden = [_HIDDEN_NOTE + listed(self.hidden)] if self.hidden and not self._may_hide_rows() else []
        return [*hidden, *([_NO_TABLES_NOTE + listed(self.no_tables)] if self.no_tables else [])]

    def _nothing_else(self) -> list[tuple[SheetCells, None]]:
        """Sheets that are not read, without their rows, where there is no other to tell of them."""
        return [(self.new_sheet(name), None) for name in (*self.hidden, *self.no_tables)]

    def _table_name(self, member: str | None, sheet: str) -> str:
        if member is None:
            return sheet
        return member if len(self._sheets or self._nothing_else()) == 1 else f"{member}_{sheet}"

    def close(self) -> None:
        """Let go of its cells."""
        self.texts.close()
        self._store.close()
