"""The container of XLS workbooks (MS-CFB): a folder of streams in sectors, which are chained by a table."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HEAD, _ENTRY = 512, 128
_HEADER = struct.Struct("<30xHH10xII4xII")
"""The sizes of sectors and small sectors as powers of two, the sectors of the table, the first of the folder, the least
size of a stream in sectors of its own, the first of the table of small ones."""
_SHIFTS, _SMALL_SHIFT = (9, 12), 6
_END_OF_CHAIN = 0xFFFFFFFA
"""Numbers of sectors from here on are none."""
_LINKS = struct.Struct("<68xIII")
"""Of an entry: those to its left and right among the entries of its folder, and the one in the middle of its own."""
_WORKBOOKS = ("workbook", "book")
"""Names of a workbook's stream, in any case, the newer version first."""


class Container:
    """Streams in sectors, which are chained by a table (FAT); small streams in small sectors of one large stream.

    Args:
        data: The whole file.

    Raises:
        ValueError: It is no such container. Calamine would take all memory for what a damaged one claims.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        if len(data) < _HEAD:
            raise ValueError("the container ends early")
        shift, small_shift, tables, self._first, self._cutoff, first_small = _HEADER.unpack_from(data)
        if shift not in _SHIFTS or small_shift != _SMALL_SHIFT or not 0 < tables <= len(data) >> shift:
            raise ValueError("the container's header is damaged")
        self._size: int = 1 << shift
        self._small_size: int = 1 << small_shift
        self._table = self._words(b"".join(map(self._sector, self._table_sectors())))
        self._small_table = self._words(self._chained(first_small))
        folder = self._chained(self._first)
        self._entries = [folder[at : at + _ENTRY] for at in range(0, len(folder) - _ENTRY + 1, _ENTRY)]
        (whole,) = struct.unpack_from("<I", self._entries[0], 116) if self._entries else (_END_OF_CHAIN,)
        self._small_sectors = self._chained(whole)

    def workbook(self) -> bytes:
        """The stream of the workbook.

        Raises:
            KeyError: There is none.
        """
        entry = self._entries[self._workbooks()[0]]
        start, size = struct.unpack_from("<II", entry, 116)
        return self._chained(start)[:size] if size >= self._cutoff else self._small(start)[:size]

    def without_embedded(self) -> bytes | None:
        """The file with the workbooks that are embedded in its own under another name; None where there are none.

        Calamine takes the first stream of a name, in whatever folder it stands, and would read an embedded one instead.
        """
        own = self._own()
        first, *others = self._workbooks()
        embedded = [at for at in others if at not in own]
        if first not in own or not embedded:
            return None
        data = bytearray(self._data)
        for place in map(self._place, embedded):
            data[place : place + 2] = b"-\0"
        return bytes(data)

    def _workbooks(self) -> list[int]:
        """The places of entries with a workbook's name: those of the folder itself first, of them the newer version.

        Raises:
            KeyError: There is none.
        """
        own = self._own()
        found = {at: self._name(at).casefold() for at in range(len(self._entries))}
        places = [at for at, name in found.items() if name in _WORKBOOKS]
        if not places:
            raise KeyError(_WORKBOOKS)
        return sorted(places, key=lambda at: (at not in own, _WORKBOOKS.index(found[at]), at))

    def _own(self) -> set[int]:
        """The places of the entries that stand in no folder within."""
        own: set[int] = set()
        ahead = [_LINKS.unpack_from(self._entries[0])[2]] if self._entries else []
        while ahead:
            at = ahead.pop()
            if at < len(self._entries) and at not in own:
                own.add(at)
                ahead += _LINKS.unpack_from(self._entries[at])[:2]
        return own

    def _name(self, at: int) -> str:
        entry = self._entries[at]
        return entry[: max(min(entry[64], 64) - 2, 0)].decode("utf-16-le", "replace")

    def _place(self, at: int) -> int:
        """Where an entry stands in the file."""
        sectors = list(_chain(self._table, self._first))
        sector, rest = divmod(at * _ENTRY, self._size)
        return (sectors[sector] + 1) * self._size + rest

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


@contextmanager
def for_calamine(file: Path, container: Container) -> Iterator[Path]:
    """The file, or a copy beside it in which calamine finds the right workbook."""
    try:
        changed = container.without_embedded()
    except (struct.error, IndexError, KeyError):  # calamine says what is wrong with it
        changed = None
    if changed is None:
        yield file
        return
    with tempfile.NamedTemporaryFile(prefix="workbook-", dir=file.parent) as copy:
        copy.write(changed)
        copy.flush()
        yield Path(copy.name)
