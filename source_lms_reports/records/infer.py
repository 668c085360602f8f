"""Columns and types from a sample, where they leave no doubt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from source_lms_reports.files.table import CellChunk, Chunk, Table

Properties = dict[str, dict[str, Any]]


def infer_schema(table: Table, *, most_rows: int = 5000) -> Properties:
    """The `properties` of a table's JSON schema.

    A column has a type only where all its values agree in one that the format itself knows (XLSX, JSON); a CSV's
    columns, and columns without values, are strings.

    Args:
        table: A table whose chunks were not read yet.
        most_rows: Rows to look at.
    """
    found: dict[str, set[str]] = {name: set() for name in table.columns}
    seen = 0
    for chunk in table.chunks():
        _look(table.columns, chunk, found)
        seen += len(chunk)
        if seen >= most_rows:
            break
    return {name: _property(types) for name, types in found.items()}


def _look(columns: tuple[str, ...], chunk: Chunk, found: dict[str, set[str]]) -> None:
    if isinstance(chunk, CellChunk):
        for name, cells in zip(columns, chunk.columns, strict=True):
            found[name] |= _types(cell for cell in cells if cell != "")
        return
    for row in chunk.objects():
        for name, value in row.items():
            found.setdefault(name, set()).update(_types([value]))


def _types(values: Iterable[Any]) -> set[str]:
    return {_NAMES[kind] for kind in set(map(type, values))} - {"null"}


_NAMES = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}


def _property(types: set[str]) -> dict[str, Any]:
    if types == {"integer", "number"}:
        types = {"number"}
    kind = types.pop() if len(types) == 1 else "string"
    if kind == "object":
        return {"type": ["null", "object"], "additionalProperties": True}
    return {"type": ["null", kind]}
