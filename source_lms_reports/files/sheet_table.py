"""A sheet as a table: its header, and its rows as they were meant."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress
from typing import Any

from source_lms_reports.files.cell_store import TextReader
from source_lms_reports.files.cell_values import ColumnForm, Values, form_of, is_empty, text_of, values_of
from source_lms_reports.files.header_row import SampleRow, find_header, sort_of
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.sheet_cells import SheetCells
from source_lms_reports.files.table import LONG_NOTE, CellChunk, Table, unique_names, without_marker
from source_lms_reports.files.table_warnings import TableWarnings
from source_lms_reports.files.xlsx_cells import column_number

_CELLS = 16_000
"""Cells of a chunk of rows at most, empty ones too: they fit into a processor's cache."""

_TEXT = 4 * 1024 * 1024
"""Characters of a chunk of rows, about, where there are longer texts than Excel allows."""
_SAMPLE = 200
"""Rows that tell where the header is."""
_SHOWN = 60
"""Characters of a row in a warning."""

_ERROR_NOTE = "Errors of Excel such as #N/A, emitted as their text: {count}"
_NO_DATE_NOTE = "Numbers among dates that are no dates, emitted as numbers: {count}"
_ABOVE_NOTE = "Rows above the header, which are no records: {count} (first: {example})"
_FORMULA_NOTE = "Formulas whose value is not in the file, emitted as null: {count}"
_NUL_NOTE = "NUL characters removed: {count}"
_REPEATED_NOTE = "Rows inside the sheet that repeat the header, left out: {count} (first: row {example})"
_REPEATED_NAME_NOTE = "Rows that repeat the header of the only column: {count} (first: row {example})"


@dataclass(frozen=True)
class Layout:
    """Where the table of a sheet is.

    Args:
        header: The header's place among the sheet's rows.
        labels: Its cells as texts, one for each column of the table.
        first: The table's first column, from 0.
        above: For each row above the header that is not empty, its text.
    """

    header: int
    labels: list[str]
    first: int
    above: list[str]


class RawColumns:
    """Reads chunks of one sheet column by column.

    Args:
        sheet: The sheet.
        from_1904: Whether its days are counted from 1904.
    """

    def __init__(self, sheet: SheetCells, from_1904: bool) -> None:
        self._sheet = sheet
        self._texts = TextReader(sheet.texts)
        self._from_1904 = from_1904
        self._forms: dict[int, ColumnForm] = {}

    def runs(self, chunk: int) -> dict[int, list[tuple[str, bytes]]]:
        """The raw cells of a chunk by column."""
        found: dict[int, list[tuple[str, bytes]]] = defaultdict(list)
        for column, kind, raw in self._sheet.chunks.read(chunk):
            found[column].append((kind, raw))
        return found

    def values(self, column: int, runs: list[tuple[str, bytes]]) -> Values:
        """What the raw cells of a column mean."""
        if column not in self._forms:
            self._forms[column] = form_of(self._sheet.facts.get(column), self._from_1904)
        return values_of(runs, self._forms[column], self._texts)

    def sample(self) -> list[SampleRow]:
        """The sheet's first rows that are not empty."""
        found: list[SampleRow] = []
        start = 0
        for chunk, size in enumerate(self._sheet.chunks.rows):
            if len(found) >= _SAMPLE:
                break
            rows = [SampleRow(place, self._number(place), {}, {}) for place in range(start, start + size)]
            for column, runs in sorted(self.runs(chunk).items()):
                for run in runs:
                    self._put(rows, column, run)
            found += [row for row in rows if row.cells]
            start += size
        return found[:_SAMPLE]

    def _number(self, place: int) -> int:
        numbers = self._sheet.numbers
        return numbers[place] if place < len(numbers) else place + 1

    def _put(self, rows: list[SampleRow], column: int, run: tuple[str, bytes]) -> None:
        for row, value in zip(rows, self.values(column, [run]).cells, strict=True):
            if value is not None and value != "":
                row.cells[column] = value
                row.sorts[column] = sort_of(run[0], value)


