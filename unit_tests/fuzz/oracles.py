"""What other readers see in a workbook, and why they may see something else.

`openpyxl` and `calamine` share no code with the connector's reader, nor with each other. Cells are compared before a
header is looked for, by the numbers of row and column. A difference that is not explained here is a finding.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import python_calamine as calamine

from source_lms_reports.files.opening import verify
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.payload import Part, Payload
from source_lms_reports.files.sheet_table import RawColumns
from source_lms_reports.files.workbook import Workbook

Sheet = dict[tuple[int, int], Any]
"""Values by row, from 1, and column, from 0; empty cells are left out."""

_MILLISECOND = dt.timedelta(milliseconds=1)
_ESCAPE = re.compile(r"_x[0-9a-fA-F]{4}_")


def own_cells(file: Path, options: ReadOptions) -> dict[str, Sheet]:
    """The cells as the connector reads them.

    Raises:
        PayloadError: It refuses the workbook.
    """
    payload = Payload((Part(file),))
    verify(payload, options)
    book = payload.parts[0].findings.workbook
    assert isinstance(book, Workbook)
    found = {}
    for cells, _ in book._sheets:
        raw, sheet, start = RawColumns(cells, book.from_1904), {}, 0
        for chunk, size in enumerate(cells.chunks.rows):
            for column, runs in raw.runs(chunk).items():
                for at, value in enumerate(raw.values(column, runs).cells, start=start):
                    sheet[raw._number(at), column] = value
            start += size
        found[cells.name] = _filled(sheet)
    payload.parts[0].findings.forget()
    return found


def _filled(sheet: Sheet) -> Sheet:
    return {place: value for place, value in sheet.items() if value is not None and value != ""}


def _by_openpyxl(content: bytes) -> dict[str, Sheet]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        return {
            sheet.title: _filled({(cell.row, cell.column - 1): cell.value for row in sheet.iter_rows() for cell in row})
            for sheet in sheets
        }


def _by_calamine(content: bytes) -> dict[str, Sheet]:
    book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    found = {}
    for meta in book.sheets_metadata:
        sheet = book.get_sheet_by_name(meta.name)
        if meta.visible == calamine.SheetVisibleEnum.Visible:
            first = sheet.start[1] if sheet.start else 0
            rows = enumerate(sheet.iter_rows(), start=1) if sheet.start else ()
            found[meta.name] = _filled(
                {(row, column): cell for row, cells in rows for column, cell in enumerate(cells, start=first)}
            )
    return found


def differences(content: bytes, own: Mapping[str, Sheet]) -> list[str]:
    """What other readers that accept a workbook see in it, and the connector does not, without a reason."""
    found = []
    for name, read in (("openpyxl", _by_openpyxl), ("calamine", _by_calamine)):
        try:
            other = read(content)
        except BaseException as error:
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            continue  # it refuses the workbook
        for title in own.keys() | other.keys():
            one, two = own.get(title, {}), other.get(title, {})
            found += [
                f"{title} {place}: {one.get(place)!r}, by {name} {two.get(place)!r}"
                for place in sorted(one.keys() | two.keys())
                if not agree(one.get(place), two.get(place))
            ]
    return found


def agree(own: Any, other: Any) -> bool:
    """Whether two readers mean the same, or differ for one of the known reasons."""
    return any(reason(own, other) for reason in REASONS)


def _the_same(own: Any, other: Any) -> bool:
    if isinstance(own, bool) or isinstance(other, bool):
        return own is other
    return type(own) in (int, float, str) and type(other) in (int, float, str) and own == other


def _moments(own: Any, other: Any) -> bool:
    """A moment of Python, and its text in ISO 8601. The others know no column, so midnight may be a date."""
    if not isinstance(own, str):
        return False
    if isinstance(other, dt.timedelta):
        return _length(own) is not None and abs(_length(own) - other) <= _MILLISECOND  # type: ignore[operator]
    for kind in (dt.datetime, dt.time):
        if type(other) in (kind, dt.date):
            try:
                return _span(kind.fromisoformat(own.replace("Z", "")), other) <= _MILLISECOND
            except ValueError:
                continue
    return False


def _span(one: Any, two: Any) -> dt.timedelta:
    day = dt.date(2000, 1, 1)
    if isinstance(one, dt.time) or isinstance(two, dt.time):
        one, two = (dt.datetime.combine(day, each) if isinstance(each, dt.time) else each for each in (one, two))
    elif type(two) is dt.date:
        two = dt.datetime.combine(two, dt.time())
    return abs(one.replace(tzinfo=None) - two.replace(tzinfo=None))  # type: ignore[no-any-return]


def _length(text: str) -> dt.timedelta | None:
    found = re.fullmatch(r"(-?)(\d+):(\d\d):(\d\d(?:\.\d+)?)", text)
    if not found:
        return None
    length = dt.timedelta(hours=int(found[2]), minutes=int(found[3]), seconds=float(found[4]))
    return -length if found[1] else length


def _no_date(own: Any, other: Any) -> bool:
    """Day 0, days before it and 29 February 1900 are no dates; the others invent a time of day or the day before."""
    return isinstance(own, (int, float)) and isinstance(other, (dt.date, dt.time)) and (own < 1 or 60 <= own < 61)


def _kept_digits(own: Any, other: Any) -> bool:
    """What a float cannot hold, or Python alone takes for a number (`1_0`, `007`), stays the text in the file."""
    if not isinstance(own, str) or isinstance(other, bool) or not isinstance(other, (int, float)):
        return False
    try:
        return float(own) == other
    except ValueError:
        return False


def _no_number(own: Any, _: Any) -> bool:
    """What is no number for JSON stays the text in the file; Python and Rust take it for one."""
    try:
        return isinstance(own, str) and not isfinite(float(own))
    except ValueError:
        return False


def _escapes(own: Any, other: Any) -> bool:
    """openpyxl leaves `_x000D_` as it is."""
    return isinstance(own, str) and isinstance(other, str) and _ESCAPE.search(other) is not None


def _white_space(own: Any, other: Any) -> bool:
    """calamine drops white space at the ends of texts that do not ask to keep it."""
    return isinstance(own, str) and own.strip() == (other or "")


def _errors(own: Any, other: Any) -> bool:
    """calamine gives no text for errors."""
    return other is None and isinstance(own, str) and own.startswith("#")


def _dates_as_text(own: Any, other: Any) -> bool:
    """A cell of the type `d` is a text in ISO 8601; the others make a moment of it, or nothing."""
    return (
        isinstance(own, str) and bool(re.match(r"\d{4}-|\d\d:|nonsense", own)) and not isinstance(other, (int, float))
    )


def _number_beyond_the_calendar(own: Any, other: Any) -> bool:
    """openpyxl calls a number that is shown as a date and is none an error, calamine leaves it a number."""
    return isinstance(own, (int, float)) and other in ("#VALUE!", float(own))


REASONS: tuple[Callable[[Any, Any], bool], ...] = (
    _the_same,
    _moments,
    _no_date,
    _kept_digits,
    _no_number,
    _escapes,
    _white_space,
    _errors,
    _dates_as_text,
    _number_beyond_the_calendar,
)
"""The list of differences, each with its reason."""
