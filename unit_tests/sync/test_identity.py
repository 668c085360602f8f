"""A table is known as its stream's by its columns."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from source_lms_reports.errors import ForeignReport
from source_lms_reports.files.json_records import ObjectChunk
from source_lms_reports.files.table import CellChunk, Chunk, Table
from source_lms_reports.files.table_warnings import TableWarnings
from source_lms_reports.plan.stream import REPORT_END, Selected
from source_lms_reports.platforms.model import load_platform
from source_lms_reports.spec.settings import make_settings
from source_lms_reports.streams.catalog import Reports, by_name
from source_lms_reports.sync.identity import KnownTable, Marks, marks_of, owner

MARKS = Marks(frozenset({"id", "name", "at"}), ("id",), "at")
CANVAS = {"name": "canvas", "base_url": "https://school.example.com", "access_token": "x"}


class Rows(Table):
    """JSON rows, a chunk for each list."""

    def __init__(self, *chunks: list[dict[str, Any]]) -> None:
        super().__init__(None, (), TableWarnings())
        self._parts = chunks

    def chunks(self) -> Iterator[Chunk]:
        for rows in self._parts:
            yield ObjectChunk(json.dumps(rows).encode(), "The report")


class Cells(Table):
    """A header, and a row for each number."""

    def __init__(self, *columns: str, rows: int = 1) -> None:
        super().__init__(None, columns, TableWarnings())
        self._rows = rows

    def chunks(self) -> Iterator[Chunk]:
        yield CellChunk(1, [["1"] * self._rows for _ in self.columns])


def read(table: Table, marks: Marks = MARKS) -> int:
    return sum(map(len, KnownTable(table, marks).chunks()))


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        (Cells("id", "at"), 1),
        (Cells("at", "more", "id", rows=3), 3),
        (Rows([{"id": 1, "at": None}, {"id": 2}]), 2),
        (Rows([{"id": 1}], [{"id": 2}], [{"id": 3, "at": "x"}], [{"id": 4}]), 4),
        (Rows(), 0),
        (Rows([]), 0),
    ],
)
def test_a_table_with_the_marks_of_its_stream_is_read_whole(table: Table, rows: int) -> None:
    assert read(table) == rows


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (Cells("Kennung", "name", "at"), "the column 'id' of its key is missing"),
        (Cells("id", "name"), "its cursor column 'at' is missing"),
        (Cells("id", "name", rows=0), "its cursor column 'at' is missing"),
        (Rows([{"name": "x", "at": ""}]), "the column 'id' of its key is missing"),
        (Rows([{"id": 1}]), "its cursor column 'at' is missing"),
    ],
)
def test_a_table_without_them_is_refused_before_its_first_row(table: Table, why: str) -> None:
    chunks = KnownTable(table, MARKS).chunks()
    with pytest.raises(ForeignReport, match=why):
        next(chunks)


def test_without_key_and_cursor_one_declared_column_is_enough() -> None:
    marks = Marks(MARKS.declared)
    assert read(Cells("name", "x"), marks) == 1
    with pytest.raises(ForeignReport, match="none of the columns") as raised:
        read(Cells("x", "y"), marks)
    assert "The columns that came: x, y." in raised.value.message
    assert read(Cells("x"), Marks(frozenset())) == 1


def test_a_cursor_that_no_row_of_many_has_is_told_at_the_end() -> None:
    chunks = KnownTable(Rows([{"id": 1}], [{"id": 2}]), MARKS).chunks()
    assert [len(next(chunks)), len(next(chunks))] == [1, 1]
    with pytest.raises(ForeignReport, match="its cursor column 'at' is missing"):
        next(chunks)


def streams() -> dict[str, Selected]:
    platform = load_platform("canvas")
    found = by_name(Reports(platform, make_settings(platform, {"platform": CANVAS})).declared().values())
    return {name: Selected(stream, incremental=True) for name, stream in found.items()}


def test_the_marks_are_the_vendors_columns() -> None:
    known = streams()
    assert marks_of(known["last_user_access"]).cursor == "last access at"
    assert marks_of(dataclasses.replace(known["last_user_access"], incremental=False)).cursor == ""
    assert marks_of(known["students_with_no_submissions"]).cursor == ""
    assert REPORT_END not in marks_of(known["students_with_no_submissions"]).declared
    assert "_report_member" not in marks_of(known["mgp_grade_export"]).declared
    assert marks_of(known["provisioning_courses"]).key == ("canvas_course_id",)


@pytest.mark.parametrize("report", ["provisioning_csv", "sis_export_csv"])
def test_each_output_of_a_report_is_known_among_all_others(report: str) -> None:
    marks = {name: marks_of(one) for name, one in streams().items() if one.stream.report == report}
    assert len(marks) == 15
    for name, one in marks.items():
        assert owner(one.declared, marks) == name
        for pair in combinations(marks, 2):
            assert owner(one.declared, {other: marks[other] for other in (*pair, name)}) == name


def test_what_fits_no_stream_or_two_alike_belongs_to_none() -> None:
    same = {"a": Marks(frozenset({"x"})), "b": Marks(frozenset({"x"}))}
    assert owner({"x"}, same) is None
    assert owner({"y"}, {"a": Marks(frozenset({"x"}))}) is None
    assert owner({"x"}, {"a": Marks(frozenset({"x"}), ("id",))}) is None
