"""Error cells (`#N/A`) of XLS workbooks, which calamine gives as empty: they are looked up in the file itself.

An XLS workbook is a stream of records (MS-XLS) in a container of sectors (MS-CFB).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

Places = dict[tuple[int, int], str]
"""Texts of errors by row and column, both from 0."""

TEXTS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
"""What errors are called, by their codes in XLS and XLSB."""
_FORMULA, _SHEET, _ERROR, _BEGIN = 0x0006, 0x0085, 0x0205, 0x0809
_BIFF8 = 0x0600
_HEAD, _ENTRY = 512, 128
_HEADER = struct.Struct("<30xHH10xII4xII")
"""Of a container: the sizes of sectors and small sectors as powers of two, the sectors of its table, the first of its
folder, the least size of a stream in sectors of its own, the first of the table of small ones."""
_SHIFTS, _SMALL_SHIFT = (9, 12), 6
_END_OF_CHAIN = 0xFFFFFFFA
"""Numbers of sectors from here on are none."""
_STREAMS = ("Workbook", "Book")


def error_cells(file: Path) -> dict[str, Places]:
    """The errors of each sheet by its name; none where there is no workbook in the file that can be understood.

    Raises:
        ValueError: The file is no such container. Calamine would take all memory for what a damaged one claims.
    """
    container = _Container(file.read_bytes())
    try:
        stream = container.stream(_STREAMS)
        return {name: dict(_errors(stream, start)) for name, start in _sheets(stream)}
    except (struct.error, IndexError, KeyError):
        return {}


class _Container:
    """Streams in sectors, which are chained by a table (FAT); small streams in small sectors of one large stream."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        if len(data) < _HEAD:
            raise ValueError("the container ends early")
        shift, small_shift, tables, first_folder, self._cutoff, first_small = _HEADER.unpack_from(data)
        if shift not in _SHIFTS or small_shift != _SMALL_SHIFT or not 0 < tables <= len(data) >> shift:
            raise ValueError("the container's header is damaged")
        self._size, self._small_size = 1 << shift, 1 << small_shift
        self._table = self._words(b"".join(map(self._sector, self._table_sectors())))
        self._small_table = self._words(self._chained(first_small))
        folder = self._chained(first_folder)
        self._entries = [folder[at : at + _ENTRY] for at in range(0, len(folder) - _ENTRY + 1, _ENTRY)]
        (whole,) = struct.unpack_from("<I", self._entries[0], 116) if self._entries else (_END_OF_CHAIN,)
        self._small_sectors = self._chained(whole)

    def stream(self, names: tuple[str, ...]) -> bytes:
        """The stream of one of these names.

        Raises:
            KeyError: There is none.
        """
        for entry in self._entries:
            if entry[: max(entry[64] - 2, 0)].decode("utf-16-le", "replace") in names:
                start, size = struct.unpack_from("<II", entry, 116)
                return self._chained(start)[:size] if size >= self._cutoff else self._small(start)[:size]
        raise KeyError(names)

    def _table_sectors(self) -> list[int]:
        """The first 109 stand in the head, the others in sectors of their own, each of which ends with the next."""
        sectors = list(struct.unpack_from("<109I", self._data, 76))
        (further,) = struct.unpack_from("<I", self._data, 68)
        seen: set[int] = set()
        while further < _END_OF_CHAIN and further not in seen:
            seen.add(further)
            *more, further = self._words(self._sector(further))
            sectors += more
        return [sector for sector in sectors if sector < _END_OF_CHAIN]

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        return self._data[start : start + self._size]

    @staticmethod
    def _words(data: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])

    def _chained(self, start: int) -> bytes:
        return b"".join(map(self._sector, _chain(self._table, start)))

    def _small(self, start: int) -> bytes:
        data, size = self._small_sectors, self._small_size
        return b"".join(data[at * size : (at + 1) * size] for at in _chain(self._small_table, start))


def _chain(table: tuple[int, ...], start: int) -> Iterator[int]:
    for _ in range(len(table) + 1):
        if start >= len(table):
            return
        yield start
        start = table[start]
    raise ValueError("a chain of sectors has no end")


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
        elif kind == _SHEET:
            (start,) = struct.unpack_from("<I", data)
            yield _name(data[6:], version), start


def _name(data: bytes, version: int) -> str:
    if version != _BIFF8:
        return data[1 : 1 + data[0]].decode("latin-1")
    wide = data[1] & 1
    return data[2 : 2 + data[0] * (1 + wide)].decode("utf-16-le" if wide else "latin-1")


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
