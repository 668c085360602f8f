from __future__ import annotations

import datetime as dt
import io
import re
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from xlsxwriter.workbook import Workbook  # type: ignore[import-untyped]

from source_lms_reports.errors import ArchiveLimitExceeded, CorruptPayload, PayloadError
from source_lms_reports.files import sheet_table, workbook, xlsx_package
from source_lms_reports.files.opening import open_tables, verify
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.xlsx_cells import column_number
from unit_tests.files.books import book_of, members_of, packed, rows_of_cells
from unit_tests.files.reading import DEFAULT, Rows, gzipped, notes, payload, read, zipped


def _workbook(fill: Callable[[Workbook], None]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        fill(book)
    return buffer.getvalue()


def _sheet(*rows: list[Any]) -> bytes:
    """One sheet; datetimes and such get their formats."""

    def fill(book: Workbook) -> None:
        formats = {
            dt.datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            dt.date: book.add_format({"num_format": "yyyy-mm-dd"}),
            dt.time: book.add_format({"num_format": "hh:mm:ss"}),
            dt.timedelta: book.add_format({"num_format": "[h]:mm:ss"}),
        }
        sheet = book.add_worksheet("S")
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, column, value)
                elif value is not None:
                    sheet.write(number, column, value, formats.get(type(value)))

    return _workbook(fill)


def _read(folder: Path, *rows: list[Any]) -> Rows:
    return read(payload(folder, _sheet(*rows)))["S"]


def test_cells_have_the_types_that_excel_knows(tmp_path: Path) -> None:
    header = ["text", "zeros", "whole", "decimal", "yes", "date", "time", "instant", "duration", "empty"]
    row = [
        "NA",
        "007",
        5,
        0.25,
        True,
        dt.date(2024, 2, 29),
        dt.time(12, 30),
        dt.datetime(2024, 2, 29, 23, 59, 59),  # noqa: DTZ001 - Excel knows no zones
        dt.timedelta(hours=42, minutes=1),
        None,
    ]
    (found,) = _read(tmp_path, header, row)

    assert list(found.values()) == [
        "NA",
        "007",
        5,
        0.25,
        True,
        "2024-02-29",
        "12:30:00",
        "2024-02-29T23:59:59",
        "42:01:00",
        None,
    ]
    assert [type(found[name]) for name in ("whole", "decimal", "yes")] == [int, float, bool]


def test_midnight_among_instants_is_an_instant(tmp_path: Path) -> None:
    midnight, noon = dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, 12)  # noqa: DTZ001

    assert _read(tmp_path, ["at"], [midnight], [noon]) == [{"at": "2024-01-01T00:00:00"}, {"at": "2024-01-01T12:00:00"}]


