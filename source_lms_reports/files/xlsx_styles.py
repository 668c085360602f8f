"""What the number formats of a workbook make of numbers: dates, times, lengths of time, or just numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from source_lms_reports.files.xml_text import Attributes, parse

NumberKind = Literal["number", "date", "moment", "time", "duration"]

_BUILT_IN: dict[int, NumberKind] = dict.fromkeys((*range(14, 18), *range(27, 32), 36, 50, 51, 54, 57, 58), "date")
_BUILT_IN |= dict.fromkeys((*range(18, 22), 32, 33, 34, 35, 45, 47), "time")
_BUILT_IN |= {22: "moment", 46: "duration"}
_BUILT_IN |= dict.fromkeys((52, 53, 55, 56), "moment")
"""Formats that are not written out in the file (ECMA-376, 18.8.30). 52 to 56 are dates in one language and times in
another."""

_LITERAL = re.compile(r'"[^"]*"?|\\.|[_*].')
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]")
_BRACKETS = re.compile(r"\[[^\]]*\]")
_SCIENCE = re.compile(r"e[+-]")
_HALF_DAY = re.compile(r"am/pm|a/p|上午/下午")


def number_kinds(blocks: Iterable[bytes]) -> list[NumberKind]:
    """The kind of number of each cell style, by the bytes of the part `styles`.

    Raises:
        DamagedXml: It is no XML.
    """
    styles = _Styles()
    parse(blocks, styles)
    return [styles.kind(number) for number in styles.used]


class _Styles:
    def __init__(self) -> None:
        self.used: list[str] = []
        self._codes: dict[str, str] = {}
        self._within: list[str] = []

    def start(self, name: str, attributes: Attributes) -> None:
        around = self._within[-1] if self._within else ""
        if name == "xf" and around == "cellXfs":
            self.used.append(attributes.get("numFmtId", "0"))
        elif name == "numFmt" and around == "numFmts":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        self._within.append(name)

    def end(self, _: str) -> None:
        self._within.pop()

    def text(self, _: str) -> None:
        pass

    def kind(self, number: str) -> NumberKind:
        if number in self._codes:
            return kind_of_format(self._codes[number])
        return _BUILT_IN.get(int(number), "number") if number.isdecimal() else "number"


def kind_of_format(code: str) -> NumberKind:
    """The kind of number that a format's code shows, by its first section (`;` parts it from that for negatives).

    `yyyy\\-mm\\-dd;@` -> date, `[h]:mm` -> duration, `[Red]0.00E+00` -> number, `h:mm AM/PM` -> time
    """
    shown = _LITERAL.sub("", code).split(";", 1)[0].casefold()
    if _ELAPSED.search(shown):
        return "duration"
    shown = _SCIENCE.sub("", _BRACKETS.sub("", shown).replace("general", ""))
    halves = _HALF_DAY.sub("", shown)
    letters = set(halves)
    has_time = halves != shown or bool(letters & {"h", "s"})
    has_date = bool(letters & {"y", "d", "e", "g", "b"}) or ("m" in letters and not has_time)
    if has_date:
        return "moment" if has_time else "date"
    return "time" if has_time else "number"
