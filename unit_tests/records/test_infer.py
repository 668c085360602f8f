from __future__ import annotations

from pathlib import Path

from source_lms_reports.files.opening import open_tables
from source_lms_reports.records.infer import infer_schema
from unit_tests.files.reading import DEFAULT, payload


def test_the_columns_of_csv_are_strings(tmp_path: Path) -> None:
    (table,) = open_tables(payload(tmp_path, b"id,ok\n1,true\n"), DEFAULT)

    assert infer_schema(table) == {"id": {"type": ["null", "string"]}, "ok": {"type": ["null", "string"]}}


def test_json_types_where_all_values_agree(tmp_path: Path) -> None:
    content = b"""[{"i": 1, "n": 1, "b": true, "s": "a", "mixed": 1, "none": null, "o": {"a": 1}, "l": [1]},
        {"i": null, "n": 0.5, "mixed": "1", "o": {}, "late": 2}]"""
    (table,) = open_tables(payload(tmp_path, content), DEFAULT)

    assert {name: column["type"][1] for name, column in infer_schema(table).items()} == {
        "i": "integer",
        "n": "number",
        "b": "boolean",
        "s": "string",
        "mixed": "string",
        "none": "string",
        "o": "object",
        "l": "array",
        "late": "integer",
    }


def test_no_more_rows_than_wanted_are_looked_at(tmp_path: Path) -> None:
    content = b"[" + b",".join([b'{"a": 1}'] * 100_000) + b', {"a": "x"}]'
    (table,) = open_tables(payload(tmp_path, content), DEFAULT)

    assert infer_schema(table, most_rows=10) == {"a": {"type": ["null", "integer"]}}