def test_a_date_beyond_the_calendar_is_emitted_raw_with_a_warning(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        sheet = book.add_worksheet("S")
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        for row, value in enumerate(["due", dt.date(2024, 1, 1), 99_999_999]):
            sheet.write(row, 0, value, date)

    content = payload(tmp_path, _workbook(fill))

    assert read(content)["S"] == [{"due": "2024-01-01"}, {"due": 99_999_999}]
    assert notes(content) == ["S: Numbers among dates that are no dates, emitted as numbers: 1"]


def test_errors_and_formulas_have_their_last_values(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        sheet = book.add_worksheet("A & B")
        sheet.write_row(2, 1, ["sum", "ratio", "text"])
        sheet.write_formula(3, 1, "=1+1", None, 2)
        sheet.write_formula(3, 2, "=1/0", None, "#DIV/0!")
        sheet.write_formula(3, 3, '="x"', None, "x")
        sheet.write_formula(4, 2, "=NA()", None, "#N/A")

    content = payload(tmp_path, _workbook(fill))

    assert read(content)["A & B"] == [
        {"sum": 2, "ratio": "#DIV/0!", "text": "x"},
        {"sum": None, "ratio": "#N/A", "text": None},
    ]
    assert notes(content) == [
        "A & B: Errors of Excel such as #N/A, emitted as their text: 2",
    ]


def _of_xml(rows: str) -> bytes:
    """A workbook of one sheet by its XML."""
    header = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in "ab")
    return book_of({"S": f"<row>{header}</row>{rows}"})


def test_an_error_behind_a_cell_without_content(tmp_path: Path) -> None:
    rows = '<row r="2"><c r="A2" s="1"/><c r="B2" t="e"><v>#N/A</v></c></row>'

    assert read(payload(tmp_path, _of_xml(rows)))["S"] == [{"a": None, "b": "#N/A"}]


def test_errors_in_rows_and_cells_that_do_not_tell_their_places(tmp_path: Path) -> None:
    rows = '<row><c><v>1</v></c><c t="e"><v>#N/A</v></c></row><row r="5"><c t="e"><v>#REF!</v></c></row>'

    assert read(payload(tmp_path, _of_xml(rows)))["S"] == [{"a": 1, "b": "#N/A"}, {"a": "#REF!", "b": None}]


def test_attributes_in_single_quotes(tmp_path: Path) -> None:
    rows = (
        "<row r='2'><c r='A2'><v>1</v></c><c r='B2' t = 'e'><v>#N/A</v></c></row>"
        "<row r='4'><c t='e'><v>#REF!</v></c></row>"
    )

    assert read(payload(tmp_path, _of_xml(rows)))["S"] == [{"a": 1, "b": "#N/A"}, {"a": "#REF!", "b": None}]


@pytest.mark.parametrize("text", ['<c r="A2" t="e"><v>#N/A</v></c>', '<c r="A2" t="e"><f>NA()</f><v>#N/A</v></c>'])
def test_an_error_is_found_wherever_the_file_is_cut_for_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    content = _of_xml(f'<row r="2">{text}</row>')
    for size in range(150, 400):
        monkeypatch.setattr(xlsx_package, "READ", size)
        report = payload(tmp_path, content)
        verify(report, DEFAULT)
        assert read(report)["S"] == [{"a": "#N/A", "b": None}], size


def test_an_error_that_the_reader_does_not_see_is_none(tmp_path: Path) -> None:
    rows = '<row><c><v>1</v></c></row><!-- <row r="2"><c r="Z2" t="e"><v>#N/A</v></c></row> -->'

    assert read(payload(tmp_path, _of_xml(rows)))["S"] == [{"a": 1, "b": None}]


@pytest.mark.parametrize("place", ["XFD1048576", "ZZ1048576", "BM2"])
def test_a_cell_far_from_all_others_is_read(tmp_path: Path, place: str) -> None:
    rows = f'<row r="2"><c r="A2"><v>1</v></c><c r="{place}"><v>2</v></c></row>'

    (row,) = read(payload(tmp_path, _of_xml(rows)))["S"]

    assert (row["a"], row["b"], row["_extra"][-1]) == (1, None, "2")


def test_a_table_that_is_almost_only_empty_is_refused(tmp_path: Path) -> None:
    header = '<row r="1"><c r="A1" t="str"><v>a</v></c><c r="XFD1" t="str"><v>b</v></c></row>'
    rows = "".join(f'<row r="{row}"><c r="A{row}"><v>1</v></c></row>' for row in range(2, 5000))

    with pytest.raises(ArchiveLimitExceeded, match="scatters 5,000 cells over 4,999 rows and 16,384 columns"):
        verify(payload(tmp_path, book_of({"S": header + rows})), DEFAULT)


def test_a_wide_sheet_is_read(tmp_path: Path) -> None:
    places = [f"{letters}{row}" for row in (5, 6) for letters in ("A", "BI", "XFD")]
    cells = "".join(f'<c r="{place}"><v>1</v></c>' for place in places)

    assert len(read(payload(tmp_path, _of_xml(f"<row>{cells}</row>")))["S"]) == 1


@pytest.mark.parametrize("cells", [1, 2, 7, 16_000])
def test_rows_are_the_same_however_many_come_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    monkeypatch.setattr(sheet_table, "_CELLS", cells)
    monkeypatch.setattr(xlsx_package, "READ", 300)
    content = _sheet(["id", "name"], *([number, f"n{number}"] for number in range(100)))

    (rows,) = read(payload(tmp_path, content)).values()
    assert rows == [{"id": n, "name": f"n{n}"} for n in range(100)]


def test_numbers_that_json_does_not_know_are_text(tmp_path: Path) -> None:
    cells = [("1", "3"), ("NaN", "inf"), ("2", "-inf")]
    rows = "".join(f"<row><c><v>{a}</v></c><c><v>{b}</v></c></row>" for a, b in cells)

    assert read(payload(tmp_path, _of_xml(rows)))["S"] == [
        {"a": 1, "b": 3},
        {"a": "NaN", "b": "inf"},
        {"a": 2, "b": "-inf"},
    ]


@pytest.mark.parametrize("days", ["1e300", "1000000000", "1e12"])
def test_a_duration_longer_than_any_is_a_number(tmp_path: Path, days: str) -> None:
    content = payload(tmp_path, _of_xml(f'<row><c s="3"><v>{days}</v></c></row>'))

    assert [row["a"] for row in read(content)["S"]] == [float(days)]
    assert notes(content) == ["S: Numbers among dates that are no dates, emitted as numbers: 1"]


def test_the_header_stands_below_banners_and_empty_rows_are_none(tmp_path: Path) -> None:
    rows = _read(
        tmp_path,
        [],
        ["Progress report"],
        ["Generated", dt.date(2024, 1, 1)],
        [],
        ["id", "name", "score", "state"],
        [],
        [1, "Ana", 0.5, "done"],
        [],
        [2, "Zoë"],
    )

    assert rows == [
        {"id": 1, "name": "Ana", "score": 0.5, "state": "done"},
        {"id": 2, "name": "Zoë", "score": None, "state": None},
    ]


def test_a_merged_banner_and_merged_cells(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        sheet = book.add_worksheet("S")
        sheet.merge_range(0, 0, 0, 2, "Banner")
        sheet.write_row(1, 0, ["course", "user", "n"])
        sheet.merge_range(2, 0, 3, 0, "Maths")
        sheet.write_row(2, 1, ["a", 1])
        sheet.write_row(3, 1, ["b", 2])

    assert read(payload(tmp_path, _workbook(fill)))["S"] == [
        {"course": "Maths", "user": "a", "n": 1},
        {"course": None, "user": "b", "n": 2},
    ]


def test_a_header_of_numbers_and_duplicates(tmp_path: Path) -> None:
    content = payload(tmp_path, _sheet([2023, "a", "a", None, "b"], [1, 2, 3, 4, 5]))

    assert read(content)["S"] == [{"2023": 1, "a": 2, "a_2": 3, "_column_4": 4, "b": 5}]
    assert "a_2, _column_4" in notes(content)[0]


def test_cells_beyond_the_header(tmp_path: Path) -> None:
    content = payload(tmp_path, _sheet(["a", "b", "c", "d", "e"], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5, None, 7]))

    assert read(content)["S"][1]["_extra"] == [None, "7"]
    assert len(notes(content)) == 1


def test_header_only_and_a_lone_marker_are_no_rows(tmp_path: Path) -> None:
    options = ReadOptions(empty_markers=("Nothing here",))

    assert _read(tmp_path, ["a", "b"]) == []
    assert read(payload(tmp_path, _sheet(["a", "b"], ["Nothing here"])), options)["S"] == []


def test_a_sheet_that_is_full_to_its_last_row_may_not_be_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "_MOST_ROWS", frozenset({4}))
    for count, is_full in ((2, False), (3, True)):
        content = payload(tmp_path, _sheet(["a", "b"], *[[number, "x"] for number in range(count)]))
        verify(content, DEFAULT)
        (table,) = open_tables(content, DEFAULT)

        assert table.is_whole is not is_full
        told = [text for text in table.notes.messages() if "as many rows as one can have (4)" in text]
        assert bool(told) is is_full