def layout_of(sheet: SheetCells, from_1904: bool) -> Layout | None:
    """Where the table is, by the sheet's first rows; None where the sheet is empty."""
    rows = RawColumns(sheet, from_1904).sample()
    if not rows:
        return None
    header, width = find_header(rows)
    above = [row for row in rows if row.place < header.place]
    dismissed = [column for row in above for column in row.cells]
    used = [column for column, count in sheet.filled.items() if count > dismissed.count(column)]
    first = min((*used, *header.cells))
    labels = {column: text_of(cell) for column, cell in header.cells.items()}
    labels = {**_merged_from_above(sheet.merged, above, header), **labels}
    texts = [labels.get(column, "") for column in range(first, max(width, header.width))]
    return Layout(header.place, texts, first, [_shown(row) for row in above])


def _merged_from_above(merged: list[str], above: list[SampleRow], header: SampleRow) -> dict[int, str]:
    """Labels of a header in two rows that stand in merged cells, which belong to both."""
    cells = {(row.number, column): cell for row in above for column, cell in row.cells.items()}
    found: dict[int, str] = {}
    for text in merged:
        place = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7}):\1([0-9]{1,7})", text)
        if place and int(place[2]) < header.number <= int(place[3]):
            column = column_number(place[1])
            found[column] = text_of(cells.get((int(place[2]), column)))
    return found


