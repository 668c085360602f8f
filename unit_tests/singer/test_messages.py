from __future__ import annotations

import json

from source_lms_reports.records.batch import CellBatch
from source_lms_reports.singer.messages import SingerEnvelope, state_line

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


def test_a_batch_without_records_is_nothing() -> None:
    assert lines(SingerEnvelope("s", SCHEMA)) == []


def test_a_state_holds_all_bookmarks() -> None:
    assert state_line({"s": {"at": "x"}}) == b'{"type":"STATE","value":{"bookmarks":{"s":{"at":"x"}}}}\n'
