"""Records that must fit a schema: it grows where one would not, and no value is lost by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from source_lms_reports.files.table import Table
from source_lms_reports.records import forms
from source_lms_reports.records.envelope import Envelope
from source_lms_reports.records.growing import GrowingSchema
from source_lms_reports.records.shaper import Shaper
from source_lms_reports.times import instant
from unit_tests.records.made import cells, objects

Json = dict[str, Any]


class Announcing(Envelope):
    """Records, and the schema before them whenever it has grown."""

    def __init__(self, schema: Mapping[str, Any], left_out: frozenset[str] = frozenset()) -> None:
        self.left_out = left_out
        self.schema: GrowingSchema = GrowingSchema(schema, left_out)

    def around(self, emitted_at: int) -> tuple[bytes, bytes]:
        return b'{"at":%d,"RECORD":' % emitted_at, b"}"

    def before(self) -> bytes:
        news = self.schema.news()
        return b"" if news is None else msgspec.json.encode({"SCHEMA": news["properties"]}) + b"\n"


def shaped(table: Table, columns: Mapping[str, Any], left_out: frozenset[str] = frozenset(), **how: Any) -> list[Json]:
    """All lines, records and schemas."""
    schema = {"properties": {name: of(one) if isinstance(one, str) else one for name, one in columns.items()}}
    shaper = Shaper("s", schema, envelope=Announcing(schema, left_out), **how)
    lines = [line for batch in shaper.shape(table) for line in batch.lines(0).splitlines()]
    found: list[Json] = [json.loads(line) for line in lines]
    return [*(line.get("RECORD", line) for line in found), {"warnings": shaper.warnings()}]


def of(kind: str) -> Json:
    """A column's schema: `integer`, `date-time`, ..."""
    return {"type": ["null", "string"], "format": kind} if kind.startswith("date") else {"type": ["null", kind]}


def schemas(lines: list[Json]) -> list[Json]:
    return [line["SCHEMA"] for line in lines if "SCHEMA" in line]


def records(lines: list[Json]) -> list[Json]:
    return [line for line in lines if "SCHEMA" not in line and "warnings" not in line]


def test_what_fits_is_announced_once_and_cast() -> None:
    table = cells({"id": ["1", ""], "at": ["2024-01-01T00:00:00Z", ""]}, {"id": ["3"], "at": ["2024-01-02 03:04:05"]})
    lines = shaped(table, {"id": "integer", "at": "date-time"})
    assert [list(line) for line in lines] == [["SCHEMA"], ["id", "at"], [], ["id", "at"], ["warnings"]]
    assert lines[-1] == {"warnings": []}
    assert records(lines)[0] == {"id": 1, "at": "2024-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("integer", "5.0", "007"),
        ("integer", "9223372036854775807", "9223372036854775808"),
        ("number", "1.50", "0.12345678901234567890"),
        ("boolean", "TRUE", "perhaps"),
        ("object", '{"a": 1.50}', "[1]"),
        ("array", "[1, 2]", '{"a": 1}'),
        ("date-time", "2024-01-01T00:00:00+02:00", "never"),
        ("date-time", "2024-01-01T00:00:00Z", "2024-02-31T00:00:00Z"),
        ("date", "2024-01-01", "01.02.2024"),
    ],
)
def test_a_text_that_does_not_cast_makes_its_column_one_of_texts_before_it_comes(
    kind: str, good: str, bad: str
) -> None:
    lines = shaped(cells({"a": [good]}, {"a": [good, bad, ""]}, {"a": [good]}), {"a": kind})
    assert [list(line) for line in lines] == [["SCHEMA"], ["a"], ["SCHEMA"], ["a"], ["a"], [], ["a"], ["warnings"]]
    assert schemas(lines) == [{"a": of(kind)}, {"a": {"type": ["null", "string"]}}]
    assert [record["a"] for record in records(lines)[1:] if record] == [good, bad, good]
    (warning,) = lines[-1]["warnings"]
    assert warning.startswith(f"Column a is of type {kind} and holds ")
    assert ", in row 3: it is text from here on." in warning


def test_a_column_that_has_become_one_of_texts_stays_one_in_the_next_file() -> None:
    schema = {"properties": {"a": of("integer")}}
    envelope = Announcing(schema)
    texts = []
    for content in (["x"], ["5"]):
        shaper = Shaper("s", schema, envelope=envelope)
        texts += [batch.lines(0).decode() for batch in shaper.shape(cells({"a": content}))]
    assert texts[1] == '{"at":0,"RECORD":{"a":"5"}}\n'


