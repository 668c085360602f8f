"""Classes that rows of JSON are decoded into, which is twice as fast as dicts and tells where numbers stand.

A number that may be a float stays the text that it is (`msgspec.Raw`), so that nothing needs to be looked for in the
whole report to keep it exact, and nothing needs to be parsed and written again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from operator import attrgetter
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET

from source_lms_reports.files.json_records import ObjectChunk, exact_value
from source_lms_reports.files.json_rows import Decoded, Fields, keys_in, keys_of
from source_lms_reports.records.batch import plain_names
from source_lms_reports.records.cast import HELD_BY_A_FLOAT
from source_lms_reports.records.growing import GrowingSchema, are_times, as_cell

MOST_KEYS = 500
"""Rows with more keys than this, all in all, are sparse and stay dicts."""

_INNER = {list, dict}
_NULL = b"null"
_BRACKETS = (b"[", b"{")
_SUSPICIOUS = (b"e", b"E", b'"')
"""In an exponent, `true`, `false` and texts."""
_TEXT = {str, type(None)}
_NUMBERS = {int, float, msgspec.Raw, msgspec.UnsetType}
_ENCODER = msgspec.json.Encoder()
_VALUES = msgspec.json.Decoder(list[Any])

FieldKind = Literal["simple", "inner", "number", "cell", "skipped", "string", "integer", "boolean", "object", "array"]
"""`number`, `inner`, `object`, `array`, `cell` and `skipped` come as their text of JSON. The first four stay that where
they can. A cell becomes a text, and what is skipped is left out."""
_ANNOTATIONS: Mapping[FieldKind, Any] = {
    "simple": str | int | bool,
    "string": str,
    "integer": Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)],
    "boolean": bool,
}
"""Of the others, besides null where there was one."""
_INNER_TYPES: Mapping[FieldKind, type] = {"object": dict, "array": list}
_TEXTS = {"cell", "skipped"}
_WITH_INNER = {"inner", "object", "array", *_TEXTS}


class FormRows(NamedTuple):
    """Rows of a form.

    Args:
        rows: Objects with the fields `f0`, `f1`, … in the order of the form's names; UNSET is what a row has not, or
            what is null.
            Numbers, lists and objects that are their own text are `msgspec.Raw`; a float holds each number.
        lines: The same as lines of JSON, where they had to be written already.
    """

    rows: list[Any]
    lines: bytes | None


class _NoFitError(Exception):
    """There is a value that the form has no room for."""


class Form:
    """A class with one field a key.

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
        self._raw = {at: kind for at, kind in enumerate(self._kinds) if kind not in _ANNOTATIONS}
        self._nullable = [at for at, seen in enumerate(types.values()) if type(None) in seen and at not in self._raw]
        self._has_texts = not _TEXTS.isdisjoint(self._kinds)
        kinds = [_ANNOTATIONS.get(kind, msgspec.Raw) for kind in self._kinds]
        self._fields = Fields(self.names, [one | None if at in self._nullable else one for at, one in enumerate(kinds)])

    def rows(self, chunk: ObjectChunk) -> FormRows | None:
        """The rows of a chunk; None if they do not fit, or a key stands twice."""
        found = chunk.decoded(self._fields, has_texts=self._has_texts)
        if found is None:
            return None
        rows = found.rows
        texts = {at: _texts(found, at, self.names[at]) for at in self._raw}
        for at in self._nullable:
            value = attrgetter(f"f{at}")
            found.leave_out(at, self.names[at], [row for row in rows if value(row) is None])
        lines = None if found.size is None else _ENCODER.encode_lines(rows)
        if lines is None or len(lines) != found.size:
            inner = [b",".join(texts[at]) for at, kind in self._raw.items() if kind in _WITH_INNER]
            if not chunk.lacks_nothing(found, inner):
                return None
        try:
            changed = [self._settle(rows, f"f{at}", kind, texts[at]) for at, kind in self._raw.items()]
            changed += [_settle_times(rows, *one) for one in self._times.items()]
        except (_NoFitError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return FormRows(rows, None if any(changed) else lines)

    def values(self, rows: list[Any], name: str) -> Iterable[Any]:
        """The values of one key."""
        at = self.names.index(name)
        values = map(attrgetter(f"f{at}"), rows)
        return values if self._kinds[at] in _ANNOTATIONS else map(exact_value, values)

    def copy(self, rows: list[Any], name: str, copy: str) -> None:
        """Put the values of one key under another one, too."""
        take, put = (f"f{self.names.index(one)}" for one in (name, copy))
        for row in rows:
            setattr(row, put, getattr(row, take))

    def _settle(self, rows: list[Any], field: str, kind: FieldKind, texts: list[bytes]) -> bool:
        """Make of a field that is text of JSON what it should be, if that is something else; whether it was.

        Raises:
            _NoFitError, DecodeError, UnicodeDecodeError, RecursionError: There are values that cannot be.
        """
        if kind == "number":
            return _settle_numbers(rows, field, texts, only=self._strict)
        if kind == "cell":
            return _replace(rows, field, as_cell)
        if kind == "skipped":
            for row in rows:
                setattr(row, field, UNSET)
            return True
        return _settle_inner(rows, field, texts, _INNER_TYPES.get(kind))


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


def _texts(found: Decoded, at: int, name: str) -> list[bytes]:
    """The texts of JSON that a field holds. Nulls are left out of the rows.

    Texts of numbers and nulls are compared as parts of `1.5,null,2`, which takes half as long as one by one.
    """
    rows, values = found.rows, list(map(attrgetter(f"f{at}"), found.rows))
    if UNSET in values:
        rows = [row for row, value in zip(rows, values, strict=True) if value is not UNSET]
        values = [value for value in values if value is not UNSET]
    joined = b",".join(values)
    if _NULL not in joined:
        return values
    are_numbers = not any(char in joined for char in (*_BRACKETS, b'"'))
    texts = joined.split(b",") if are_numbers else list(map(bytes, values))
    found.leave_out(at, name, [row for row, text in zip(rows, texts, strict=True) if text == _NULL])
    return [text for text in texts if text != _NULL]


def _settle_numbers(rows: list[Any], field: str, texts: list[bytes], *, only: bool) -> bool:
    """Leave as texts only the numbers that a float holds; whether there are others.

    Raises:
        _NoFitError: There are lists or objects, or (`only`) what is no number.
        DecodeError: A number is beyond all that Python holds.
    """
    joined = b",".join(texts)
    if any(char in joined for char in _BRACKETS):
        raise _NoFitError
    if not any(char in joined for char in _SUSPICIOUS) and max(map(len, texts), default=0) <= HELD_BY_A_FLOAT:
        return False
    changed = _replace(rows, field)
    if only and not set(map(type, map(attrgetter(field), rows))) <= _NUMBERS:
        raise _NoFitError
    return changed


def _settle_inner(rows: list[Any], field: str, texts: list[bytes], wanted: type | None) -> bool:
    """Leave lists and objects as the texts that they are where all of them would be written so; whether they are not.

    Raises:
        _NoFitError: There are values of another type than the one wanted, or a key stands twice in one.
        DecodeError, UnicodeDecodeError, RecursionError: There are values that cannot be read.
    """
    joined = b"[%b]" % b",".join(texts)
    values = _VALUES.decode(joined)
    if wanted and not {wanted}.issuperset(map(type, values)):
        raise _NoFitError
    if _ENCODER.encode(values) == joined:
        return False
    if keys_in(values) != keys_of(joined):
        raise _NoFitError
    return _replace(rows, field)


def _settle_times(rows: list[Any], field: str, form: str) -> bool:
    """Leave out empty texts, which are no times; whether there are some.

    Raises:
        _NoFitError: There are other texts that are none.
    """
    values = list(map(attrgetter(field), rows))
    if not are_times(list(filter(None, values)), form):
        raise _NoFitError
    if "" not in values:
        return False
    for row, value in zip(rows, values, strict=True):
        if value == "":
            setattr(row, field, UNSET)
    return True


def _replace(rows: list[Any], field: str, make: Callable[[Any], Any] = lambda value: value) -> bool:
    """Put values in the places of their texts; True."""
    for row, value in zip(rows, list(map(attrgetter(field), rows)), strict=True):
        if value is not UNSET:
            setattr(row, field, make(exact_value(value)))
    return True
