"""Error cells (`#N/A`) of XLS workbooks, which calamine gives as empty: they are looked up in the file itself.

An XLS workbook is a stream of records (MS-XLS) in a container; see `xls_container`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from source_lms_reports.files.xls_container import Container

Places = dict[tuple[int, int], str]
"""Texts of errors by row and column, both from 0."""

TEXTS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
"""What errors are called, by their codes in XLS and XLSB."""
_FORMULA, _PASSWORD, _SHEET, _ERROR, _BEGIN = 0x0006, 0x002F, 0x0085, 0x0205, 0x0809
_BIFF8 = 0x0600


class UnderPassword(Exception):
    """The records of the workbook are encrypted."""


def error_cells(container: Container) -> dict[str, Places]:
    """The errors of each sheet by its name; none where there is no workbook in the file that can be understood.

    Raises:
        UnderPassword: It cannot be read at all.
        ValueError: The container is damaged.
    """
    try:
        stream = container.workbook()
        return {name: dict(_errors(stream, start)) for name, start in _sheets(stream)}
    except (struct.error, IndexError, KeyError):
        return {}


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Kinds and contents of records; a sheet's end is the beginning of the next."""
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + size]
        at += 4 + size


def _sheets(stream: bytes) -> Iterator[tuple[str, int]]:
    """Names of sheets, and where their records begin."""
    version = 0
    for kind, data in _records(stream, 0):
        if kind == _BEGIN:
            if version:
                return
            (version,) = struct.unpack_from("<H", data)
        elif kind == _PASSWORD:
            raise UnderPassword
        elif kind == _SHEET:
            (start,) = struct.unpack_from("<I", data)
            yield _name(data[6:], version), start


def _name(data: bytes, version: int) -> str:
    if version != _BIFF8:
        return data[1 : 1 + data[0]].decode("latin-1")
    wide = data[1] & 1
    return data[2 : 2 + data[0] * (1 + wide)].decode("utf-16-le" if wide else "latin-1", "replace")


def _errors(stream: bytes, start: int) -> Iterator[tuple[tuple[int, int], str]]:
    begun = False
    for kind, data in _records(stream, start):
        if kind == _BEGIN:
            if begun:
                return
            begun = True
        elif kind == _ERROR and data[7] == 1:
            yield struct.unpack_from("<HH", data), TEXTS.get(data[6], "#ERROR!")
        elif kind == _FORMULA and data[12:14] == b"\xff\xff" and data[6] == 2:
            yield struct.unpack_from("<HH", data), TEXTS.get(data[8], "#ERROR!")
