from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from source_lms_reports.plan.columns import keep_before, keep_from
from source_lms_reports.plan.orders import ReportPlan
from source_lms_reports.plan.stream import Selected
from unit_tests.connections import connection

NOW = datetime(2026, 3, 2, 10, 30, tzinfo=timezone.utc)


def canvas(
    report: str, *, cursor: str | None = None, items: list[str] | None = None, **more: Any
) -> list[dict[str, Any]]:
    declared, settings = connection("canvas", **more)
    plan = ReportPlan([Selected(stream, cursor) for stream in declared[report]], settings, NOW, items)
    return [dict(slice_.order.parameters) for slice_ in plan.slices()]


def test_streams_of_one_report_share_one_order_that_asks_for_their_outputs() -> None:
    (order,) = canvas("provisioning_csv")
    assert sorted(name for name, value in order.items() if value == "true" and name != "skip_message") == [
        "accounts", "admins", "courses", "enrollments", "group_categories", "group_membership", "groups",
        "institutional_tag_associations", "institutional_tag_categories", "institutional_tags", "sections", "terms",
        "user_observers", "users", "xlist",
    ]  # fmt: skip


def test_switches_that_are_off_are_left_out_and_those_that_are_on_are_sent() -> None:
    assert canvas("zero_activity_csv") == [{"skip_message": "true"}]
    on = {"include_deleted": True, "enrollment_term_id": "7"}
    assert canvas("grade_export_csv", platform=on) == [
        {"enrollment_term_id": "7", "include_deleted": "true", "skip_message": "true"}
    ]


def test_a_parameter_that_is_a_list_is_one() -> None:
    given = [{"report": "students_with_no_submissions_csv", "name": "enrollment_state", "value": "active, invited"}]
    (order,) = canvas("students_with_no_submissions_csv", platform={"report_parameters": given})
    assert order["enrollment_state"] == ["active", "invited"]
    (order,) = canvas(
        "students_with_no_submissions_csv", platform={"report_parameters": [{**given[0], "value": " , "}]}
    )
    assert "enrollment_state" not in order


@pytest.mark.parametrize("value", ["false", "False"])
def test_a_parameter_of_the_user_that_is_off_is_not_sent(value: str) -> None:
    given = [{"report": "zero_activity_csv", "name": "created_by_sis", "value": value}]
    assert canvas("zero_activity_csv", platform={"report_parameters": given}) == [{"skip_message": "true"}]


def test_one_order_for_each_item() -> None:
    orders = canvas("mgp_grade_export_csv", items=["1", "2"])
    assert [order["enrollment_term_id"] for order in orders] == ["1", "2"]
    assert canvas("mgp_grade_export_csv", items=[]) == []


def test_a_second_parameter_set_is_an_order_of_its_own_where_it_differs() -> None:
    assert len(canvas("eportfolio_report_csv")) == 1
    assert len(canvas("eportfolio_report_csv", platform={"include_deleted": True})) == 2


def windows(name: str, report: str, cursor: str | None = None, **more: Any) -> list[tuple[str | None, str | None]]:
    declared, settings = connection(name, **more)
    slices = ReportPlan([Selected(declared[report][0], cursor)], settings, NOW).slices()
    return [(slice_.window.start, slice_.window.end) for slice_ in slices if slice_.window]


NO_SUBMISSIONS = "students_with_no_submissions_csv"


