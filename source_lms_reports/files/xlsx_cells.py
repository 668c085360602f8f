"""What a cell of an XLSX sheet is, by its attributes; and rows as the XML parser finds them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from source_lms_reports.files.xlsx_styles import NumberKind
from source_lms_reports.files.xml_text import Attributes

SHARED, TEXT, ERROR, BOOLEAN, NUMBER = "shared", "text", "error", "boolean", "number"
_KINDS = {"s": SHARED, "e": ERROR, "b": BOOLEAN, "n": NUMBER, "": NUMBER}
_PLACE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})")


@dataclass(frozen=True)
class CellKinds:
    """Tells kinds of cells.

    Args:
        styles: The kind of number by the cell's style.
    """

    styles: Sequence[NumberKind]

    def kind(self, attributes: Attributes) -> str:
        """The kind of a cell by its attributes; what has a type that is not known is text."""
        kind = _KINDS.get(attributes.get("t", "").strip(), TEXT)
        style = attributes.get("s", "").strip()
        if kind != NUMBER or not style.isdecimal() or int(style) >= len(self.styles):
            return kind
        return self.styles[int(style)]


@dataclass
class Row:
    """A row that the parser has found.

    Args:
        number: As the row tells it; 0 of one that does not.
        cells: Kinds of those that are not empty, and what stands in them, by column from 0.
    """

    number: int
    cells: dict[int, tuple[str, str]] = field(default_factory=dict)


class RowHandler:
    """Collects rows as the XML parser comes across them.

    Cells may leave out their places; each then stands behind the one before it. A cell's text is that of its `<v>`, of
    an inline string that of its `<is>`, without the readings (`rPh`) that stand beside Japanese texts. Formulas are
    passed over.

    Args:
        kinds: Tells kinds of cells.
    """

    def __init__(self, kinds: CellKinds) -> None:
        self.rows: list[Row] = []
        """Complete rows, until somebody takes them out."""
        self.merged: list[str] = []
        """Ranges of merged cells."""
        self.uncalculated = 0
        """Formulas whose value is not in the file."""
        self._kinds = kinds
        self._row = Row(0)
        self._column = -1
        self._cell: Attributes = {}
        self._value: list[str] | None = None
        self._inline: list[str] | None = None
        self._into: list[str] | None = None
        self._readings = 0
        self._has_formula = False

    def start(self, name: str, attributes: Attributes) -> None:
        """See `xml_text.Handler`."""
        if name == "c":
            self._begin_cell(attributes)
        elif name == "v":
            self._into = self._value = self._value or []
        elif name == "row":
            self._begin_row(attributes)
        elif name == "is":
            self._inline = []
        elif name == "t" and self._inline is not None and not self._readings:
            self._into = self._inline
        elif name == "f":
            self._has_formula = True
        elif name == "rPh":
            self._readings += 1
        elif name == "mergeCell":
            self.merged.append(attributes.get("ref", ""))

    def end(self, name: str) -> None:
        """See `xml_text.Handler`."""
        self._into = None
        if name == "c":
            self._end_cell()
        elif name == "row":
            self.rows.append(self._row)
        elif name == "rPh":
            self._readings -= 1

    def text(self, text: str) -> None:
        """See `xml_text.Handler`."""
        if self._into is not None:
            self._into.append(text)

    def _begin_row(self, attributes: Attributes) -> None:
        number = attributes.get("r", "").strip()
        self._row = Row(int(number) if number.isdecimal() and len(number) < 8 else 0)
        self._column = -1

    def _begin_cell(self, attributes: Attributes) -> None:
        place = _PLACE.fullmatch(attributes.get("r", "").strip())
        self._column = column_number(place[1]) if place else self._column + 1
        self._cell, self._value, self._inline, self._has_formula = attributes, None, None, False

    def _end_cell(self) -> None:
        kind = self._kinds.kind(self._cell)
        is_inline = self._inline is not None and (self._value is None or self._cell.get("t") == "inlineStr")
        text = "".join((self._inline if is_inline else self._value) or ())
        if text:
            self._row.cells[self._column] = (TEXT if is_inline else kind, text)
        elif self._has_formula and kind != TEXT:
            self.uncalculated += 1
        self._value = self._inline = None


def column_number(letters: str) -> int:
    """A is 0, AA is 26."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def column_letters(number: int) -> str:
    """0 is A, 26 is AA."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
