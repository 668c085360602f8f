from __future__ import annotations

import jinja2
import pytest

from source_lms_reports.platforms.template import UnfitSegment, fill, fill_all, fill_body, fill_path, is_true


def test_placeholders_are_filled_and_everything_else_stays() -> None:
    assert fill("/a/{{ x }}/b", {"x": 1}) == "/a/1/b"
    assert fill("plain", {}) == "plain"
    assert fill(7, {}) == 7
    assert fill("{{ x }}", {"x": None}) == ""


def test_a_name_that_is_not_there_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        fill("{{ y }}", {"x": 1})


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("sis_account_id:a b?", "sis_account_id%3Aa%20b%3F"),
        ("a#b", "a%23b"),
        ("a/b", "a%2Fb"),
        ("../admin", "..%2Fadmin"),
        ("a%2Fb", "a%252Fb"),
        ("\u00e9", "%C3%A9"),
        ("a\\b;c", "a%5Cb%3Bc"),
        (17, "17"),
        ("...", "..."),
    ],
)
def test_what_goes_into_a_path_is_one_escaped_segment(value: object, sent: str) -> None:
    assert fill_path("/{{ x }}/y", {"x": value}) == f"/{sent}/y"


@pytest.mark.parametrize("value", ["", None, ".", ".."])
def test_a_step_up_is_no_segment(value: object) -> None:
    with pytest.raises(UnfitSegment):
        fill_path("/{{ x }}/y", {"x": value})
    with pytest.raises(UnfitSegment):
        fill_path("{{ p | path(id=x) }}", {"p": "/a/{id}", "x": value})


def test_a_path_by_itself_keeps_its_slashes_and_takes_escaped_segments() -> None:
    assert fill_path("{{ p | path(id=x) }}z", {"p": "/a/{id}/", "x": "b/#"}) == "/a/b%2F%23/z"
    assert fill_path("{{ p | path }}", {"p": "/a/{id}/?b=c"}) == "/a/{id}/?b=c"


def test_what_comes_out_empty_is_left_out() -> None:
    assert fill_all({"a": "{{ x }}", "b": "{{ y }}", "c": "1"}, {"x": "", "y": "2"}) == {"b": "2", "c": "1"}


def test_typed_templates_give_numbers_and_switches() -> None:
    assert fill({"integer": "{{ x }}"}, {"x": "17"}) == 17
    assert fill({"boolean": "{{ x }}"}, {"x": "True"}) is True
    assert fill({"integer": "{{ x }}"}, {"x": ""}) is None


def test_sql_is_quoted() -> None:
    assert fill("{{ x | sql_identifier }}", {"x": 'a"b'}) == '"a""b"'
    assert fill("{{ x | sql_text }}", {"x": "it's"}) == "'it''s'"


def test_templates_run_in_a_sandbox() -> None:
    with pytest.raises(jinja2.exceptions.SecurityError):
        fill("{{ x.__class__.__mro__ }}", {"x": ""})


@pytest.mark.parametrize(
    ("value", "yes"), [("true", True), (" YES ", True), (True, True), ("false", False), ("", False)]
)
def test_yes_and_no(value: object, yes: bool) -> None:
    assert is_true(value) is yes


@pytest.mark.parametrize(
    ("written", "statement"),
    [
        ("SELECT 1", "SELECT 1"),
        (" SELECT 1 ; ", "SELECT 1"),
        ("SELECT 1;;\n;", "SELECT 1"),
        ("SELECT 1 -- done", "SELECT 1 -- done"),
        ("SELECT 1; -- done", "SELECT 1 -- done"),
        ("SELECT 1; -- done;\n/* and; */ ;", "SELECT 1 -- done;\n/* and; */"),
        ("SELECT ';' -- it's", "SELECT ';' -- it's"),
        ("SELECT ';--'';' AS \"a;\"\"\";", "SELECT ';--'';' AS \"a;\"\"\""),
        ("SELECT $a$ ; -- $a$;", "SELECT $a$ ; -- $a$"),
        ("SELECT 1; SELECT 2;", "SELECT 1; SELECT 2"),
    ],
)
def test_a_users_statement_can_stand_inside_another(written: str, statement: str) -> None:
    found = fill("SELECT * FROM (\n{{ sql | sql_statement }}\n) AS q", {"sql": written})
    assert found == "\n".join(("SELECT * FROM (", statement, ") AS q"))


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ({"a": {"b": "{{ none }}", "c": ["{{ x }}", "", 1]}}, {"a": {"c": ["17", 1]}}),
        ({"a": {"b": ["{{ none }}"]}, "c": {}}, None),
        (
            {"a": {"boolean": "false"}, "b": {"integer": "{{ x }}"}, "c": {"integer": "{{ none }}"}},
            {"a": False, "b": 17},
        ),
        ({"sort": {"field": "{{ x }}", "integer": "1"}}, {"sort": {"field": "17", "integer": "1"}}),
        ({"a": [{"b": False}, {"b": "{{ none }}"}]}, {"a": [{"b": False}]}),
    ],
)
def test_a_body_is_filled_at_any_depth_and_what_is_not_set_is_left_out(template: object, filled: object) -> None:
    assert fill_body(template, {"x": 17, "none": ""}) == filled
