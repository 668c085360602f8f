from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from airbyte_cdk.models import AirbyteMessage, AirbyteMessageSerializer, AirbyteRecordMessage, Type
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.files.opening import open_tables
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.records.batch import Batch
from source_lms_reports.records.forms import MOST_KEYS
from source_lms_reports.records.shaper import Shaper
from unit_tests.files.reading import DEFAULT, blocks_of, payload

_SCHEMA = {
    "properties": {
        "id": {"type": ["null", "integer"]},
        "score": {"type": ["null", "number"]},
        "passed": {"type": ["null", "boolean"]},
        "name": {"type": ["null", "string"]},
        "updated_at": {"type": ["null", "string"], "format": "date-time"},
    }
}
_HEADER = "id,score,passed,name,updated_at\n"


def _shape(folder: Path, content: bytes, shaper: Shaper, options: ReadOptions = DEFAULT) -> list[dict[str, Any]]:
    """All rows, after a look at their lines."""
    rows = []
    for table in open_tables(payload(folder, content), options):
        for batch in shaper.shape(table):
            _assert_lines_of_the_cdk(batch)
            rows += list(batch.rows())
    return rows


def _assert_lines_of_the_cdk(batch: Batch) -> None:
    lines = batch.lines(1).splitlines()
    assert batch.count == len(lines)
    for line, row in zip(lines, batch.rows(), strict=True):
        record = AirbyteRecordMessage(stream="s", data=row, emitted_at=1)
        message = AirbyteMessageSerializer.dump(AirbyteMessage(type=Type.RECORD, record=record))
        try:
            assert line == orjson.dumps(message)
        except (
            TypeError
        ):  # integers beyond 64 bits, for which the CDK falls back to a writer that spells floats otherwise
            assert json.loads(line) == message


def test_columns_get_the_types_of_the_schema(tmp_path: Path) -> None:
    content = _HEADER + "1,0.5,yes,007,2024-01-01T00:00:00Z\n,,,,\n2,7,F,null,\n"

    assert _shape(tmp_path, content.encode(), Shaper("s", _SCHEMA)) == [
        {"id": 1, "score": 0.5, "passed": True, "name": "007", "updated_at": "2024-01-01T00:00:00Z"},
        dict.fromkeys(["id", "score", "passed", "name", "updated_at"]),
        {"id": 2, "score": 7, "passed": False, "name": "null", "updated_at": None},
    ]


def test_values_that_do_not_cast_stay_text_and_are_counted(tmp_path: Path) -> None:
    shaper = Shaper("s", _SCHEMA)
    long = "9" * 50 + "x"
    content = _HEADER + f"1,1,1,a,\nn/a,1,1,a,\n{long},0.12345678901234567890,perhaps,a,\n"

    rows = _shape(tmp_path, content.encode(), shaper)

    assert [row["id"] for row in rows] == [1, "n/a", long]
    assert (rows[2]["score"], rows[2]["passed"]) == ("0.12345678901234567890", "perhaps")
    assert shaper.warnings() == [
        "Values of column id that are not of type integer and stay text: 2 (first: row 2, 'n/a')",
        "Values of column score that are not of type number and stay text: 1 (first: row 3, '0.12345678901234567890')",
        "Values of column passed that are not of type boolean and stay text: 1 (first: row 3, 'perhaps')",
    ]


def test_a_long_value_is_cut_in_the_warning(tmp_path: Path) -> None:
    shaper = Shaper("s", {"properties": {"id": {"type": "integer"}}})
    _shape(tmp_path, b"id\n" + b"x" * 100 + b"\n", shaper)

    assert "'" + "x" * 37 + "...'" in shaper.warnings()[0]


def test_unknown_and_missing_columns_are_named(tmp_path: Path) -> None:
    shaper = Shaper("s", _SCHEMA, constants={"updated_at": "x"})

    rows = _shape(tmp_path, b"id,new\n1,2\n", shaper)

    assert rows == [{"id": 1, "new": "2", "updated_at": "x"}]
    assert shaper.warnings() == [
        "Columns that the schema does not know, emitted all the same: new",
        "Columns that the schema knows are missing from the report: score, passed, name",
    ]


