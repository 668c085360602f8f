"""Cells of a workbook on disk, raw and column by column, from the proof of the workbook to the reading of its rows.

A workbook is parsed once, while it is proven. What is found lies in a file without a name, which goes with the process,
however that ends. So memory does not grow with a workbook, and its sheets may be read in any order.
"""

from __future__ import annotations

import mmap
import tempfile
import threading
import weakref
from array import array
from bisect import bisect_right
from pathlib import Path

import msgspec

from source_lms_reports.files.spool import disk_faults

PAGE = 2048
"""Bytes of a page of texts, but for the end of its last one; some eighty texts.

A page is read at once: the texts of one row mostly stand one behind the other.
"""

LONG = 4 * 32767
"""Bytes beyond which a text is longer than Excel allows."""

_IN_ORDER = 8
"""Pages that are taken in together behind the last one."""

_KEPT = 1 << 15
"""Texts that a reader holds at most; a chunk of rows has fewer."""

Run = tuple[int, str, bytes]
"""Cells of one kind in one column of a chunk: the column from 0, the kind (`xlsx_values`), and the cells as they stand,
one for each row: texts joined by NUL, of shared texts their numbers in four bytes each."""

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[tuple[int, str, bytes]])


class CellStore:
    """A file of chunks. Any thread may read.

    Args:
        folder: Where it lies.

    Raises:
        DiskFault: There is no room for it, then or later.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with disk_faults(folder):
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - it lives as long as the store
        self.close = weakref.finalize(self, self._file.close)
        """Let go of the file, which also goes when nobody knows the store any more."""
        self._end = 0
        self._turn = threading.Lock()

    def add(self, data: bytes) -> int:
        """Put bytes behind the others; their place."""
        with self._turn, disk_faults(self._folder, came=lambda: self._end):
            place = self._file.seek(self._end)
            self._file.write(data)
            self._end += len(data)
        return place

    def read(self, place: int, size: int) -> bytes:
        """Bytes from a place on."""
        with self._turn, disk_faults(self._folder, came=lambda: self._end):
            self._file.seek(place)  # what was added last goes to disk before it
            return self._file.read(size)

    def mapped(self, size: int) -> mmap.mmap | bytes:
        """The first bytes of the file, to be looked at in any order."""
        with disk_faults(self._folder, came=lambda: self._end):
            self._file.flush()
        return mmap.mmap(self._file.fileno(), size, access=mmap.ACCESS_READ) if size else b""


class Chunks:
    """Rows of one sheet, some hundreds together.

    Args:
        store: Where they lie.
    """

    def __init__(self, store: CellStore) -> None:
        self._store = store
        self._places: list[tuple[int, int]] = []
        self.rows: list[int] = []
        """How many rows each chunk has."""

    def add(self, runs: list[Run], rows: int) -> None:
        """Put rows behind the others."""
        data = _ENCODER.encode(runs)
        self._places.append((self._store.add(data), len(data)))
        self.rows.append(rows)

    def read(self, number: int) -> list[Run]:
        """The rows of a chunk."""
        return _DECODER.decode(self._store.read(*self._places[number]))


class SharedTexts:
    """The texts that cells of a workbook refer to by number, each with a NUL behind it.

    Args:
        store: Where they lie; nothing else has been put there before them.
    """

    def __init__(self, store: CellStore) -> None:
        self._store = store
        self._places = array("Q")
        self._firsts = array("Q")
        self._end = 0
        self._begun = b""
        self._map: mmap.mmap | bytes = b""
        self._count = 0
        self.has_long = False
        """Whether a text is longer than Excel allows."""
        self.nuls = 0
        """NUL characters that were taken out."""

    def __len__(self) -> int:
        """How many there are, once they are complete."""
        return self._count

    def add(self, joined: bytes) -> None:
        """Put texts in UTF-8, joined by NUL, behind the others."""
        data = b"%b%b\0" % (self._begun, joined)
        at = 0
        while len(data) - at > PAGE:
            end = data.find(b"\0", at + PAGE - 1) + 1
            self._add_page(data, at, end)
            at = end
        if at:
            self._store.add(data[:at])
        self._begun = data[at:]

    def _add_page(self, data: bytes, start: int, end: int) -> None:
        """Note a page of texts. To count what it holds takes a third of the time of cutting pages of so many texts."""
        self._places.append(self._end)
        self._firsts.append(self._count)
        self._end += end - start
        self._count += data.count(b"\0", start, end)
        if end - start > LONG and not self.has_long:
            self.has_long = any(len(text) > LONG for text in data[start:end].split(b"\0"))

    def finish(self) -> None:
        """There are no more texts."""
        if self._begun:
            self._add_page(self._begun, 0, len(self._begun))
        self._store.add(self._begun)
        self._places.append(self._end)
        self._map = self._store.mapped(self._end)
        self._begun = b""

    def page_of(self, number: int) -> int:
        """The page that a text is on."""
        return bisect_right(self._firsts, number) - 1

    def pages(self, page: int, count: int) -> tuple[int, list[str]]:
        """The texts of some pages, fewer at the end, and the number of the first text."""
        end = self._places[min(page + count, len(self._firsts))]
        return self._firsts[page], self._map[self._places[page] : end - 1].decode().split("\0")

    def close(self) -> None:
        """Let go of them for good."""
        if isinstance(self._map, mmap.mmap):
            self._map.close()

    def let_go(self) -> None:
        """Give back the memory of the pages that were looked at; they are on disk."""
        if isinstance(self._map, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)


class TextReader(dict[int, str]):
    """Texts by their numbers, for one reader.

    A page is taken in when one of its texts is asked for, and all pages go when they have become many. Behind the last
    page that was taken in, some come at once, as most sheets refer to texts in their order: that is a quarter cheaper.

    Args:
        texts: The texts. The number behind that of the last stands for none.
    """

    def __init__(self, texts: SharedTexts) -> None:
        super().__init__()
        self._texts = texts
        self._next = 0

    def __missing__(self, number: int) -> str:
        if len(self) > _KEPT:
            self.clear()
            self._texts.let_go()
        if number == len(self._texts):
            self[number] = ""
            return ""
        page = self._texts.page_of(number)
        count = _IN_ORDER if page == self._next else 1
        self._next = page + count
        first, found = self._texts.pages(page, count)
        self.update(zip(range(first, first + len(found)), found, strict=True))
        return found[number - first]
