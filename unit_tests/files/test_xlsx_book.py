"""A workbook is opened once for all of its sheets, and goes with its file."""

from __future__ import annotations

import gc
import io
import weakref
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock, patch

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from source_lms_reports.errors import CorruptPayload
from source_lms_reports.files import xlsx_book
from source_lms_reports.files.payload import Payload
from source_lms_reports.files.tables import open_tables
from unit_tests.files.reading import DEFAULT, payload, rows_of, zipped


def _workbook(*sheets: str) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        for name in sheets:
            book.add_worksheet(name).write_column(0, 0, ["of", name])
    return buffer.getvalue()


def _values(content: Payload, sheet: str) -> list[str]:
    """A sheet as one of several streams reads it."""
    tables = open_tables(content, DEFAULT, lambda name: name is not None and name.endswith(sheet))
    return [row["of"] for table in tables for row in rows_of(table)]


@pytest.fixture
def opened() -> Iterator[Mock]:
    with patch.object(xlsx_book, "open_workbook", Mock(wraps=xlsx_book.open_workbook)) as spy:
        yield spy


@pytest.mark.parametrize("pack", [bytes, lambda content: zipped({"book.xlsx": content})])
def test_sheets_that_are_read_apart_share_one_open_workbook(tmp_path: Path, opened: Mock, pack: type[bytes]) -> None:
    report = payload(tmp_path, pack(_workbook("a", "b", "c")))

    assert [_values(report, sheet) for sheet in "abc"] == [["a"], ["b"], ["c"]]
    assert opened.call_count == 1


def test_one_workbook_is_kept_at_a_time(tmp_path: Path, opened: Mock) -> None:
    reports = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        reports.append(payload(folder, _workbook(name, "other")))
    first, second = reports

    assert _values(first, "first") + _values(second, "second") == ["first", "second"]
    assert not first.parts[0].proof.get("workbook")
    assert second.parts[0].proof["workbook"]
    assert _values(first, "other") == ["other"]
    assert opened.call_count == 3


def test_a_workbook_goes_with_its_file(tmp_path: Path) -> None:
    report = payload(tmp_path, _workbook("a"))
    with patch.object(xlsx_book, "open_workbook", lambda path, label: Kept(path, label)):  # noqa: PLW0108
        _values(report, "a")
    kept = weakref.ref(report.parts[0].proof["workbook"])

    report.remove()

    gc.collect()
    assert kept() is None


class Kept:
    """A workbook that can be watched by a weak reference."""

    def __init__(self, path: Path, label: str) -> None:
        self._book = OPEN(path, label)
        self.sheets_metadata = self._book.sheets_metadata
        self.get_sheet_by_name = self._book.get_sheet_by_name


OPEN = xlsx_book.open_workbook


def test_a_damaged_workbook_is_refused_each_time(tmp_path: Path) -> None:
    report = payload(tmp_path, b"PK\x03\x04" + zipped({"xl/workbook.xml": b"<workbook"})[4:])

    for _ in range(2):
        with pytest.raises(CorruptPayload):
            _values(report, "a")
