"""Texts to the types of a schema, a column at a time, and never at the price of a value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import msgspec

from source_lms_reports.files.json_records import MOST_DIGITS, exact_number

Kind = Literal["text", "integer", "number", "boolean", "nested"]
Caster = Callable[[list[str]], tuple[list[Any], bool]]
"""From a column's texts to its values (an empty cell is None), and whether some of them stayed texts."""

_INTEGER = re.compile(r"\s*(-?(?:0|[1-9][0-9]*))(?:\.0+)?\s*")
_NUMBER = re.compile(r"\s*-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\s*")
_BOOLEANS = {"true": True, "t": True, "yes": True, "y": True, "1": True}
_BOOLEANS |= {"false": False, "f": False, "no": False, "n": False, "0": False}
_COMMON = {form: value for text, value in _BOOLEANS.items() for form in (text, text.upper(), text.capitalize())}
_INTEGERS = msgspec.json.Decoder(list[int | None])
_NUMBERS = msgspec.json.Decoder(list[int | float | None])
_WORDS = msgspec.json.Decoder(list[bool | None])
HELD_BY_A_FLOAT = 16
"""Characters that a decimal can have and be held by a float for certain: 15 digits and the point."""


def kind_of(schema: Mapping[str, Any]) -> Kind:
    """The one type a column's JSON schema asks for, null aside; text if it leaves a choice."""
    declared = schema.get("type", "string")
    types = {declared} if isinstance(declared, str) else set(declared)
    types.discard("null")
    if types == {"integer"}:
        return "integer"
    if types and types <= {"number", "integer"}:
        return "number"
    if types and types <= {"array", "object"}:
        return "nested"
    return "boolean" if types == {"boolean"} else "text"


def integers(cells: list[str]) -> tuple[list[Any], bool]:
    """Integers of any size; `5.0` is 5, and `007` stays a text, as its zeros would be lost."""
    values = _decoded(cells, _INTEGERS, "ntfeE.")
    return (values, False) if values is not None else _each(_integer, cells)


def _each(cast: Callable[[str], Any], cells: list[str]) -> tuple[list[Any], bool]:
    values = [cast(cell) for cell in cells]
    return values, str in set(map(type, values))


def _integer(cell: str) -> int | str | None:
    if not cell:
        return None
    found = _INTEGER.fullmatch(cell)
    return int(found[1]) if found and len(found[1].lstrip("-")) <= MOST_DIGITS else cell


def numbers(cells: list[str]) -> tuple[list[Any], bool]:
    """Integers and floats; a decimal that a float cannot hold stays a text."""
    values = _decoded(cells, _NUMBERS, "ntfeE")
    if values is None:
        return _each(_number, cells)
    return values, max(map(len, cells), default=0) > HELD_BY_A_FLOAT and _keep_unholdable(cells, values)


def _keep_unholdable(cells: list[str], values: list[Any]) -> bool:
    """Put back the texts of decimals that do not come out of their floats as they went in; whether there are any."""
    kept = False
    written = msgspec.json.encode(values)[1:-1].decode().split(",")
    for at, (cell, text) in enumerate(zip(cells, written, strict=True)):
        if cell != text and len(cell) > HELD_BY_A_FLOAT:
            values[at] = _number(cell)
            kept = kept or isinstance(values[at], str)
    return kept


def _number(cell: str) -> float | int | str | None:
    if not cell:
        return None
    if not _NUMBER.fullmatch(cell):
        return cell
    if not set(cell) & set(".eE"):
        return int(cell) if len(cell.strip().lstrip("-")) <= MOST_DIGITS else cell
    return exact_number(cell)


def _decoded(cells: list[str], decoder: msgspec.json.Decoder[Any], suspicious: str) -> list[Any] | None:
    """The column read as one JSON array, if all its cells are JSON values of one type or empty."""
    joined = ",".join(cells)
    if any(char in joined for char in suspicious):
        return None
    if "" in cells:
        joined = f",{joined},".replace(",,", ",null,").replace(",,", ",null,")[1:-1]
    try:
        values: list[Any] = decoder.decode(f"[{joined}]")
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeEncodeError):
        return None
    return values if len(values) == len(cells) else None


def booleans(cells: list[str]) -> tuple[list[Any], bool]:
    """true/false, t/f, yes/no, y/n, 1/0 in any case."""
    words = _decoded(cells, _WORDS, "n")
    if words is not None:
        return words, False
    values = list(map(_COMMON.get, cells))
    if values.count(None) == cells.count(""):
        return values, False
    return _each(_boolean, cells)


def _boolean(cell: str) -> bool | str | None:
    return _BOOLEANS.get(cell.strip().lower(), cell) if cell else None


def nested(cells: list[str]) -> tuple[list[Any], bool]:
    """Lists and objects that a vendor writes into a cell as JSON: the same report in JSON holds them as such."""
    return _each(_nested, cells)


def _nested(cell: str) -> Any:
    if not cell:
        return None
    try:
        value = json.loads(cell, parse_float=_number, parse_constant=_refuse, object_pairs_hook=_members)
    except (ValueError, RecursionError):
        return cell
    return value if isinstance(value, (list, dict)) else cell


def _refuse(constant: str) -> Any:
    """NaN and Infinity are no JSON: written out again, they would be null."""
    raise ValueError(constant)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are all different: of two values with one name, one would be lost."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name stands twice")
    return members


CASTERS: Mapping[Kind, Caster] = {"integer": integers, "number": numbers, "boolean": booleans, "nested": nested}


def as_text(cell: Any) -> Any:
    """A sheet's number or boolean where the schema wants text."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return repr(cell) if isinstance(cell, (int, float)) else cell


_NATIVE: Mapping[Kind, set[type]] = {
    "integer": {int, type(None)},
    "number": {int, float, type(None)},
    "boolean": {bool, type(None)},
    "nested": {list, dict, type(None)},
}


def cell_text(cell: Any) -> Any:
    """The same, and an empty cell as texts have it."""
    return "" if cell is None else as_text(cell)


def natives(cells: list[Any], kind: Kind, kinds: set[type]) -> tuple[list[Any], bool]:
    """A sheet's cells, which may be typed already, in a schema's type.

    Args:
        cells: Texts, numbers and booleans; an empty cell is `""` or None.
        kind: The type that is asked for.
        kinds: The types that the cells may have.
    """
    if kind == "text":
        return (cells if kinds <= {str} else list(map(cell_text, cells))), False
    if kinds <= _NATIVE[kind]:
        return cells, False
    values = [None if cell == "" else cell for cell in cells]
    if set(map(type, values)) <= _NATIVE[kind]:
        return values, False
    return _each(partial(_native, kind=kind), cells)


def _native(cell: Any, kind: Kind) -> Any:
    if cell is None:
        return None
    if isinstance(cell, str):
        return CASTERS[kind]([cell])[0][0]
    if kind == "boolean":
        return bool(cell) if cell in (0, 1) else as_text(cell)
    if kind == "nested":
        return as_text(cell)
    if isinstance(cell, bool) or (kind == "integer" and not isinstance(cell, int)):
        return as_text(cell)
    return cell
