"""The records of a JSON report, a slice at a time, with exact numbers."""

from __future__ import annotations

import json
import re
import threading
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import count
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from source_lms_reports.errors import UnknownFormat
from source_lms_reports.files.archive import corrupt
from source_lms_reports.files.table_warnings import TableWarnings
from source_lms_reports.files.text import utf8_text

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

Form = TypeVar("Form", bound=msgspec.Struct)
Rows = TypeVar("Rows", bound="list[Any]")


class ObjectChunk:
    """Rows that are JSON objects.

    Args:
        text: `[{...}, ...]`, which is valid JSON but for odd bytes in its strings.
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

    def objects(self) -> list[dict[str, Any]]:
        """The rows with their JSON types; a decimal that a float cannot hold is its text.

        A key that stands twice in an object is treated as a header that does: the second `a` is `a_2`.

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

    def has_key(self, name: str) -> bool:
        r"""Whether any row has a key. Text in which it cannot stand is not decoded, which takes a tenth of the time.

        `at` is looked for as `"at"`; where it may be written otherwise (`"\u0061t"`) all rows are decoded.

        Raises:
            UnknownFormat: An element is not a record.
        """
        text = self._text
        has_one_form = name.isascii() and not (b"\\" in text and any(escape in text for escape in _OTHER_FORMS))
        return (not has_one_form or json.dumps(name).encode() in text) and name in self.types()

    def decoded(
        self, lists: type[list[Form]], names: tuple[str, ...], inner: tuple[str, ...], *, has_texts: bool = False
    ) -> list[Form] | None:
        """The same rows as objects of a class, which is faster; None if they do not fit, or a key stands twice.

        Args:
            lists: The type of a list of them. The class has a field for each key and forbids others; where a value
                may be a float, the field holds its text.
            names: The keys, in the order of the class's fields.
            inner: Those of them whose values may be lists or objects, whose decimals may be too long for a float.
            has_texts: Whether fields hold other texts of JSON than those of numbers; these must be UTF-8.
        """
        if has_texts:
            self._clean()
        decoder = _decoder(lists, bool(inner) and self._may_be_inexact())
        try:
            rows = self._decoded(decoder)
            is_exact = _comes_out_as_it_was(self._text, rows, inner) or _keys_stand_once(
                self._text, len(rows), names, inner
            )
        except (msgspec.DecodeError, RecursionError):
            return None
        return rows if is_exact else None

    def _dicts(self, decoder: msgspec.json.Decoder[list[dict[str, Any]]]) -> list[dict[str, Any]]:
        try:
            rows = self._decoded(decoder)
        except (msgspec.DecodeError, RecursionError):
            return self._slowly()
        return rows if _colons(self._text) == _keys_in(rows) else self._slowly()

    def _decoded(self, decoder: msgspec.json.Decoder[Rows]) -> Rows:
        try:
            return decoder.decode(self._text)
        except UnicodeDecodeError:
            self._clean()
            return decoder.decode(self._text)

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

        try:
            objects: list[dict[str, Any]] = json.loads(
                self._text, parse_float=exact_number, parse_int=_exact_integer, object_pairs_hook=told_apart
            )
        except (ValueError, RecursionError) as error:
            raise corrupt(self._label, error) from error
        if not all(isinstance(row, dict) for row in objects):
            raise UnknownFormat(f"{self._label} has an array whose elements are not all records.")
        return objects

    def _may_be_inexact(self) -> bool:
        """Whether there may be a number that a float cannot hold: all others are decoded in half of the time.

        `{"a":0.12345678901234}` -> `{"a":0000000000000000}`, in which there are sixteen zeros
        """
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


def _told_apart(pairs: list[tuple[str, Any]], notes: TableWarnings) -> dict[str, Any]:
    """`a`, `b`, `a` -> `a`, `b`, `a_2`"""
    taken = {key for key, _ in pairs}
    row: dict[str, Any] = {}
    for key, value in pairs:
        name = key
        if key in row:
            name = next(one for number in count(2) if (one := f"{key}_{number}") not in taken)
            taken.add(name)
            notes.add(TWIN_NOTE, example=name)
        row[name] = value
    return row


