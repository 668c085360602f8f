"""The records of a JSON report, a slice at a time, with exact numbers."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from source_lms_reports.errors import UnknownFormat
from source_lms_reports.files.archive import corrupt

_LONG_NUMBER = b"0" * 16
"""What sixteen digits look like through `_OUTLINE`: more than every float can hold."""
MOST_DIGITS = 4300
"""Digits of the longest integer; beyond, Python refuses to turn one into text or back."""
_SMALL_NUMBER = re.compile(rb"0e-000")
"""What the end of `1e-400` looks like through it: perhaps less than the smallest float, perhaps a part of a UUID."""
_BEFORE_NUMBER = b":,[ \t\r\n"
_OUTLINE = bytes.maketrans(b"123456789.E", b"0000000000e")


Form = TypeVar("Form", bound=msgspec.Struct)


class ObjectChunk:
    """Rows that are JSON objects.

    Args:
        text: `[{...}, ...]`, which is valid JSON.
        label: What messages call the report.
    """

    def __init__(self, text: bytes, label: str) -> None:
        self._text = text
        self._label = label

    def __len__(self) -> int:
        return len(_COUNTED.decode(self._text))

    def objects(self) -> list[dict[str, Any]]:
        """The rows with their JSON types; a decimal that a float cannot hold is its text.

        Raises:
            UnknownFormat: An element is not a record.
        """
        return self._dicts(_EXACT if self._may_be_inexact() else _PLAIN)

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

    def decoded(self, lists: type[list[Form]], *, has_inner: bool) -> list[Form] | None:
        """The same rows as objects of a class, which is faster; None if they do not fit.

        Args:
            lists: The type of a list of them. The class has a field for each key and forbids others; where a value
                may be a float, the field holds its text.
            has_inner: Whether values may be lists or objects, whose decimals may be too long for a float.
        """
        try:
            return _decoder(lists, has_inner and self._may_be_inexact()).decode(self._text)
        except (msgspec.DecodeError, RecursionError):
            return None

    def _dicts(self, decoder: msgspec.json.Decoder[list[dict[str, Any]]]) -> list[dict[str, Any]]:
        try:
            return decoder.decode(self._text)
        except (msgspec.DecodeError, RecursionError):
            return _slowly(self._text, self._label)

    def _may_be_inexact(self) -> bool:
        outline = self._text.translate(_OUTLINE)
        return _LONG_NUMBER in outline or _has_small_number(outline)


def _has_small_number(outline: bytes) -> bool:
    for found in _SMALL_NUMBER.finditer(outline):
        before = outline[max(found.start() - len(_LONG_NUMBER), 0) : found.start()].rstrip(b"0").removesuffix(b"-")
        if before[-1:] in _BEFORE_NUMBER:
            return True
    return False


@lru_cache(maxsize=64)
def _decoder(lists: type[list[Form]], exact: bool) -> msgspec.json.Decoder[list[Form]]:
    return msgspec.json.Decoder(lists, float_hook=exact_number if exact else None)


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
    """A value of a decoded object, with its JSON type where it was left as text of JSON; see `ObjectChunk.decoded`.

    Raises:
        DecodeError: It is an integer of thousands of digits.
    """
    return _VALUE.decode(value) if type(value) is msgspec.Raw else value


_VALUE = msgspec.json.Decoder(float_hook=exact_number)
_PLAIN = msgspec.json.Decoder(list[dict[str, Any]])
_EXACT = msgspec.json.Decoder(list[dict[str, Any]], float_hook=exact_number)
_COUNTED = msgspec.json.Decoder(list[msgspec.Raw])
