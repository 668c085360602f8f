"""Excel workbooks, sheet by sheet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from itertools import chain, islice
from math import inf, isfinite
from typing import Any

import python_calamine as calamine

from source_lms_reports.files.archive import Source
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.table import LONG_NOTE, CellChunk, Table, unique_names
from source_lms_reports.files.table_warnings import TableWarnings, listed
from source_lms_reports.files.xlsx_book import WORKBOOKS, damage_told
from source_lms_reports.files.xlsx_xml import Places, error_cells

CELLS = 8000
"""Cells of a chunk: more of them do not fit into a processor's cache, and take twice the time."""
_SAMPLE = 50
_HEADER_SHARE = 0.8
_ERROR_NOTE = "Errors of Excel such as #N/A, emitted as their text: {count}"
_NO_DATE_NOTE = "Numbers among dates that are no dates, emitted as numbers: {count}"
_HIDDEN_NOTE = "Hidden sheets are not read: "

_WHOLE = 2**63
"""Whole numbers up to here are written as integers; larger floats are as inexact as they look."""

Row = list[Any]


def sheets(source: Source, options: ReadOptions, wanted: Callable[[str | None], bool]) -> Iterator[SheetTable]:
    """The visible sheets of a workbook that hold a table; unwanted ones are not read.

    Raises:
        CorruptPayload: It cannot be read as a workbook, or wants a password.
    """
    with WORKBOOKS.book(source) as book:
        metadata = [meta for meta in book.sheets_metadata if meta.typ == calamine.SheetTypeEnum.WorkSheet]
    visible = [meta.name for meta in metadata if meta.visible == calamine.SheetVisibleEnum.Visible]
    hidden = [meta.name for meta in metadata if meta.visible != calamine.SheetVisibleEnum.Visible]
    for name in visible:
        table_name = _table_name(source.name, name, len(visible))
        if not wanted(table_name):
            continue
        table = _sheet_table(source, name, table_name, options)
        if table is None:
            continue
        if hidden:
            table.notes.add(_HIDDEN_NOTE + listed(hidden))
            hidden = []
        yield table


def _table_name(member: str | None, sheet: str, count: int) -> str:
    if member is None:
        return sheet
    return member if count == 1 else f"{member}_{sheet}"


def _sheet_table(source: Source, sheet: str, name: str, options: ReadOptions) -> SheetTable | None:
    errors = error_cells(source.file, sheet) if source.findings.has_errors else {}
    with WORKBOOKS.book(source) as book:
        rows = _rows(book.get_sheet_by_name(sheet), errors)
        sample = list(islice(rows, _SAMPLE))
        while sample and not any(_filled(row) for row in sample):
            sample = list(islice(rows, _SAMPLE))
    at = _header_row(sample)
    if at is None:
        return None
    table = SheetTable(name, sample[at], chain(sample[at + 1 :], rows), source.label, options)
    if errors:
        table.notes.add(_ERROR_NOTE, sum(map(len, errors.values())))
    return table


def _rows(sheet: calamine.CalamineSheet, errors: Places) -> Iterator[Row]:
    """The rows of a sheet from its very first, with the errors that the reader leaves out."""
    if sheet.start is None:
        return iter(())
    rows: Iterator[Row] = sheet.iter_rows()
    return _with_errors(rows, errors, sheet.start[1]) if errors else rows


def _with_errors(rows: Iterator[Row], errors: Places, first_column: int) -> Iterator[Row]:
    for number, row in enumerate(rows):
        for column, text in errors.get(number, {}).items():
            if 0 <= column - first_column < len(row):
                row[column - first_column] = text
        yield row


def _filled(row: Row) -> int:
    return len(row) - row.count("")


def _header_row(rows: list[Row]) -> int | None:
    """The first row that is about as wide as the widest, and of texts where there is one; banners are narrow."""
    widest = max(map(_filled, rows), default=0)
    if not widest:
        return None
    wide = [at for at, row in enumerate(rows) if _filled(row) >= _HEADER_SHARE * widest]
    return next((at for at in wide if all(isinstance(cell, str) for cell in rows[at])), wide[0])


