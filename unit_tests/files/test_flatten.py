"""Rows whose columns stand in members of theirs."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from source_lms_reports.errors import PayloadError, UnknownFormat
from source_lms_reports.files.flatten import Flattener, MemberChunk
from source_lms_reports.files.opening import open_tables, verify
from source_lms_reports.files.options import Deletes, Flatten, ReadOptions
from source_lms_reports.files.payload import Part, Payload
from unit_tests.files.reading import gzipped, rows_of, zipped

FLATTEN = Flatten(
    {"key": "", "value": "", "meta": "meta_"},
    "key",
    ("meta_ts", "meta_action"),
    Deletes("meta", "action", "D", "ts"),
)
OPTIONS = ReadOptions(format="jsonl", flatten=FLATTEN)
TS = "2026-11-25T08:00:00.125Z"


def flat(*rows: Any, compact: bool = True) -> list[Any]:
    """The rows, flat, by way of their text."""
    text = json.dumps(list(rows), separators=(",", ":") if compact else None, ensure_ascii=False)
    return chunk(text.encode()).objects()


def chunk(text: bytes) -> MemberChunk:
    return MemberChunk(text, "The report", Flattener(FLATTEN, "The report"))


def row(value: Any = None, action: str | None = None, key: Any = 1, **more: Any) -> dict[str, Any]:
    meta = {"ts": TS} | ({"action": action} if action else {})
    return {"key": {"id": key}, **({"value": value} if value is not None else {}), "meta": meta, **more}


@pytest.mark.parametrize("compact", [True, False])
@pytest.mark.parametrize(
    ("given_row", "found"),
    [
        (row({"a": 1}), {"id": 1, "a": 1, "meta_ts": TS}),
        (row({"a": {"b": [1]}}, "U"), {"id": 1, "a": {"b": [1]}, "meta_ts": TS, "meta_action": "U"}),
        (row(None, "D"), {"id": 1, "meta_ts": TS, "meta_action": "D", "_ab_cdc_deleted_at": TS}),
        (row({}), {"id": 1, "meta_ts": TS}),
        ({**row({}), "value": None}, {"id": 1, "meta_ts": TS}),
        ({"key": {"id": 1}}, {"id": 1}),
        (row({"ts": 5}), {"id": 1, "ts": 5, "meta_ts": TS}),
        (row({"meta_action": "x"}), {"id": 1, "meta_action_2": "x", "meta_ts": TS}),
        (row({"_ab_cdc_deleted_at": 1}), {"id": 1, "_ab_cdc_deleted_at_2": 1, "meta_ts": TS}),
        (row({"a": 1}, shard=3), {"shard": 3, "id": 1, "a": 1, "meta_ts": TS}),
        (row({"a": "D"}, "U"), {"id": 1, "a": "D", "meta_ts": TS, "meta_action": "U"}),
        ({**row({}), "meta": {"ts": TS, "by": {"n": 1}}}, {"id": 1, "meta_ts": TS, "meta_by": {"n": 1}}),
    ],
    ids=str,
)
def test_a_row_becomes_flat(given_row: Any, found: Any, compact: bool) -> None:
    plain = row({"a": '}{,"key":{"\\ \x7f'})
    assert flat(plain, given_row, plain, compact=compact)[1] == found


def test_members_may_stand_in_any_order_and_blanks_anywhere() -> None:
    text = b'[ {"meta" :{"ts": "t" , "action":"U"}, "value":{ "a" : 1 } ,"key":{"id":7} } ]'
    assert chunk(text).objects() == [{"id": 7, "a": 1, "meta_ts": "t", "meta_action": "U"}]


@pytest.mark.parametrize(
    "text",
    [
        b'[{"key":{"id":1},"value":{"a":1},"value":{"a":2},"meta":{"ts":"t"}}]',
        b'[{"key":{"id":1},"value":{"a":1,"a":2},"meta":{"ts":"t"}}]',
    ],
)
def test_of_what_stands_twice_neither_is_lost(text: bytes) -> None:
    (found,) = chunk(text).objects()
    assert sorted(_integers(found)) == [1, 1, 2]


def _integers(row: dict[str, Any]) -> list[int]:
    inner = [one for value in row.values() if isinstance(value, dict) for one in _integers(value)]
    return [value for value in row.values() if isinstance(value, int)] + inner


def test_a_column_of_the_key_and_of_the_value_are_told_apart(tmp_path: Any) -> None:
    path = tmp_path / "part"
    path.write_bytes(json.dumps(row({"id": 9})).encode() + b"\n")
    (table,) = open_tables(Payload((Part(path),)), OPTIONS)
    assert rows_of(table) == [{"id": 1, "id_2": 9, "meta_ts": TS}]


@pytest.mark.parametrize(
    "bad",
    [
        b'{"value":{"a":1},"meta":{"ts":"t"}}',
        b'{"key":{},"value":{"a":1},"meta":{"ts":"t"}}',
        b'{"key":5,"meta":{"ts":"t"}}',
        b'{"key":{"id":1},"value":[1],"meta":{"ts":"t"}}',
        b'{"error":{"type":"ProcessingError"}}',
        b'{"message":"Endpoint request timed out"}',
    ],
)
@pytest.mark.parametrize("before", [b"", b'{"key":{"id":1},"meta":{"ts":"t"}}\n'], ids=["alone", "behind another"])
def test_what_is_no_such_row_is_no_report(tmp_path: Any, bad: bytes, before: bytes) -> None:
    path = tmp_path / "part"
    path.write_bytes(gzipped(before + bad + b"\n"))
    payload = Payload((Part(path),))
    with pytest.raises(PayloadError):  # noqa: PT012 - most are found by the first
        verify(payload, OPTIONS)
        for table in open_tables(payload, OPTIONS):
            rows_of(table)


@pytest.mark.parametrize(
    "bad",
    [b'{"key":{},"meta":{"ts":"t"}}', b'{"key":{"id":2},"value":"x"}', b'{"meta":{"ts":"t"}}', b'{"key":[],"more":1}'],
)
def test_a_row_without_its_key_is_seen_before_the_first_record(tmp_path: Any, bad: bytes) -> None:
    path = tmp_path / "part"
    path.write_bytes(b'{"key":{"id":1},"meta":{"ts":"t"}}\n' * 3 + bad + b"\n")
    with pytest.raises(UnknownFormat, match=r"a row without an object '(key|value)'"):
        verify(Payload((Part(path),)), OPTIONS)


@pytest.mark.parametrize(
    ("content", "may_be_blank", "is_table"),
    [
        (gzipped(b""), True, True),
        (gzipped(b""), False, False),
        (gzipped(b"")[:-3], True, False),
        (b"", True, False),
        (zipped({"part.jsonl": b""}), True, False),
    ],
    ids=["whole", "not foreseen", "cut", "nothing", "a member"],
)
def test_a_packed_file_of_nothing_has_no_rows_where_that_is_foreseen(
    tmp_path: Any, content: bytes, may_be_blank: bool, is_table: bool
) -> None:
    path = tmp_path / "part"
    path.write_bytes(content)
    payload, options = Payload((Part(path),)), dataclasses.replace(OPTIONS, may_be_blank=may_be_blank)
    if is_table:
        verify(payload, options)
        assert list(open_tables(payload, options)) == []
    else:
        with pytest.raises(PayloadError):
            verify(payload, options)


def test_a_deleted_row_that_does_not_say_when_is_told() -> None:
    with pytest.raises(UnknownFormat, match="deleted row"):
        flat({"key": {"id": 1}, "meta": {"action": "D"}})


texts = st.text() | st.sampled_from(['"', "\\", "}{", '"},"meta":{"', "{}", "\x7f", "D"])
scalars = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | texts
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
members = st.dictionaries(texts | st.sampled_from(["id", "key", "meta_ts", "meta_action"]), values, max_size=4)
rows = st.fixed_dictionaries(
    {"key": st.fixed_dictionaries({"id": scalars})},
    optional={
        "value": members.filter(lambda one: "id" not in one and not {"meta_ts_2", "meta_action_2"} & set(one)),
        "meta": st.fixed_dictionaries({"ts": texts}, optional={"action": st.sampled_from(["U", "D"])}),
    },
)


@given(st.lists(rows, min_size=1, max_size=5), st.booleans())
@example([{"key": {"id": 1}, "value": {"a": {}}}, {"key": {"id": 2}}], True)
def test_the_fast_way_finds_what_a_plain_one_does(some: list[Any], compact: bool) -> None:
    def plain(one: Any) -> Any:
        meta, own = one.get("meta", {}), {"meta_ts", "meta_action", "_ab_cdc_deleted_at"}
        value = {f"{name}_2" if name in own else name: cell for name, cell in one.get("value", {}).items()}
        deleted = {"_ab_cdc_deleted_at": meta["ts"]} if meta.get("action") == "D" else {}
        return {**one["key"], **value, **{f"meta_{name}": cell for name, cell in meta.items()}, **deleted}

    assert flat(*some, compact=compact) == [plain(one) for one in some]