def test_visible_sheets_are_tables_and_hidden_ones_are_named(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        for name in ("One", "Hidden", "Two", "Gone", "Empty"):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, [] if name == "Empty" else ["a"])
            sheet.write_row(1, 0, [] if name == "Empty" else [name])
            if name == "Hidden":
                sheet.hide()
            if name == "Gone":
                sheet.very_hidden()

    content = payload(tmp_path, _workbook(fill))

    assert read(content) == {"One": [{"a": "One"}], "Two": [{"a": "Two"}], "Empty": []}
    assert notes(content) == ["One: Hidden sheets are not read: Hidden, Gone"]
    assert [table.name for table in open_tables(content, DEFAULT, lambda name: name == "Two")] == ["Two"]


@pytest.mark.parametrize(
    ("sheets", "is_whole"),
    [
        ({"Data": "hidden"}, False),
        ({"Data": "hidden", "Empty": "visible"}, False),
        ({"Data": "hidden", "Header": "visible"}, True),
    ],
)
def test_rows_that_may_stand_in_hidden_sheets_are_told(tmp_path: Path, sheets: dict[str, str], is_whole: bool) -> None:
    rows = {"Data": rows_of_cells(["a"], [1]), "Empty": "", "Header": rows_of_cells(["a"])}
    book = packed(members_of({name: rows[name] for name in sheets}, states=list(sheets.values())))
    content = payload(tmp_path, book)

    assert [row for found in read(content).values() for row in found] == []
    assert {table.is_whole for table in open_tables(content, DEFAULT)} == {is_whole}
    (told,) = notes(content)
    assert re.search("The state stays" if not is_whole else "are not read: Data$", told)
    assert "Data" in told


