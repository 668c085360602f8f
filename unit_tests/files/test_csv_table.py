from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Literal
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.errors import PayloadError, TruncatedPayload
from source_lms_reports.files.csv_rows import OddRows, Piece
from source_lms_reports.files.csv_split import Splitter
from source_lms_reports.files.opening import count_rows, open_tables
from source_lms_reports.files.options import ReadOptions
from unit_tests.files.reading import DEFAULT, Rows, blocks_of, by_hand, notes, payload, read, rows_of


def _read(folder: Path, text: str, options: ReadOptions = DEFAULT) -> Rows:
    return read(payload(folder, text.encode()), options)[None]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_line_end(tmp_path: Path, newline: str) -> None:
    text = newline.join(["id,name", "1,Ana", '2,"Zoë, ""Z"""', ""])

    assert _read(tmp_path, text) == [{"id": "1", "name": "Ana"}, {"id": "2", "name": 'Zoë, "Z"'}]


def test_line_ends_in_cells_stay_as_they_are(tmp_path: Path) -> None:
    text = 'a,b\r\n"one\r\ntwo","three\nfour"\r\n"\r",""""\r\n'

    assert _read(tmp_path, text) == [{"a": "one\r\ntwo", "b": "three\nfour"}, {"a": "\r", "b": '"'}]


def test_only_line_feeds_and_carriage_returns_end_lines(tmp_path: Path) -> None:
    text = "a,b\nx\u2028y,\x0b\x0c\x1c\x85\n"

    assert _read(tmp_path, text) == [{"a": "x\u2028y", "b": "\x0b\x0c\x1c\x85"}]


def test_header_only_is_no_rows(tmp_path: Path) -> None:
    assert _read(tmp_path, "id,name\n") == []
    assert _read(tmp_path, "id,name") == []


def test_words_for_nothing_stay_text_and_empty_cells_are_null(tmp_path: Path) -> None:
    text = 'a,b,c,d,e\nNA,null,None,"",\n'

    assert _read(tmp_path, text) == [{"a": "NA", "b": "null", "c": "None", "d": None, "e": None}]


def test_leading_zeros_and_blanks_stay(tmp_path: Path) -> None:
    assert _read(tmp_path, "id,name\n007, x \n") == [{"id": "007", "name": " x "}]


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    assert _read(tmp_path, "\n\na,b\n\n1,2\n\n\n3,4\n\n") == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert _read(tmp_path, 'a\n\n1\n""\n\n') == [{"a": "1"}, {"a": None}]


def test_rows_of_empty_cells_are_rows(tmp_path: Path) -> None:
    assert _read(tmp_path, "a,b\n,\n1,2\n") == [{"a": None, "b": None}, {"a": "1", "b": "2"}]


def test_ragged_rows_are_kept_counted_and_named(tmp_path: Path) -> None:
    text = "a,b\n1,2\n3\n4,5,6,,7\n8\n9,10,\n"
    content = payload(tmp_path, text.encode())

    assert read(content)[None] == [
        {"a": "1", "b": "2"},
        {"a": "3", "b": None},
        {"a": "4", "b": "5", "_extra": ["6", None, "7"]},
        {"a": "8", "b": None},
        {"a": "9", "b": "10"},
    ]
    assert notes(content) == [
        "Rows with fewer cells than the header: 2 (first: row 2); the missing cells are null",
        "Rows with more cells than the header: 1 (first: row 3); the extra cells are under _extra",
    ]


