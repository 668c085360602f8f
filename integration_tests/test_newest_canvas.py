"""What the newest Canvas does: conflicts, terms, stronger logins, tags, messages, arrays and earlier runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integration_tests.connector import Connector, Json, Run, as_set, catalog_of, quick
from integration_tests.sandbox import Sandbox


def read(connector: Connector, sandbox: Sandbox, *streams: str, shared: Json | None = None, **platform: Any) -> Run:
    """A first sync of some streams of the newest version."""
    config = {**quick(sandbox, "canvas", **platform), **(shared or {})}
    found = connector.discover(config).catalog
    return connector.read(config, catalog_of(found[stream] for stream in streams))


def test_an_order_that_is_answered_with_a_run_under_way_is_placed(connector: Connector) -> None:
    with Sandbox(rows=20) as sandbox:
        theirs = sandbox.act(
            "canvas", "seed_run", report="last_user_access_csv", status="running", polls=2, owner="them",
            parameters={"skip_message": "true"}, age_minutes=90,
        )  # fmt: skip
        sandbox.fault("list_500@canvas:report=last_user_access_csv,count=always")  # it cannot be found beforehand

        run = read(connector, sandbox, "last_user_access")

        assert run.code == 0, run.errors
        assert as_set(run.records["last_user_access"]) == as_set(sandbox.truth("canvas", "last_user_access"))
        assert sandbox.journal.marked("conflict")
        assert [job.number for job in sandbox.jobs("canvas") if job.report == "last_user_access_csv"] == [theirs["id"]]
        assert sandbox.requests("canvas", "abort") == sandbox.requests("canvas", "delete") == []
        # What changed since that run was ordered is not in it.
        assert run.states["last_user_access"]["last access at"] <= theirs["created_at"]


def test_a_term_by_its_sis_id_is_looked_up_for_the_report_that_wants_the_number(connector: Connector) -> None:
    with Sandbox(rows=60) as sandbox:
        run = read(connector, sandbox, "mgp_grade_export", enrollment_term_id="sis_term_id:0026S")
        assert run.code == 0, run.errors
        expected = list(sandbox.truth("canvas", "mgp_grade_export", parameters={"enrollment_term_id": "13"}))
        assert as_set(run.records["mgp_grade_export"]) == as_set(expected)
        assert expected

        run = read(connector, sandbox, "mgp_grade_export", "zero_activity", enrollment_term_id="active_terms")
        assert run.code == 1
        assert run.final == {"mgp_grade_export": "INCOMPLETE", "zero_activity": "COMPLETE"}
        (error,) = run.errors_of("mgp_grade_export")
        assert error["failure_type"] == "config_error"
        assert "Enter the number itself, or sis_term_id:<ID>" in error["message"]


def test_a_term_without_courses_has_no_rows(connector: Connector) -> None:
    with Sandbox(rows=60, settings={"canvas": {"term_without_courses": True}}) as sandbox:
        run = read(connector, sandbox, "mgp_grade_export")

        assert run.code == 0, run.errors
        asked = [dict(entry.body or []) for entry in sandbox.requests("canvas", "order")]
        assert "15" in {one["parameters[enrollment_term_id]"] for one in asked}
        assert as_set(run.records["mgp_grade_export"]) == as_set(sandbox.truth("canvas", "mgp_grade_export"))
        assert len(asked) == len({one["parameters[enrollment_term_id]"] for one in asked})  # none was ordered again


def test_a_stronger_login_is_named_beside_the_missing_permission(connector: Connector) -> None:
    with Sandbox(rows=5, settings={"canvas": {"elevated_login": True}}) as sandbox:
        found = connector.check(quick(sandbox, "canvas"))

        assert found.connection["status"] == "FAILED"
        for words in ('permission to view usage reports ("read_reports")', "elevated authentication provider"):
            assert words in found.connection["message"]


@pytest.mark.parametrize("has_tags", [True, False])
def test_outputs_of_a_feature_are_offered_where_the_account_has_it(connector: Connector, has_tags: bool) -> None:
    with Sandbox(rows=20, settings={"canvas": {"institutional_tags": has_tags}}) as sandbox:
        catalog = connector.discover(quick(sandbox, "canvas")).catalog
        tags = sorted(name for name in catalog if "institutional_tag" in name)
        assert len(tags) == (6 if has_tags else 0)
        assert set(catalog) == set(sandbox.streams("canvas"))
        if not has_tags:
            return
        run = connector.read(quick(sandbox, "canvas"), catalog_of(catalog[name] for name in tags))

        assert run.code == 0, run.errors
        for name in tags:
            assert as_set(run.records[name]) == as_set(sandbox.truth("canvas", name)), name


def test_what_canvas_says_of_a_failure_is_told(connector: Connector) -> None:
    with Sandbox(rows=5) as sandbox:
        sandbox.fault("job_fails@canvas:report=zero_activity_csv,count=always,words=Shard is down")

        run = read(connector, sandbox, "zero_activity")

        (error,) = run.errors_of("zero_activity")
        assert 'The vendor says: "Generating the report, Zero Activity, failed. Shard is down' in error["message"]


def test_enrollment_states_are_asked_for_as_an_array(connector: Connector) -> None:
    given = [
        {"report": "students_with_no_submissions_csv", "name": "enrollment_state", "value": "active,invited"},
        {"report": "students_with_no_submissions_csv", "name": "include_enrollment_state", "value": "true"},
    ]
    bounds = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-01-10T00:00:00Z"}
    with Sandbox(rows=60) as sandbox:
        run = read(connector, sandbox, "students_with_no_submissions", shared=bounds, report_parameters=given)

        assert run.code == 0, run.errors
        states = {record["enrollment state"] for record in run.records["students_with_no_submissions"]}
        assert states == {"active", "invited"}


def test_the_columns_of_a_custom_report_are_those_of_an_earlier_run_where_the_last_one_failed(
    connector: Connector,
) -> None:
    with Sandbox(rows=20) as sandbox:
        connector.discover(quick(sandbox, "canvas"))  # a run of the report is three days old
        sandbox.act("canvas", "seed_run", report="custom_attendance_csv", status="error", age_minutes=60)

        stream = connector.discover(quick(sandbox, "canvas")).catalog["custom_attendance"]

        assert "Student ID" in stream["json_schema"]["properties"]


@pytest.mark.parametrize("is_newer", [True, False])
def test_access_tokens_come_with_what_the_version_tells_of_them(connector: Connector, is_newer: bool) -> None:
    with Sandbox(rows=60, settings={"canvas": {"token_details": is_newer}}) as sandbox:
        run = read(connector, sandbox, "user_access_tokens")

        assert run.code == 0, run.errors
        assert as_set(run.records["user_access_tokens"]) == as_set(sandbox.truth("canvas", "user_access_tokens"))
        columns = set().union(*run.records["user_access_tokens"])
        assert ({"id", "purpose", "visible token"} <= columns) is is_newer
        assert "never" in json.dumps([record["creation"] for record in run.records["user_access_tokens"]])
