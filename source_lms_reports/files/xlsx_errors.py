"""The error cells of an XLSX sheet (`#DIV/0!`, `#N/A`), which the reader gives as empty."""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

_READ = 1024 * 1024
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s([^>]*)>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s([^>]*)>")
_ATTRIBUTE = re.compile(rb'([\w:]+)\s*=\s*"([^"]*)"')
ERROR_MARK = b't="e"'
"""In the attributes of an error cell; a sheet without it has none."""

NO_ERRORS = "no errors"
"""In a proof: no sheet of the workbook has the mark."""

_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*)>(.*?)</(?:\w+:)?c>", re.DOTALL)
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]*)</")
_REFERENCE = re.compile(r"([A-Z]+)([0-9]+)")

Places = dict[int, dict[int, str]]
"""Texts of errors by row and column, both from 0."""


def error_cells(path: Path, sheet: str) -> Places:
    """Where a sheet has errors and which; none where the workbook is of another kind or cannot tell."""
    try:
        with zipfile.ZipFile(path) as archive:
            part = _part_of(archive, sheet)
            return _found(archive, part) if part else {}
    except (zipfile.BadZipFile, zlib.error, KeyError, OSError, EOFError, NotImplementedError, RuntimeError):
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
    places: Places = {}
    for text in _cell_texts(archive, part):
        if ERROR_MARK not in text:
            continue
        for attributes, content in _CELL.findall(text):
            if ERROR_MARK in attributes:
                _place(_attributes(attributes), content, places)
    return places


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


def _place(attributes: dict[str, str], content: bytes, places: Places) -> None:
    reference = _REFERENCE.fullmatch(attributes.get("r", ""))
    value = _VALUE.search(content)
    if reference and value:
        row, column = int(reference[2]) - 1, column_number(reference[1])
        places.setdefault(row, {})[column] = html.unescape(value[1].decode("utf-8", "replace"))


def column_number(letters: str) -> int:
    """A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
