"""The columns of a report from the JSON Schema that the vendor has for it: one type a column, besides null."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from source_lms_reports.files.options import DELETED_AT, Flatten

KEY_MARK = "x-primary-key"
"""Says in a column's schema that it is one of the primary key, so that a saved catalog says so too."""

_MOMENT = {"type": ["null", "string"], "format": "date-time", "airbyte_type": "timestamp_with_timezone"}
_CHOICES = ("oneOf", "anyOf")
_DEEPEST = 16
_NAMES = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    type(None): "null",
    list: "array",
    dict: "object",
}


def columns_of(schema: Mapping[str, Any], flatten: Flatten | None) -> dict[str, Any]:
    """The `properties` of a stream.

    Args:
        schema: The vendor's JSON Schema of a row.
        flatten: How rows are made flat; None where they are.

    Returns:
        For each column its schema, of one type and null. Those of the primary key are marked, reserved ones come last.
    """
    root = _Root(schema)
    if flatten is None:
        return {name: root.column(one) for name, one in root.members(schema)}
    rows = dict(root.members(schema))
    found: dict[str, Any] = {}
    for member in flatten.members:
        for name, one in root.members(rows.get(member, {})):
            column = _free(flatten.column(member, name), found)
            found[column] = {**root.column(one), **({KEY_MARK: True} if member == flatten.key else {})}
    last = {name: found.pop(name) for name in flatten.reserved if name in found}
    return {**found, **last, **({DELETED_AT: _MOMENT} if flatten.deletes else {})}


def primary_key(properties: Mapping[str, Any]) -> list[str]:
    """The columns that are marked as those of the primary key."""
    return [name for name, one in properties.items() if isinstance(one, Mapping) and one.get(KEY_MARK) is True]


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """As rows have it: `id` of the key, `id` of the value -> `id`, `id_2`."""
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


class _Root:
    """A schema, with the definitions that parts of it refer to."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema

    def members(self, schema: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
        """The members of an object; of a choice of objects those of all, each once."""
        seen: dict[str, list[Any]] = {}
        for one in self._parts(schema, depth):
            for name, member in (one.get("properties") or {}).items():
                seen.setdefault(str(name), []).append(member)
        for name, found in seen.items():
            yield name, found[0] if all(one == found[0] for one in found) else {"oneOf": found}

    def _parts(self, schema: Any, depth: int) -> Iterator[Mapping[str, Any]]:
        one = self._resolved(schema)
        yield one
        if depth < _DEEPEST:
            for word in (*_CHOICES, "allOf"):
                for choice in one.get(word) or []:
                    yield from self._parts(choice, depth + 1)

    def column(self, schema: Any) -> dict[str, Any]:
        """The schema of a column.

        All choices of one type have it; scalars of several are text, and so is what may be a scalar or an object (its
        text of JSON).
        """
        kinds = dict.fromkeys(kind for kind in self._kinds(schema, 0) if kind[0] != "null")
        types = {kind for kind, _ in kinds}
        if types == {"integer", "number"}:
            return {"type": ["null", "number"]}
        if len(types) != 1:
            return {"type": ["null", "string"]}
        if types == {"string"}:
            return _text({form for _, form in kinds})
        if types == {"object"}:
            return {"type": ["null", "object"], "additionalProperties": True}
        return {"type": ["null", *types]}

    def _kinds(self, schema: Any, depth: int) -> Iterator[tuple[str, str]]:
        """The types that a value may have, each with its format."""
        one = self._resolved(schema)
        declared, form = one.get("type"), str(one.get("format", ""))
        choices = [choice for word in (*_CHOICES, "allOf") for choice in one.get(word) or []]
        if declared is not None:
            for kind in [declared] if isinstance(declared, str) else declared:
                yield str(kind), form if kind == "string" else ""
        elif choices and depth < _DEEPEST:
            for choice in choices:
                yield from self._kinds(choice, depth + 1)
        elif "properties" in one:
            yield "object", ""
        else:
            words = one.get("enum") or ([one["const"]] if "const" in one else [])
            yield from ((_NAMES.get(type(word), "string"), "") for word in words)

    def _resolved(self, schema: Any) -> Mapping[str, Any]:
        """A schema behind its references: `{"$ref": "#/definitions/id"}` -> what stands there."""
        for _ in range(_DEEPEST):
            if not isinstance(schema, Mapping):
                return {}
            place = schema.get("$ref")
            if not isinstance(place, str) or not place.startswith("#/"):
                return schema
            found: Any = self._schema
            for step in place[2:].split("/"):
                name = step.replace("~1", "/").replace("~0", "~")
                found = found.get(name) if isinstance(found, Mapping) else None
            schema = found
        return {}


def _text(forms: set[str]) -> dict[str, Any]:
    """A column of texts; it is one of times or days only where all its values are."""
    if forms == {"date-time"}:
        return dict(_MOMENT)
    return {"type": ["null", "string"], **({"format": "date"} if forms == {"date"} else {})}