def test_windows_of_two_weeks_from_the_start_date_to_now() -> None:
    assert windows("canvas", NO_SUBMISSIONS, start_date="2026-02-01T00:00:00Z") == [
        ("2026-02-01T00:00:00Z", "2026-02-15T00:00:00Z"),
        ("2026-02-15T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("2026-03-01T00:00:00Z", "2026-03-02T10:30:00Z"),
    ]


def test_windows_begin_two_weeks_back_at_the_cursor_or_so_much_before_it() -> None:
    assert windows("canvas", NO_SUBMISSIONS) == [("2026-02-16T10:30:00Z", "2026-03-02T10:30:00Z")]
    cursor = "2026-03-01T00:00:00Z"
    assert windows("canvas", NO_SUBMISSIONS, cursor)[0][0] == cursor
    assert windows("canvas", NO_SUBMISSIONS, cursor, lookback_days=3)[0][0] == "2026-02-26T00:00:00Z"
    assert windows("canvas", NO_SUBMISSIONS, cursor, lookback_days=30, start_date="2026-02-20T00:00:00Z")[0][0] == (
        "2026-02-20T00:00:00Z"
    )


def test_nothing_is_left_to_read_at_the_end_date() -> None:
    assert windows("canvas", NO_SUBMISSIONS, "2026-02-01T00:00:00Z", end_date="2026-02-01T00:00:00Z") == []
    assert windows("canvas", NO_SUBMISSIONS, "2026-03-03T00:00:00Z") == []


def test_days_that_have_not_ended_are_not_read() -> None:
    assert windows("hapyak", "user_stream_raw", start_date="2026-02-20T00:00:00Z") == [("2026-02-20", "2026-03-01")]
    assert windows("hapyak", "user_stream_raw", "2026-03-01") == []
    assert windows("hapyak", "user_stream_raw", "2026-02-27") == [("2026-02-28", "2026-03-01")]


def test_details_are_asked_for_in_half_years_and_summaries_in_whole_units() -> None:
    details = windows("hapyak", "user_stream_raw", start_date="2025-01-01T00:00:00Z")
    assert details == [("2025-01-01", "2025-06-30"), ("2025-07-01", "2025-12-31"), ("2026-01-01", "2026-03-01")]
    months = windows("hapyak", "user_engagement_summary_raw", start_date="2026-01-10T00:00:00Z")
    assert months == [("2026-01-01", "2026-01-31"), ("2026-02-01", "2026-02-28")]
    weeks: dict[str, Any] = {"platform": {"summary_window": "week"}, "start_date": "2026-02-18T00:00:00Z"}
    assert windows("hapyak", "user_engagement_summary_raw", **weeks) == [
        ("2026-02-16", "2026-02-22"),
        ("2026-02-23", "2026-03-01"),
    ]


def test_rows_are_kept_from_the_cursor_on_and_before_the_end_date() -> None:
    declared, settings = connection("canvas", lookback_days=1, end_date="2026-03-01T00:00:00Z")
    (stream,) = declared["last_user_access_csv"]
    (windowed,) = declared[NO_SUBMISSIONS]
    (full,) = declared["grade_export_csv"]

    assert keep_from(Selected(stream, "2026-02-02T07:00:00-07:00"), settings) == datetime(
        2026, 2, 1, 14, tzinfo=timezone.utc
    )
    assert keep_before(Selected(stream), settings) == datetime(2026, 3, 1, tzinfo=timezone.utc)
    for other in (windowed, full):
        assert keep_from(Selected(other, "2026-02-02T00:00:00Z"), settings) is None
        assert keep_before(Selected(other), settings) is None


def test_the_same_order_has_the_same_identity_in_the_next_sync() -> None:
    declared, settings = connection("canvas")
    once, again = (
        ReportPlan([Selected(stream) for stream in declared["provisioning_csv"]], settings, now)
        .slices()[0]
        .order.identity
        for now in (NOW, NOW.replace(hour=23))
    )
    assert once == again


@pytest.mark.parametrize("cursor", ["0001-01-01", "9999-12-31T23:59:59Z"])
def test_a_cursor_at_the_end_of_time_is_a_cursor(cursor: str) -> None:
    for name, report in (("sana", "user_course_instance_progress"), ("canvas", "eportfolio_report_csv")):
        declared, settings = connection(name, lookback_days=2)
        selected = Selected(declared[report][0], cursor, incremental=True)
        assert ReportPlan([selected], settings, NOW).slices()
        assert keep_from(selected, settings) is not None
