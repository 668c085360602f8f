"""The records of a JSON report, a slice at a time, with exact numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec

from source_lms_reports.files.archive import corrupt
from source_lms_reports.files.json_rows import (
    Decoded,
    Fields,
    RowDecoder,
    as_array,
    keys_in,
    keys_of,
    lacks_nothing,
    lines_size,
)
from source_lms_reports.files.json_scanner import no_records
from source_lms_reports.files.table_warnings import TableWarnings
from source_lms_reports.files.text import utf8_text
from source_lms_reports.files.twin_names import TwinNames

_LONG_NUMBER = b"0" * 16
"""What sixteen digits look like through `_OUTLINE`: more than every float can hold."""
MOST_DIGITS = 4300
"""Digits of the longest integer; beyond, Python refuses to turn one into text or back."""
_SMALL_NUMBER = re.compile(rb"0e-000")
"""What the end of `1e-400` looks like through it: perhaps less than the smallest float, perhaps a part of a UUID."""
_OTHER_FORMS = (b"\\u", b"\\/")
"""Escapes by which a key may be written in another way."""
_BEFORE_NUMBER = b":,[ \t\r\n"
_OUTLINE = bytes.maketrans(b"123456789.E", b"0000000000e")


TWIN_NOTE = "Keys that stand twice in one object, told apart by their place: {count} (first: {example})"

Found = TypeVar("Found")


class ObjectChunk:
    """Rows that are JSON objects.

    Args:
        text: The rows, see `json_rows`. It is valid JSON but for odd bytes in its strings.
        label: What messages call the report.
        notes: Where odd bytes, and keys that stand twice, are counted.
    """

    def __init__(self, text: bytes, label: str, notes: TableWarnings | None = None) -> None:
        self._text = text
        self._label = label
        self._notes = TableWarnings() if notes is None else notes
        self._slow: list[dict[str, Any]] | None = None

    def __len__(self) -> int:
        return len(_COUNTED.decode(self._text))

    def __bytes__(self) -> bytes:
        """The rows as they came."""
        return self._text

    def objects(self) -> list[dict[str, Any]]:
        """The rows with their JSON types; a decimal that a float cannot hold is its text.

        A key that stands twice in an object is treated as a header that does: the second `a` is `a_2`.

        Raises:
            UnknownFormat: An element is not a record.
        """
        return self._dicts(_EXACT if may_be_inexact(self._text) else _PLAIN)

    def types(self) -> dict[str, set[type]]:
        """The keys of the rows in order, and the types of their values; a decimal is a float.

        Raises:
            UnknownFormat: An element is not a record.
        """
        found: dict[str, set[type]] = {}
        for row in self._dicts(_PLAIN):
            for name, value in row.items():
                found.setdefault(name, set()).add(type(value))
        return found

    def has_key(self, name: str) -> bool:
        r"""Whether any row has a key. Text in which it cannot stand is not decoded, which takes a tenth of the time.

        `at` is looked for as `"at"`; where it may be written otherwise (`"\u0061t"`) all rows are decoded.

        Raises:
            UnknownFormat: An element is not a record.
        """
        return self._may_have(name) and name in self.types()

    def _may_have(self, name: str) -> bool:
        text = self._text
        has_one_form = name.isascii() and not (b"\\" in text and any(escape in text for escape in _OTHER_FORMS))
        return not has_one_form or json.dumps(name).encode() in text

    def decoded(self, fields: Fields, *, has_texts: bool = False) -> Decoded | None:
        """The same rows as objects of a class, which is faster; None if they do not fit.

        What the decoder has not kept is told by `Decoded.size`, and by `lacks_nothing`.

        Args:
            fields: Their keys, and what the values of each may be.
            has_texts: Whether some are left as texts of JSON that may hold any text; these must be UTF-8.
        """
        if has_texts:
            self._clean()
        try:
            return self._again_if_unclean(lambda: self._decoded(fields))
        except (msgspec.DecodeError, RecursionError):
            return None

    def lacks_nothing(self, found: Decoded, texts: Iterable[bytes]) -> bool:
        """Whether decoded rows have all keys of their text, counted; see `json_rows.lacks_nothing`."""
        try:
            return lacks_nothing(self._text, found, texts)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False

    def _decoded(self, fields: Fields) -> Decoded | None:
        return Decoded(fields.decoder.decode(self._text), lines_size(self._text))

    def _dicts(self, decoder: RowDecoder) -> list[dict[str, Any]]:
        try:
            rows = self._again_if_unclean(lambda: decoder.decode(self._text))
        except (msgspec.DecodeError, RecursionError):
            return self._slowly()
        return rows if keys_of(self._text) == keys_in(rows) else self._slowly()

    def _again_if_unclean(self, decode: Callable[[], Found]) -> Found:
        try:
            return decode()
        except UnicodeDecodeError:
            self._clean()
            return decode()

    def _clean(self) -> None:
        self._text = utf8_text(self._text, self._notes).encode()

    def _slowly(self) -> list[dict[str, Any]]:
        """What only Python's own parser reads: numbers beyond any float, and keys that stand twice."""
        if self._slow is None:
            self._slow = self._parsed()
        return self._slow

    def _parsed(self) -> list[dict[str, Any]]:
        def told_apart(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            row = dict(pairs)
            return row if len(row) == len(pairs) else _told_apart(pairs, self._notes)

        self._clean()  # other decoders may have stopped before they came to an odd byte
        try:
            objects: list[dict[str, Any]] = json.loads(
                as_array(self._text), parse_float=exact_number, parse_int=_exact_integer, object_pairs_hook=told_apart
            )
        except (ValueError, msgspec.DecodeError, RecursionError) as error:
            raise corrupt(self._label, error) from error
        if not all(isinstance(row, dict) for row in objects):
            raise no_records(self._label)
        return objects


def may_be_inexact(text: bytes) -> bool:
    """Whether there may be a number that a float cannot hold: all others are decoded in half of the time.

    `{"a":0.12345678901234}` -> `{"a":0000000000000000}`, in which there are sixteen zeros
    """
    outline = text.translate(_OUTLINE)
    return _LONG_NUMBER in outline or _has_small_number(outline)


def _has_small_number(outline: bytes) -> bool:
    for found in _SMALL_NUMBER.finditer(outline):
        before = outline[max(found.start() - len(_LONG_NUMBER), 0) : found.start()].rstrip(b"0").removesuffix(b"-")
        if before[-1:] in _BEFORE_NUMBER:
            return True
    return False


def _told_apart(pairs: list[tuple[str, Any]], notes: TableWarnings) -> dict[str, Any]:
    """`a`, `b`, `a` -> `a`, `b`, `a_2`"""
    twins = TwinNames({key for key, _ in pairs})
    row: dict[str, Any] = {}
    for key, value in pairs:
        name = key
        if key in row:
            name = twins.free(key)
            notes.add(TWIN_NOTE, example=name)
        row[name] = value
    return row


def _exact_integer(text: str) -> int | str:
    return int(text) if len(text.lstrip("-")) <= MOST_DIGITS else text


def exact_number(text: str) -> float | str:
    """A decimal as a float, or its text where a float cannot hold it."""
    number = float(text)
    if repr(number) == text:
        return number
    try:
        exact = Decimal(text)
    except InvalidOperation:  # an exponent of twenty digits
        return text
    return number if number not in (float("inf"), float("-inf")) and Decimal(repr(number)) == exact else text


def exact_value(value: Any) -> Any:
    """A value of a decoded object, with its JSON type where it was left as text of JSON.

    Raises:
        DecodeError: It is an integer of thousands of digits.
    """
    return _VALUE.decode(value) if type(value) is msgspec.Raw else value


_VALUE = msgspec.json.Decoder(float_hook=exact_number)
_PLAIN = RowDecoder(dict[str, Any])
_EXACT = RowDecoder(dict[str, Any], exact_number)
_COUNTED = RowDecoder(msgspec.Raw)
