"""Error cells (`#N/A`) of XLSB workbooks, which calamine gives as empty: they are looked up in the file itself.

A part of such a workbook is a stream of records (MS-XLSB, 2.1.4): a kind, a size, and as many bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from source_lms_reports.files.xls_errors import TEXTS, Places
from source_lms_reports.files.xlsx_package import Package

_ROW, _SHEET = 0, 156
_ERRORS = frozenset({3, 11})
"""Of a cell, and of the result of a formula."""
_CELL = struct.Struct("<I4xB")
"""The column, and the error behind the style."""


def error_cells(package: Package) -> dict[str, Places]:
    """The errors of each sheet by its name; none where the parts cannot be understood."""
    try:
        parts = package.linked()
        sheets = list(_sheets(package.data(package.main)))
        return {name: dict(_errors(package.data(parts[link]))) for name, link in sheets if parts.get(link)}
    except (struct.error, IndexError):
        return {}


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kinds and contents: `9c 01` `02` `ab cd` -> 156, `ab cd`. Seven bits of a byte count, the last tells of more."""
    at = 0
    while at < len(data):
        kind, at = _number(data, at, 2)
        size, at = _number(data, at, 4)
        yield kind, data[at : at + size]
        at += size


def _number(data: bytes, at: int, most: int) -> tuple[int, int]:
    number = 0
    for place in range(most):
        byte = data[at + place]
        number |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            return number, at + place + 1
    return number, at + most


def _sheets(data: bytes) -> Iterator[tuple[str, str]]:
    """Names of sheets, and the ids of the relations to their parts."""
    for kind, content in _records(data):
        if kind == _SHEET:
            link, at = _text(content, 8)
            name, _ = _text(content, at)
            yield name, link


def _text(data: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", data, at)
    end = at + 4 + 2 * length
    return data[at + 4 : end].decode("utf-16-le", "replace"), end


def _errors(data: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    row = 0
    for kind, content in _records(data):
        if kind == _ROW:
            (row,) = struct.unpack_from("<I", content)
        elif kind in _ERRORS:
            column, code = _CELL.unpack_from(content)
            yield (row, column), TEXTS.get(code, "#ERROR!")
