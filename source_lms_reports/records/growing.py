"""A schema that every record fits: it grows where one would not, and never shrinks.

A store that is told a column of integers refuses a word in it, and with it the whole load. So the column becomes one
of texts before the word comes, and stays one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

import msgspec

from source_lms_reports.records.cast import as_text

TEXT: Mapping[str, Any] = {"type": ["null", "string"]}
_NOTHING = type(None)
_LONGEST = 2**63
SURELY_LONG = 18
"""Characters that every integer of 64 bits may have."""
_EMPTY = (None, "")
_TYPES: Mapping[str, frozenset[type]] = {
    "string": frozenset({str}),
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
    "boolean": frozenset({bool}),
    "object": frozenset({dict}),
    "array": frozenset({list}),
}
_TIMES: Mapping[str, Any] = {"date-time": list[datetime], "date": list[date], "time": list[time]}


class GrowingSchema:
    """The schema of one stream in one sync.

    Args:
        schema: The JSON schema that is known beforehand.
        left_out: Columns that no record has.
    """

    def __init__(self, schema: Mapping[str, Any], left_out: Collection[str] = ()) -> None:
        self._schema = schema
        columns = schema.get("properties", {})
        self._columns = {name: _of_one_type(one) for name, one in columns.items() if name not in left_out}
        self._has_grown = True
        self._warnings: list[str] = []

    def news(self) -> dict[str, Any] | None:
        """The schema, if it has grown since it was asked for last; None if it has not. It is new at first."""
        if not self._has_grown:
            return None
        self._has_grown = False
        return {**self._schema, "properties": dict(self._columns)}

    def take_warnings(self) -> list[str]:
        """What has not been told yet."""
        told, self._warnings = self._warnings, []
        return told

    def __contains__(self, name: str) -> bool:
        """Whether there is a column called `name`."""
        return name in self._columns

    def column(self, name: str) -> Mapping[str, Any]:
        """What is known of a column; one that is not there is one of texts."""
        return self._columns.get(name, TEXT)

    def types(self, name: str) -> frozenset[type]:
        """The types that the values of a column may have, besides null."""
        return _TYPES[_kind(self.column(name))]

    def time(self, name: str) -> str:
        """The `format` of a column of times; empty for other columns."""
        form = self.column(name).get("format", "")
        return form if form in _TIMES and self.types(name) == _TYPES["string"] else ""

    def is_plain_text(self, name: str) -> bool:
        """Whether every text fits the column."""
        return self.types(name) == _TYPES["string"] and not self.time(name)

    def add(self, name: str, types: Iterable[type] = (str,)) -> None:
        """Take note of a column, in the one type that its values have; in that of texts if there is none.

        Args:
            name: The column. One that is known already stays as it is.
            types: The types of the values that came.
        """
        if name not in self._columns:
            self._columns[name] = _fitting(set(types) - {_NOTHING})
            self._has_grown = True

    def admit(self, name: str, values: Sequence[Any], rows: Sequence[int] | None = None) -> bool:
        """Make a column one of texts if these values do not fit it.

        Args:
            name: A column that is known. One of plain texts takes everything: what is no text is written as one.
            values: None and `""` are empty cells, which fit everywhere.
            rows: The numbers of their rows, for the warning.

        Returns:
            Whether it has become one of texts.
        """
        column = self.column(name)
        at = None if self.is_plain_text(name) else _misfit(values, self.types(name), self.time(name))
        if at is None:
            return False
        row = "" if rows is None else f", in row {rows[at]}"
        kind = self.time(name) or _kind(column)
        self._warnings.append(
            f"Column {name} is of type {kind} and holds {shortened(values[at])}{row}: it is text from here on. If the "
            "target cannot change a column's type, give this one the type string in the catalog."
        )
        self._columns[name] = {**_described(column), **TEXT}
        self._has_grown = True
        return True


def as_cell(value: Any) -> Any:
    """A value of a JSON report in a column of texts: `5` -> `"5"`, `{"a": 1}` -> `'{"a":1}'`; null stays null."""
    return as_text(msgspec.json.encode(value).decode() if isinstance(value, (dict, list)) else value)


def _misfit(values: Sequence[Any], types: frozenset[type], form: str) -> int | None:
    """The place of the first value that does not fit, or None."""
    if not set(map(type, values)) <= {*types, _NOTHING}:
        misfits = (at for at, value in enumerate(values) if value not in _EMPTY and type(value) not in types)
        return next(misfits, None)
    if types == _TYPES["integer"] and not all(-_LONGEST <= value < _LONGEST for value in values if value):
        return next(at for at, value in enumerate(values) if value and not -_LONGEST <= value < _LONGEST)
    if form and not are_times(list(filter(None, values)), form):
        return next(at for at, value in enumerate(values) if value and not are_times([value], form))
    return None


def are_times(texts: list[Any], form: str) -> bool:
    """Whether texts are times of a `format`. 37 ns a text; a loop over `fromisoformat` takes three times as long."""
    try:
        msgspec.convert(texts, _TIMES[form])
    except msgspec.ValidationError:
        return False
    return True


def _of_one_type(column: Mapping[str, Any]) -> dict[str, Any]:
    """A column's schema with one type besides null; what leaves a choice is text."""
    kind = _kind(column)
    own = column if kind != "string" or _names(column) == {"string"} else _described(column)
    return {**own, "type": ["null", kind]}


def _kind(column: Mapping[str, Any]) -> str:
    names = _names(column)
    if names and names <= {"number", "integer"}:
        return "integer" if names == {"integer"} else "number"
    return next(iter(names)) if len(names) == 1 and names <= _TYPES.keys() else "string"


def _names(column: Mapping[str, Any]) -> set[str]:
    declared = column.get("type", "string")
    return ({declared} if isinstance(declared, str) else set(declared)) - {"null"}


def _described(column: Mapping[str, Any]) -> dict[str, Any]:
    """What a column's schema says of people's concern, and nothing of its type."""
    return {name: column[name] for name in ("title", "description") if name in column}


def _fitting(types: set[type]) -> dict[str, Any]:
    name = next((name for name, all_of in _TYPES.items() if types and types <= all_of), "string")
    name = "number" if name == "integer" else name  # the next value may have a fraction
    return {"type": ["null", name]} | ({"additionalProperties": True} if name == "object" else {})


def shortened(value: Any) -> str:
    """A value as messages show it."""
    text = repr(value)
    return text if len(text) <= 42 else f"{text[:38]}...{text[-1]}"
