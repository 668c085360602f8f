"""A table is known as its stream's by its columns."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from source_lms_reports.errors import ForeignReport
from source_lms_reports.files.json_scanner import WINDOW
from source_lms_reports.files.opening import open_tables, verify
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.table import Chunk, Table
from source_lms_reports.files.table_warnings import TableWarnings
from source_lms_reports.plan.stream import REPORT_END, Selected
from source_lms_reports.platforms.model import load_platform
from source_lms_reports.spec.settings import make_settings
from source_lms_reports.streams.catalog import Reports, by_name
from source_lms_reports.sync.identity import Marks, marks_of, owner, require_marks
from unit_tests.files.reading import payload

MARKS = Marks(frozenset({"id", "name", "at"}), ("id",), "at")
CANVAS = {"name": "canvas", "base_url": "https://school.example.com", "access_token": "x"}


class Cells(Table):
    """A header."""

    def __init__(self, *columns: str) -> None:
        super().__init__(None, columns, TableWarnings())

    def chunks(self) -> Iterator[Chunk]:
        raise AssertionError("the header is enough")


JSON = ReadOptions(format="json")
MANY = [{"id": number, "text": "x" * 100} for number in range(3 * WINDOW // 100)]
"""More rows than are looked at together."""


def tables(folder: Path, *reports: list[dict[str, Any]]) -> list[Table]:
    """JSON reports."""
    content = payload(folder, *(json.dumps(rows).encode() for rows in reports))
    verify(content, JSON)
    return list(open_tables(content, JSON))


def test_a_table_with_the_marks_of_its_stream_is_taken() -> None:
    require_marks([Cells("id", "at"), Cells("at", "more", "id"), Cells()], MARKS)


@pytest.mark.parametrize(
    "reports",
    [
        [[{"id": 1, "at": None}, {"id": 2}]],
        [[{"id": 1}, *MANY, {"id": 3, "at": "x"}, {"id": 4}]],
        [[{"id": 1}], [{"id": 2, "at": "x"}], [{"id": 3}]],
        [[]],
    ],
)
def test_rows_may_leave_out_a_cursor_that_another_row_has(tmp_path: Path, reports: list[list[dict[str, Any]]]) -> None:
    require_marks(tables(tmp_path, *reports), MARKS)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        (("Kennung", "name", "at"), "the column 'id' of its key is missing"),
        (("id", "name"), "its cursor column 'at' is missing"),
    ],
)
def test_a_table_of_cells_without_them_is_refused(columns: tuple[str, ...], why: str) -> None:
    with pytest.raises(ForeignReport, match=why):
        require_marks([Cells("id", "at"), Cells(*columns)], MARKS)


@pytest.mark.parametrize(
    ("reports", "why"),
    [
        ([[{"name": "x", "at": ""}]], "the column 'id' of its key is missing"),
        ([[{"id": 1, "at": ""}], [{"name": "x"}]], "the column 'id' of its key is missing"),
        ([[{}]], "the column 'id' of its key is missing"),
        ([[{"id": 1}]], "its cursor column 'at' is missing. The columns that came: id."),
        ([MANY], "its cursor column 'at' is missing. The columns that came: id, text."),
        ([[*MANY, {"id": 1, "text": '"at":', "more": {"at": 1}}]], "its cursor column 'at' is missing"),
        ([MANY, [{"id": 1}], []], "its cursor column 'at' is missing"),
    ],
)
def test_rows_without_them_are_refused(tmp_path: Path, reports: list[list[dict[str, Any]]], why: str) -> None:
    with pytest.raises(ForeignReport, match=why):
        require_marks(tables(tmp_path, *reports), MARKS)


def test_without_key_and_cursor_one_declared_column_is_enough() -> None:
    marks = Marks(MARKS.declared)
    require_marks([Cells("name", "x")], marks)
    with pytest.raises(ForeignReport, match="none of the columns") as raised:
        require_marks([Cells("x", "y")], marks)
    assert "The columns that came: x, y." in raised.value.message
    require_marks([Cells("x")], Marks(frozenset()))


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
