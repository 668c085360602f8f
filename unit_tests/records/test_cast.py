from __future__ import annotations

from typing import Any

import pytest

from source_lms_reports.records.cast import CASTERS, booleans, integers, kind_of, natives, numbers


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": ["null", "integer"]}, "integer"),
        ({"type": "number"}, "number"),
        ({"type": ["null", "integer", "number"]}, "number"),
        ({"type": ["boolean", "null"]}, "boolean"),
        ({"type": ["null", "string"], "format": "date-time"}, "text"),
        ({"type": ["null", "string", "integer"]}, "text"),
        ({"type": ["null", "array"]}, "nested"),
        ({"type": "null"}, "text"),
        ({}, "text"),
    ],
)
def test_the_type_that_a_schema_asks_for(schema: dict[str, Any], kind: str) -> None:
    assert kind_of(schema) == kind


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-17", -17),
        (" 5\n", 5),
        ("5.0", 5),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("-9223372036854775809", -9223372036854775809),
        ("", None),
        *(
            (text, text)
            for text in (
                "007",
                "+5",
                "5.5",
                "1e3",
                "1_000",
                "1,000",
                "٣",
                "null",
                "true",
                "NaN",
                "0x1",
                "-",
                " ",
                "[1]",
            )
        ),
    ],
)
def test_integers(text: str, value: Any) -> None:
    for others in ([], ["", "1"], ["x"]):
        found = integers([text, *others])[0][0]
        assert (found, type(found)) == (value, type(value)), others


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("1.50", 1.5),
        ("-0.1", -0.1),
        ("0.8444218515250481", 0.8444218515250481),
        ("100000000000000000000000000000000000.0", 1e35),
        ("12345678901234567890", 12345678901234567890),
        ("0.12345678901234567890", "0.12345678901234567890"),
        ("12345678901234567.8", "12345678901234567.8"),
        ("1e3", 1000.0),
        ("1E-2", 0.01),
        ("1e400", "1e400"),
        ("1e-400", "1e-400"),
        ("", None),
        *(
            (text, text)
            for text in ("007.5", "+5", ".5", "5.", "1_0", "1,5", "nan", "inf", "Infinity", "null", "true", "٣.1")
        ),
    ],
)
def test_numbers(text: str, value: Any) -> None:
    for others in ([], ["", "1"], ["x"], ["0.25", "0.7579544029403025"]):
        found = numbers([text, *others])[0][0]
        assert (found, type(found)) == (value, type(value)), others


def test_true() -> None:
    for true in ("true", "t", "yes", "y", "1", "True", "TRUE", "T", "YES", "Y", "tRuE", " yes "):
        assert booleans([true, ""]) == ([True, None], False), true


def test_false() -> None:
    for false in ("false", "f", "no", "n", "0", "False", "FALSE", "F", "No", "NO", "N", "fAlSe"):
        assert booleans([false, "maybe", "2", "", "01"]) == ([False, "maybe", "2", None, "01"], True), false


@pytest.mark.parametrize(
    ("kind", "cells", "values"),
    [
        ("text", ["a", 5, 0.5, True, ""], ["a", "5", "0.5", "true", ""]),
        ("integer", [5, "5", 0.5, True, "", "x"], [5, 5, "0.5", "true", None, "x"]),
        ("number", [5, "5.5", 0.5, False, ""], [5, 5.5, 0.5, "false", None]),
        ("boolean", [True, 1, 0, 2, "yes", "", 0.5], [True, True, False, "2", True, None, "0.5"]),
    ],
)
def test_cells_of_a_sheet(kind: Any, cells: list[Any], values: list[Any]) -> None:
    assert list(map(repr, natives(cells, kind, set(map(type, cells)))[0])) == list(map(repr, values))


def test_a_long_integer_has_one_type_whoever_stands_beside_it() -> None:
    number = "-" + "9" * 4300
    for cast in (integers, numbers):
        assert cast([number])[0] == cast([number, "x"])[0][:1] == [int(number)]


def test_given_json_in_cells_when_the_schema_wants_lists_and_objects_then_they_are_parsed() -> None:
    cells = ['{"tone": 3, "pace": null}', '["a", 1.5]', "", "[cut", "7", '{"exact": 0.1234567890123456789}']
    values, uncast = CASTERS["nested"](cells)
    assert values[:3] == [{"tone": 3, "pace": None}, ["a", 1.5], None]
    assert values[3:5] == ["[cut", "7"]
    assert values[5] == {"exact": "0.1234567890123456789"}
    assert uncast


def test_given_a_column_of_lists_when_its_kind_is_asked_then_it_is_nested() -> None:
    assert kind_of({"type": ["null", "array"]}) == "nested"
    assert kind_of({"type": ["null", "object"]}) == "nested"
    assert kind_of({"type": ["null", "string", "object"]}) == "text"


@pytest.mark.parametrize("cell", ["[NaN]", '{"a": Infinity}', '{"a": 1, "a": 2}', '[{"b": {"c": 1, "c": 1}}]'])
def test_given_json_that_would_lose_a_value_when_parsed_then_it_stays_text(cell: str) -> None:
    assert CASTERS["nested"]([cell]) == ([cell], True)


@pytest.mark.parametrize("text", [f"1e-{'9' * 20}", f"1e{'9' * 20}"])
def test_an_exponent_beyond_all_numbers_stays_text(text: str) -> None:
    assert numbers([text, "1.5"]) == ([text, 1.5], True)
