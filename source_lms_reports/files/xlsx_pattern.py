r"""One pattern for a whole row of a sheet, learned from the sheet's own rows.

Writers repeat themselves: in each column the same few forms of a cell come again, only with other values. A pattern of
these forms takes a row at once, and gives its values column by column, at a tenth of the parser's time. For rows like

    <row r="2" spans="1:3"><c r="A2"><v>7</v></c><c r="B2" t="s"><v>12</v></c><c r="C2" s="1"/></row>

it is, in short,

    <row[^>]* r="(\d+)"[^>]*>(?:<c r="A\1"><v>([^<]*)</v></c>|)(?:<c r="B\1" t="s"><v>([^<]*)</v></c>|)...</row>

and splitting the sheet by it gives `['', '2', '7', '12', ..., '', '3', '8', ...]`: what stands between the rows, which
is nothing unless a row is of another form, and the values. Rows of another form go to the parser.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from source_lms_reports.files.xlsx_cells import TEXT, CellKinds, column_letters, column_number

_MOST_FORMS = 24
"""Forms of a column: banded and coloured tables have a style for each colour."""
_MOST_GROUPS = 1500
"""Values of a row: a wider sheet is left to the parser."""
_LOOKED_AT = 200
"""Rows of a block that are learned from."""

_ATTRIBUTE = re.compile(rb' ([\w:.-]+)="([^"<>&]*)"')
_PLACE = re.compile(rb' r="([A-Z]{1,3})([0-9]{1,7})"')
_VALUE = b"([^<]*)"
_RESULT = b"([^<]+)"
"""A formula without a value has not been worked out, which the parser tells."""

Ends = tuple[bytes, bytes, bytes]
_ENDS: dict[str, Ends] = {
    "none": (rb"/>", b"", b""),
    "empty": (rb"></P:c>", b"", b""),
    "value": (rb"><P:v>", _VALUE, rb"</P:v></P:c>"),
    "kept_value": (rb'><P:v xml:space="preserve">', _VALUE, rb"</P:v></P:c>"),
    "formula": (rb"><P:f(?: [^<>]*[^<>/]|)>[^<]*</P:f><P:v>", _RESULT, rb"</P:v></P:c>"),
    "shared_formula": (rb"><P:f [^<>]*/><P:v>", _RESULT, rb"</P:v></P:c>"),
    "inline": (rb"><P:is><P:t>", _VALUE, rb"</P:t></P:is></P:c>"),
    "kept_inline": (rb'><P:is><P:t xml:space="preserve">', _VALUE, rb"</P:t></P:is></P:c>"),
}
"""The ways to write a cell's value: what stands before it (from the end of the attributes on), it, and behind it."""


class Form(NamedTuple):
    """How a cell is written, but for its place and value.

    Args:
        before: Its attributes before the place.
        after: Its attributes behind the place; all of them where it tells none.
        way: How its value is written; a key of `_ENDS`.
    """

    before: bytes
    after: bytes
    way: str


@dataclass(frozen=True)
class RowPattern:
    """A pattern of rows.

    Args:
        pattern: Its first group is the row's number; nothing where rows do not tell it.
        cells: For each further group the column and the kind of its cells.
    """

    pattern: re.Pattern[bytes]
    cells: tuple[tuple[int, str], ...]

    @property
    def stride(self) -> int:
        """From what stands before a row, in what splitting gives, to what stands before the next."""
        return len(self.cells) + 2


class RowLearner:
    """Learns the forms of one sheet's cells, and makes patterns of them.

    Args:
        kinds: Tells kinds of cells.
        prefix: The prefix of the sheet's namespace, such as `x:`.
    """

    def __init__(self, kinds: CellKinds, prefix: bytes) -> None:
        self._kinds = kinds
        self._prefix = prefix
        self._forms: dict[int, Counter[Form]] = {}
        self._placed: bool | None = None
        self._width = 0
        ways = b"|".join(
            b"(?P<%b>%b)" % (way.encode(), b"".join(ends).replace(b"([", b"(?:[")) for way, ends in _ENDS.items()
        )
        self._row = re.compile(self._named(rb"<P:row((?: [^<>]*[^<>/])?)>(.*?)</P:row>"), re.DOTALL)
        self._cell = re.compile(self._named(rb"<P:c((?:%b)*)(?:%b)" % (_ATTRIBUTE.pattern.replace(b"(", b"(?:"), ways)))

    def _named(self, pattern: bytes) -> bytes:
        return pattern.replace(b"P:", re.escape(self._prefix))

    def learn(self, text: bytes) -> bool:
        """Look at rows that no pattern takes; whether something new was learned."""
        before = sum(map(len, self._forms.values())), self._width
        for row in islice(self._row.finditer(text), _LOOKED_AT):
            self._learn_row(row)
        return (sum(map(len, self._forms.values())), self._width) > before

    def _learn_row(self, row: re.Match[bytes]) -> None:
        cells = list(self._cell.finditer(row[2]))
        if not cells or sum(len(cell[0]) for cell in cells) != len(row[2]):
            return
        places = [_PLACE.search(cell[1]) for cell in cells]
        placed = places[0] is not None
        if any((place is not None) != placed for place in places) or self._placed not in (None, placed):
            return
        if not placed and any(b' r="' in cell[1] for cell in cells):  # a place that only the parser understands
            return
        if placed and dict(_ATTRIBUTE.findall(row[1])).get(b"r") is None:
            return
        self._placed = placed
        for cell, place in zip(cells, places, strict=True):
            column = column_number(place[1].decode()) if place else 0
            before, after = (cell[1][: place.start()], cell[1][place.end() :]) if place else (b"", cell[1])
            self._forms.setdefault(column, Counter())[Form(before, after, cell.lastgroup or "")] += 1
        self._width = max(self._width, len(cells))

    def pattern(self) -> RowPattern | None:
        """The pattern of what has been learned; None where it would be too long."""
        forms = {column: [form for form, _ in found.most_common(_MOST_FORMS)] for column, found in self._forms.items()}
        if not self._placed:  # any cell may be the next: all forms at all places
            forms = {column: forms.get(0, []) for column in range(self._width)}
        groups: list[tuple[int, str]] = []
        parts = [self._of_column(column, forms[column], groups) for column in sorted(forms)]
        if len(groups) > _MOST_GROUPS:
            return None
        number = rb'(?: [^>]*?|) r="([0-9]{1,7})"[^>]*' if self._placed else rb"()(?: [^>]*|)"
        row = rb"<P:row%b(?:/>|>%b</P:row>)" % (number, b"".join(parts))
        return RowPattern(re.compile(self._named(row)), tuple(groups))

    def _of_column(self, column: int, forms: list[Form], groups: list[tuple[int, str]]) -> bytes:
        place = rb' r="%b\1"' % column_letters(column).encode() if self._placed else b""
        choices = []
        for form in forms:
            before, value, after = _ENDS[form.way]
            choices.append(re.escape(form.before) + place + re.escape(form.after) + before + value + after)
            if value:
                groups.append((column, self._kind(form)))
        return rb"(?:<P:c(?:%b)|)" % b"|".join(choices)

    def _kind(self, form: Form) -> str:
        if "inline" in form.way:
            return TEXT
        attributes = _ATTRIBUTE.findall(form.before + form.after)
        return self._kinds.kind({name.decode(): value.decode() for name, value in attributes})