def test_unknown_columns_come_and_are_announced_before_their_first_record() -> None:
    lines = shaped(cells({"b": ["x"], "a": ["1"]}), {"a": "integer"})
    assert lines[0] == {"SCHEMA": {"a": of("integer"), "b": of("string")}}
    lines = shaped(objects([{"a": 1}], [{"a": 2, "b": 3, "c": {"d": None}, "e": None}], [{"b": 4.5}]), {"a": "integer"})
    grown = {"b": of("number"), "c": {**of("object"), "additionalProperties": True}, "e": of("string")}
    assert schemas(lines) == [{"a": of("integer")}, {"a": of("integer"), **grown}]
    assert records(lines) == [{"a": 1}, {"a": 2, "b": 3, "c": {"d": None}}, {"b": 4.5}]


def test_the_cells_beyond_the_header_are_a_column_of_lists() -> None:
    table = cells({"a": ["1", "2"]}, extra=[None, ["x", "y"]])
    lines = shaped(table, {"a": "integer"})
    assert lines[0] == {"SCHEMA": {"a": of("integer"), "_extra": of("array")}}
    assert records(lines) == [{"a": 1}, {"a": 2, "_extra": ["x", "y"]}]


def test_columns_that_are_left_out_stand_nowhere() -> None:
    columns = {"a": "integer", "b": "integer", "c": "string"}
    lines = shaped(cells({"a": ["1"], "b": ["x"], "c": ["y"]}), columns, frozenset("b"))
    assert lines == [{"SCHEMA": {"a": of("integer"), "c": of("string")}}, {"a": 1, "c": "y"}, {"warnings": []}]
    table = objects([{"a": 1, "b": [], "c": "y"}], [{"b": "x"}, {"a": 2, "b": 2}], [{"a": 3, "b": 1, "new": True}])
    lines = shaped(table, columns, frozenset("b"))
    assert records(lines) == [{"a": 1, "c": "y"}, {}, {"a": 2}, {"a": 3, "new": True}]
    assert [sorted(schema) for schema in schemas(lines)] == [["a", "c"], ["a", "c", "new"]]


def test_a_constant_that_is_left_out_is_not_added() -> None:
    lines = shaped(cells({"a": ["1"]}), {"a": "integer"}, frozenset("k"), constants={"k": "v", "m": "w"})
    assert records(lines) == [{"a": 1, "m": "w"}]
    lines = shaped(objects([{"a": 1, "k": 2}]), {"a": "integer"}, frozenset("k"), constants={"k": "v", "m": "w"})
    assert records(lines) == [{"a": 1, "m": "w"}]


def test_what_is_no_text_in_a_column_of_texts_is_written_as_one() -> None:
    table = objects([{"a": "x"}], [{"a": 5}, {"a": 1.5}, {"a": True}, {"a": {"b": [1]}}, {"a": None}, {"a": ""}])
    lines = shaped(table, {"a": "string"})
    assert [record.get("a") for record in records(lines)] == ["x", "5", "1.5", "true", '{"b":[1]}', None, ""]
    assert len(schemas(lines)) == 1


@pytest.mark.parametrize(("kind", "value"), [("integer", 1), ("boolean", True), ("date-time", "2024-01-01T00:00:00Z")])
def test_an_empty_text_of_json_is_no_value_where_texts_do_not_fit(kind: str, value: Any) -> None:
    lines = shaped(objects([{"a": value}], [{"a": ""}, {"a": value}]), {"a": kind})
    assert [record.get("a") for record in records(lines)] == [value, None, value]
    assert len(schemas(lines)) == 1


def test_a_sheets_own_types_become_texts_where_they_do_not_fit() -> None:
    table = cells({"a": [1.5, True, "x", ""]}, kinds=[{float, bool, str}])
    assert [record.get("a") for record in records(shaped(table, {"a": "number"}))] == ["1.5", "true", "x", None]


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**30])
def test_an_integer_that_no_store_has_room_for_is_a_text(value: int) -> None:
    lines = shaped(objects([{"a": 1}], [{"a": value}]), {"a": "integer"})
    assert [record["a"] for record in records(lines)] == [1, str(value)]
    lines = shaped(cells({"a": [1, value]}, kinds=[{int}]), {"a": "integer"})
    assert [record["a"] for record in records(lines)] == ["1", str(value)]


