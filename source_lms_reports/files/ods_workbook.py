"""Workbooks of OpenDocument (ODS): the tables of one XML, read as it is unpacked."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from pathlib import Path

from source_lms_reports.errors import ArchiveLimitExceeded
from source_lms_reports.files.archive import under_password
from source_lms_reports.files.options import ArchiveLimits
from source_lms_reports.files.sheet_cells import Columns, SheetCells
from source_lms_reports.files.workbook import Workbook
from source_lms_reports.files.xlsx_cells import BOOLEAN, ERROR, NUMBER, TEXT
from source_lms_reports.files.xlsx_package import Package
from source_lms_reports.files.xml_text import Attributes, DamagedXml, parse

CONTENT, MANIFEST = "content.xml", "META-INF/manifest.xml"
_ROWS = 500
"""Rows that are put on disk together."""
_MOST_CELLS = 100_000_000
"""Of a sheet, counted as often as they are repeated."""
_MOST_COLUMNS = 16_384
"""Of a row that is held as a whole; no program that writes workbooks has more."""
_CELLS = ("table-cell", "covered-table-cell")
_PARAGRAPHS = ("p", "h")
_NO_TEXT = ("annotation", "note", "ruby-text", "frame", "custom-shape")
"""What stands in a paragraph and is not its text: comments, readings, drawings."""
_VALUES = {"float": "value", "percentage": "value", "currency": "value", "boolean": "boolean-value"}
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d)?(\.\d{1,9})?")
_LENGTH = re.compile(r"(-?)PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")
_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet knows no zones
_FIRST = dt.datetime(1900, 3, 1)  # noqa: DTZ001 - before, days are counted in two ways: such a date stays text

Cell = tuple[str, bytes]
"""Its kind and what stands in it."""


def read_ods(archive: zipfile.ZipFile, package: Package, folder: Path, label: str, limits: ArchiveLimits) -> Workbook:
    """All cells of all visible sheets. What nobody reads is unpacked too, so that its checksum is looked at.

    Args:
        archive: The workbook.
        package: Its parts.
        folder: Where the cells are kept.
        label: What messages call it.
        limits: What it may unpack to.

    Raises:
        CorruptPayload: It is under a password.
        DamagedXml: It is no XML, ends early, or is no workbook.
        ArchiveLimitExceeded: Its cells are too many, or too far apart.
        BadZipFile: A checksum is wrong.
    """
    if b"encryption-data" in package.data(package.part(MANIFEST)):
        raise under_password(label)
    book = Workbook(folder, limits)
    book.texts.finish()
    try:
        for info in archive.infolist():
            with package.blocks(info) as blocks:
                if info == package.part(CONTENT):
                    reader = _Reader(book)
                    parse(blocks, reader)
                    reader.close()
                else:
                    for _ in blocks:
                        pass
    except BaseException:
        book.close()
        raise
    return book


class _Reader:
    """Told what stands in the XML; see `xml_text.Handler`."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._within = [""]
        self._passed_over = 0
        self._style = ""
        self._hidden: set[str] = set()
        self._sheet: _Sheet | None = None
        self._is_spreadsheet = False
        self._paragraphs: list[str] = []
        self._takes_text = False
        self._cell: Attributes = {}
        self._row: Attributes = {}

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""
        around = self._within[-1]
        self._within.append(name)
        if self._passed_over or self._is_passed_over(name, around):
            self._passed_over += 1
        elif name == "table" and around == "spreadsheet":
            self._begin_sheet(attributes)
        elif name == "table-row":
            self._row = attributes
        elif name in _CELLS:
            self._cell, self._paragraphs = attributes, []
        elif name in _PARAGRAPHS and around in _CELLS:
            self._paragraphs.append("")
            self._takes_text = True
        elif name in ("s", "tab", "line-break"):
            self.text(_white_space(name, attributes))
        elif name == "spreadsheet":
            self._is_spreadsheet = True
        elif name == "style":
            self._style = _local(attributes, "name")
        elif name == "table-properties" and _local(attributes, "display") == "false":
            self._hidden.add(self._style)

    def _is_passed_over(self, name: str, around: str) -> bool:
        if name == "table":
            return around != "spreadsheet"
        return name in _NO_TEXT or (around in _CELLS and name not in _PARAGRAPHS)

    def end(self, name: str) -> None:
        """An element ends."""
        self._within.pop()
        if self._passed_over:
            self._passed_over -= 1
        elif name in _PARAGRAPHS and self._within[-1] in _CELLS:
            self._takes_text = False
        elif self._sheet and name in _CELLS:
            self._sheet.add_cell(_cell(self._cell, "\n".join(self._paragraphs)), _repeated(self._cell, "columns"))
        elif self._sheet and name == "table-row":
            self._sheet.add_row(_repeated(self._row, "rows"))
        elif name == "table":
            self._end_sheet()

    def text(self, text: str) -> None:
        """Text between elements."""
        if self._takes_text and not self._passed_over:
            self._paragraphs[-1] += text

    def close(self) -> None:
        """The XML is at its end.

        Raises:
            DamagedXml: It has no workbook in it.
        """
        if not self._is_spreadsheet:
            raise DamagedXml("the document is no workbook")

    def _begin_sheet(self, attributes: Attributes) -> None:
        name = _local(attributes, "name")
        if _local(attributes, "style-name") in self._hidden:
            self._book.hidden.append(name)
        else:
            self._sheet = _Sheet(self._book.new_sheet(name, _as_it_is))

    def _end_sheet(self) -> None:
        if self._sheet:
            self._book.add(self._sheet.complete())
        self._sheet = None