def test_headers_are_made_unique_by_position(tmp_path: Path) -> None:
    content = payload(tmp_path, b"a,,a,a_2, ,a,_extra\n1,2,3,4,5,6,7\n")

    assert read(content)[None] == [
        {"a": "1", "_column_2": "2", "a_3": "3", "a_2": "4", "_column_5": "5", "a_4": "6", "_extra_2": "7"}
    ]
    assert notes(content) == [
        "Headers that were empty or not unique are named by position: _column_2, a_3, _column_5, a_4, _extra_2"
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_line_decides_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    text = (
        delimiter.join(["id", '"a;b,c,d;e"', "name"])
        + "\n"
        + delimiter.join(["1", "2,3;4", "x"]).replace("2,3;4", '"2,3;4"')
    )
    rows = _read(tmp_path, text + "\n", ReadOptions(delimiters=",;\t"))

    assert rows == [{"id": "1", "a;b,c,d;e": "2,3;4", "name": "x"}]


def test_excels_hint_line_decides_the_delimiter(tmp_path: Path) -> None:
    assert _read(tmp_path, "sep=;\r\na;b\r\n1;2\r\n") == [{"a": "1", "b": "2"}]


def test_quotes_inside_unquoted_cells_are_text(tmp_path: Path) -> None:
    text = 'size,name\n5" x 6",pipe\n6",rod\n7,"a"b"c"\n8, "x"\n'

    assert _read(tmp_path, text) == [
        {"size": '5" x 6"', "name": "pipe"},
        {"size": '6"', "name": "rod"},
        {"size": "7", "name": 'ab"c"'},
        {"size": "8", "name": ' "x"'},
    ]


def test_a_cell_of_megabytes(tmp_path: Path) -> None:
    blob = 'x"\n,' * 400_000
    buffer = io.StringIO()
    csv.writer(buffer).writerows([["id", "blob"], ["1", blob], ["2", "y"]])

    assert _read(tmp_path, buffer.getvalue()) == [{"id": "1", "blob": blob}, {"id": "2", "blob": "y"}]


def test_a_lone_marker_row_means_no_rows(tmp_path: Path) -> None:
    options = ReadOptions(empty_markers=("No outcomes found",))

    assert _read(tmp_path, "a,b\nNo outcomes found\n", options) == []
    assert _read(tmp_path, "a,b\nNo outcomes found", options) == []
    assert _read(tmp_path, "a,b\nNo outcomes found,\n", options) == []
    assert len(_read(tmp_path, "a,b\nNo outcomes found,1\n", options)) == 1
    assert len(_read(tmp_path, "a,b\nNo outcomes found,\n1,2\n", options)) == 2
    assert len(_read(tmp_path, "a,b\nNo outcomes found,,3\n", options)) == 1


def test_a_file_that_ends_inside_quotes_is_cut_off_even_after_stray_quotes(tmp_path: Path) -> None:
    tables = open_tables(payload(tmp_path, b'a,b\n5",1\n2,"cut'), ReadOptions())

    with pytest.raises(TruncatedPayload, match="inside a quoted cell"):
        rows_of(next(tables))


def test_the_mark_for_quoted_cells_may_be_a_cell(tmp_path: Path) -> None:
    assert _read(tmp_path, 'a,b\n\x1a,"x"\n"y",\x1a\x1a\n') == [{"a": "\x1a", "b": "x"}, {"a": "y", "b": "\x1a\x1a"}]


def _no_rows(rows: Rows, *_: object) -> OddRows:
    assert not rows
    return OddRows([], [], False)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_well_formed_file_is_never_read_cell_by_cell(tmp_path: Path, newline: str) -> None:
    buffer = io.StringIO(newline="")
    table = [[str(number), "a\nb", 'c, "d"', "e\rf", "g"] for number in range(50)]
    csv.writer(buffer, lineterminator=newline, quoting=csv.QUOTE_ALL).writerows([["1", "2", "3", "4", "5"], *table])
    for quoting in ("all", "some"):
        text = buffer.getvalue() if quoting == "all" else buffer.getvalue().replace('"g"', "g")
        with blocks_of(64), patch("source_lms_reports.files.csv_rows.OddRows", side_effect=_no_rows):
            content = payload(tmp_path, text.encode())
            rows = [list(row.values()) for table_ in open_tables(content, DEFAULT) for row in rows_of(table_)]
        assert rows == table


@given(
    quoted=st.lists(st.lists(st.integers(0, 3), max_size=4), min_size=1, max_size=4),
    rows=st.integers(1, 20),
    stray=st.booleans(),
)
def test_quoted_cells_come_back_whichever_columns_they_stand_in(
    quoted: list[list[int]], rows: int, stray: bool
) -> None:
    """`quoted` are columns of quoted cells for some rows each, so that the first rows do not tell for all."""
    table = [
        [f'"{row}, {column}"' if column in columns else f"{row}.{column}" for column in range(4)]
        for columns in quoted
        for row in range(rows)
    ]
    table[-1][0] += '"' * 2 * stray  # no cell of its own, and no stray quote to the eye that counts them
    text = "".join(",".join(row) + "\n" for row in table)

    columns = Splitter(",", 4).split(Piece(text.encode()))

    if columns is None:
        assert stray
    else:
        assert list(zip(*columns, strict=True)) == [tuple(row) for row in csv.reader(io.StringIO(text))]


@given(
    table=st.integers(1, 3).flatmap(
        lambda width: st.lists(
            st.lists(st.text(alphabet='",\n\r a\x1a\x1f', max_size=4), min_size=width, max_size=width),
            min_size=1,
            max_size=5,
        )
    ),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    bare=st.none() | st.integers(0, 14),
)
def test_rows_all_of_whose_cells_are_quoted_are_cut_at_few_quotes_and_come_back(
    table: list[list[str]], newline: str, bare: int | None
) -> None:
    """`bare` is the place of a cell without quotes, as where nothing is told apart from an empty text."""
    lines = [[f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in cells] for cells in table]
    if bare is not None:
        row, column = bare % len(table), bare % len(table[0])
        table[row][column] = lines[row][column] = "a"
    piece = Piece("".join(",".join(cells) + newline for cells in lines).encode())

    columns = Splitter(",", len(table[0])).split(piece)

    if columns is None:
        assert (
            b"\x1a" in piece.data or len(table[0]) == 1
        )  # an empty cell that is cut at all quotes may be a blank line
    else:
        assert [list(cells) for cells in zip(*columns, strict=True)] == table
    if bare is None and not {*b"\x1a\x1f"} & {*piece.data}:
        assert "parts" not in vars(piece) or len(piece.parts) < 258


_WILD = st.text(alphabet=st.sampled_from('ab,;"\n\r \x1aéŁ😀'), max_size=60)
_CELLS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=8)
_TABLES = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(_CELLS, min_size=width, max_size=width), min_size=1, max_size=12)
)


