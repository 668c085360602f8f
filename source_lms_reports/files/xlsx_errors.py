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
_ATTRIBUTE = re.compile(rb'([\w:]+)\s*=\s*"([^"]*)"')
ERROR_MARK = b't="e"'
"""In the attributes of an error cell; a sheet without it has none."""

NO_ERRORS = "no errors"
"""In a proof: no sheet of the workbook has the mark."""

_ROW_OR_CELL = re.compile(rb"<(?:\w+:)?(row|c)\b([^>]*?)(/?)>")
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]*)</")
_END = re.compile(rb"</(?:\w+:)?c>")
_ROW = re.compile(rb"<(?:\w+:)?(row)\b([^>]*?)(/?)>")
_ROW_NUMBER = re.compile(rb'\br="([0-9]{1,7})"')
_PLACE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
FAR = re.compile(rb'r="(?:[A-Z]{3}|[C-Z][A-Z]|B[J-Z])[0-9]')
"""The place of a cell beyond column BI: no sheet without one has more than 64 million places."""
PLACE_LENGTH = len('r="XFD1048576"')

_NO_ANSWER: tuple[type[Exception], ...] = (*DAMAGE, KeyError)

Places = dict[int, dict[int, str]]
"""Texts of errors by row and column, both from 0."""


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
    return {name.decode(): html.unescape(value.decode("utf-8", "replace")) for name, value in _ATTRIBUTE.findall(text)}


def _found(archive: zipfile.ZipFile, part: str) -> Places:
    """Rows and cells may leave their places out; then each stands behind the one before it."""
    places: Places = {}
    row = column = -1
    for text in _cell_texts(archive, part):
        has_errors = ERROR_MARK in text
        for found in (_ROW_OR_CELL if has_errors else _ROW).finditer(text):
            attributes = found[2]
            if found[1] == b"row":
                number = _ROW_NUMBER.search(attributes)
                row, column = int(number[1]) - 1 if number else row + 1, -1
                continue
            place = _PLACE.search(attributes)
            column = column_number(place[1].decode()) if place else column + 1
            if ERROR_MARK in attributes and not found[3]:
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
        rest = block[-PLACE_LENGTH:]
    return cells, rows, columns


def column_number(letters: str) -> int:
    """A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
