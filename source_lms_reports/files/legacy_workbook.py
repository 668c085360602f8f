"""Workbooks of other kinds than XLSX (XLS, XLSB), by calamine, which decodes a sheet as a whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any

import python_calamine as calamine

from source_lms_reports.files.archive import corrupt, under_password
from source_lms_reports.files.options import ArchiveLimits
from source_lms_reports.files.sheet_cells import Columns, SheetCells
from source_lms_reports.files.workbook import Workbook
from source_lms_reports.files.xls_errors import Places, UnderPassword
from source_lms_reports.files.xlsx_cells import BOOLEAN, ERROR, NUMBER, TEXT

_ROWS = 500
"""Rows that are put on disk together."""
_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - Excel knows no zones
_BEFORE_MARCH = 61
_DAY = dt.timedelta(days=1)


def read_legacy(
    file: Path, label: str, limits: ArchiveLimits, error_cells: Callable[[], Mapping[str, Places]] = dict
) -> Workbook:
    """All cells of all visible sheets.

    Args:
        file: The workbook.
        label: What messages call it.
        limits: What it may unpack to.
        error_cells: Finds the errors of each sheet by its name, which calamine gives as empty cells.

    Raises:
        CorruptPayload: It is damaged or under a password.
        ArchiveLimitExceeded: A sheet's cells are too far apart.
    """
    book = Workbook(file.parent, limits)
    book.texts.finish()
    try:
        with _damage_told(label):
            errors = error_cells()
            _fill(book, calamine.CalamineWorkbook.from_path(str(file)), errors)
    except BaseException:
        book.close()
        raise
    return book


@contextmanager
def _damage_told(label: str) -> Iterator[None]:
    """What calamine raises, in our words. It is written in Rust, whose panics are no `Exception`."""
    try:
        yield
    except (calamine.PasswordError, UnderPassword) as error:
        raise under_password(label) from error
    except (calamine.CalamineError, OSError, ValueError, OverflowError) as error:
        raise corrupt(label, error) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise corrupt(label, error) from error
        raise


def _fill(book: Workbook, opened: calamine.CalamineWorkbook, errors: Mapping[str, Places]) -> None:
    sheets = [meta for meta in opened.sheets_metadata if meta.typ == calamine.SheetTypeEnum.WorkSheet]
    visible = calamine.SheetVisibleEnum.Visible
    book.hidden = [meta.name for meta in sheets if meta.visible != visible]
    book.no_tables = [meta.name for meta in opened.sheets_metadata if meta not in sheets]
    for meta in sheets:
        if meta.visible == visible:
            sheet = book.new_sheet(meta.name, _plain)
            _copy(opened.get_sheet_by_name(meta.name), sheet, errors.get(meta.name, {}))
            book.add(sheet)


def _plain(text: bytes) -> tuple[bytes, int]:
    return text, 0


def _copy(found: calamine.CalamineSheet, sheet: SheetCells, errors: Places) -> None:
    """Put a sheet's rows on disk; calamine begins with the first of all rows, and with the first column in use."""
    first = found.start[1] if found.start else 0
    rows: Iterator[list[Any]] = found.iter_rows() if found.start else iter(())
    behind = max((row for row, _ in errors), default=-1) + 1 - (found.end[0] + 1 if found.end else 0)
    rows, start = chain(rows, repeat([], max(behind, 0))), 0
    while batch := list(islice(rows, _ROWS)):
        columns: Columns = {}
        for at, row in enumerate(batch):
            for column, cell in enumerate(row, start=first):
                if cell != "":
                    kind, raw = _raw(cell, sheet)
                    columns.setdefault((column, kind), [None] * len(batch))[at] = raw
        for (at, column), text in errors.items():
            if start <= at < start + len(batch):
                columns.setdefault((column, ERROR), [None] * len(batch))[at - start] = text.encode()
        sheet.add(columns, len(batch))
        start += len(batch)


def _raw(cell: Any, sheet: SheetCells) -> tuple[str, bytes]:
    """A cell as a workbook's file has it: its kind and its text."""
    if isinstance(cell, str):
        sheet.nuls += cell.count("\0")
        return TEXT, cell.replace("\0", "").encode()
    if isinstance(cell, bool):
        return BOOLEAN, b"%d" % cell
    if isinstance(cell, dt.timedelta):
        return "duration", repr(cell / _DAY).encode()
    if isinstance(cell, dt.datetime):
        return "moment", _serial(cell)
    if isinstance(cell, dt.date):
        return "date", _serial(dt.datetime.combine(cell, dt.time()))
    if isinstance(cell, dt.time):
        return "time", repr((dt.datetime.combine(_EPOCH, cell) - _EPOCH) / _DAY).encode()
    return NUMBER, repr(cell).encode()


def _serial(moment: dt.datetime) -> bytes:
    """The number that Excel counts days by; it counts 29 February 1900, too."""
    days = (moment - _EPOCH) / _DAY
    return repr(days - 1 if days < _BEFORE_MARCH else days).encode()