class _Sheet:
    """Takes cells in their order, and puts rows on disk some at a time."""

    def __init__(self, cells: SheetCells) -> None:
        self._cells = cells
        self._row: dict[int, Cell] = {}
        self._column = 0
        self._rows: list[dict[int, Cell]] = []
        self._count = 0

    def add_cell(self, cell: Cell | None, times: int) -> None:
        if cell:
            if self._column + times > _MOST_COLUMNS:
                raise self._beyond(_MOST_COLUMNS, "columns")
            self._counted(times)
            self._row.update(dict.fromkeys(range(self._column, self._column + times), cell))
        self._column += times

    def add_row(self, times: int) -> None:
        """The row is complete. Rows without a cell, of which there may be a million at the end, are none."""
        if self._row:
            self._counted((times - 1) * len(self._row))
            for _ in range(times):
                self._rows.append(self._row)
                if len(self._rows) >= _ROWS:
                    self._put()
        self._row, self._column = {}, 0

    def complete(self) -> SheetCells:
        self._put()
        return self._cells

    def _counted(self, more: int) -> None:
        self._count += more
        if self._count > _MOST_CELLS:
            raise self._beyond(_MOST_CELLS, "cells")

    def _beyond(self, most: int, what: str) -> ArchiveLimitExceeded:
        return ArchiveLimitExceeded(
            f"The sheet {self._cells.name} has more than {most:,} {what}, which no report has. Ask the vendor what it "
            "sent."
        )

    def _put(self) -> None:
        columns: Columns = {}
        for at, row in enumerate(self._rows):
            for column, (kind, raw) in row.items():
                columns.setdefault((column, kind), [None] * len(self._rows))[at] = raw
        if self._rows:
            self._cells.add(columns, len(self._rows))
        self._rows = []


def _as_it_is(text: bytes) -> tuple[bytes, int]:
    return text, 0


def _local(attributes: Attributes, name: str) -> str:
    return next((value for one, value in attributes.items() if one.rsplit(":", 1)[-1] == name), "")


def _repeated(attributes: Attributes, what: str) -> int:
    times = _local(attributes, f"number-{what}-repeated").strip()
    return int(times) if times.isdecimal() and len(times) < 10 else 1


def _white_space(name: str, attributes: Attributes) -> str:
    if name != "s":
        return "\t" if name == "tab" else "\n"
    count = _local(attributes, "c").strip()
    return " " * (int(count) if count.isdecimal() and len(count) < 6 else 1)


def _cell(attributes: Attributes, text: str) -> Cell | None:
    """A cell by its type; what has none that is known is the text that it shows.

    Errors have no type of their own: LibreOffice writes an empty text, and beside it its own type `error`.
    """
    types = [value for name, value in attributes.items() if name.endswith(":value-type")]
    if "error" in types:
        return ERROR, text.encode()
    kind = types[0] if types else ""
    found = _local(attributes, _VALUES[kind]) if kind in _VALUES else ""
    if found:
        return BOOLEAN if kind == "boolean" else NUMBER, found.encode()
    if kind in ("date", "time"):
        return _moment(_local(attributes, f"{kind}-value") or text)
    shown = (_local(attributes, "string-value") or text) if kind == "string" else text
    return (TEXT, shown.encode()) if shown else None


def _moment(value: str) -> Cell:
    """A date, a moment or a length of time as the number that a workbook counts by; others stay as they are.

    `2024-02-29` -> date 45351, `PT10H30M00S` -> duration 0.4375
    """
    if length := _LENGTH.fullmatch(value):
        hours, minutes, seconds = (float(part or 0) for part in length.groups()[1:])
        days = (hours * 3600 + minutes * 60 + seconds) / 86_400
        return "duration", repr(-days if length[1] else days).encode()
    found = _DATE.fullmatch(value)
    try:
        moment = dt.datetime.fromisoformat(f"{found[1]}{found[2] or ''}") if found else None
    except ValueError:
        moment = None
    if found is None or moment is None or moment < _FIRST:
        return TEXT, value.encode()
    days = (moment - _EPOCH) / dt.timedelta(days=1) + float(found[3] or 0) / 86_400
    return "moment" if found[2] else "date", repr(days).encode()
