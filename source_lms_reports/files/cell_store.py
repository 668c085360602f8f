"""Cells of a workbook on disk, raw and column by column, from the proof of the workbook to the reading of its rows.

A workbook is parsed once, while it is proven. What is found lies in a file without a name, which goes with the process,
however that ends. So memory does not grow with a workbook, and its sheets may be read in any order.
"""

from __future__ import annotations

import mmap
import re
import tempfile
import threading
import weakref
from array import array
from collections.abc import Sequence
from itertools import islice, pairwise
from pathlib import Path

import msgspec

from source_lms_reports.files.spool import disk_faults

PAGE = 64
"""Texts of a page. A page is read at once: the texts of one row mostly stand one behind the other."""

_WHOLE_PAGE = re.compile(rb"(?:[^\0]*\0){%d}" % PAGE)

LONG = 4 * 32767
"""Bytes beyond which a text is longer than Excel allows."""

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
        self._starts = array("Q", [0])
        self._begun = b""
        self._map: mmap.mmap | bytes = b""
        self._count = 0
        self.has_long = False
        """Whether a text is longer than Excel allows."""
        self.nuls = 0
        """NUL characters that were taken out."""

    def __len__(self) -> int:
        return self._count

    def add(self, joined: bytes) -> None:
        """Put texts in UTF-8, joined by NUL, behind the others."""
        data = b"%b%b\0" % (self._begun, joined)
        whole = (len(self) % PAGE + joined.count(b"\0") + 1) // PAGE  # the pattern must not search where none is left
        ends = [page.end() for page in islice(_WHOLE_PAGE.finditer(data), whole)]
        if ends:
            place = self._store.add(data[: ends[-1]])
            self._starts.extend(place + end for end in ends)
            self._begun = data[ends[-1] :]
            self._look_for_long(data, [0, *ends])
        else:
            self._begun = data
        self._count += joined.count(b"\0") + 1

    def finish(self) -> None:
        """There are no more texts."""
        end = self._store.add(self._begun) + len(self._begun)
        self._look_for_long(self._begun, (0, len(self._begun)))
        self._starts.append(end)
        self._map = self._store.mapped(end)
        self._begun = b""

    def _look_for_long(self, data: bytes, ends: Sequence[int]) -> None:
        for start, end in pairwise(ends):
            if end - start > LONG and not self.has_long:
                self.has_long = any(len(text) > LONG for text in data[start:end].split(b"\0"))

    def page(self, number: int) -> list[str]:
        """The texts of a page."""
        return self._map[self._starts[number] : self._starts[number + 1] - 1].decode().split("\0")

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

    A page is taken in when one of its texts is asked for, and all pages go when they have become many.

    Args:
        texts: The texts. The number behind that of the last stands for none.
    """

    def __init__(self, texts: SharedTexts) -> None:
        super().__init__()
        self._texts = texts

    def __missing__(self, number: int) -> str:
        if len(self) > _KEPT:
            self.clear()
            self._texts.let_go()
        if number == len(self._texts):
            self[number] = ""
            return ""
        first = number - number % PAGE
        page = self._texts.page(number // PAGE)
        self.update(zip(range(first, first + PAGE), page, strict=False))
        return page[number - first]
