"""Whose table is it: another report, another language, a lone file for several outputs, names that two things claim."""

from __future__ import annotations

from typing import Any

import pytest

from integration_tests.connector import Connector, Json, catalog_of
from integration_tests.sandbox import downloads
from integration_tests.sandbox.core import Response

GERMAN = "Kurs-ID,Benutzer-ID,Letzter Zugriff am\n1,2,2026-01-01T00:00:00Z\n"
COURSES = (
    "canvas_course_id,course_id,short_name,long_name,canvas_account_id,account_id,term_id,status\n7,,a,b,1,,,active\n"
)


def serve(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Have every download link of the sandbox answer with one CSV."""

    def answer(*_: Any) -> Response:
        return Response(200, [("Content-Type", "text/csv")], text.encode())

    monkeypatch.setattr(downloads, "whole_file", answer)


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