def test_rows_of_which_no_column_is_wanted_are_rows() -> None:
    assert records(shaped(cells({"a": ["1", "2"]}), {"a": "integer"}, frozenset("a"))) == [{}, {}]
    assert records(shaped(objects([{"a": 1}, {"a": 2}]), {"a": "integer"}, frozenset("a"))) == [{}, {}]


def test_a_choice_of_types_is_one_of_texts() -> None:
    lines = shaped(objects([{"a": 1}, {"a": {"b": 2}}]), {"a": {"type": ["null", "string", "object"], "title": "A"}})
    assert schemas(lines) == [{"a": {"type": ["null", "string"], "title": "A"}}]
    assert [record["a"] for record in records(lines)] == ["1", '{"b":2}']


_KINDS = st.sampled_from(["string", "integer", "number", "boolean", "object", "array", "date-time", "date"])
_CELL = st.one_of(
    st.sampled_from(["", "1", "-5.0", "007", "1.5", "1e400", "true", "no", "{}", "[1]", '{"a": []}', "x", "NaN"]),
    st.sampled_from(["2024-01-01", "2024-01-01T00:00:00Z", "2024-02-30", "2024-01-01 10:00:00+01:00", "never", "é"]),
)
_VALUE = st.one_of(
    _CELL, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([[], {}, [1.5], {"a": None}, 10**30]),
)  # fmt: skip
_COLUMNS = st.dictionaries(st.sampled_from("abcd"), _KINDS, max_size=4)


@given(columns=_COLUMNS, chunks=st.lists(st.lists(st.tuples(_CELL, _CELL, _CELL), min_size=1, max_size=4), min_size=1))
def test_all_cells_fit_and_none_is_lost(columns: Json, chunks: list[list[tuple[str, str, str]]]) -> None:
    parts = [dict(zip("bcd", map(list, zip(*rows, strict=True)), strict=True)) for rows in chunks]
    found = fitting(shaped(cells(*parts), columns))
    for record, row in zip(found, (row for rows in chunks for row in rows), strict=True):
        for name, cell in zip("bcd", row, strict=True):
            assert same(record.get(name), cell), (name, cell, record)


@given(
    columns=_COLUMNS,
    chunks=st.lists(st.lists(st.dictionaries(st.sampled_from("abcde"), _VALUE), min_size=1, max_size=4), min_size=1),
    quick=st.booleans(),
)
def test_all_values_of_json_fit_and_none_is_lost(columns: Json, chunks: list[list[Json]], quick: bool) -> None:
    with patch.object(forms, "MOST_KEYS", forms.MOST_KEYS if quick else -1):
        found = fitting(shaped(objects(*chunks), columns))
    for record, row in zip(found, (row for rows in chunks for row in rows), strict=True):
        for name in {*record, *row}:
            assert same(record.get(name), row.get(name)), (name, record, row)


def fitting(lines: list[Json]) -> list[Json]:
    """The records, each of which fits the schema that was announced last; and columns only grow."""
    properties: Json = {}
    found: list[Json] = []
    validator = Draft7Validator(False)
    for line in lines[:-1]:
        if "SCHEMA" in line:
            assert line["SCHEMA"] != properties or not found
            assert line["SCHEMA"].keys() >= properties.keys()
            properties = line["SCHEMA"]
            validator = Draft7Validator({"properties": properties, "additionalProperties": False})
        else:
            validator.validate(line)
            times = [value for name, value in line.items() if "format" in properties[name]]
            assert all(instant(value) for value in times)
            found.append(line)
    return found


def same(found: Any, given: Any) -> bool:
    """Whether a value of a record is the one of the report, be it in another type."""
    if found is None:
        return given in (None, "")
    if found == given or str(found).lower() == str(given).lower() or (found is False and given == "no"):
        return True
    text = given if isinstance(given, str) else json.dumps(given)
    decoded = json.loads(found) if isinstance(found, str) and isinstance(given, (dict, list, float)) else found
    return text == "NaN" or bool(decoded == json.loads(text))


def test_the_schema_of_the_package_is_left_as_it_is() -> None:
    schema = {"properties": {"a": of("integer")}}
    growing = GrowingSchema(schema)
    growing.add("b")
    growing.admit("a", ["x"])
    assert schema == {"properties": {"a": of("integer")}}
