"""`discover` on Canvas: which streams there are, and what is promised about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator

from integration_tests.connector import Connector, Json, Run, quick, script
from integration_tests.sandbox import Sandbox

OWN = ["custom_attendance", "faculty_load_summary"]
OUTPUTS_OF_THE_VENDOR = 42


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=60) as started:
        yield started


@pytest.fixture(scope="module")
def run(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Connector(tmp_path_factory.mktemp("discover"), script).discover(quick(sandbox, "canvas"))


@pytest.fixture(scope="module")
def catalog(run: Run) -> dict[str, Json]:
    assert run.code == 0
    return run.catalog


def test_every_output_of_every_report_is_a_stream(sandbox: Sandbox, catalog: dict[str, Json]) -> None:
    assert sorted(catalog) == sorted(sandbox.streams("canvas"))
    assert len(set(catalog) - set(OWN)) == OUTPUTS_OF_THE_VENDOR


@pytest.mark.usefixtures("catalog")
def test_nothing_is_ordered(sandbox: Sandbox) -> None:
    assert sandbox.requests("canvas", "order") == []


def test_schemas_are_json_schemas_that_allow_columns_to_come(catalog: dict[str, Json]) -> None:
    for name, stream in catalog.items():
        schema = stream["json_schema"]
        Draft7Validator.check_schema(schema)
        assert schema.get("additionalProperties") is not False, name
        for column, kind in schema["properties"].items():
            assert "null" in kind["type"], f"{name}.{column}"


def test_streams_of_the_vendor_know_their_columns(sandbox: Sandbox, catalog: dict[str, Json]) -> None:
    for name in set(catalog) - set(OWN):
        known = set(catalog[name]["json_schema"]["properties"])
        for record in sandbox.truth("canvas", name, windows=[["2026-01-01T00:00:00Z", "2026-01-15T00:00:00Z"]]):
            assert set(record) <= known or name == "mgp_grade_export", name


def test_a_report_of_the_institution_has_the_columns_of_its_last_run(
    sandbox: Sandbox, catalog: dict[str, Json]
) -> None:
    columns = list(next(iter(sandbox.truth("canvas", "custom_attendance"))))

    assert list(catalog["custom_attendance"]["json_schema"]["properties"]) == columns


def test_a_report_that_never_ran_is_open_and_told_of(run: Run, catalog: dict[str, Json]) -> None:
    assert catalog["faculty_load_summary"]["json_schema"]["properties"] == {}
    warnings = [text for text in run.logged("WARN") if "faculty_load_summary" in text]
    assert len(warnings) == 1


CURSORS = {
    "eportfolio_report": "updated_at",
    "last_user_access": "last access at",
    "last_enrollment_activity": "last activity at",
    "outcome_results": "submission date",
    "student_assignment_outcome_map": "submission date",
    "unused_courses": "created at",
    "students_with_no_submissions": "_report_end",
}


def test_streams_with_a_usable_time_are_incremental_by_it(catalog: dict[str, Json]) -> None:
    found = {
        name: stream["default_cursor_field"]
        for name, stream in catalog.items()
        if "incremental" in stream["supported_sync_modes"]
    }

    assert found == {name: [column] for name, column in CURSORS.items()}
    for name, (column,) in found.items():
        assert column in catalog[name]["json_schema"]["properties"]
        assert catalog[name]["source_defined_cursor"] is True


SETTINGS: list[dict[str, Any]] = [{}, {"temporary_enrollments": True, "consortium": True, "integration_ids": True}]


@pytest.mark.parametrize("settings", SETTINGS, ids=["plain", "with options"])
@pytest.mark.parametrize("include_deleted", [False, True])
def test_declared_keys_are_never_null_and_unique(
    catalog: dict[str, Json], settings: dict[str, Any], include_deleted: bool
) -> None:
    keyed = {
        name: stream["source_defined_primary_key"]
        for name, stream in catalog.items()
        if stream.get("source_defined_primary_key")
    }
    parameters = {"include_deleted": "true"} if include_deleted else {}
    with Sandbox(rows=400, seed=7, settings={"canvas": settings}) as large:
        for name, key in keyed.items():
            keys = [
                tuple(row[column] for (column,) in key) for row in large.truth("canvas", name, parameters=parameters)
            ]
            assert keys, name
            assert all(part is not None for one in keys for part in one), name
            assert len(set(keys)) == len(keys), name
    assert len(keyed) >= 15


def test_what_the_sis_made_has_no_key(catalog: dict[str, Json]) -> None:
    """Canvas picks rows by the SIS batch that made them; somebody may have cleared the SIS id since."""
    keyed = [name for name, stream in catalog.items() if stream.get("source_defined_primary_key")]

    assert [name for name in keyed if name.startswith("sis_export_")] == []


def test_only_what_the_account_offers_is_a_stream(connector: Connector) -> None:
    offered = ["grade_export_csv", "sis_export_csv"]
    with Sandbox(rows=10, settings={"canvas": {"offered": offered, "paginate_reports": True}}) as small:
        catalog = connector.discover(quick(small, "canvas")).catalog

        assert sorted(catalog) == sorted(small.streams("canvas"))
        assert len(catalog) == 13


def test_only_the_wanted_reports_are_streams(sandbox: Sandbox, connector: Connector) -> None:
    run = connector.discover(quick(sandbox, "canvas", reports=["zero_activity_csv", "custom_attendance_csv"]))

    assert sorted(run.catalog) == ["custom_attendance", "zero_activity"]


def test_a_long_list_of_reports_is_followed_over_its_pages(connector: Connector) -> None:
    with Sandbox(rows=10, settings={"canvas": {"paginate_reports": True}}) as paged:
        run = connector.discover(quick(paged, "canvas"))

        assert sorted(run.catalog) == sorted(paged.streams("canvas"))


def test_discover_says_why_it_cannot(sandbox: Sandbox, connector: Connector) -> None:
    run = connector.discover(quick(sandbox, "canvas", access_token="token-expired"))

    assert run.code == 1
    assert run.of("CATALOG") == []
    assert [error["failure_type"] for error in run.errors] == ["config_error"]
    assert "has expired" in run.errors[0]["message"]
    assert connector.leftovers == []
