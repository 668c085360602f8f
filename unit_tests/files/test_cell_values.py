from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.files.cell_store import TextReader
from source_lms_reports.files.cell_values import ColumnForm, form_of, number_of, shown, values_of
from source_lms_reports.files.sheet_cells import ColumnFacts


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5),
        ("-5", -5),
        ("5.0", 5),
        ("0.5", 0.5),
        (".5", 0.5),
        ("+5", 5),
        ("5.", 5),
        ("1E-3", 0.001),
        ("1E+3", 1000),
        ("0.30000000000000004", 0.30000000000000004),
        ("0.28000000000000003", 0.28),
        (" 7 ", 7),
        ("", None),
        (" ", None),
        ("9007199254740992", 9007199254740992),
        ("9007199254740993", "9007199254740993"),
        ("-9007199254740993", "-9007199254740993"),
        ("10000000000012345", "10000000000012345"),
        ("10000000000012345.0", "10000000000012345.0"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("1E+300", 1e300),
        ("1e999", "1e999"),
        ("007", "007"),
        ("NaN", "NaN"),
        ("inf", "inf"),
        ("null", "null"),
        ("1_0", "1_0"),
        ("0x10", "0x10"),
        ("٣", "٣"),
        ("1,5", "1,5"),
        ("true", "true"),
        ("-0", 0),
        ("-0.0", 0),
    ],
)
def test_a_number_keeps_its_digits(text: str, number: Any) -> None:
    found = number_of(text)

    assert (found, type(found)) == (number, type(number))
    assert repr(_values(("number", [text, "1"]))) == repr([number, 1])


def _values(*runs: tuple[str, list[str]], form: ColumnForm | None = None) -> list[Any]:
    raw = [(kind, "\0".join(texts).encode()) for kind, texts in runs]
    return [None if cell == "" else cell for cell in values_of(raw, form or ColumnForm(), _NO_TEXTS).cells]


class _NoTexts(TextReader):
    def __init__(self) -> None:
        pass


_NO_TEXTS = _NoTexts()


@given(st.lists(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.none(), min_size=1))
def test_a_column_of_numbers_is_what_each_of_them_is(numbers: list[float | None]) -> None:
    texts = ["" if number is None else repr(number) for number in numbers]

    assert repr(_values(("number", texts))) == repr([number_of(text) for text in texts])


def test_cells_of_several_kinds_in_one_column() -> None:
    found = _values(("number", ["1", "", "", ""]), ("text", ["", "a", "", ""]), ("boolean", ["", "", "0", ""]))

    assert found == [1, "a", False, None]


def test_booleans_are_those_of_all_writers() -> None:
    assert _values(("boolean", ["1", "0", "true", "FALSE", "", "2"])) == [True, False, True, False, None, "2"]


@pytest.mark.parametrize(
    ("number", "kind", "form", "text"),
    [
        (45000, "date", ColumnForm(), "2023-03-15"),
        (45000, "date", ColumnForm(with_time=True), "2023-03-15T00:00:00"),
        (45000.5, "date", ColumnForm(), "2023-03-15T12:00:00"),
        (45000.5, "moment", ColumnForm(with_time=True), "2023-03-15T12:00:00"),
        (45000.5208333333, "moment", ColumnForm(), "2023-03-15T12:30:00"),
        (45000.999999999, "moment", ColumnForm(with_time=True), "2023-03-16T00:00:00"),
        (0.5, "time", ColumnForm(), "12:00:00"),
        (0, "time", ColumnForm(), "00:00:00"),
        (0.00000578704, "time", ColumnForm(), "00:00:00.500000"),
        (1.5, "time", ColumnForm(), "1900-01-01T12:00:00"),
        (1, "date", ColumnForm(), "1900-01-01"),
        (59, "date", ColumnForm(), "1900-02-28"),
        (60, "date", ColumnForm(), None),
        (60.5, "moment", ColumnForm(), None),
        (61, "date", ColumnForm(), "1900-03-01"),
        (2958465, "date", ColumnForm(), "9999-12-31"),
        (2958466, "date", ColumnForm(), None),
        (1e300, "date", ColumnForm(), None),
        (0, "date", ColumnForm(), None),
        (0.5, "moment", ColumnForm(), None),
        (0.5, "moment", ColumnForm(are_times=True), "12:00:00"),
        (-1, "date", ColumnForm(), None),
        (-0.5, "time", ColumnForm(), None),
        (0, "date", ColumnForm(from_1904=True), "1904-01-01"),
        (60, "date", ColumnForm(from_1904=True), "1904-03-01"),
        (43538, "date", ColumnForm(from_1904=True), "2023-03-15"),
        (1.75, "duration", ColumnForm(), "42:00:00"),
        (-0.25, "duration", ColumnForm(), "-6:00:00"),
        (0.0000173611111, "duration", ColumnForm(), "0:00:01.500"),
    ],
)
def test_what_a_format_makes_of_a_number(number: float, kind: str, form: ColumnForm, text: str | None) -> None:
    assert shown(number, kind, form) == text


def test_numbers_among_dates_that_are_none_are_numbers_and_their_places_are_told() -> None:
    found = values_of([("date", b"45000\0-1\0\0abc\x00060")], ColumnForm(), _NO_TEXTS)

    assert found.cells == ["2023-03-15", -1, "", "abc", "060"]
    assert list(found.no_dates) == [1]


@pytest.mark.parametrize(
    ("kinds", "cells", "form"),
    [
        ({"date"}, ["45000", "45001"], ColumnForm()),
        ({"date"}, ["45000", "45001.5"], ColumnForm(with_time=True)),
        ({"date", "moment"}, ["45000"], ColumnForm(with_time=True)),
        ({"moment"}, ["0.5", "0.25"], ColumnForm(with_time=True, are_times=True)),
        ({"time"}, ["0.5"], ColumnForm(are_times=True)),
        ({"time"}, ["0.5", "1.5"], ColumnForm(with_time=True)),
        ({"date"}, ["abc"], ColumnForm()),
    ],
)
def test_the_form_of_a_column_is_told_by_all_of_its_dates(kinds: set[str], cells: list[str], form: ColumnForm) -> None:
    facts = ColumnFacts()
    for kind in kinds:
        facts.look(kind, [cell.encode() for cell in cells])

    assert form_of(facts, False) == form
