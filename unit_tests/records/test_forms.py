"""Rows of JSON through classes: the same values as through dicts, and numbers written as they came."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from source_lms_reports.files import json_records
from source_lms_reports.files.flatten import Flattener, MemberChunk
from source_lms_reports.files.json_records import ObjectChunk
from source_lms_reports.files.options import Deletes, Flatten
from source_lms_reports.records import forms
from source_lms_reports.records.batch import Batch
from source_lms_reports.records.cursor_window import CursorWindow
from source_lms_reports.records.envelope import AirbyteEnvelope
from source_lms_reports.records.objects import ObjectShaper

Json = dict[str, Any]


def _batches(*chunks: str | bytes, flattener: Flattener | None = None) -> list[Batch]:
    shaper = ObjectShaper(AirbyteEnvelope("s"), {}, None, CursorWindow(None, None))
    texts = [chunk.encode() if isinstance(chunk, str) else chunk for chunk in chunks]
    if flattener:
        return [shaper.batch(MemberChunk(text, "The report", flattener)) for text in texts]
    return [shaper.batch(ObjectChunk(text, "The report")) for text in texts]


def _data(batch: Batch) -> list[str]:
    """Each record of the lines, as it is written."""
    return [
        line.partition('"data":')[2].rpartition(',"emitted_at"')[0] for line in batch.lines(0).decode().splitlines()
    ]


def _kept(rows: list[Json]) -> list[Json]:
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def test_decimals_are_written_as_they_came() -> None:
    (batch,) = _batches('[{"a":1.50,"b":"x"},{"a":-0.0,"b":null},{"a":3},{"a":123456789012.125}]')

    assert _data(batch) == ['{"a":1.50,"b":"x"}', '{"a":-0.0}', '{"a":3}', '{"a":123456789012.125}']
    rows = list(batch.rows())
    assert [row["a"] for row in rows] == [1.5, 0.0, 3, 123456789012.125]
    assert [type(row["a"]) for row in rows] == [float, float, int, float]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1234567890123456789", "0.1234567890123456789"),
        ("1e-400", "1e-400"),
        ("1E-400", "1E-400"),
        ("1e400", "1e400"),
        ("0.10000000000000000000", 0.1),
        ("1.5e3", 1500.0),
        ("2.5E-3", 0.0025),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("9" * 5000, "9" * 5000),
        ("null", None),
        ("true", True),
        ("false", False),
        ('"n/a"', "n/a"),
        ('"\\u00e9, \\"x\\""', 'é, "x"'),
        ("[1.5]", [1.5]),
        ("[1,\n 2]", [1, 2]),
        ('{"b": [0.12345678901234567890]}', {"b": ["0.12345678901234567890"]}),
    ],
)
def test_any_value_among_decimals_keeps_its_type_and_its_digits(text: str, value: Any) -> None:
    learned, mixed = _batches('[{"a":0.5}]', f'[{{"a":0.5}},{{"a":{text}}},{{}},{{"a":0.25}}]')

    assert _data(learned) == ['{"a":0.5}']
    rows = list(mixed.rows())
    assert [row.get("a") for row in rows] == [0.5, value, None, 0.25]
    assert type(rows[1].get("a")) is type(value)
    assert [json.loads(line) for line in _data(mixed)] == _kept([{"a": 0.5}, {"a": value}, {}, {"a": 0.25}])


def test_a_decimal_where_there_was_none_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ObjectChunk, "objects", None)
    batches = _batches('[{"a":1}]', '[{"a":0.12345678901234567890}]', '[{"a":0.12345678901234567891}]')

    assert [next(iter(batch.rows()))["a"] for batch in batches] == [
        1,
        "0.12345678901234567890",
        "0.12345678901234567891",
    ]


def test_rows_without_inner_values_are_not_searched_for_long_numbers() -> None:
    with patch.object(json_records, "may_be_inexact", side_effect=AssertionError):
        first, second = _batches('[{"a":0.5,"b":"x","c":1,"d":true}]', '[{"a":12345678901234567890.5,"c":null}]')

    assert [next(batch.rows())["a"] for batch in (first, second)] == [0.5, "12345678901234567890.5"]


@pytest.mark.parametrize(
    "text",
    [
        '[{"a":1,"a":2,"b":1},{"b":2}]',  # as many keys as if all rows had all of them
        '[{"a"  :1,"b":1,"b":2}]',
        '[{"a":"x","b":null},{"a":null,"b":null,"a":null}]',
        '[{"a":1,"b":{"c\\\\":1,"c\\\\":1}}]',
        '[{"a":1,"b":{"c\\\\":1},"a":2}]',
        '[{"a":1, "b": 1, "a": 2}]',
    ],
)
def test_a_key_that_stands_twice_is_seen_whatever_stands_beside_it(text: str) -> None:
    _, batch = _batches('[{"a":1,"b":2},{"a":"x","b":null},{"a":null,"b":{}}]', text)

    assert any("2" in name for row in batch.rows() for name in _keys(row))


def _keys(value: Any) -> list[str]:
    return [name for key, inner in value.items() for name in (key, *_keys(inner))] if isinstance(value, dict) else []


def test_a_text_among_decimals_may_have_odd_bytes() -> None:
    _, batch = _batches('[{"a":0.5}]', '[{"a":0.5},{"a":"Zoë"}]'.encode("cp1252"))

    assert [row["a"] for row in batch.rows()] == [0.5, "Zoë"]


_NUMBER = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**25), 10**25).map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?", fullmatch=True),
)
_TEXT = st.one_of(
    _NUMBER,
    st.sampled_from(
        ["null", "true", "false", "[]", "{}", '""', '"e"', '"null"', '"1.5"', "[0.1,\n null]", '{"a": 1e-400}']
    ),
)
_ROW = st.dictionaries(st.sampled_from("abc"), _TEXT, max_size=3)
_CHUNK = st.lists(_ROW, min_size=1, max_size=4).map(
    lambda rows: (
        "[" + ",".join("{" + ",".join(f'"{name}":{text}' for name, text in row.items()) + "}" for row in rows) + "]"
    )
)


@given(st.lists(_CHUNK, min_size=1, max_size=4))
def test_classes_and_dicts_give_the_same_records(chunks: list[str]) -> None:
    fast = [(list(batch.rows()), _data(batch)) for batch in _batches(*chunks)]
    with patch.object(forms, "MOST_KEYS", -1):
        plain = [(list(batch.rows()), _data(batch)) for batch in _batches(*chunks)]

    for (rows, lines), (plain_rows, plain_lines) in zip(fast, plain, strict=True):
        assert repr(_kept(rows)) == repr(
            [_in_order(row, like) for row, like in zip(_kept(plain_rows), rows, strict=True)]
        )
        assert [msgspec.json.decode(line) for line in lines] == [msgspec.json.decode(line) for line in plain_lines]


def _in_order(row: Json, like: Json) -> Json:
    return {name: row[name] for name in like if name in row}


_FLATTEN = Flatten(
    {"key": "", "value": "", "meta": "meta_"}, "key", ("meta_ts", "meta_action"), Deletes("meta", "action", "D", "ts")
)
_CELLS = st.sampled_from(
    ["1", "null", '"x"', "true", "0.5", "1e400", "0.12345678901234567890", '"D"', '{"b":1,"b":2}', "[1, 2]", '{"c":{}}']
)
_ACTION = st.sampled_from(['"D"', '"U"', "null", "5"])


def _object(names: Any, cells: Any, least: int = 0) -> Any:
    """An object, in which a key may stand twice."""
    pairs = st.lists(st.tuples(st.sampled_from(names), cells), min_size=least, max_size=4)
    return pairs.map(lambda some: "{" + ",".join(f'"{name}":{cell}' for name, cell in some) + "}")


_MEMBER_ROW = st.tuples(
    _object(["id", "no"], st.sampled_from(["1", '"x"', "null"]), 1),
    st.none() | st.just("null") | _object(["a", "b", "id", "meta_x", "meta_ts", "meta_action"], _CELLS),
    st.none() | st.tuples(st.none() | _ACTION, st.sampled_from(["", ',"x":1', ',"ts":"s"'])),
    st.sampled_from(["", ',"more":1', ',"value":{"a":7}', " "]),
).map(
    lambda row: (
        f'{{"key":{row[0]}'
        + (f',"value":{row[1]}' if row[1] else "")
        + (
            f',"meta":{{"ts":"t"{f",{chr(34)}action{chr(34)}:{row[2][0]}" if row[2][0] else ""}{row[2][1]}}}'
            if row[2]
            else ""
        )
        + f"{row[3]}}}"
    )
)
_MEMBER_CHUNK = st.lists(_MEMBER_ROW, min_size=1, max_size=4).map(lambda rows: f"[{','.join(rows)}]")


@given(st.lists(_MEMBER_CHUNK, min_size=1, max_size=4))
@example(
    [
        '[{"key":{"id":1},"value":{"meta_x":1}}]',
        '[{"key":{"id":1},"meta":{"ts":"t","x":2}}]',
        '[{"key":{"id":1},"value":{"meta_x":1},"meta":{"ts":"t","x":2}}]',
    ]
)
@example(
    [
        '[{"key":{"id":1},"value":{"a":1},"meta":{"ts":"t","action":"D"}}]',
        '[{"key":{"id":1},"value":{"meta_action":"D"}}]',
    ]
)
def test_rows_with_members_come_out_as_one_by_one(chunks: list[str]) -> None:
    fast = [_data(batch) for batch in _batches(*chunks, flattener=Flattener(_FLATTEN, "r"))]
    with patch.object(forms, "MOST_KEYS", -1):
        plain = [_data(batch) for batch in _batches(*chunks, flattener=Flattener(_FLATTEN, "r"))]

    for lines, plain_lines in zip(fast, plain, strict=True):
        assert [msgspec.json.decode(line) for line in lines] == [msgspec.json.decode(line) for line in plain_lines]


_BETWEEN = st.sampled_from(["\n", "\r\n", "\n\n", " \n", " "])


def _as_lines(array: str, between: str) -> str:
    return between.join(bytes(row).decode() for row in msgspec.json.decode(array, type=list[msgspec.Raw]))


@given(st.lists(_CHUNK, min_size=1, max_size=4), _BETWEEN)
@example(['[{"a":1},{"a":2}]', '[{"a":1,"a":2},{"a":3}]'], "\n")
def test_rows_as_lines_are_those_of_an_array(chunks: list[str], between: str) -> None:
    of_lines = _batches(*(_as_lines(chunk, between) for chunk in chunks))

    assert list(map(_data, of_lines)) == list(map(_data, _batches(*chunks)))


@given(st.lists(_MEMBER_CHUNK, min_size=1, max_size=4), _BETWEEN)
@example(['[{"key":{"id":1},"value":{"a":1}}]', '[{"key":{"id":1},"value":{"a":1,"a":2}}]'], "\n")
def test_rows_with_members_as_lines_are_those_of_an_array(chunks: list[str], between: str) -> None:
    lines = [_as_lines(chunk, between) for chunk in chunks]

    of_lines = _batches(*lines, flattener=Flattener(_FLATTEN, "r"))

    assert list(map(_data, of_lines)) == list(map(_data, _batches(*chunks, flattener=Flattener(_FLATTEN, "r"))))


def test_rows_with_members_are_decoded_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    flattener = Flattener(_FLATTEN, "r")
    text = '{"key":{"id":%d},"value":{"a":"x","b":[0.5]},"meta":{"ts":"t","action":"%s"}}'
    first = ",".join([text % (1, "U"), '{"key":{"id":2},"meta":{"ts":"t","action":"D"}}'])
    (_,) = _batches(f"[{first}]", flattener=flattener)
    shaper = ObjectShaper(AirbyteEnvelope("s"), {}, None, CursorWindow(None, None))
    shaper.batch(MemberChunk(f"[{first}]".encode(), "r", flattener))
    monkeypatch.setattr(Flattener, "flat", None)
    monkeypatch.setattr(ObjectChunk, "lacks_nothing", None)

    batch = shaper.batch(MemberChunk(f"[{first},{text % (3, 'D')}]".encode(), "r", flattener))

    assert _data(batch) == [
        '{"id":1,"a":"x","b":[0.5],"meta_ts":"t","meta_action":"U"}',
        '{"id":2,"meta_ts":"t","meta_action":"D","_ab_cdc_deleted_at":"t"}',
        '{"id":3,"a":"x","b":[0.5],"meta_ts":"t","meta_action":"D","_ab_cdc_deleted_at":"t"}',
    ]
