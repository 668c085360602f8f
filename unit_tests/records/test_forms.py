"""Rows of JSON through classes: the same values as through dicts, and numbers written as they came."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.files.json_records import ObjectChunk
from source_lms_reports.records import forms
from source_lms_reports.records.batch import Batch
from source_lms_reports.records.cursor_window import CursorWindow
from source_lms_reports.records.envelope import AirbyteEnvelope
from source_lms_reports.records.objects import ObjectShaper

Json = dict[str, Any]


def _batches(*chunks: str) -> list[Batch]:
    shaper = ObjectShaper(AirbyteEnvelope("s"), {}, None, CursorWindow(None, None))
    return [shaper.batch(ObjectChunk(chunk.encode(), "The report")) for chunk in chunks]


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
    with patch.object(ObjectChunk, "_may_be_inexact", side_effect=AssertionError):
        first, second = _batches('[{"a":0.5,"b":"x","c":1,"d":true}]', '[{"a":12345678901234567890.5,"c":null}]')

    assert [next(batch.rows())["a"] for batch in (first, second)] == [0.5, "12345678901234567890.5"]


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
