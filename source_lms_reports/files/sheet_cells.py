"""The cells of one sheet as its file has them, on disk, and what is known of its columns."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from source_lms_reports.files.cell_store import CellStore, Chunks, Run, SharedTexts, TextReader
from source_lms_reports.files.xlsx_cells import SHARED
from source_lms_reports.files.xml_text import DamagedXml, unescaped

Columns = dict[tuple[int, str], list["bytes | None"]]
"""Cells as they stand in XML, by column and kind, one for each row; None where the row has no such cell."""

Meant = Callable[[bytes], "tuple[bytes, int]"]
"""Makes of cells, joined by NUL, what they mean, and tells how many NULs it has left out."""

NUMBERED = 5000
"""Rows whose numbers are kept: those that may stand about the header."""
_INTEGERS = msgspec.json.Decoder(list[int])
_MOMENTS = frozenset({"date", "moment", "time"})
"""Kinds of numbers whose form in a column hangs on all of them."""


@dataclass
class ColumnFacts:
    """What is known of the numbers in a column that are shown as dates or times.

    Args:
        kinds: Their kinds.
        greatest: The greatest of them.
        has_time: Whether one that is shown as a date is no whole day.
    """

    kinds: set[str] = field(default_factory=set)
    greatest: float = float("-inf")
    has_time: bool = False

    def look(self, kind: str, cells: list[bytes]) -> None:
        """Take more of them into account."""
        self.kinds.add(kind)
        for cell in cells:
            try:
                number = float(cell)
            except ValueError:
                continue
            self.greatest = max(self.greatest, number)
            self.has_time = self.has_time or (kind == "date" and number % 1 != 0)


class SheetCells:
    """One sheet.

    Args:
        name: As a user sees it.
        store: Where its cells lie.
        texts: The workbook's shared texts.
        meant: Makes of cells what they mean.
    """

    def __init__(
        self,
        name: str,
        store: CellStore,
        texts: SharedTexts,
        meant: Meant = unescaped,
    ) -> None:
        self.name = name
        self.texts = texts
        self._meant = meant
        self._decoder: msgspec.json.Decoder[list[int]] | None = None
        self.chunks = Chunks(store)
        self.numbers: list[int] = []
        """The numbers of the first rows, as the sheet counts them."""
        self.filled: dict[int, int] = {}
        """How many cells a column has."""
        self.facts: dict[int, ColumnFacts] = {}
        self.merged: list[str] = []
        """Ranges of merged cells."""
        self.uncalculated = 0
        """Formulas whose value is not in the file."""
        self.nuls = 0
        """NUL characters that were taken out."""

    def add(self, columns: Columns, rows: int, numbers: Sequence[bytes] = ()) -> None:
        """Put rows behind the others.

        Args:
            columns: Their cells.
            rows: How many rows there are.
            numbers: Those that the first of them have in the sheet; nothing where one has none of its own.

        Raises:
            DamagedXml: A cell refers to a text that is not there.
            UnicodeDecodeError: A text is not in UTF-8.
        """
        for number in numbers[: NUMBERED - len(self.numbers)]:
            self.numbers.append(int(number) if number else (self.numbers[-1] if self.numbers else 0) + 1)
        runs: list[Run] = []
        for (column, kind), cells in columns.items():
            is_full = all(cells)
            absent = 0 if is_full else cells.count(None)
            self.filled[column] = self.filled.get(column, 0) + rows - absent
            if kind in _MOMENTS:
                self.facts.setdefault(column, ColumnFacts()).look(kind, [cell for cell in cells if cell])
            if kind == SHARED:
                payload = (self._plain(cells) if is_full else None) or self._shared(cells, absent)
            else:
                payload = self._joined(cells, absent)
            runs.append((column, kind, payload))
        self.chunks.add(runs, rows)

    def text_size(self) -> int:
        """Characters of all shared texts in the sheet, each as often as a cell refers to it."""
        texts = TextReader(self.texts)
        runs = (run for chunk in range(len(self.chunks.rows)) for run in self.chunks.read(chunk))
        return sum(len(texts[number]) for _, kind, raw in runs if kind == SHARED for number in array("I", raw))

    def _joined(self, cells: list[Any], absent: int) -> bytes:
        text, nuls = self._meant(b"\0".join([cell or b"" for cell in cells] if absent else cells))
        text.decode()  # tells what is no UTF-8
        self.nuls += nuls
        return text

    def _plain(self, cells: list[Any]) -> bytes | None:
        """The numbers of shared texts where each cell has one and all of them are there; None where that is not so.

        `12`, `7` -> `[12,7]`, whose numbers are held against the texts as they are read: 0.05 µs a cell and not 0.08.
        """
        if self._decoder is None:
            self._decoder = msgspec.json.Decoder(list[Annotated[int, msgspec.Meta(ge=0, lt=len(self.texts))]])
        try:
            numbers = self._decoder.decode(b"[%b]" % b",".join(cells))
        except msgspec.DecodeError:
            return None
        return array("I", numbers).tobytes() if len(numbers) == len(cells) else None

    def _shared(self, cells: list[Any], absent: int) -> bytes:
        """The numbers of shared texts; one more than the last of them where a row has none."""
        none = len(self.texts)
        if absent:
            text = b"%d" % none
            cells = [cell or text for cell in cells]
        numbers = _numbers(cells, none)
        greatest = max(numbers)
        if greatest > none or (greatest == none and numbers.count(none) != absent + cells.count(b"")):
            raise DamagedXml(f"a cell refers to text {greatest}, and there are {none}")
        try:
            return array("I", numbers).tobytes()
        except OverflowError as error:
            raise DamagedXml("a cell refers to a text by a number below zero") from error


def _numbers(cells: list[bytes], none: int) -> list[int]:
    try:
        numbers = _INTEGERS.decode(b"[%b]" % b",".join(cells))
        if len(numbers) == len(cells):
            return numbers
    except msgspec.DecodeError:  # empty cells, spaces, zeros in front
        pass
    return [_number(cell) if cell else none for cell in cells]


def _number(text: bytes) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise DamagedXml("a cell refers to a text by something that is no number") from error