def _cells(rows: Rows) -> list[list[str]]:
    """The cells of rows in their order, without empty ones at the end."""
    found = [
        [*(cell or "" for cell in row.values() if not isinstance(cell, list)), *(row.get("_extra") or [])]
        for row in rows
    ]
    return [_stripped([cell or "" for cell in cells]) for cells in found]


def _stripped(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells


def _strictly(text: str) -> list[list[str]] | None:
    """What Python's own reader finds; None where it refuses the text."""
    try:
        return [_stripped(row) for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error:
        return None


@given(tail=_WILD, block=st.integers(1, 30))
def test_wild_text_is_read_as_the_standard_library_reads_it(tail: str, block: int) -> None:
    text = f"h1,h2\n{tail}\nend,end\n"
    expected = _strictly(text)
    with tempfile.TemporaryDirectory() as folder:
        content = payload(Path(folder), text.encode())
        try:
            with blocks_of(block):
                rows = rows_of(next(open_tables(content, ReadOptions())))
                assert count_rows(content, ReadOptions()) == len(rows)
        except TruncatedPayload:
            assert expected is None
            return
        assert rows == rows_of(next(open_tables(content, ReadOptions())))
    if expected is not None:
        assert _cells(rows) == expected[1:]


_ODD = st.lists(st.sampled_from([bytes([byte]) for byte in b'ab,"\n\r\x1a\xc3\xa9\xff\0']), max_size=40).map(b"".join)


@given(rows=st.lists(_ODD | st.just(b"1,2"), max_size=4), block=st.integers(1, 30))
def test_odd_bytes_in_any_place_are_read_as_windows_1252_and_counted_once(rows: list[bytes], block: int) -> None:
    raw = b"h1,h2\n" + b"\n".join(rows) + b"\nend,end\n"
    text, odd = by_hand(raw.replace(b"\0", b""))
    with tempfile.TemporaryDirectory() as folder, blocks_of(block):
        found, expected = (_told(Path(folder), content) for content in (raw, text.encode()))
    counts = [
        ("Bytes that are not valid UTF-8, read as Windows-1252", odd),
        ("NUL characters removed", raw.count(b"\0")),
    ]
    told = [f"{what}: {count}" for what, count in counts if count]
    assert found == (None if expected is None else (expected[0], sorted([*expected[1], *told])))


def _told(folder: Path, content: bytes) -> tuple[Rows, list[str]] | None:
    file = payload(folder, content)
    try:
        return read(file)[None], sorted(notes(file))
    except TruncatedPayload:
        return None


_TOKENS = [
    '"',
    '""',
    '\\"',
    "\\",
    ",",
    "\n",
    "\r\n",
    "a",
    "b c",
    "1",
    "--",
    "(2 rows)",
    "\ufeff",
    "",
    " ",
    "\x1a",
    "# x",
]


@given(
    header=st.sampled_from(["id,name\n", "id,name,x\n", '"id","n"\n', ""]),
    tokens=st.lists(st.sampled_from(_TOKENS), max_size=40),
    block=st.integers(1, 20),
)
def test_the_blocks_in_which_a_file_comes_change_nothing(header: str, tokens: list[str], block: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        content = (header + "".join(tokens)).encode()
        found = [_outcome(Path(folder), content)]
        with blocks_of(block):
            found.append(_outcome(Path(folder), content))
    assert found[0] == found[1]


def _outcome(folder: Path, content: bytes) -> object:
    file = payload(folder, content)
    try:
        return read(file), sorted(notes(file))
    except PayloadError as error:
        return type(error), error.message


@given(
    table=_TABLES,
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    delimiter=st.sampled_from(",;\t"),
    block=st.integers(1, 200),
)
def test_generated_tables_come_back(
    table: list[list[str]], quoting: Literal[0, 1, 2], newline: str, delimiter: str, block: int
) -> None:
    width = len(table[0])
    header = [f"c{number}" for number in range(width)]
    buffer = io.StringIO(newline="")
    quoting = quoting if newline == "\r\n" else csv.QUOTE_ALL  # the writer leaves the other line ends bare
    csv.writer(buffer, quoting=quoting, lineterminator=newline, delimiter=delimiter).writerows([header, *table])
    with tempfile.TemporaryDirectory() as folder, blocks_of(block):
        content = payload(Path(folder), buffer.getvalue().encode("utf-8-sig"))
        rows = read(content, ReadOptions(delimiters=delimiter))[None]

    assert [[row[name] or "" for name in header] for row in rows] == table
