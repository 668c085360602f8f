"""Shapes of sheets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from unit_tests.files.books import DATE, DURATION, MOMENT, TIME, rows_of_cells

Cells = Sequence[object]


@dataclass(frozen=True)
class Shape:
    """A sheet.

    Args:
        rows: Its cells; a pair is a number and its style.
        records: What must come out, values by the columns' names; an empty cell may be left out.
        told: Words of the warnings, one a warning, in their order.
        empty_rows: Numbers of rows that stand in the file without a cell.
        base_1904: Whether days are counted from 1904.
        behind: XML behind the rows.
    """

    rows: Sequence[Cells]
    records: Sequence[dict[str, Any]]
    told: Sequence[str] = ()
    base_1904: bool = False
    behind: str = ""
    xml: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "xml", rows_of_cells(*self.rows))


_PEOPLE = [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}]
_BLANK: Cells = ()

SHAPES: dict[str, Shape] = {
    "plain": Shape([["id", "name"], [1, "Ann"], [2, "Bob"]], _PEOPLE),
    "pandas_index": Shape(
        [[None, "user", "n"], [0, "ann", 5], [1, "bob", 6]],
        [{"_column_1": 0, "user": "ann", "n": 5}, {"_column_1": 1, "user": "bob", "n": 6}],
        ["named by position: _column_1"],
    ),
    "pandas_index_below_a_title": Shape(
        [["Scores"], _BLANK, [None, "user", "n"], [0, "ann", 5], [1, "bob", 6]],
        [{"_column_1": 0, "user": "ann", "n": 5}, {"_column_1": 1, "user": "bob", "n": 6}],
        ["named by position: _column_1", "above the header, which are no records: 1 (first: Scores)"],
    ),
    "pandas_columns_of_two_levels": Shape(
        [[None, "n", "n"], [None, "min", "max"], ["user"], ["ann", 1, 2], ["bob", 3, 4]],
        [
            {"n": "min", "n_2": "max"},
            {"_column_1": "user"},
            {"_column_1": "ann", "n": 1, "n_2": 2},
            {"_column_1": "bob", "n": 3, "n_2": 4},
        ],
        ["named by position: _column_1, n_2"],
    ),
    "attendance_register": Shape(
        [["Name", (45000, DATE), (45001, DATE)], ["Ann", "P", "P"], ["Bob", "P", "E"]],
        [
            {"Name": "Ann", "2023-03-15": "P", "2023-03-16": "P"},
            {"Name": "Bob", "2023-03-15": "P", "2023-03-16": "E"},
        ],
    ),
    "statistics_by_year": Shape(
        [["Faculty", 2023, 2024], ["Arts", 120, 130], ["Law", 90, 95]],
        [{"Faculty": "Arts", "2023": 120, "2024": 130}, {"Faculty": "Law", "2023": 90, "2024": 95}],
    ),
    "answers_by_question_number": Shape(
        [["Quiz results"], ["Name", 1, 2, 3], ["Ann", 1, 0, 1], ["Bob", 0, 0, 1]],
        [{"Name": "Ann", "1": 1, "2": 0, "3": 1}, {"Name": "Bob", "1": 0, "2": 0, "3": 1}],
        ["above the header, which are no records: 1 (first: Quiz results)"],
    ),
    "merged_header": Shape(
        [
            ["Learner", "Course A", None, "Course B"],
            [None, "Score", "Passed", "Score", "Passed"],
            ["Ann", 5, True, 6, True],
            ["Bob", 4, False, 7, True],
        ],
        [
            {"Learner": "Ann", "Score": 5, "Passed": True, "Score_2": 6, "Passed_2": True},
            {"Learner": "Bob", "Score": 4, "Passed": False, "Score_2": 7, "Passed_2": True},
        ],
        ["named by position: Score_2, Passed_2", "above the header, which are no records: 1 (first: Learner, Course A"],
        behind='<mergeCells><mergeCell ref="A1:A2"/><mergeCell ref="B1:C1"/><mergeCell ref="D1:E1"/></mergeCells>',
    ),
    "export_with_fewer_labels": Shape(
        [["Name", "Score"], ["Ann", 5, "x", 1], ["Bob", 6, "y", 2], ["Cat", 7, "z", 3]],
        [
            {"Name": "Ann", "Score": 5, "_column_3": "x", "_column_4": 1},
            {"Name": "Bob", "Score": 6, "_column_3": "y", "_column_4": 2},
            {"Name": "Cat", "Score": 7, "_column_3": "z", "_column_4": 3},
        ],
        ["named by position: _column_3, _column_4"],
    ),
    "note_beside_a_row": Shape(
        [["id", "name"], [1, "Ann"], [2, "Bob", "moved", None, "see page 2"], [3, "Cat"]],
        [
            {"id": 1, "name": "Ann"},
            {"id": 2, "name": "Bob", "_extra": ["moved", None, "see page 2"]},
            {"id": 3, "name": "Cat"},
        ],
        ["more cells than the header: 1 (first: row 2)"],
    ),
    "report_with_parameters_on_top": Shape(
        [
            ["Course completion"],
            ["From", (45000, DATE)],
            ["To", (45030, DATE)],
            _BLANK,
            ["id", "name", "n"],
            [1, "Ann", 5],
            [2, "Bob", 6],
            [3, "Cat", 7],
        ],
        [{"id": 1, "name": "Ann", "n": 5}, {"id": 2, "name": "Bob", "n": 6}, {"id": 3, "name": "Cat", "n": 7}],
        ["above the header, which are no records: 3 (first: Course completion)"],
    ),
    "survey_with_few_answers": Shape(
        [["User", "Q1", "Q2", "Q3"], ["ann"], ["bob", None, "x"], [None, None, None, 3]],
        [{"User": "ann"}, {"User": "bob", "Q2": "x"}, {"Q3": 3}],
    ),
    "table_of_texts": Shape(
        [["kind", "colour"], ["apple", "red"], ["pea", "green"]],
        [{"kind": "apple", "colour": "red"}, {"kind": "pea", "colour": "green"}],
    ),
    "table_in_the_middle": Shape(
        [_BLANK, _BLANK, [None, None, "id", "name"], [None, None, 1, "Ann"], [None, None, 2, "Bob"]], _PEOPLE
    ),
    "pages_with_a_header_each": Shape(
        [["id", "name"], [1, "Ann"], ["id", "name"], [2, "Bob"]],
        _PEOPLE,
        ["repeat the header, left out: 1 (first: row 2)"],
    ),
    "blank_rows_between": Shape([["id", "name"], _BLANK, [1, "Ann"], _BLANK, [2, "Bob"], _BLANK], _PEOPLE),
    "exporter_that_numbers_as_text": Shape(
        [["Results", "of 2024"], ["Name", "Score", "Due"], ["Ann", "85%", "3/4/24"], ["Bob", "90%", "4/4/24"]],
        [{"Name": "Ann", "Score": "85%", "Due": "3/4/24"}, {"Name": "Bob", "Score": "90%", "Due": "4/4/24"}],
        ["above the header, which are no records: 1 (first: Results, of 2024)"],
    ),
    "ids_of_many_digits": Shape(
        [["id"], ["0012"], [10000000000012345], [9007199254740993], [12]],
        [{"id": "0012"}, {"id": "10000000000012345"}, {"id": "9007199254740993"}, {"id": 12}],
    ),
    "dates_with_and_without_a_time": Shape(
        [["at"], [(45000, MOMENT)], [(45000.5, MOMENT)], [(45001, DATE)]],
        [{"at": "2023-03-15T00:00:00"}, {"at": "2023-03-15T12:00:00"}, {"at": "2023-03-16T00:00:00"}],
    ),
    "never_is_day_zero": Shape(
        [["done"], [(45000, DATE)], [(0, DATE)], [(-1, DATE)], [(60, DATE)]],
        [{"done": "2023-03-15"}, {"done": 0}, {"done": -1}, {"done": 60}],
        ["Numbers among dates that are no dates, emitted as numbers: 3"],
    ),
    "times_and_lengths_of_time": Shape(
        [["start", "took"], [(0.5, TIME), (0.25, DURATION)], [(0.75, TIME), (1.75, DURATION)]],
        [{"start": "12:00:00", "took": "6:00:00"}, {"start": "18:00:00", "took": "42:00:00"}],
    ),
    "macintosh_of_1904": Shape(
        [["at"], [(0, DATE)], [(43538, DATE)]], [{"at": "1904-01-01"}, {"at": "2023-03-15"}], base_1904=True
    ),
}
