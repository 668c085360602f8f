"""Names of streams, and which report a name is read from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from source_lms_reports.api.client import Client
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.errors import ConfigError
from source_lms_reports.files.parts import snake_case
from source_lms_reports.plan.stream import Wanted
from source_lms_reports.platforms.model import load_platform
from source_lms_reports.spec.settings import make_settings
from source_lms_reports.streams.catalog import Reports, by_name
from source_lms_reports.streams.selection import select


def reports(name: str = "second_nature", **platform: Any) -> Reports:
    found = load_platform(name)
    return Reports(found, make_settings(found, {"platform": {"name": name, "api_key": "k", **platform}}))


class Lists:
    """A vendor that lists these reports, and counts how often it is asked."""

    def __init__(self, *listed: str) -> None:
        self.listed = list(listed)
        self.asked = 0

    def items(self, *_: Any, **__: Any) -> list[str]:
        self.asked += 1
        return self.listed


def chosen(vendor: Lists, schemas: Mapping[str, Any], cursors: Mapping[str, str] | None = None) -> list[Any]:
    wanted = [Wanted(name, schema or {}, (cursors or {}).get(name)) for name, schema in schemas.items()]
    return [stream for _, stream in select(cast("Client", vendor), reports(), wanted) if stream is not None]


@pytest.mark.parametrize(
    ("vendor", "ours"),
    [
        ("admin-xls-report", "admin_xls_report"),
        ("Course Completion (2026)", "course_completion_2026"),
        ("userID", "user_id"),
        ("Отчёт 1", "отчёт_1"),
        ("--", "report"),
        ("", "report"),
    ],
)
def test_names_are_in_snake_case(vendor: str, ours: str) -> None:
    assert snake_case(vendor) == ours


@example("İ")
@given(st.text())
def test_a_name_in_snake_case_stays_as_it_is(name: str) -> None:
    once = snake_case(name)
    assert once
    assert snake_case(once) == once


def test_an_unknown_report_in_the_configuration_is_told_with_those_that_are_offered() -> None:
    with pytest.raises(ConfigError) as raised:
        reports(reports=["users", "usres"]).restrict(["users", "courses"])
    assert "'usres'" in raised.value.message
    assert "courses, users" in raised.value.message


def test_the_order_of_the_offer_is_kept() -> None:
    assert reports(reports=["b", "a"]).restrict(["a", "c", "b"]) == ["a", "b"]
    assert reports().restrict(["c", "a"]) == ["c", "a"]


def test_two_configured_queries_of_one_name_are_refused() -> None:
    queries = [{"name": "My query", "query": "SELECT 1"}, {"name": "my-query", "query": "SELECT 2"}]
    sana = reports("sana", base_url="https://x.example", credentials={"auth_type": "access_token"}, queries=queries)
    with pytest.raises(ConfigError, match="'my_query'"):
        sana.declared()


def test_a_declared_stream_is_found_without_a_question_to_the_vendor() -> None:
    vendor = Lists("anything")
    name = next(iter(by_name(reports().declared().values())))
    (stream,) = chosen(vendor, {name: {}})
    assert stream.name == name
    assert vendor.asked == 0


def test_listed_streams_are_found_with_one_question() -> None:
    vendor = Lists("admin-xls-report", "scores")
    found = chosen(vendor, {"scores": {}, "admin_xls_report_user_data": {}, "nobodys": {}})
    assert [(one.name, one.report, one.part.output) for one in found] == [
        ("scores", "scores", ""),
        ("admin_xls_report_user_data", "admin-xls-report", "user_data"),
    ]
    assert vendor.asked == 1


def test_a_sheet_belongs_to_the_report_with_the_longest_name() -> None:
    (found,) = chosen(Lists("user", "user-scores"), {"user_scores_week": {}})
    assert (found.report, found.part.output) == ("user-scores", "week")


def test_of_two_reports_with_one_name_the_first_is_read_as_discovery_offers_it() -> None:
    (found,) = chosen(Lists("user-scores", "user_scores"), {"user_scores": {}})
    assert found.report == "user-scores"


def test_two_reports_of_one_id_are_told_unless_they_are_one(caplog: pytest.LogCaptureFixture) -> None:
    same, other = ({"Name": "Grades", "DataSetId": one} for one in ("a", "b"))
    with_names = Reports(load_platform("canvas"), reports().settings)
    for items, told in (([same, same], False), ([same, other], True)):
        caplog.clear()
        vendor = Lists()
        vendor.listed = [{"report": "grades", **one} for one in items]  # type: ignore[misc]
        found = with_names.offered(cast("Client", vendor), "list").listed
        assert found["grades"]["DataSetId"] == items[-1]["DataSetId"]
        assert ("two reports that are called grades" in caplog.text) is told


def test_a_list_that_names_its_reports_otherwise_invents_none() -> None:
    vendor = Lists()
    vendor.listed = [{"name": "users"}]  # type: ignore[list-item]
    tables = Reports(load_platform("instructure_dap"), reports().settings)
    with pytest.raises(Refusal) as caught:
        tables.listed(cast("Client", vendor), "list")
    assert "has an entry without a name where one should be" in caught.value.error.message


def test_a_cursor_of_the_catalog_counts_as_a_column() -> None:
    (found,) = chosen(Lists("scores"), {"scores": {"properties": {}}}, {"scores": "updated_at"})
    assert "updated_at" in found.schema["properties"]


@pytest.mark.parametrize("listed", [("users", "courses"), ("users", "typo", "courses")])
def test_parameters_of_a_report_that_is_not_there_or_left_out_are_refused(listed: tuple[str, ...]) -> None:
    parameters = [{"report": "typo", "name": "x", "value": "1"}]
    chosen_ones = [] if "typo" not in listed else ["users"]
    with pytest.raises(ConfigError, match="`report_parameters` names the report 'typo'"):
        reports("canvas", reports=chosen_ones, report_parameters=parameters).restrict(listed)
    assert reports("canvas", report_parameters=parameters).restrict(["typo"]) == ["typo"]
