"""What we read, other readers read alike: DuckDB and Python's `csv` by the letter, `json` by the letter.

Differences that are meant:

- Leading and trailing blank lines are no rows for us and for DuckDB; for `csv` they are empty rows.
- A row that repeats the header, lines behind the table and the character for the end of a file (SUB) are left out and
  told; other readers take them for data.
- A quoted cell that goes over several lines and has text behind its end is not one: the quote is text. `csv` swallows
  the lines, DuckDB refuses the file. See `shapes.py`.
- NULs are taken out, and so are byte order marks where a row begins.
- A quote behind a backslash is one, where the row makes no sense otherwise.
- A key of JSON that stands twice is told apart (`a_2`); `json` keeps the last value.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any, Literal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from source_lms_reports.files.csv_head import head_of
from source_lms_reports.files.options import ReadOptions
from unit_tests.files.reading import blocks_of, payload, read

_LETTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff") | st.sampled_from('\n\r,;\t" ')
_CELLS = st.text(_LETTERS, max_size=6) | st.sampled_from(["", "a,b", 'say "x"', "1,5", "a;b", "x\ny", "007", "NULL"])
_TABLES = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(_CELLS, min_size=width, max_size=width), min_size=1, max_size=12)
)
_STYLES = {"quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), "delimiter": st.sampled_from(",;\t")}


def _written(table: list[list[str]], quoting: Literal[0, 1], delimiter: str) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=quoting, lineterminator="\r\n", delimiter=delimiter)
    writer.writerows([[f"c{number}" for number in range(len(table[0]))], *table])
    return buffer.getvalue()


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


@given(table=_TABLES, block=st.integers(1, 200), **_STYLES)
@settings(max_examples=60)
def test_duckdb_reads_the_same_rows(
    connection: duckdb.DuckDBPyConnection, table: list[list[str]], block: int, quoting: Literal[0, 1], delimiter: str
) -> None:
    with tempfile.TemporaryDirectory() as folder, blocks_of(block):
        content = payload(Path(folder), _written(table, quoting, delimiter).encode())
        rows = read(content, ReadOptions(format="csv", delimiters=",;\t"))[None]
        query = "SELECT * FROM read_csv(?, header=true, all_varchar=true, auto_detect=false, delim=?, quote='\"', "
        query += "escape='\"', strict_mode=true, nullstr='', columns=?)"
        columns = {f"c{number}": "VARCHAR" for number in range(len(table[0]))}
        expected = connection.execute(query, [str(content.parts[0].path), delimiter, columns]).fetchall()

    assert [tuple(row.values()) for row in rows] == [tuple(cell or None for cell in row) for row in expected]


@given(table=_TABLES, **_STYLES)
@settings(max_examples=60)
def test_the_delimiter_is_the_writers(table: list[list[str]], quoting: Literal[0, 1], delimiter: str) -> None:
    """Whatever delimiters stand in the cells of a table: they are quoted, or not the table's."""
    head = head_of(iter([_written(table, quoting, delimiter).encode()]), ",;\t")

    assert (head.delimiter, head.header) == (delimiter, [f"c{number}" for number in range(len(table[0]))])


_NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=5,
)


@given(
    rows=st.lists(st.dictionaries(_NAMES, _VALUES, max_size=4), min_size=1, max_size=9),
    separators=st.sampled_from([(",", ":"), (", ", ": "), (",", " : "), (",\n", ":\t")]),
    ascii_=st.booleans(),
    block=st.integers(1, 100),
)
def test_json_reads_the_same_records(
    rows: list[dict[str, Any]], separators: tuple[str, str], ascii_: bool, block: int
) -> None:
    text = json.dumps(rows, separators=separators, ensure_ascii=ascii_)
    with tempfile.TemporaryDirectory() as folder, blocks_of(block):
        found = read(payload(Path(folder), text.encode()), ReadOptions(format="json"))[None]

    assert json.dumps(found) == json.dumps(json.loads(text))
