"""What the proof of a payload finds out spares the reader a second look, and never hides a row."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from source_lms_reports.files.opening import open_tables, verify
from unit_tests.files.reading import DEFAULT, gzipped, payload, read, rows_of, zipped

REPORT = b'[{"id": 1}, {"id": 2}]'
FILES = "source_lms_reports.files"


def _workbook(*cells: tuple[str, object]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("S")
        sheet.write_row(0, 0, ["ratio"])
        for row, (formula, value) in enumerate(cells, start=1):
            sheet.write_formula(row, 0, formula, None, value)
    return buffer.getvalue()


@pytest.mark.parametrize("content", [REPORT, gzipped(REPORT), zipped({"a.json": REPORT})], ids=["plain", "gzip", "zip"])
def test_json_is_looked_through_once(content: bytes, tmp_path: Path) -> None:
    report = payload(tmp_path, content)
    verify(report, DEFAULT)

    with patch(f"{FILES}.json_sections._found", side_effect=AssertionError("looked through again")):
        (rows,) = read(report).values()

    assert rows == [{"id": 1}, {"id": 2}]


def test_members_of_one_name_are_told_apart(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        archive.writestr("a.json", b'{"users": [{"id": 1}]}')
        archive.writestr("a.json", b'{"other": 0, "users": [{"id": 2}, {"id": 3}]}')
    report = payload(tmp_path, buffer.getvalue())

    verify(report, DEFAULT)

    assert [rows_of(table) for table in open_tables(report, DEFAULT)] == [[{"id": 1}], [{"id": 2}, {"id": 3}]]


@pytest.mark.parametrize("pack", [bytes, lambda content: zipped({"book.xlsx": content})])
def test_a_workbook_is_unpacked_once_for_all_who_read_it(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    report = payload(tmp_path, pack(_workbook(("=1+1", 2))))
    verify(report, DEFAULT)

    with patch(f"{FILES}.workbook_format._read", side_effect=AssertionError("unpacked again")):
        assert [list(read(report).values()) for _ in range(2)] == [[[{"ratio": 2}]]] * 2


def test_the_cells_of_a_workbook_go_with_its_file(tmp_path: Path) -> None:
    report = payload(tmp_path, _workbook(("=1+1", 2)))
    verify(report, DEFAULT)
    book = report.parts[0].findings.workbook
    assert book is not None

    report.remove()

    with pytest.raises(ValueError, match="closed"):
        list(next(book.tables(None, DEFAULT, lambda _: True)).chunks())


def test_an_error_is_found_wherever_a_block_ends(tmp_path: Path) -> None:
    workbook = _workbook(("=1/0", "#DIV/0!"))
    for size in range(200, 400):
        report = payload(tmp_path, workbook)
        with patch(f"{FILES}.xlsx_package.READ", size):
            assert read(report) == {"S": [{"ratio": "#DIV/0!"}]}, size
