"""Which row of a sheet is its header, by rows as people really make them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from source_lms_reports.files.header_row import SampleRow, find_header, sort_of

_BLANK: list[Any] = []


def _found(*rows: list[Any]) -> tuple[int, int]:
    """The place of the header among the rows, and the width of the table."""
    sample = []
    for place, row in enumerate(rows):
        cells = {column: _value(cell) for column, cell in enumerate(row) if cell is not None}
        sorts = {column: sort_of(_kind(row[column]), cell) for column, cell in cells.items()}
        if cells:
            sample.append(SampleRow(place, place + 1, cells, sorts))
    header, width = find_header(sample)
    return header.place, width


def _value(cell: Any) -> Any:
    return cell.isoformat() if isinstance(cell, dt.date) else cell


def _kind(cell: Any) -> str:
    return "date" if isinstance(cell, dt.date) else "number"


_DAY = dt.date(2024, 1, 1)


@pytest.mark.parametrize(
    ("rows", "header", "width"),
    [
        pytest.param([["id", "name"], [1, "a"], [2, "b"]], 0, 2, id="plain"),
        pytest.param(
            [["id", "name", None, "score"], [1, "a", "x", 5], [2, "b", "y", 6]], 0, 4, id="a label is missing"
        ),
        pytest.param([[None, "user", "n"], [0, "a", 5], [1, "b", 6]], 0, 3, id="an index without a label"),
        pytest.param([["id", None, None, "n"], [1, "a", "x", 5], [2, "b", "y", 6]], 0, 4, id="half of the labels"),
        pytest.param([["Name", 2023, 2024], ["a", 5, 7], ["b", 6, 8]], 0, 3, id="years"),
        pytest.param([["Name", 501, 502], ["a", 5, 7], ["b", 6, 8]], 0, 3, id="ids"),
        pytest.param([["Name", _DAY, _DAY], ["a", "P", "P"], ["b", "P", "E"]], 0, 3, id="dates"),
        pytest.param([["Q", True, False], ["a", "yes", "no"], ["b", "no", "yes"]], 0, 3, id="booleans"),
        pytest.param([[2023, 2024], [1, 2], [3, 4]], 0, 2, id="numbers alone"),
        pytest.param([["kind", "colour"], ["apple", "red"], ["pea", "green"]], 0, 2, id="all is text"),
        pytest.param(
            [["Name", "Score"], ["a", 5, "x", 1], ["b", 6, "y", 2], ["c", 7, "z", 3]], 0, 4, id="fewer labels"
        ),
        pytest.param([["Name"], ["a", 5, "x"], ["b", 6, "y"], ["c", 7, "z"]], 0, 3, id="one label"),
        pytest.param([["Name", "Mark"], ["a", "A", "x"], ["b", "B", "x"], ["c", "A", "y"]], 0, 3, id="fewer, all text"),
        pytest.param([["Name", "Due"], ["a", "3/4/24", "x"], ["b", "4/4/24", "y"]], 0, 3, id="fewer, dates as text"),
        pytest.param([["id", "at"], [1, 2], [2, 3], [3, 4, "moved", "to"], [4, 5]], 0, 2, id="one long row"),
        pytest.param([["id", "at"], [1, 2, "moved", "to", "x"], [2, 3], [3, 4]], 0, 2, id="the first is the long row"),
        pytest.param([["name"], ["a"], ["b"], ["c", "moved"], ["d"], ["e"]], 0, 1, id="one column and a long row"),
        pytest.param([["a", "b", "c", "d"], ["x"], ["y", None, None, "z"], [None, None, 3]], 0, 4, id="sparse"),
        pytest.param([["a", "b", "c", "d"], ["x"], ["y"], ["z"], ["w"]], 0, 1, id="almost only the first column"),
        pytest.param([["id", "name"]], 0, 2, id="a header alone"),
        pytest.param([["Report"], ["id", "name"]], 1, 2, id="a title and a header alone"),
        pytest.param([["Report"], ["of 2024"], _BLANK, ["id", "name", "n"]], 3, 3, id="titles and a header alone"),
        pytest.param([["Report"], ["id", "n"], [1, 2], [3, 4]], 1, 2, id="a title"),
        pytest.param([[None, "Report"], ["a", "b", "c"], [1, 2, 3], [3, 4, 5]], 1, 3, id="a title in the middle"),
        pytest.param([["Made", _DAY], _BLANK, ["a", "b", "n"], ["x", "y", 1], ["x", "z", 2]], 2, 3, id="a note"),
        pytest.param([["Report"], ["Name", 2023, 2024], ["a", 5, 7], ["b", 6, 8]], 1, 3, id="a title over years"),
        pytest.param([["Quiz"], ["Name", 1, 2, 3], ["a", 0, 1, 1], ["b", 1, 0, 1]], 1, 4, id="a title over questions"),
        pytest.param([["Report"], ["Name", 501, 502], ["a", 5, 7], ["b", 6, 8]], 1, 3, id="a title over ids"),
        pytest.param([["Report"], ["Name", _DAY], ["a", "P"], ["b", "E"]], 1, 2, id="a title over dates"),
        pytest.param(
            [["Course", "Maths"], ["Name", "Mark", "n"], ["a", "A", 1], ["b", "B", 2]], 1, 3, id="two cells over"
        ),
        pytest.param([["R", None, None, "2024"], ["a", "b", "c", "n"], ["x", "y", "z", 1]], 1, 4, id="a hollow title"),
        pytest.param(
            [["Ann", "E", "Course", None, "Course"], [None, None, "n", "at", "n", "at"], ["x", "y", 1, _DAY, 2, _DAY]],
            1,
            6,
            id="a header in two rows",
        ),
        pytest.param(
            [["A"], ["B"], ["C"], ["D", 1], ["E"], ["x", "y", "n"], ["a", "b", 1], ["c", "d", 2], ["e", "f", 3]],
            5,
            3,
            id="many notes",
        ),
        pytest.param([["a", "b"], [1, 2], *[[3, 4] for _ in range(20)], [None] * 70 + ["far"]], 0, 2, id="a far cell"),
        pytest.param([["a", "b"], [1] + [None] * 70 + ["far"]], 0, 2, id="a far cell in the only row"),
    ],
)
def test_the_first_row_as_wide_as_the_table_is_the_header(rows: list[list[Any]], header: int, width: int) -> None:
    assert _found(*rows) == (header, width)


@pytest.mark.parametrize(
    ("value", "sort"),
    [
        ("2024-01-01", "figures"),
        ("85 %", "figures"),
        ("Ann", "text"),
        ("1st", "text"),
        (True, "boolean"),
        (1.5, "number"),
    ],
)
def test_what_a_cell_is_for_the_evidence(value: Any, sort: str) -> None:
    assert sort_of("text", value) == sort


def test_a_long_text_is_no_figures_and_takes_no_time() -> None:
    assert sort_of("text", "1" * 1_000_000) == "text"