def test_rows_are_dropped_by_the_cursor_and_example_rows_are_the_files(tmp_path: Path) -> None:
    shaper = Shaper(
        "s",
        _SCHEMA,
        cursor_field="updated_at",
        keep_from=datetime(2024, 1, 2, tzinfo=timezone.utc),
        keep_before=datetime(2024, 1, 4, tzinfo=timezone.utc),
    )
    days = [f"{day},,,,2024-01-0{day}T00:00:00Z\n" for day in range(1, 6)]
    content = _HEADER + "".join(days) + "6,,,,\n7,,,,later\nx,,,,2024-01-03T00:00:00Z\n"

    assert [row["id"] for row in _shape(tmp_path, content.encode(), shaper)] == [2, 3, 6, 7, "x"]
    assert shaper.cursor_max == "2024-01-03T00:00:00Z"
    assert "row 8" in shaper.warnings()[0]
    assert shaper.warnings()[1] == (
        "Values of the cursor column updated_at that are no time: 1 (first: 'later'). They cannot be proven old, so "
        "these rows come in each sync."
    )


@pytest.mark.parametrize(("content", "told"), [("id,n\n1,a\n,b\n3,c\n,d\n", ["2 (first: row 2)"]), ("id,n\n1,a\n", [])])
def test_rows_without_a_key_are_told(tmp_path: Path, content: str, told: list[str]) -> None:
    shaper = Shaper("s", {"properties": {"id": {"type": "integer"}, "n": {"type": "string"}}}, key=("id",))

    assert len(_shape(tmp_path, content.encode(), shaper)) == content.count("\n") - 1
    assert [line.partition("of the primary key: ")[2].partition(";")[0] for line in shaper.warnings()] == told


def test_a_chunk_without_new_rows_is_no_batch(tmp_path: Path) -> None:
    shaper = Shaper("s", _SCHEMA, cursor_field="updated_at", keep_from=datetime(2025, 1, 1, tzinfo=timezone.utc))

    assert _shape(tmp_path, (_HEADER + "1,,,,2024-01-01\n").encode(), shaper) == []
    assert shaper.cursor_max is None


@pytest.mark.parametrize("content", [b"id\n1\n2\n", b'[{"id": 1}, {"id": 2}]'])
def test_a_constant_is_in_every_row_and_may_be_the_cursor(tmp_path: Path, content: bytes) -> None:
    constants = {"_report_start": "2024-01-01", "_report_end": "2024-01-31"}
    bound = datetime(2024, 2, 1, tzinfo=timezone.utc)
    kept = Shaper("s", _SCHEMA, constants=constants, cursor_field="_report_end", keep_before=bound)
    dropped = Shaper("s", _SCHEMA, constants=constants, cursor_field="_report_end", keep_from=bound)

    assert _shape(tmp_path, content, kept) == [{"id": 1, **constants}, {"id": 2, **constants}]
    assert _shape(tmp_path, content, dropped) == []
    assert (kept.cursor_max, dropped.cursor_max) == ("2024-01-31", None)


def test_constants_in_json_records_of_nothing_and_over_keys_of_their_name(tmp_path: Path) -> None:
    shaper = Shaper("s", {}, constants={"c": "mine", "d": 'a"b'})

    assert _shape(tmp_path, b'[{}, {"a": null}, {"a": 1}]', shaper) == [
        {"c": "mine", "d": 'a"b', "a": value} for value in (None, None, 1)
    ]
    assert _shape(tmp_path, b'[{"c": 1, "a": 2}]', Shaper("s", {}, constants={"c": "x"})) == [{"c": "x", "a": 2}]


def test_json_records_of_ever_new_keys(tmp_path: Path) -> None:
    records = [{f"k{number}": number, 'odd "name"' if number > 900 else "n": 1} for number in range(1000)]

    with blocks_of(64), patch("source_lms_reports.files.json_scanner.WINDOW", 1000):
        rows = _shape(tmp_path, json.dumps(records).encode(), Shaper("s", {}))

    assert [{name: value for name, value in row.items() if value is not None} for row in rows] == records


def test_a_constant_wins_over_a_column(tmp_path: Path) -> None:
    shaper = Shaper("s", {}, constants={"a": "mine"})

    assert _shape(tmp_path, b"a,b\n1,2\n", shaper) == [{"b": "2", "a": "mine"}]


def test_json_keeps_its_types_where_the_schema_says_nothing_else(tmp_path: Path) -> None:
    shaper = Shaper("s", _SCHEMA, cursor_field="updated_at", keep_from=datetime(2024, 1, 1, tzinfo=timezone.utc))
    content = b"""[{"id": "5", "score": null, "x": {"deep": null}, "updated_at": 1709209815},
        {"id": 6, "passed": 1, "updated_at": "2023-01-01"}, {"id": 123456789012345678901234567890, "name": ""}]"""

    assert _shape(tmp_path, content, shaper) == [
        {"id": "5", "score": None, "x": {"deep": None}, "updated_at": "1709209815", "passed": None, "name": None},
        {
            "id": 123456789012345678901234567890,
            "score": None,
            "x": None,
            "updated_at": None,
            "passed": None,
            "name": "",
        },
    ]
    assert shaper.cursor_max == "1709209815"
    assert shaper.warnings() == ["Columns that the schema does not know, emitted all the same: x"]


