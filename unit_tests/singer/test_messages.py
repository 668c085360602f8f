from __future__ import annotations

import json

import pytest

from source_lms_reports.files.table import Table
from source_lms_reports.records.batch import CellBatch
from source_lms_reports.records.shaper import Shaper
from source_lms_reports.singer.messages import SingerEnvelope, state_line
from unit_tests.records import made

SCHEMA = {"type": "object", "properties": {"a": {"type": ["null", "integer"]}, "b": {"type": ["null", "string"]}}}


def lines(envelope: SingerEnvelope, *values: int) -> list[str]:
    return (
        CellBatch(envelope, {"a": list(values)}, (False,), len(values)).lines(1_700_000_000_123).decode().splitlines()
    )


def test_a_schema_comes_once_before_the_records() -> None:
    envelope = SingerEnvelope('s"', SCHEMA, keys=["a"], bookmarks=["b"])
    schema, *records = lines(envelope, 1, 2)
    assert json.loads(schema) == {
        "type": "SCHEMA",
        "stream": 's"',
        "schema": SCHEMA,
        "key_properties": ["a"],
        "bookmark_properties": ["b"],
    }
    record = '{"type":"RECORD","stream":"s\\"","record":{"a":%d},"time_extracted":"2023-11-14T22:13:20.123Z"}'
    assert records == [record % 1, record % 2]
    assert lines(envelope, 3) == [record % 3]
    assert envelope.before() == b""


def test_it_comes_again_when_a_column_has_come() -> None:
    envelope = SingerEnvelope("s", SCHEMA)
    lines(envelope, 1)
    envelope.schema.add("c")
    schema, _ = lines(envelope, 2)
    assert list(json.loads(schema)["schema"]["properties"]) == ["a", "b", "c"]


def test_a_version_stands_in_each_record_and_is_activated() -> None:
    envelope = SingerEnvelope("s", SCHEMA, version=7, left_out=["b"])
    schema, record = lines(envelope, 1)
    assert list(json.loads(schema)["schema"]["properties"]) == ["a"]
    assert json.loads(record)["version"] == 7
    assert json.loads(envelope.activation()) == {"type": "ACTIVATE_VERSION", "stream": "s", "version": 7}
    assert SingerEnvelope("s", SCHEMA).activation() == b""


DELETED = {"type": ["null", "string"], "format": "date-time"}
DELETES = {"type": "object", "properties": {"id": {"type": ["null", "integer"]}, "gone": DELETED, "_sdc": DELETED}}


@pytest.mark.parametrize(
    "table",
    [
        made.cells({"id": ["1", "2"], "gone": ["", "2024-01-01T00:00:00Z"]}),
        made.objects([{"id": 1, "gone": None}, {"id": 2, "gone": "2024-01-01T00:00:00Z"}]),
        made.objects([{"id": 1, "gone": ""}, {"id": 2, "gone": "2024-01-01T00:00:00Z", "new": [9**40]}]),
    ],
)
def test_a_delete_has_the_name_that_singers_targets_know(table: Table) -> None:
    envelope = SingerEnvelope("s", DELETES, copies={"_sdc": "gone", "other": "not there"})
    (batch,) = Shaper("s", DELETES, envelope=envelope).shape(table)
    _, *records = [json.loads(line) for line in batch.lines(0).splitlines()]
    assert [record["record"].get("gone") for record in records] == [None, "2024-01-01T00:00:00Z"]
    assert [record["record"].get("_sdc") for record in records] == [None, "2024-01-01T00:00:00Z"]


def test_a_batch_without_records_is_nothing() -> None:
    assert lines(SingerEnvelope("s", SCHEMA)) == []


def test_a_state_holds_all_bookmarks() -> None:
    assert state_line({"s": {"at": "x"}}) == b'{"type":"STATE","value":{"bookmarks":{"s":{"at":"x"}}}}\n'
