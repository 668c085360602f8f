"""Columns from the vendor's JSON Schema."""

from __future__ import annotations

from typing import Any

import pytest

from source_lms_reports.files.options import Deletes, Flatten
from source_lms_reports.streams.schema_columns import KEY_MARK, columns_of, primary_key

FLATTEN = Flatten(
    {"key": "", "value": "", "meta": "meta_"}, "key", ("meta_ts", "meta_action"), Deletes("meta", "action", "D", "ts")
)
TIME = {"type": ["null", "string"], "format": "date-time", "airbyte_type": "timestamp_with_timezone"}
ANY_OBJECT = {"type": ["null", "object"], "additionalProperties": True}
TEXT = {"type": ["null", "string"]}
INT, OBJECT = {"type": "integer", "format": "int64"}, {"type": "object", "properties": {"a": {}}}


def table(value: dict[str, Any], **more: Any) -> dict[str, Any]:
    meta = {"properties": {"action": {"enum": ["U", "D"]}, "ts": {"type": "string", "format": "date-time"}}}
    return {"properties": {"meta": meta, "key": {"properties": {"id": INT}}, "value": value}, **more}


def column(schema: Any, **more: Any) -> Any:
    return columns_of(table({"properties": {"c": schema}}, **more), FLATTEN)["c"]


def test_the_members_of_a_row_become_columns_and_those_of_the_key_the_primary_key() -> None:
    found = columns_of(table({"properties": {"name": {"type": "string", "maxLength": 255}}}), FLATTEN)
    assert found == {
        "id": {"type": ["null", "integer"], KEY_MARK: True},
        "name": TEXT,
        "meta_action": TEXT,
        "meta_ts": TIME,
        "_ab_cdc_deleted_at": TIME,
    }
    assert primary_key(found) == ["id"]


def test_a_column_called_like_one_of_ours_or_of_the_key_gets_a_number() -> None:
    found = columns_of(
        table({"properties": {"meta_ts": INT, "_ab_cdc_deleted_at": INT, "id": INT, "ts": INT}}), FLATTEN
    )
    assert list(found) == [
        *("id", "meta_ts_2", "_ab_cdc_deleted_at_2", "id_2", "ts"),
        *("meta_ts", "meta_action", "_ab_cdc_deleted_at"),
    ]
    assert primary_key(found) == ["id"]


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        (INT, {"type": ["null", "integer"]}),
        ({"type": ["integer", "null"]}, {"type": ["null", "integer"]}),
        ({"type": "number", "format": "float64"}, {"type": ["null", "number"]}),
        ({"type": "boolean"}, {"type": ["null", "boolean"]}),
        ({"type": "string", "format": "uuid"}, TEXT),
        ({"type": "string", "format": "date"}, {**TEXT, "format": "date"}),
        ({"type": "string", "format": "date-time"}, TIME),
        ({"enum": ["a", "b"]}, TEXT),
        ({"enum": [1, 2, None]}, {"type": ["null", "integer"]}),
        ({"const": True}, {"type": ["null", "boolean"]}),
        (OBJECT, ANY_OBJECT),
        ({"properties": {"a": INT}}, ANY_OBJECT),
        ({"type": "array", "items": INT}, {"type": ["null", "array"]}),
        ({"oneOf": [INT, {"type": "null"}]}, {"type": ["null", "integer"]}),
        ({"oneOf": [INT, {"type": "number"}]}, {"type": ["null", "number"]}),
        ({"oneOf": [INT, {"type": "string"}, {"type": "null"}]}, TEXT),
        ({"oneOf": [{"type": "string", "format": "date-time"}, {"type": "string"}]}, TEXT),
        (
            {"oneOf": [OBJECT, {"type": "object"}, {"type": "null"}]},
            ANY_OBJECT,
        ),
        ({"oneOf": [OBJECT, INT]}, TEXT),
        ({"anyOf": [{"type": "array"}, {"type": "string"}]}, TEXT),
        ({"allOf": [{"type": "string"}, {"maxLength": 5}]}, TEXT),
        ({"oneOf": [{"oneOf": [INT, {"type": "null"}]}, INT]}, {"type": ["null", "integer"]}),
        ({}, TEXT),
        (True, TEXT),
        ({"$ref": "#/definitions/n"}, {"type": ["null", "integer"]}),
        ({"$ref": "#/definitions/none"}, TEXT),
        ({"$ref": "#/definitions/loop"}, TEXT),
    ],
    ids=str,
)
def test_a_column_has_one_type(schema: Any, found: Any) -> None:
    definitions = {"n": INT, "loop": {"$ref": "#/definitions/loop"}}
    assert column(schema, definitions=definitions) == found


def test_a_choice_of_whole_values_has_the_columns_of_all() -> None:
    first = {"properties": {"a": INT, "b": INT, "t": {"type": "string"}}}
    value = {"oneOf": [first, {"properties": {"b": INT, "c": INT, "t": INT}}, {"type": "null"}]}
    found = columns_of(table(value), FLATTEN)
    assert list(found)[1:5] == ["a", "b", "t", "c"]
    assert found["t"] == TEXT
    assert found["b"] == {"type": ["null", "integer"]}


def test_rows_that_are_flat_have_their_members_as_columns() -> None:
    assert columns_of({"properties": {"a": INT}}, None) == {"a": {"type": ["null", "integer"]}}


@pytest.mark.parametrize("schema", [{}, {"properties": {"key": None, "value": 5}}, {"properties": {}}])
def test_a_schema_that_says_nothing_has_no_columns_but_ours(schema: Any) -> None:
    assert list(columns_of(schema, FLATTEN)) == ["_ab_cdc_deleted_at"]