def test_workbooks_inside_archives(tmp_path: Path) -> None:
    book = _sheet(["a"], ["x"])

    assert read(payload(tmp_path, gzipped(book))) == {"S": [{"a": "x"}]}
    assert read(payload(tmp_path, zipped({"users.xlsx": book}))) == {"users": [{"a": "x"}]}


@pytest.mark.parametrize("expected", ["auto", "csv", "json", "xlsx"])
def test_a_workbook_is_known_by_its_bytes(tmp_path: Path, expected: Any) -> None:
    assert read(payload(tmp_path, _sheet(["a"], ["x"])), ReadOptions(format=expected)) == {"S": [{"a": "x"}]}


def test_cut_and_damaged_workbooks(tmp_path: Path) -> None:
    book = _sheet(["a", "b"], *([number, "x"] for number in range(100)))
    for size in range(4, len(book), 97):
        with pytest.raises(PayloadError):
            verify(payload(tmp_path, book[:size]), DEFAULT)
    for place in range(60, len(book), 211):
        damaged = bytearray(book)
        damaged[place] ^= 0x55
        content = payload(tmp_path, bytes(damaged))
        try:
            verify(content, DEFAULT)
            for table in open_tables(content, DEFAULT):
                list(table.chunks())
        except PayloadError:
            continue


def test_a_checksum_that_does_not_match(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_sheet(["a", "b"], [1, "x"]))) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    book = buffer.getvalue()
    read(payload(tmp_path, book))

    with pytest.raises(CorruptPayload):
        verify(payload(tmp_path, book.replace(b"<v>1</v>", b"<v>2</v>")), DEFAULT)


def test_whole_numbers_that_a_float_cannot_count_stay_floats(tmp_path: Path) -> None:
    rows = _read(tmp_path, ["a", "b"], [2.0**53, 1.0], [1e300, "x"], [-1e19, None])

    assert [repr(row["a"]) for row in rows] == ["9007199254740992", "1e+300", "-1e+19"]
    assert [repr(row["a"]) for row in _read(tmp_path, ["a"], [1e19], [2.0], [None])] == ["1e+19", "2"]


def test_an_old_or_encrypted_workbook_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(CorruptPayload):
        verify(payload(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600), DEFAULT)


@pytest.mark.parametrize(("letters", "number"), [("A", 0), ("Z", 25), ("AA", 26), ("XFD", 16383)])
def test_column_letters(letters: str, number: int) -> None:
    assert column_number(letters) == number


_TEXTS = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn"]), min_size=1, max_size=8)
_CELLS = (
    st.none()
    | _TEXTS
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(-1e15, 1e15).map(lambda number: float(f"{number:.12g}"))
)
_TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(_CELLS, min_size=width, max_size=width), min_size=1, max_size=6)
)


@settings(max_examples=60)
@given(table=_TABLES)
def test_generated_tables_come_back(table: list[list[Any]]) -> None:
    header = [f"c{number}" for number in range(len(table[0]))]
    with tempfile.TemporaryDirectory() as folder:
        rows = _read(Path(folder), header, *table)

    assert [list(row.values()) for row in rows] == [row for row in table if any(cell is not None for cell in row)]
