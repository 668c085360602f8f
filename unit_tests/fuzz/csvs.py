"""CSV: wild texts, held against the standard library, and tables of any cells, held against themselves."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from hypothesis import strategies as st

from source_lms_reports.files.csv_head import head_of
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.table import EXTRA
from unit_tests.fuzz.parser import Case, Parser, cases
from unit_tests.fuzz.reports import LIMITS, MARKER, READING, Shaped, read_both_ways

_PIECES = st.sampled_from(
    [
        '"',
        '""',
        '"""',
        ",",
        ";",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        "\x1a",
        "\x1a,",
        "\x00",
        "\ufeff",
        " ",
        "é",
        "Ł",
        "😀",
        "id",
        "name",
        "at",
        "1",
        "007",
        "0.1",
        "-5e3",
        "1e400",
        "true",
        "f",
        "[1]",
        '"[1, null]"',
        MARKER,
        "x" * 30,
        "2024-01-01",
        "2024-01-02T00:00:00Z",
        "2024-02-31",
        "1709209815",
        "sep=;\n",
        '"a\nb"',
        '"a""b"',
        ',"c",',
        '5"',
        "\u2028",
        "\x0b",
        "\x1c",
        "\x85",
        "0" * 17,
        "9" * 4400,
        "-",
        "null",
        "NaN",
        "''",
        "\\",
        '\\"',
        "{}",
        "=1+1",
    ]
)
_WILD = st.lists(_PIECES, max_size=25).map("".join)
_VALUES = st.sampled_from(
    (
        "",
        "",
        "1",
        "-17",
        "007",
        "0.25",
        "0.1234567890123456789",
        "12345678901234567.8",
        "true",
        "no",
        "2024-01-01",
        "a b",
        "é",
        '"x"',
        '"a, ""b"""',
        '"\n"',
        '""',
        "[1, 2]",
        "2024-01-03T00:00:00Z",
        "1e3",
        MARKER,
    )
)
_ROWS = st.lists(st.lists(_VALUES, min_size=2, max_size=3).map(",".join), min_size=1, max_size=8)
_NEAT = st.builds(str.join, st.sampled_from(("\n", "\r\n", "\r", "\n\n")), _ROWS)
"""Rows as vendors write them; the last one without a line end."""
_HEADS = st.sampled_from(
    ["", "id,name\n", "id,name,at\r\n", "id;name\r", '"id","x ""y"""\n', "id\n", "\ufeffid,at\n", ",\n"]
)
_CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6) | st.sampled_from(
    ["", "1", "0.5", "007", "true", '"', '""', "\r\n", "\n", "\r", "\x1a", ",", "2024-01-03", "a\nb", "x" * 40]
)
_TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(_CELLS, min_size=width, max_size=width), min_size=1, max_size=8)
)
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "utf-16-le")
_CUT = st.none() | st.integers(0, 200)
_OPTIONS = cases(
    format=st.sampled_from(("csv", "csv", "auto")),
    delimiters=st.sampled_from((",", ",;\t", ";,")),
    encoding=st.sampled_from(_ENCODINGS),
    ends=st.booleans(),
)
_NAMES = ("id", "name", "at", "x")


def _as_csv(table: list[list[str]], quoting: int, newline: str, delimiter: str) -> str:
    buffer = io.StringIO(newline="")
    quoting = quoting if newline == "\r\n" else csv.QUOTE_ALL  # the writer leaves the other line ends bare
    writer = csv.writer(buffer, quoting=quoting, lineterminator=newline, delimiter=delimiter)  # type: ignore[arg-type]
    writer.writerows([_NAMES[: len(table[0])], *table])
    return buffer.getvalue()


def _read(text: str, case: Case, cut: int | None) -> Shaped | None:
    how = case["options"]
    content = text.encode(how["encoding"], "replace")
    content = content if cut is None else content[: max(len(content) - cut, 0)]
    options = ReadOptions(
        format=how["format"],
        delimiters=how["delimiters"],
        encoding=how["encoding"],
        empty_markers=(MARKER,),
        limits=LIMITS,
        ends_with_line_end=how["ends"],
    )
    return read_both_ways(content, {**case["how"], "constants": {}}, options)


