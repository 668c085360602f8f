"""JSON reports, a slice at a time, with exact numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import msgspec

from source_lms_reports.errors import UnknownFormat
from source_lms_reports.files.archive import Source, corrupt
from source_lms_reports.files.json_sections import Section, scanner
from source_lms_reports.files.notes import Notes
from source_lms_reports.files.table import ObjectChunk, Table

_LONG_NUMBER = b"0" * 16
"""What sixteen digits look like through `_OUTLINE`: more than every float can hold."""
_SMALL_NUMBERS = (b"e-000,", b"e-0000,")
"""What the end of 1e-300 looks like, which may be too small for a float."""
_DIGITS = 4000
"""Digits of the longest integer; beyond, Python refuses to turn one into text or back."""


def _outline(char: str) -> str:
    return "0" if char in "0123456789." else "e" if char == "E" else "," if char in "]} \n\r\t" else char


_OUTLINE = bytes(ord(_outline(chr(byte))) if byte < 128 else byte for byte in range(256))


class JsonTable(Table):
    """One array of records."""

    def __init__(self, source: Source, section: Section, name: str | None) -> None:
        super().__init__(name, (), Notes(name))
        self._source = source
        self._section = section

    def chunks(self) -> Iterator[ObjectChunk]:
        """The rows; see `Table.chunks`."""
        row = 1
        for text in self._slices():
            objects = records_in(text, self._source.label)
            if objects:
                yield ObjectChunk(row, objects)
                row += len(objects)

    def count(self) -> int:
        """See `Table.count`."""
        return sum(len(_COUNTED.decode(text)) for text in self._slices())

    def _slices(self) -> Iterator[bytes]:
        section = self._section
        if section.start < 0:
            return
        with closing(self._source.open()) as stream:
            text = scanner(stream, self._source, self.notes, repaired=section.repaired)
            text.advance_to(section.start)
            yield from text.lines() if section.lines else text.elements()


def records_in(text: bytes, label: str) -> list[dict[str, Any]]:
    """The records of an array's text, with exact numbers.

    Args:
        text: `[{...}, ...]`.
        label: What messages call the report.

    Raises:
        UnknownFormat: An element is not a record.
        CorruptPayload: It is not JSON.
    """
    outline = text.translate(_OUTLINE)
    odd = _LONG_NUMBER in outline or any(number in outline for number in _SMALL_NUMBERS)
    try:
        return (_EXACT if odd else _PLAIN).decode(text)
    except (msgspec.DecodeError, RecursionError):
        return _slowly(text, label)


def _slowly(text: bytes, label: str) -> list[dict[str, Any]]:
    """What only Python's own parser reads: numbers beyond any float."""
    try:
        objects: list[dict[str, Any]] = json.loads(text, parse_float=exact_number, parse_int=_exact_integer)
    except (ValueError, RecursionError) as error:
        raise corrupt(label, error) from error
    if not all(isinstance(row, dict) for row in objects):
        raise UnknownFormat(f"{label} has an array whose elements are not all records.")
    return objects


def _exact_integer(text: str) -> int | str:
    return int(text) if len(text) <= _DIGITS else text


def exact_number(text: str) -> float | str:
    """A decimal as a float, or its text where a float cannot hold it."""
    number = float(text)
    if repr(number) == text:
        return number
    if number in (float("inf"), float("-inf")) or Decimal(repr(number)) != Decimal(text):
        return text
    return number


_PLAIN = msgspec.json.Decoder(list[dict[str, Any]])
_EXACT = msgspec.json.Decoder(list[dict[str, Any]], float_hook=exact_number)
_COUNTED = msgspec.json.Decoder(list[msgspec.Raw])
