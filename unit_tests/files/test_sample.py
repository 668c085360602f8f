"""The beginning of a file is a file of its own: the same rows, as many as are whole."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.files.sample import may_be_cut, whole_rows

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=4)
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=5)
VALUES = st.recursive(
    st.none() | st.integers(-9, 9) | st.text(']}[{\\",é ', max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("a"), inner),
    max_leaves=4,
)
RECORDS = st.lists(st.dictionaries(st.sampled_from("ab"), VALUES, min_size=1), min_size=1, max_size=4)


@given(TABLES, st.data())
def test_a_csv_that_is_cut_anywhere_holds_its_first_rows(rows: list[list[str]], data: st.DataObject) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    whole = text.getvalue().encode()
    cut = whole_rows(whole[: data.draw(st.integers(0, len(whole)))])
    found = list(csv.reader(io.StringIO(cut.decode(), newline=""), strict=True))
    assert found == rows[: len(found)]
    assert whole.startswith(cut)


@given(RECORDS, st.data())
def test_a_list_that_is_cut_anywhere_holds_its_first_records(rows: list[object], data: st.DataObject) -> None:
    whole = json.dumps(rows, ensure_ascii=False).encode()
    at = data.draw(st.integers(0, len(whole)))
    cut = whole_rows(whole[:at])
    if cut:
        found = json.loads(cut)
        assert found == rows[: len(found)]
    else:
        assert at <= len(json.dumps(rows[:1], ensure_ascii=False).encode()) - 1


@pytest.mark.parametrize(
    ("beginning", "expected"),
    [
        (b"id,name\n1,Ada", True),
        (b'\xef\xbb\xbf "id";', True),
        (b'[{"id": 1}', True),
        (b'{"reports": [', False),
        (b'\xef\xbb\xbf{"id": 1}\n{', False),
        (b"PK\x03\x04", False),
        (b"\x1f\x8b\x08", False),
        ("id,name".encode("utf-16"), False),
        (b"", False),
    ],
)
def test_what_may_be_cut_is_told_by_its_first_bytes(beginning: bytes, expected: bool) -> None:
    assert may_be_cut(beginning) is expected


@pytest.mark.parametrize("beginning", [b"", b"id,name", b'"id\n', b"[1] Name,[2] Score", b"[", b'[{"a": {"b": 1}'])
def test_where_no_row_is_whole_there_is_none(beginning: bytes) -> None:
    assert whole_rows(beginning) == b""


@pytest.mark.parametrize(
    ("beginning", "expected"),
    [
        (b"id,name\r1,Ada\r2,Gr", b"id,name\r1,Ada\r"),
        (b'size,of\n5" pipe,1\n6,2\n7,3\n', b"size,of\n"),
        (b'5" pipe,1\n' + b"6,2\n" * 500_000, b""),
    ],
    ids=["old_mac", "a_lone_quote", "a_lone_quote_at_the_top"],
)
def test_line_ends_and_quotes_of_any_kind(beginning: bytes, expected: bytes) -> None:
    assert whole_rows(beginning) == expected