def _colons(text: bytes) -> int:
    """The keys of a text of JSON: colons behind a quote or a quote and a blank, but for those inside of strings.

    `{"a":1,"b" : "c\\":d"}` has two.
    """
    return text.count(b'":') - text.count(b'\\":') + text.count(b'" :') - text.count(b'\\" :')


def _keys_in(value: Any) -> int:
    """The keys of all objects in a value."""
    if type(value) is dict:
        return len(value) + sum(map(_keys_in, value.values()))
    return sum(map(_keys_in, value)) if type(value) is list else 0


def has_twins(text: bytes) -> bool:
    """Whether a key stands twice in an object of a text of JSON, as far as decoders read it; True where they do not."""
    try:
        return _colons(text) != _keys_in(_PLAIN_VALUE.decode(text))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return True


def _comes_out_as_it_was(text: bytes, rows: list[Any], inner: tuple[str, ...]) -> bool:
    """Whether decoded rows have all that their text has, told by how long they are when they are written again.

    `[{"a":1,"a":2}]` comes out as `[{"a":2}]`, which is shorter. Nothing ever comes out longer: numbers are left as
    they are, and all escapes that are needed stood in the text. So a text of the same length lacks nothing, which costs
    a fifth of counting keys. Blanks and nulls are not written again; a text that has some is counted through.
    """
    if inner or b'": ' in text[:_BEGINNING] or b":null" in text[:_BEGINNING]:
        return False
    return len(_ENCODER.encode_lines(rows)) == len(text) - len(b"[]") + len(b"\n")


def _keys_stand_once(text: bytes, rows: int, names: tuple[str, ...], inner: tuple[str, ...]) -> bool:
    """Whether no key stands twice in an object. Where it cannot be told for certain, False.

    Decoders keep the last of two values and do not tell. Where each row has each key there are as many colons as
    cells: `[{"a":1,"b":2},{"a":3,"b":4}]` -> four for two rows of two keys. To count them takes a quarter of the time
    of decoding. Otherwise keys that are missing are counted by a second decoding, to objects that only note where
    values begin and end, which takes as long as the first.
    """
    if text.count(b'":') == rows * len(names):
        return True
    with _GUARD:
        _MISSING.clear()
        found = _presence(names).decode(text)
        missing = len(_MISSING)
    keys = rows * len(names) - missing
    for name in inner:
        values = [value for value in map(attrgetter(f"f{names.index(name)}"), found) if value is not None]
        keys += _keys_in(_PLAIN_VALUE.decode(b"[" + b",".join(values) + b"]"))
    return _colons(text) == keys


@lru_cache(maxsize=16)
def _presence(names: tuple[str, ...]) -> msgspec.json.Decoder[list[Any]]:
    fields = [(f"f{at}", msgspec.Raw, msgspec.field(default_factory=_miss, name=name)) for at, name in enumerate(names)]
    row = msgspec.defstruct("Presence", fields, forbid_unknown_fields=True, gc=False)
    return msgspec.json.Decoder(list[row])  # type: ignore[valid-type]


_MISSING: list[None] = []
_GUARD = threading.Lock()


def _miss() -> None:
    """Note that a key is missing."""
    _MISSING.append(None)


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


_BEGINNING = 2048
_ENCODER = msgspec.json.Encoder()
_VALUE = msgspec.json.Decoder(float_hook=exact_number)
_PLAIN_VALUE = msgspec.json.Decoder()
_PLAIN = msgspec.json.Decoder(list[dict[str, Any]])
_EXACT = msgspec.json.Decoder(list[dict[str, Any]], float_hook=exact_number)
_COUNTED = msgspec.json.Decoder(list[msgspec.Raw])