def _shown(row: SampleRow) -> str:
    text = " ".join(", ".join(text_of(cell) for cell in row.cells.values()).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


class SheetTable(Table):
    """One sheet.

    Args:
        name: The table's.
        sheet: The sheet's cells.
        layout: Where the table is in it; None where it is empty.
        from_1904: Whether days are counted from 1904.
        options: The platform's word on its files.
    """

    def __init__(
        self, name: str, sheet: SheetCells, layout: Layout | None, from_1904: bool, options: ReadOptions
    ) -> None:
        notes = TableWarnings(name)
        self.header = layout.labels if layout else []
        super().__init__(name, unique_names(self.header, notes), notes)
        self._sheet = sheet
        self._layout = layout
        self._raw = RawColumns(sheet, from_1904)
        self._options = options
        self._tell(layout)

    def _tell(self, layout: Layout | None) -> None:
        if layout and layout.above:
            self.notes.add(_ABOVE_NOTE, len(layout.above), layout.above[0])
        if self._sheet.uncalculated:
            self.notes.add(_FORMULA_NOTE, self._sheet.uncalculated)
        nuls = self._sheet.nuls + self._sheet.texts.nuls
        if nuls:
            self.notes.add(_NUL_NOTE, nuls)

    def chunks(self) -> Iterator[CellChunk]:
        """The rows; see `Table.chunks`."""
        return without_marker(self._all_chunks(), self._is_marker)

    def _is_marker(self, chunk: CellChunk) -> bool:
        first, *others = (column[0] for column in chunk.columns)
        is_alone = len(chunk) == 1 and is_empty(others) and chunk.extra is None
        return is_alone and text_of(first).strip() in self._options.empty_markers

    def _all_chunks(self) -> Iterator[CellChunk]:
        row, start = 1, 0
        for number, size in enumerate(self._sheet.chunks.rows):
            skipped = self._layout.header + 1 - start if self._layout else size
            start += size
            if skipped < size:
                for chunk in self._chunks_of(number, max(skipped, 0), size, row):
                    row += len(chunk)
                    yield chunk

    def _chunks_of(self, number: int, first: int, size: int, row: int) -> Iterator[CellChunk]:
        """The rows of a stored chunk from its `first` on; a wide table has fewer of them at a time.

        Most chunks are handed over as they are: to copy their columns took a twentieth of the time of making records.
        """
        runs = self._raw.runs(number)
        values = {column: self._values(column, runs[column], first) for column in sorted(runs)}
        most = self._most_rows(values, size)
        for start in range(first, size, most):
            part = values if not start and size <= most else _cut(values, start, start + most)
            chunk = self._chunk(part, min(most, size - start), row)
            if chunk is not None:
                row += len(chunk)
                yield chunk

    def _most_rows(self, values: dict[int, Values], size: int) -> int:
        """How many rows are handed over together: fewer where the table is wide or its texts are long."""
        most = _CELLS // len(self.columns)
        if self._sheet.texts.has_long:
            length = sum(len(cell) for one in values.values() for cell in one.cells if isinstance(cell, str))
            most = min(most, size * _TEXT // max(length, 1))
        return max(most, 1)

    def _values(self, column: int, runs: list[tuple[str, bytes]], first: int) -> Values:
        found = self._raw.values(column, runs)
        for note, places in ((_ERROR_NOTE, found.errors), (_NO_DATE_NOTE, found.no_dates)):
            count = sum(place >= first for place in places)
            if count:
                self.notes.add(note, count)
        return found

    def _chunk(self, values: dict[int, Values], count: int, row: int) -> CellChunk | None:
        """Rows as columns; rows with nothing in them are none."""
        keep = _filled_rows(values, count)
        if keep is not None:
            values = {column: one._replace(cells=list(compress(one.cells, keep))) for column, one in values.items()}
            count = sum(keep)
        if not count:
            return None
        start = self._layout.first if self._layout else 0
        end = start + len(self.columns)
        blank = Values([None] * count, {type(None)})
        columns = [values.get(column, blank) for column in range(start, end)]
        chunk = CellChunk(row, [one.cells for one in columns], kinds=[one.kinds for one in columns])
        beyond = {column - end: one.cells for column, one in values.items() if column >= end}
        if beyond:
            chunk.extra = self._beyond(beyond, count, row)
        return self._without_repeated(chunk)

    def _beyond(self, columns: dict[int, list[Any]], count: int, row: int) -> list[list[str | None] | None] | None:
        """For each row its cells beyond the header, as texts."""
        extra: list[list[str | None] | None] = []
        for at in range(count):
            texts = {column: text_of(cells[at]) for column, cells in columns.items()}
            last = max((column for column, text in texts.items() if text), default=-1)
            extra.append([texts.get(column) or None for column in range(last + 1)] or None)
            if extra[-1]:
                self.notes.add(LONG_NOTE, example=row + at)
        return extra if any(extra) else None

    def _without_repeated(self, chunk: CellChunk) -> CellChunk | None:
        """The rows but for those that are the header again, as at the top of each page of a printed report."""
        label, column = next((label, at) for at, label in enumerate(self.header) if label)
        if label not in chunk.columns[column]:
            return chunk
        rows = zip(*chunk.columns, strict=True)
        keep = [list(map(text_of, cells)) != self.header for cells in rows]
        if all(keep):
            return chunk
        is_sure = len(list(filter(None, self.header))) > 1
        self.notes.add(
            _REPEATED_NOTE if is_sure else _REPEATED_NAME_NOTE,
            keep.count(False),
            chunk.first_row + keep.index(False),
        )
        return _compressed(chunk, keep) if is_sure else chunk


def _cut(values: dict[int, Values], start: int, end: int) -> dict[int, Values]:
    return {column: found._replace(cells=found.cells[start:end]) for column, found in values.items()}


def _compressed(chunk: CellChunk, keep: list[bool]) -> CellChunk | None:
    if not any(keep):
        return None
    columns = [list(compress(cells, keep)) for cells in chunk.columns]
    return CellChunk(chunk.first_row, columns, chunk.kinds, list(compress(chunk.extra, keep)) if chunk.extra else None)


def _filled_rows(values: dict[int, Values], count: int) -> list[bool] | None:
    """For each row whether there is anything in it; None where there is in all of them."""
    if any(None not in one.cells and "" not in one.cells for one in values.values()):
        return None
    if not values:
        return [False] * count
    return [not is_empty(row) for row in zip(*(one.cells for one in values.values()), strict=True)]
