"""A workbook is opened for all of its sheets, twice at most, and goes with its file."""

from __future__ import annotations

import gc
import io
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock, patch

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from source_lms_reports.errors import CorruptPayload
from source_lms_reports.files import xlsx_book, xlsx_format
from source_lms_reports.files import xlsx_table as xlsx
from source_lms_reports.files.archive import OLE, Source, sources
from source_lms_reports.files.opening import open_tables, verify
from source_lms_reports.files.payload import Payload
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


def _reports(folder: Path) -> list[Payload]:
    """Two reports with a sheet `other` each."""
    reports = []
    for name in ("first", "second"):
        (folder / name).mkdir()
        reports.append(payload(folder / name, _workbook(name, "other")))
    return reports


@pytest.fixture(autouse=True)
def empty_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = xlsx_book.WorkbookCache(2)
    for user in (xlsx, xlsx_format):
        monkeypatch.setattr(user, "WORKBOOKS", shelf)


@pytest.fixture
def opened() -> Iterator[Mock]:
    with patch.object(xlsx_book, "open_workbook", Mock(wraps=xlsx_book.open_workbook)) as spy:
        yield spy


@pytest.mark.parametrize("pack", [bytes, lambda content: zipped({"book.xlsx": content})])
def test_sheets_that_are_read_apart_share_one_open_workbook(tmp_path: Path, opened: Mock, pack: type[bytes]) -> None:
    report = payload(tmp_path, pack(_workbook("a", "b", "c")))

    assert [_values(report, sheet) for sheet in "abc"] == [["a"], ["b"], ["c"]]
    assert opened.call_count == 1


def test_the_proof_opens_the_workbook_for_those_who_read_it(tmp_path: Path, opened: Mock) -> None:
    report = payload(tmp_path, _workbook("a", "b"))

    verify(report, DEFAULT)

    assert opened.call_count == 1
    assert [_values(report, sheet) for sheet in "ab"] == [["a"], ["b"]]
    assert opened.call_count == 1


def test_the_proof_of_one_workbook_leaves_another_one_open(tmp_path: Path, opened: Mock) -> None:
    first, second = _reports(tmp_path)
    verify(first, DEFAULT)
    verify(second, DEFAULT)

    assert first.parts[0].findings.workbooks
    assert not second.parts[0].findings.workbooks
    first.remove()
    assert _values(second, "second") == ["second"]
    assert opened.call_count == 2


@pytest.mark.parametrize("pack", [bytes, lambda content: zipped({"book.xlsx": content})])
def test_what_cannot_be_opened_is_no_report(tmp_path: Path, pack: type[bytes]) -> None:
    parts = {"xl/workbook.xml": b"<workbook><sheets></workbook>"}
    with pytest.raises(CorruptPayload, match="is damaged"):
        verify(payload(tmp_path, pack(zipped(parts))), DEFAULT)


def test_one_workbook_is_kept_at_a_time(tmp_path: Path, opened: Mock) -> None:
    first, second = _reports(tmp_path)

    assert _values(first, "first") + _values(second, "second") == ["first", "second"]
    assert not first.parts[0].findings.workbooks
    assert second.parts[0].findings.workbooks
    assert _values(first, "other") == ["other"]
    assert opened.call_count == 3


@pytest.mark.parametrize("pack", [bytes, lambda content: zipped({"book.xlsx": content})])
def test_a_workbook_goes_with_its_file(tmp_path: Path, pack: type[bytes]) -> None:
    report = payload(tmp_path, pack(_workbook("a")))
    kept: list[weakref.ref[Kept]] = []

    def opening(path: Path, label: str) -> Kept:
        book = Kept(path, label)
        kept.append(weakref.ref(book))
        return book

    with patch.object(xlsx_book, "open_workbook", opening):
        _values(report, "a")
    assert kept[0]() is not None

    report.remove()

    gc.collect()
    assert kept[0]() is None


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


@pytest.fixture
def report(tmp_path: Path) -> Source:
    return next(sources(payload(tmp_path, _workbook("a", "b")), DEFAULT.limits))


class Crowd:
    """Two threads that ask one shelf for workbooks, the second while the first has its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, places: int = 2) -> None:
        self._shelf = xlsx_book.WorkbookCache(places)
        self._settled = threading.Event()
        self._entered = threading.Event()
        room = self._shelf._changed
        wait_for = room.wait_for

        def watched(ready: Callable[[], bool]) -> bool:
            if not ready():
                self._settled.set()
            return wait_for(ready)

        monkeypatch.setattr(room, "wait_for", watched)

    def met(self, first: Source, second: Source) -> bool:
        """Whether both had a workbook at one time; in the end both have had it."""
        with self._shelf.book(first) as book:
            other = threading.Thread(target=self._enter, args=(second,))
            other.start()
            self._settled.wait()
            met = self._entered.is_set()
            assert book.sheets_metadata
        other.join()
        assert self._entered.is_set()
        return met

    def _enter(self, source: Source) -> None:
        try:
            with self._shelf.book(source) as book:
                assert book.sheets_metadata
                self._entered.set()
        finally:
            self._settled.set()


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Crowd:
    return Crowd(monkeypatch)


def test_a_small_workbook_is_opened_a_second_time_for_a_second_user(report: Source, crowd: Crowd, opened: Mock) -> None:
    assert crowd.met(report, report)
    assert crowd.met(report, report)
    assert opened.call_count == 2


def test_with_one_processor_a_workbook_has_one_user(
    report: Source, opened: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not Crowd(monkeypatch, places=1).met(report, report)
    assert opened.call_count == 1


def test_a_large_workbook_is_open_once_and_alone(
    report: Source, crowd: Crowd, opened: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_book, "_SMALL", 100)

    assert not crowd.met(report, report)
    assert opened.call_count == 1


@pytest.mark.parametrize("large_first", [True, False])
def test_a_large_workbook_waits_for_small_ones(
    tmp_path: Path, crowd: Crowd, monkeypatch: pytest.MonkeyPatch, large_first: bool
) -> None:
    small, large = (next(sources(one, DEFAULT.limits)) for one in _reports(tmp_path))
    is_small = xlsx_book._is_small
    monkeypatch.setattr(xlsx_book, "_is_small", lambda path: path != large.file and is_small(path))

    assert not crowd.met(*((large, small) if large_first else (small, large)))


def test_a_workbook_of_the_old_kind_is_opened_once(report: Source, crowd: Crowd) -> None:
    report.file.write_bytes(OLE)

    with patch.object(xlsx_book, "open_workbook", Mock()) as opened:
        assert not crowd.met(report, report)
    assert opened.call_count == 1


def test_a_workbook_whose_file_goes_while_it_is_used_goes_as_well(report: Source) -> None:
    shelf = xlsx_book.WorkbookCache(2)
    with shelf.book(report):
        report.findings.forget()

    assert not report.findings.workbooks


def test_a_workbook_that_fails_its_user_is_not_kept(report: Source, opened: Mock) -> None:
    shelf = xlsx_book.WorkbookCache(2)
    with pytest.raises(CorruptPayload), shelf.book(report):
        raise ValueError("a sheet without its end")

    with shelf.book(report):
        pass
    assert opened.call_count == 2
