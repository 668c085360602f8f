"""Workbooks that calamine reads: their errors, their empty sheets, their damage; told before the first row."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from source_lms_reports.errors import CorruptPayload
from source_lms_reports.files.opening import open_tables, verify
from source_lms_reports.files.xls_container import Container, for_calamine
from source_lms_reports.files.xls_errors import UnderPassword, error_cells
from unit_tests.files.books import xls_of, xlsb_of
from unit_tests.files.reading import DEFAULT, gzipped, notes, payload, read, zipped

_TABLE: list[list[object]] = [["id", "score", "note"], [1, b"\x2a", "x"], [2, 5, (b"\x0f",)], [3, b"\x24", None]]
_ROWS = [
    {"id": 1, "score": "#N/A", "note": "x"},
    {"id": 2, "score": 5, "note": "#VALUE!"},
    {"id": 3, "score": "#NUM!", "note": None},
]


def test_errors_of_xls_are_their_text(tmp_path: Path) -> None:
    content = payload(tmp_path, xls_of({"Data": _TABLE, "Zoë": [["a"], [1.5]], "Empty": []}))

    assert read(content) == {"Data": _ROWS, "Zoë": [{"a": 1.5}], "Empty": []}
    assert notes(content) == ["Data: Errors of Excel such as #N/A, emitted as their text: 3"]


def test_errors_of_xlsb_are_their_text(tmp_path: Path) -> None:
    content = payload(
        tmp_path, xlsb_of({"Data": _TABLE, "Zoë": [["a"], [1.5]], "Long": [["b"], ["x" * 200], [b"\x17"]]})
    )

    assert read(content) == {"Data": _ROWS, "Zoë": [{"a": 1.5}], "Long": [{"b": "x" * 200}, {"b": "#REF!"}]}
    assert notes(content) == [
        "Data: Errors of Excel such as #N/A, emitted as their text: 3",
        "Long: Errors of Excel such as #N/A, emitted as their text: 1",
    ]


def test_an_error_behind_all_other_cells(tmp_path: Path) -> None:
    assert read(payload(tmp_path, xls_of({"S": [["a", "b"], [1, 2], [None, b"\x07"]]})))["S"] == [
        {"a": 1, "b": 2},
        {"a": None, "b": "#DIV/0!"},
    ]


def test_a_workbook_is_not_the_one_that_is_embedded_in_it(tmp_path: Path) -> None:
    content = payload(tmp_path, xls_of({"Data": _TABLE}, embedded={"Other": [["x"], [1]]}))

    assert read(content) == {"Data": _ROWS}
    assert [file.name for file in tmp_path.iterdir()] == ["part-0"]


@pytest.mark.parametrize("record", [struct.pack("<HHH", 0x2F, 2, 1), struct.pack("<HH", 0x2F, 54) + bytes(54)])
def test_an_xls_under_a_password_says_so(tmp_path: Path, record: bytes) -> None:
    content = bytearray(xls_of({"Ünder": _TABLE}))
    begin = 1536 + 20  # behind the header, the table, the folder, and the record with which the stream begins
    content[begin : begin + len(record)] = record

    with pytest.raises(CorruptPayload, match="under a password"):
        verify(payload(tmp_path, bytes(content)), DEFAULT)


@pytest.mark.parametrize("pack", [gzipped, lambda content: zipped({"report.xls": content})])
def test_xls_in_archives(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    (rows,) = read(payload(tmp_path, pack(xls_of({"Data": _TABLE})))).values()

    assert rows == _ROWS


@pytest.mark.parametrize("size", [100, 600, 1500])
def test_a_cut_xls_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(CorruptPayload):
        verify(payload(tmp_path, xls_of({"Data": _TABLE})[:size]), DEFAULT)


def test_sectors_that_lead_to_each_other_for_ever_take_no_memory(tmp_path: Path) -> None:
    content = bytearray(xls_of({"Data": _TABLE}))
    content[512 + 4 : 512 + 8] = b"\x01\0\0\0"  # the folder's sector leads to itself

    with pytest.raises(CorruptPayload):
        verify(payload(tmp_path, bytes(content)), DEFAULT)


@settings(max_examples=100)
@given(places=st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 255)), max_size=4), cut=st.integers(0, 6000))
def test_looking_for_errors_survives_damage(
    tmp_path_factory: pytest.TempPathFactory, places: list[tuple[int, int]], cut: int
) -> None:
    content = bytearray(xls_of({"Data": _TABLE}))
    for at, value in places:
        content[at % len(content)] = value
    file = tmp_path_factory.getbasetemp() / "damaged.xls"
    file.write_bytes(content[: cut or None])
    try:
        container = Container(bytes(content[: cut or None]))
        error_cells(container)
        with for_calamine(file, container) as found:
            assert found == file or found.stat().st_size == file.stat().st_size
    except (ValueError, UnderPassword):
        return


def test_a_table_is_opened_for_each_wanted_sheet_only(tmp_path: Path) -> None:
    content = payload(tmp_path, xls_of({"A": [["a"], [1]], "B": [["b"], [2]]}))
    verify(content, DEFAULT)

    assert [table.name for table in open_tables(content, DEFAULT, lambda name: name == "B")] == ["B"]