def test_ragged_rows_have_their_extra_cells(tmp_path: Path) -> None:
    shaper = Shaper("s", {})

    rows = _shape(tmp_path, b"a\n1\n2,x,,y\n", shaper)

    assert rows == [{"a": "1", "_extra": None}, {"a": "2", "_extra": ["x", None, "y"]}]
    assert shaper.warnings() == [
        "Rows with more cells than the header: 1 (first: row 2); the extra cells are under _extra",
    ]


def test_extra_cells_stay_with_their_rows(tmp_path: Path) -> None:
    shaper = Shaper("s", {}, cursor_field="at", keep_from=datetime(2024, 1, 1, tzinfo=timezone.utc))

    rows = _shape(tmp_path, b"at\n2023-01-01,x\n2024-01-01\n2024-01-02,y\n", shaper)

    assert [row["_extra"] for row in rows] == [None, ["y"]]


def test_names_that_need_escaping(tmp_path: Path) -> None:
    content = b'"a ""quoted"" name","two\nlines",back\\slash,\xc3\xa9\n1,,3,4\n'

    assert _shape(tmp_path, content, Shaper("s", {})) == [
        {'a "quoted" name': "1", "two\nlines": None, "back\\slash": "3", "é": "4"}
    ]


def test_the_envelope_is_the_cdks(tmp_path: Path) -> None:
    shaper = Shaper("s", {})
    (table,) = open_tables(payload(tmp_path, b'a,b\n"x\ny",\n\xf0\x9f\x98\x80,"""\\\t"\n'), DEFAULT)
    for batch in shaper.shape(table):
        _assert_lines_of_the_cdk(batch)


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
_TYPES: Mapping[str, st.SearchStrategy[Any]] = {
    "integer": st.integers() | st.none(),
    "number": st.floats(-1e15, 1e15) | st.integers() | st.none(),
    "boolean": st.booleans() | st.none(),
    "string": _TEXTS.map(lambda text: text or None),
}
_COLUMNS = st.lists(st.sampled_from(sorted(_TYPES)), min_size=2, max_size=5)


@st.composite
def _tables(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    types = {f"c{number}": kind for number, kind in enumerate(draw(_COLUMNS))}
    rows = draw(st.lists(st.fixed_dictionaries({name: _TYPES[kind] for name, kind in types.items()}), max_size=8))
    return {"properties": {name: {"type": ["null", kind]} for name, kind in types.items()}}, rows


@given(table=_tables(), form=st.sampled_from(["csv", "json"]), block=st.integers(4, 200))
def test_generated_tables_come_back(table: tuple[dict[str, Any], list[dict[str, Any]]], form: str, block: int) -> None:
    schema, rows = table
    content = _as_csv(list(schema["properties"]), rows) if form == "csv" else json.dumps(rows).encode()
    with tempfile.TemporaryDirectory() as folder, blocks_of(block):
        found = _shape(Path(folder), content, Shaper("s", schema))

    assert found == rows
    assert [{name: type(row[name]) for name in sorted(row)} for row in found] == [
        {name: type(row[name]) for name in sorted(row)} for row in rows
    ]


def _as_csv(header: list[str], rows: list[dict[str, Any]]) -> bytes:
    lines = [",".join(header)]
    lines += [",".join(_cell(row[name]) for name in header) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return repr(value)


@pytest.mark.parametrize("names", [3, MOST_KEYS + 1], ids=["with a form", "without one"])
def test_what_is_no_text_in_a_column_of_texts_is_its_text_of_json(tmp_path: Path, names: int) -> None:
    schema = {"properties": {"name": {"type": ["null", "string"]}, "open": {"type": ["null", "object"]}}}
    values = [{"de": "Grün", "n": [1, 2.5]}, "plain", None, 5, [{"a": None}], True]
    rows = [{"name": value, "open": {"a": 1}, "unknown": [1]} for value in values]
    rows[0] |= {f"more {number}": 1 for number in range(names)}

    found = _shape(tmp_path, json.dumps(rows).encode(), Shaper("s", schema), ReadOptions(format="json"))

    texts = ['{"de":"Grün","n":[1,2.5]}', "plain", None, "5", '[{"a":null}]', "true"]
    assert [row.get("name") for row in found] == texts
    assert all(row["open"] == {"a": 1} and row["unknown"] == [1] for row in found)
