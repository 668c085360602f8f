"""Classes that rows of JSON are decoded into, which is twice as fast as dicts and tells where numbers stand.

A number that may be a float stays the text that it is (`msgspec.Raw`), so that nothing needs to be looked for in the
whole report to keep it exact, and nothing needs to be parsed and written again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any

import msgspec

from source_lms_reports.files.json_records import ObjectChunk, exact_value
from source_lms_reports.records.batch import plain_names
from source_lms_reports.records.cast import HELD_BY_A_FLOAT

MOST_KEYS = 500
"""Rows with more keys than this, all in all, are sparse and stay dicts."""

_NULL = msgspec.Raw(b"null")
_SIMPLE = str | int | bool | None
_INNER = {list, dict}
_BRACKETS = (b"[", b"{")
_SUSPICIOUS = (b"e", b"E", b'"')
"""In an exponent, `true`, `false` and texts."""


class Form:
    """A class with one field a key. Its objects' encoder leaves out fields that are null.

    Args:
        types: For each key the types that its values have had.
    """

    def __init__(self, types: Mapping[str, set[type]]) -> None:
        self.names = tuple(types)
        self._has_inner = any(_INNER & seen for seen in types.values())
        self._numbers = [f"f{at}" for at, seen in enumerate(types.values()) if _is_number(seen)]
        fields = [
            (f"f{at}", _field_type(seen), msgspec.field(default=None, name=name))
            for at, (name, seen) in enumerate(types.items())
        ]
        row = msgspec.defstruct("Row", fields, omit_defaults=True, forbid_unknown_fields=True, gc=False)
        self._lists: Any = list[row]  # type: ignore[valid-type]

    def rows(self, chunk: ObjectChunk) -> list[Any] | None:
        """The rows of a chunk; None if they do not fit.

        Returns:
            Objects with the fields `f0`, `f1`, … in the order of `names`. Numbers that are their own text are
            `msgspec.Raw`; a float holds each of them.
        """
        rows = chunk.decoded(self._lists, has_inner=self._has_inner)
        if rows is None or not all(_settle(rows, name) for name in self._numbers):
            return None
        return rows

    def values(self, rows: list[Any], name: str) -> Iterable[Any]:
        """The values of one key."""
        field = f"f{self.names.index(name)}"
        values = map(attrgetter(field), rows)
        return map(exact_value, values) if field in self._numbers else values


def form_of(types: Mapping[str, set[type]]) -> Form | None:
    """The form of rows with these keys; None if there is none."""
    return Form(types) if len(types) <= MOST_KEYS and plain_names(types) else None


def _is_number(seen: set[type]) -> bool:
    return float in seen and not _INNER & seen


def _field_type(seen: set[type]) -> Any:
    if _is_number(seen):
        return msgspec.Raw
    return Any if _INNER & seen else _SIMPLE


def _settle(rows: list[Any], field: str) -> bool:
    """Leave as texts only the numbers that a float holds; False if there are values that are no numbers at all."""
    values = list(map(attrgetter(field), rows))
    texts = [value for value in values if value is not None]
    joined = b",".join(texts)
    if any(char in joined for char in _BRACKETS):
        return False
    if any(char in joined for char in _SUSPICIOUS) or max(map(len, texts), default=0) > HELD_BY_A_FLOAT:
        return _replace(rows, field, values)
    if b"n" in joined:
        for row, value in zip(rows, values, strict=True):
            if value == _NULL:
                setattr(row, field, None)
    return True


def _replace(rows: list[Any], field: str, values: list[Any]) -> bool:
    try:
        for row, value in zip(rows, values, strict=True):
            setattr(row, field, exact_value(value))
    except msgspec.DecodeError:  # an integer of thousands of digits
        return False
    return True
