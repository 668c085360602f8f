"""What a sheet's own XML tells: its extent, and its error cells (`#DIV/0!`), which the reader gives as empty."""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from source_lms_reports.files.archive import DAMAGE

_READ = 1024 * 1024
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s([^>]*)>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s([^>]*)>")
_ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ERROR_MARK = re.compile(rb"""\bt\s*=\s*["']e["']""")
_ERROR_SIGN = b"#"
_ERROR_LENGTH = 64 * 1024
"""From the mark of an error cell to the sign in its text there is at most a formula."""

_ROW_OR_CELL = re.compile(rb"<(?:\w+:)?(row|c)\b([^>]*?)(/?)>")
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]*)</")
_END = re.compile(rb"</(?:\w+:)?c>")
_ROW = re.compile(rb"<(?:\w+:)?(row)\b([^>]*?)(/?)>")
_ROW_NUMBER = re.compile(rb"""\br\s*=\s*["']([0-9]{1,7})["']""")
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Z]{1,3})([0-9]{1,7})["']""")
_BEYOND_BI = rb"(?:[A-Z]{3}|[C-Z][A-Z]|B[J-Z])[0-9]"
_FAR = re.compile(rb'r="' + _BEYOND_BI)
_FAR_IN_ANY_QUOTES = re.compile(rb"""\br\s*=\s*["']""" + _BEYOND_BI)
_PLACE_LENGTH = 2 * len('r="XFD1048576"')

_NO_ANSWER: tuple[type[Exception], ...] = (*DAMAGE, KeyError)

Places = dict[int, dict[int, str]]
"""Texts of errors by row and column, both from 0."""


class CellSigns:
    """Looks at the XML of sheets, block by block, for what makes a second look necessary.

    It looks for rare single bytes first, which takes a twentieth of the time of a search for anything longer.
    """

    def __init__(self) -> None:
        self.has_errors = False
        """Whether there may be error cells."""
        self.is_wide = False
        """Whether a cell is beyond column BI: no sheet without one has more than 64 million places."""
        self._before = b""

    def look(self, block: bytes) -> None:
        """Look at the next block of a sheet."""
        if not self.has_errors and _ERROR_SIGN in block:
            seam = self._before + block[:_ERROR_LENGTH]
            self.has_errors = bool(_ERROR_MARK.search(seam) or _ERROR_MARK.search(block))
        if not self.is_wide:
            far = _FAR_IN_ANY_QUOTES if b"'" in block else _FAR
            seam = self._before[-_PLACE_LENGTH:] + block[:_PLACE_LENGTH]
            self.is_wide = bool(far.search(block) or _FAR_IN_ANY_QUOTES.search(seam))
        self._before = (self._before + block)[-_ERROR_LENGTH:] if len(block) < _ERROR_LENGTH else block[-_ERROR_LENGTH:]


def error_cells(path: Path, sheet: str) -> Places:
    """Where a sheet has errors and which; none where the workbook is of another kind or cannot tell."""
    try:
        with zipfile.ZipFile(path) as archive:
            part = _part_of(archive, sheet)
            return _found(archive, part) if part else {}
    except _NO_ANSWER:
        return {}


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    targets = {}
    for found in _RELATION.finditer(archive.read("xl/_rels/workbook.xml.rels")):
        attributes = _attributes(found[1])
        targets[attributes.get("Id")] = attributes.get("Target", "")
    for found in _SHEET.finditer(archive.read("xl/workbook.xml")):
        attributes = _attributes(found[1])
        if attributes.get("name") == sheet:
            target = targets.get(attributes.get("r:id"), "")
            return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/") if target else None
    return None


def _attributes(text: bytes) -> dict[str, str]:
    found = _ATTRIBUTE.findall(text)
    return {name.decode(): html.unescape((one or other).decode("utf-8", "replace")) for name, one, other in found}


def _found(archive: zipfile.ZipFile, part: str) -> Places:
    """Rows and cells may leave their places out; then each stands behind the one before it."""
    places: Places = {}
    row = column = -1
    for text in _cell_texts(archive, part):
        has_errors = _ERROR_MARK.search(text)
        for found in (_ROW_OR_CELL if has_errors else _ROW).finditer(text):
            attributes = found[2]
            if found[1] == b"row":
                number = _ROW_NUMBER.search(attributes)
                row, column = int(number[1]) - 1 if number else row + 1, -1
                continue
            place = _PLACE.search(attributes)
            column = column_number(place[1].decode()) if place else column + 1
            if _ERROR_MARK.search(attributes) and not found[3]:
                value = _VALUE.search(text, found.end(), _cell_end(text, found.end()))
                if value:
                    at = int(place[2]) - 1 if place else row
                    places.setdefault(at, {})[column] = html.unescape(value[1].decode("utf-8", "replace"))
    return places


def _cell_end(text: bytes, start: int) -> int:
    end = _END.search(text, start)
    return end.start() if end else len(text)


def _cell_texts(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """The sheet's XML, cut behind the ends of cells."""
    rest = b""
    with archive.open(part) as file:
        while block := file.read(_READ):
            text = rest + block
            end = max(text.rfind(b"</row>"), text.rfind(b":row>")) + 1
            yield text[:end]
            rest = text[end:]
    yield rest


def spread(blocks: Iterable[bytes]) -> tuple[int, int, int]:
    """The cells of a sheet that tell their places, and the greatest row and column among them."""
    cells = rows = columns = 0
    rest = b""
    for block in blocks:
        found = _PLACE.findall(rest + block)
        cells += len(found)
        letters, numbers = {one for one, _ in found}, {one for _, one in found}
        columns = max([columns, *(column_number(one.decode()) + 1 for one in letters)])
        rows = max([rows, *map(int, numbers)])
        rest = block[-_PLACE_LENGTH:]
    return cells, rows, columns


def column_number(letters: str) -> int:
    """A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