def _check(case: Case) -> bool:
    if case["table"] is not None:
        return _check_table(case)
    shaped = _read(case["text"], case, case["cut"])
    if shaped is None:
        return False
    maybe_json = case["options"]["format"] == "auto" and case["text"].lstrip("\ufeff\0 \t\r\n").startswith(("{", "["))
    if case["cut"] is None and shaped.tables and not case["how"]["kinds"] and not maybe_json:
        text = case["text"].encode(case["options"]["encoding"], "replace").decode(case["options"]["encoding"])
        text = text.replace("\0", "").lstrip("\ufeff")
        is_western = case["options"]["encoding"] == "latin-1" and re.search("[\x80-\x9f]", text)
        if "\x1a" not in text[-3:] and not is_western:  # the end of a file is left out; Latin-1 is Windows-1252
            _compare(shaped.tables[0][1], text.encode(), case["options"]["delimiters"])
    return True


def _check_table(case: Case) -> bool:
    table, style = case["table"], case["style"]
    if table[-1][-1].endswith("\x1a"):
        return False  # the end of a file, which is left out
    case = {**case, "options": {**case["options"], "delimiters": style["delimiter"], "encoding": "utf-8-sig"}}
    shaped = _read(_as_csv(table, **style), {**case, "how": {**case["how"], "kinds": {}}}, None)
    if shaped is None:
        return False
    ((_, rows),) = shaped.tables
    names = _NAMES[: len(table[0])]
    found = [[row.get(name) or "" for name in names] for row in rows]
    is_marker = len(table) == 1 and table[0][0].strip() == MARKER and not any(table[0][1:])
    assert found == ([] if is_marker else table)
    return True


def _padded(row: list[str], width: int) -> list[str]:
    return [*row[:width], *[""] * (width - len(row))] if not any(row[width:]) else row


def _compare(rows: list[dict[str, Any]], content: bytes, delimiters: str) -> None:
    """Cell by cell with what the standard library makes of the rows, where it takes them.

    Where the header stands and which delimiter it is are ours to tell. So is what is left out: repeated headers and
    lines behind the table, each of which is told.
    """
    head = head_of(iter([content]), delimiters)
    body = content[head.size :].decode()
    csv.field_size_limit(2**31)
    try:
        parsed = list(csv.reader(io.StringIO(body, newline=""), delimiter=head.delimiter, strict=True))
    except csv.Error:
        return
    width = len(head.header)
    has_names = len([label for label in head.header if label.strip()]) > 1
    expected = [row for row in parsed if row and not (has_names and _padded(row, width) == head.header)]
    if len(expected) == 1 and expected[0][0].strip() == MARKER and not any(expected[0][1:]):
        expected = []
    found = [[cell or "" for name, cell in row.items() if name != EXTRA] + (row.get(EXTRA) or []) for row in rows]
    while len(expected) > len(found) and len(expected[-1]) == 1 < width:
        expected.pop()  # a footer
    assert len(found) == len(expected)
    for cells, wanted in zip(found, expected, strict=True):
        beyond = [cell or None for cell in wanted[width:]]
        assert cells == [*wanted[:width], *[""] * (width - len(wanted)), *(beyond if any(beyond) else [])]


_STYLES = cases(
    quoting=st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)),
    newline=st.sampled_from(("\n", "\r\n", "\r")),
    delimiter=st.sampled_from((",", ";", "\t")),
)
_TEXTS = cases(
    text=st.builds(str.__add__, _HEADS, _WILD | _NEAT | st.builds(str.__add__, _NEAT, _WILD)),
    cut=_CUT,
    table=st.none(),
    style=st.none(),
    options=_OPTIONS,
    how=READING,
)
_CLEAN = cases(text=st.none(), cut=st.none(), table=_TABLES, style=_STYLES, options=_OPTIONS, how=READING)

PARSER = Parser("csv", _TEXTS | _CLEAN, _check)
