"""Whose table is it: another report, another language, a lone file for several outputs, names that two things claim."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from integration_tests.connector import Connector, Json, catalog_of, quick
from integration_tests.sandbox import Sandbox, downloads
from integration_tests.sandbox.core import Response
from integration_tests.sandbox.vendors import second_nature

GERMAN = "Kurs-ID,Benutzer-ID,Letzter Zugriff am\n1,2,2026-01-01T00:00:00Z\n"
COURSES = (
    "canvas_course_id,course_id,short_name,long_name,canvas_account_id,account_id,term_id,status\n7,,a,b,1,,,active\n"
)


def serve(monkeypatch: pytest.MonkeyPatch, text: str, kind: str = "text/csv") -> None:
    """Have every download link of the sandbox answer with one text, as if the vendor had made that."""
    content = text.encode()

    def answer(*_: Any) -> Response:
        return Response(200, [("Content-Type", kind)], content)

    monkeypatch.setattr(downloads, "whole_file", answer)
    monkeypatch.setattr(downloads.Artifact, "size", len(content))


def read(connector: Connector, config: Json, *names: str, state: list[Json] | None = None) -> Any:
    catalog = connector.discover(config).catalog
    return connector.read(config, catalog_of(catalog[name] for name in names), state)


@pytest.mark.parametrize(
    ("stream", "why"),
    [
        ("grade_export", "it has none of the columns that the stream has"),
        ("course_storage", "the column 'id' of its key is missing"),
        ("last_user_access", "its cursor column 'last access at' is missing"),
    ],
)
def test_another_report_or_language_is_told_before_any_record(
    connector: Connector, config: Json, monkeypatch: pytest.MonkeyPatch, stream: str, why: str
) -> None:
    text = GERMAN.replace("Benutzer-ID", "user id") if stream == "last_user_access" else GERMAN
    good = read(connector, config, stream)
    assert good.code == 0
    serve(monkeypatch, text)

    run = read(connector, config, stream, state=good.state_file)

    assert run.code == 1
    (error,) = run.errors_of(stream)
    assert why in error["message"]
    assert text.splitlines()[0].replace(",", ", ") in error["message"]
    assert "language of the account" in error["message"]
    assert error["failure_type"] == "config_error"
    assert run.records == {}
    cursor = good.states[stream].get("last access at")
    assert run.states[stream].get("last access at") == cursor


def test_rows_none_of_which_has_the_cursor_are_told_before_any_record(
    canvas: Sandbox, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = quick(canvas, "second_nature", report_format="json")
    good = read(connector, settings, "conversation_transcripts")
    assert good.states["conversation_transcripts"]["updated_at"]
    stream = connector.discover(settings).catalog["conversation_transcripts"]
    rows = [{"conversation_id": str(number), "transcript": "x" * 1000} for number in range(1000)]
    serve(monkeypatch, json.dumps(rows), "application/json")

    run = connector.read(settings, catalog_of([stream]), good.state_file)

    assert run.code == 1
    (error,) = run.errors_of("conversation_transcripts")
    assert (
        "its cursor column 'updated_at' is missing. The columns that came: conversation_id, transcript."
        in error["message"]
    )
    assert run.records == {}


def test_a_lone_file_for_several_outputs_belongs_to_one_of_them(
    connector: Connector, config: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, COURSES)

    run = read(connector, config, "provisioning_users", "provisioning_courses", "provisioning_sections")

    assert run.final == {
        "provisioning_users": "INCOMPLETE",
        "provisioning_courses": "COMPLETE",
        "provisioning_sections": "INCOMPLETE",
    }
    assert [row["canvas_course_id"] for row in run.records["provisioning_courses"]] == [7]
    assert set(run.records) == {"provisioning_courses"}
    for other in ("users", "sections"):
        (error,) = run.errors_of(f"provisioning_{other}")
        assert f"has no part called '{other}'" in error["message"]


LEADERS = second_nature.REPORTS["team-leaderboard"]
LICENSES = second_nature.REPORTS["license-usage"]
NAMESAKES = second_nature.Report(
    (*LEADERS.sheets, dataclasses.replace(LICENSES.sheets[0], name="leaderboard!", of="Licenses")), False
)
SHEET_AND_REPORT = {
    "admin-xls-report": second_nature.REPORTS["admin-xls-report"],
    "admin-xls-report-users": LEADERS,
    "weeks": NAMESAKES,
    "Admin.XLS.Report.users": LICENSES,
}
COLUMNS = {
    "admin_xls_report_users": {"team", "seats", "used", "share"},
    "admin_xls_report_users_2": {"rank", "user_email", "points"},
    "admin_xls_report_users_3": {"full_name", "license_active"},
    "weeks_leaderboard": {"rank", "user_email", "points"},
    "weeks_leaderboard_2": {"team", "seats", "used", "share"},
}


@pytest.mark.parametrize("turned", [False, True])
def test_a_name_that_several_things_claim_means_the_same_in_discovery_and_reading(
    canvas: Sandbox, connector: Connector, monkeypatch: pytest.MonkeyPatch, turned: bool
) -> None:
    listed = list(SHEET_AND_REPORT.items())
    monkeypatch.setattr(second_nature, "REPORTS", dict(reversed(listed) if turned else listed))
    for form in ("json", "xlsx"):
        config = quick(canvas, "second_nature", report_format=form)
        found = connector.discover(config)
        run = connector.read(config, catalog_of([found.catalog[name] for name in COLUMNS], "full_refresh"))

        assert any("the second is called 'admin_xls_report_users_3'" in text for text in found.logged("WARN"))
        assert run.code == 0
        for name, columns in COLUMNS.items():
            assert columns <= set(found.catalog[name]["json_schema"]["properties"]), name
            assert columns <= set().union(*run.records[name]), name


@pytest.mark.parametrize("catalog", ["of today", "of 0.1.0"])
def test_a_saved_catalog_keeps_its_meaning_when_a_report_of_that_name_comes(
    canvas: Sandbox, connector: Connector, monkeypatch: pytest.MonkeyPatch, catalog: str
) -> None:
    config = quick(canvas, "second_nature", reports=["admin-xls-report"])
    saved = connector.discover(config).catalog["admin_xls_report_users"]
    if catalog == "of 0.1.0":
        schema = {name: one for name, one in saved["json_schema"].items() if not name.startswith("x-")}
        saved = {**saved, "json_schema": schema}
    before = connector.read(config, catalog_of([saved], "full_refresh"))
    monkeypatch.setitem(second_nature.REPORTS, "admin-xls-report-users", LEADERS)

    after = connector.read(quick(canvas, "second_nature"), catalog_of([saved], "full_refresh"))

    assert after.code == 0
    assert after.records == before.records
    assert len(after.records["admin_xls_report_users"]) > 1
