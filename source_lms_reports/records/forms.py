"""Classes that rows of JSON are decoded into, which is twice as fast as dicts and tells where numbers stand.

A number that may be a float stays the text that it is (`msgspec.Raw`), so that nothing needs to be looked for in the
whole report to keep it exact, and nothing needs to be parsed and written again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec

from source_lms_reports.files.json_records import ObjectChunk, exact_value
from source_lms_reports.records.batch import plain_names
from source_lms_reports.records.cast import HELD_BY_A_FLOAT
from source_lms_reports.records.growing import GrowingSchema, are_times, as_cell

MOST_KEYS = 500
"""Rows with more keys than this, all in all, are sparse and stay dicts."""

_NULL = msgspec.Raw(b"null")
_INNER = {list, dict}
_BRACKETS = (b"[", b"{")
_SUSPICIOUS = (b"e", b"E", b'"')
"""In an exponent, `true`, `false` and texts."""
_TEXT = {str, type(None)}
_NUMBERS = {int, float, msgspec.Raw, type(None)}

FieldKind = Literal["simple", "inner", "number", "cell", "skipped", "string", "integer", "boolean", "object", "array"]
"""`number`, `cell` and `skipped` come as their text of JSON. Then a cell becomes a text, and what is skipped None."""
_ANNOTATIONS: Mapping[FieldKind, Any] = {
    "simple": str | int | bool | None,
    "inner": Any,
    "number": msgspec.Raw,
    "cell": msgspec.Raw,
    "skipped": msgspec.Raw,
    "string": str | None,
    "integer": Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None,
    "boolean": bool | None,
    "object": dict[str, Any] | None,
    "array": list[Any] | None,
}
_TEXTS = {"outer", "cell", "skipped"}
_WITH_INNER = {"inner", "object", "array", *_TEXTS}


class Form:
    """A class with one field a key. Its objects' encoder leaves out fields that are null.

    Args:
        types: For each key the types that its values have had.
        growing: The schema that every value must fit, which knows all keys; None where any value does.
        left_out: Keys that no record has. They cost no more than to find where their values end.
        texts: Keys of columns of texts, where what is no text is written as its text of JSON.
    """

    def __init__(
        self,
        types: Mapping[str, set[type]],
        growing: GrowingSchema | None = None,
        left_out: Collection[str] = (),
        texts: Collection[str] = (),
    ) -> None:
        self.names = tuple(types)
        self._strict = growing is not None
        self._kinds = [
            "skipped"
            if name in left_out
            else _free(seen, name in texts)
            if growing is None
            else _strict(growing.types(name), seen)
            for name, seen in types.items()
        ]
        self._times = {f"f{at}": growing.time(name) for at, name in enumerate(types) if growing and growing.time(name)}
        self._inner = tuple(name for name, kind in zip(types, self._kinds, strict=True) if kind in _WITH_INNER)
        self._has_texts = not _TEXTS.isdisjoint(self._kinds)
        fields = [
            (f"f{at}", _ANNOTATIONS[kind], msgspec.field(default=None, name=name))
            for at, (name, kind) in enumerate(zip(types, self._kinds, strict=True))
        ]
        row = msgspec.defstruct("Row", fields, omit_defaults=True, forbid_unknown_fields=True, gc=False)
        self._lists: Any = list[row]  # type: ignore[valid-type]

    def rows(self, chunk: ObjectChunk) -> list[Any] | None:
        """The rows of a chunk; None if they do not fit.

        Returns:
            Objects with the fields `f0`, `f1`, … in the order of `names`. Numbers that are their own text are
            `msgspec.Raw`; a float holds each of them.
        """
        rows = chunk.decoded(self._lists, self.names, self._inner, has_texts=self._has_texts)
        if rows is None:
            return None
        settled = all(self._settle(rows, f"f{at}", kind) for at, kind in enumerate(self._kinds))
        return rows if settled and all(_settle_times(rows, *one) for one in self._times.items()) else None

    def values(self, rows: list[Any], name: str) -> Iterable[Any]:
        """The values of one key."""
        at = self.names.index(name)
        values = map(attrgetter(f"f{at}"), rows)
        return map(exact_value, values) if self._kinds[at] == "number" else values

    def copy(self, rows: list[Any], name: str, copy: str) -> None:
        """Put the values of one key under another one, too."""
        take, put = (f"f{self.names.index(one)}" for one in (name, copy))
        for row in rows:
            setattr(row, put, getattr(row, take))

    def _settle(self, rows: list[Any], field: str, kind: FieldKind) -> bool:
        """Make of a field that is text of JSON what it should be; False if there are values that cannot be."""
        if kind == "number":
            return _settle_numbers(rows, field, only=self._strict)
        if kind == "cell":
            return _replace(rows, field, list(map(attrgetter(field), rows)), as_cell)
        if kind == "skipped":
            for row in rows:
                setattr(row, field, None)
        return True


def form_of(
    types: Mapping[str, set[type]],
    growing: GrowingSchema | None = None,
    left_out: Collection[str] = (),
    texts: Collection[str] = (),
) -> Form | None:
    """The form of rows with these keys; None if there is none. See `Form`."""
    return Form(types, growing, left_out, texts) if len(types) <= MOST_KEYS and plain_names(types) else None


def _free(seen: set[type], is_text: bool) -> FieldKind:
    if is_text and not seen <= _TEXT:
        return "cell"
    if _INNER & seen:
        return "inner"
    return "number" if float in seen else "simple"


def _strict(allowed: frozenset[type], seen: set[type]) -> FieldKind:
    """How a key is decoded whose values must be of one type: by a class that takes no other, at no cost."""
    if allowed == {int, float}:
        return "number" if float in seen else "integer"
    if allowed == {str}:
        return "string" if seen <= {str, type(None)} else "cell"
    return _BY_TYPE[next(iter(allowed))]


_BY_TYPE: Mapping[type, FieldKind] = {int: "integer", bool: "boolean", dict: "object", list: "array"}


def _settle_numbers(rows: list[Any], field: str, *, only: bool) -> bool:
    """Leave as texts only the numbers that a float holds; False if others may not be (`only`), or cannot be read."""
    values = list(map(attrgetter(field), rows))
    texts = [value for value in values if value is not None]
    joined = b",".join(texts)
    if any(char in joined for char in _BRACKETS):
        return False
    if any(char in joined for char in _SUSPICIOUS) or max(map(len, texts), default=0) > HELD_BY_A_FLOAT:
        settled = _replace(rows, field, values)
        return settled and (not only or set(map(type, map(attrgetter(field), rows))) <= _NUMBERS)
    if b"n" in joined:
        for row, value in zip(rows, values, strict=True):
            if value == _NULL:
                setattr(row, field, None)
    return True


def _settle_times(rows: list[Any], field: str, form: str) -> bool:
    """Leave out empty texts, which are no times; False if there are others that are none."""
    values = list(map(attrgetter(field), rows))
    if "" in values:
        for row, value in zip(rows, values, strict=True):
            setattr(row, field, value or None)
    return are_times(list(filter(None, values)), form)


def _replace(rows: list[Any], field: str, values: list[Any], make: Callable[[Any], Any] = lambda value: value) -> bool:
    try:
        for row, value in zip(rows, values, strict=True):
            setattr(row, field, make(exact_value(value)))
    except msgspec.DecodeError:  # an integer of thousands of digits
        return False
    return True