class SheetTable(Table):
    """One sheet."""

    def __init__(self, name: str, header: Row, rows: Iterator[Row], label: str, options: ReadOptions) -> None:
        notes = TableWarnings(name)
        texts = [text_of(cell) for cell in header]
        while texts and not texts[-1]:
            texts.pop()
        super().__init__(name, unique_names(texts, notes), notes)
        self.header = texts
        self._rows = rows
        self._label = label
        self._options = options

    def chunks(self) -> Iterator[CellChunk]:
        """The rows; see `Table.chunks`."""
        first_row = 1
        while batch := self._batch():
            blank = [""] * len(batch[0])
            rows = [row for row in batch if row != blank]
            if not rows or (first_row == 1 and self._is_marker(rows)):
                continue
            yield self._chunk(first_row, rows)
            first_row += len(rows)

    def _batch(self) -> list[Row]:
        with damage_told(self._label):
            return list(islice(self._rows, max(CELLS // len(self.header), 1)))

    def _is_marker(self, rows: list[Row]) -> bool:
        first = rows[0]
        return len(rows) == 1 and _filled(first) == 1 and str(first[0]).strip() in self._options.empty_markers

    def _chunk(self, first_row: int, rows: list[Row]) -> CellChunk:
        width = len(self.columns)
        plain = [plain_cells(column, self.notes) for column in map(list, zip(*rows, strict=True))]
        columns, kinds = [cells for cells, _ in plain], [kinds for _, kinds in plain]
        beyond = columns[width:]
        chunk = CellChunk(first_row, columns[:width], kinds=kinds[:width])
        if any(column.count("") != len(column) for column in beyond):
            chunk.extra = [self._beyond(row, first_row + at) for at, row in enumerate(zip(*beyond, strict=True))]
        return chunk

    def _beyond(self, row: tuple[Any, ...], number: int) -> list[Any] | None:
        if all(cell == "" for cell in row):
            return None
        self.notes.add(LONG_NOTE, example=number)
        return [text_of(cell) or None for cell in row]


def plain_cells(cells: list[Any], notes: TableWarnings) -> tuple[list[Any], set[type]]:
    """Cells as text, int, float and bool: dates and times become ISO 8601, whole floats integers.

    Returns:
        The cells, and the types that they may have.
    """
    kinds = set(map(type, cells))
    if kinds <= {str, bool}:
        return cells, kinds
    if kinds == {float} and (whole := _integers(cells)) is not None:
        return whole, {int}
    if kinds <= {float, str}:
        return _numbers(cells), {int, float, str}
    if kinds <= {dt.datetime, str}:
        return [cell if type(cell) is str else cell.isoformat() for cell in cells], {str}
    if dt.datetime in kinds and dt.date in kinds:  # midnight comes as a date
        cells = [_midnight(cell) if type(cell) is dt.date else cell for cell in cells]
    if float in kinds and kinds & {dt.datetime, dt.date}:
        notes.add(_NO_DATE_NOTE, sum(type(cell) is float for cell in cells))
    plain = [_plain(cell) for cell in cells]
    return plain, set(map(type, plain))


def _integers(cells: list[float]) -> list[int] | None:
    if not all(map(float.is_integer, cells)):
        return None
    whole = list(map(int, cells))
    return whole if -_WHOLE < min(whole) <= max(whole) < _WHOLE else None


def _numbers(cells: list[Any]) -> list[Any]:
    floats = [cell for cell in cells if type(cell) is float]
    if isfinite(sum(floats)) and -_WHOLE < min(floats) <= max(floats) < _WHOLE:
        return [int(cell) if type(cell) is float and cell.is_integer() else cell for cell in cells]
    return [cell if type(cell) is str else _number(cell) for cell in cells]


def _number(cell: float) -> int | float | str:
    """What JSON has no number for stays text."""
    if cell.is_integer():
        return int(cell) if abs(cell) < _WHOLE else cell
    return cell if isfinite(cell) else {inf: "Infinity", -inf: "-Infinity"}.get(cell, "NaN")


def _midnight(day: dt.date) -> str:
    return f"{day.isoformat()}T00:00:00"


def _plain(cell: Any) -> Any:
    kind = type(cell)
    if kind is str or kind is bool:
        return cell
    if kind is float:
        return _number(cell)
    return _duration(cell) if kind is dt.timedelta else cell.isoformat() if hasattr(cell, "isoformat") else cell


def _duration(value: dt.timedelta) -> str:
    """Hours may be more than 24, as Excel shows them: 42:00:00."""
    seconds = abs(value).total_seconds()
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{hours}:{minutes:02d}:{int(rest):02d}"
    fraction = f"{rest % 1:.3f}"[1:] if rest % 1 >= 0.0005 else ""
    return f"{'-' if value < dt.timedelta(0) else ''}{text}{fraction}"


def text_of(cell: Any) -> str:
    """A cell as text."""
    plain = _plain(cell)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return plain if isinstance(plain, str) else repr(plain)
