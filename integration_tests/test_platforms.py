"""Every platform in every format: exact values, a second sync, and what wrong credentials are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from integration_tests.connector import Connector, Json, as_set, catalog_of, merged_state, numbers_alike, present, quick
from integration_tests.sandbox import Sandbox

# HapYak's quota is four reports a minute; not every report of Second Nature knows a time range.
SECOND_NATURE = {"reports": ["admin-xls-report", "course-completion-report", "conversation-transcripts"]}
HAPYAK = {"reports": ["project_engagement_summary_raw", "user_stream_raw"]}
SESSIONS = {"report_parameters": [{"report": "sessions", "name": "courseIds", "value": "course:1,course:2"}]}
FORMATS: dict[str, tuple[str, Json]] = {
    "Second Nature, JSON": ("second_nature", SECOND_NATURE),
    "Second Nature, CSV": ("second_nature", {**SECOND_NATURE, "report_format": "csv"}),
    "Second Nature, XLSX": ("second_nature", {**SECOND_NATURE, "report_format": "xlsx"}),
    "Sana, CSV": ("sana", {}),
    "Sana, XLSX": ("sana", {"report_format": "xlsx"}),
    "TinQwise": ("tinqwise", {}),
    "Percipio": ("percipio", {}),
    "Adobe Learning Manager": ("adobe_learning_manager", SESSIONS),
    "HapYak, CSV": ("hapyak", HAPYAK),
    "HapYak, JSON": ("hapyak", {**HAPYAK, "report_format": "json"}),
}
TRUTH: dict[str, Json] = {"course_user_state": {"include_external_user_id": True}}
LATER = "2026-02-01T12:00:00Z"
CHANGES: dict[str, tuple[str, dict[int, Json]]] = {
    "second_nature": ("admin_xls_report_course_progress", {3: {"updated_at": LATER}}),
    "sana": ("user_course_instance_progress", {4: {"last_progress_date": LATER.replace("Z", ".000000Z")}}),
    "tinqwise": ("modules", {2: {"modified_at": LATER}}),
}
WRONG: dict[str, tuple[Json, str]] = {
    "second_nature": ({"api_key": "wrong-key-0000"}, "refuses the API key"),
    "sana": (
        {"credentials": {"auth_type": "client_credentials", "client_id": "x", "client_secret": "wrong-secret"}},
        "refuses the API client",
    ),
    "tinqwise": ({"client_secret": "wrong-secret"}, "refuses the client"),
    "adobe_learning_manager": ({"refresh_token": "wrong-token-0000"}, "refuses the refresh token or the application"),
    "brightspace": ({"client_secret": "wrong-secret"}, "refuses the application"),
    "percipio": ({"access_token": "wrong-token-0000"}, "refuses the access token"),
    "hapyak": ({"credentials": {"auth_type": "api_key", "api_key": "wrong-key-0000"}}, "refuses the credentials"),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=60) as started:
        yield started


@pytest.fixture(autouse=True)
def _forget(sandbox: Sandbox) -> None:
    sandbox.reset()


def config_of(sandbox: Sandbox, platform: str, settings: Json) -> Json:
    config = quick(sandbox, platform, **settings)
    return {**config, "start_date": last_month()} if platform == "hapyak" else config


def last_month() -> str:
    """The first of last month: one window a report, so that the vendor's quota of reports a minute is enough."""
    day = datetime.now(timezone.utc).replace(day=1) - timedelta(days=1)
    return day.strftime("%Y-%m-01T00:00:00Z")


def truth(sandbox: Sandbox, platform: str, stream: str, **options: Any) -> set[str]:
    found = sandbox.truth(platform, stream, **TRUTH.get(stream, {}), **options)
    return as_set(numbers_alike(present(record)) for record in found)


@pytest.mark.parametrize("name", FORMATS)
def test_given_a_format_when_read_then_every_value_is_the_vendors(
    sandbox: Sandbox, connector: Connector, name: str
) -> None:
    platform, settings = FORMATS[name]
    config = config_of(sandbox, platform, settings)
    catalog = connector.discover(config).catalog
    run = connector.read(config, catalog_of(catalog.values(), "full_refresh"))
    assert run.code == 0
    for stream in catalog:
        got = as_set(numbers_alike(record) for record in run.records.get(stream, []))
        options = {"format": settings.get("report_format", "csv")} if platform == "hapyak" else {}
        assert got == truth(sandbox, platform, stream, **options), stream


@pytest.mark.parametrize("platform", CHANGES)
def test_given_a_changed_row_when_read_again_then_it_comes_and_older_ones_do_not(
    sandbox: Sandbox, connector: Connector, platform: str
) -> None:
    stream, change = CHANGES[platform]
    config = config_of(sandbox, platform, SECOND_NATURE if platform == "second_nature" else {})
    chosen = catalog_of([connector.discover(config).catalog[stream]])
    first = connector.read(config, chosen)
    sandbox.mutate(platform, stream, update=change)
    second = connector.read(config, chosen, merged_state(first))
    (column,) = [name for name in first.states[stream] if not name.startswith("_report")]
    reached, again = first.states[stream][column], second.records[stream]
    assert second.code == 0
    assert LATER[:19] in {str(record.get(column))[:19] for record in again}
    assert all(record.get(column) is None or record[column] >= reached for record in again)
    assert 0 < len(again) < len(first.records[stream])
    assert second.states[stream][column][:19] == LATER[:19]


def test_given_days_that_are_read_when_read_again_then_none_of_them_is_asked_for(
    sandbox: Sandbox, connector: Connector
) -> None:
    config = config_of(sandbox, "hapyak", {"reports": ["user_stream_raw"]})
    chosen = catalog_of(connector.discover(config).catalog.values())
    first = connector.read(config, chosen)
    second = connector.read(config, chosen, merged_state(first))
    assert first.records["user_stream_raw"]
    assert (second.code, second.records) == (0, {})
    assert second.states["user_stream_raw"] == first.states["user_stream_raw"]


NO_RANGE = {"reports": ["license-usage"]}
# As if the sync before had been a while ago: within one second there is nothing new to ask for.
BEFORE = [
    {
        "type": "STREAM",
        "stream": {
            "stream_descriptor": {"name": "license_usage"},
            "stream_state": {"_report_end": "2026-01-10T00:00:00Z"},
        },
    }
]


@pytest.mark.parametrize("settings", [{}, {"start_date": "2026-01-01T00:00:00Z"}])
def test_given_a_report_that_refuses_a_time_range_when_read_then_all_of_it_comes(
    sandbox: Sandbox, connector: Connector, settings: Json
) -> None:
    config = {**config_of(sandbox, "second_nature", NO_RANGE), **settings}
    chosen = catalog_of([connector.discover(config).catalog["license_usage"]])
    first = connector.read(config, chosen)
    second = connector.read(config, chosen, BEFORE)
    for run in (first, second):
        assert run.code == 0, run.errors
        rows = [numbers_alike(row) for row in run.records["license_usage"]]
        assert as_set({**row, "_report_end": None} for row in rows) == truth(sandbox, "second_nature", "license_usage")
    (warning,) = [text for text in second.logged("WARN") if "time range" in text]
    assert "license_usage" in warning
    assert "all of it is read" in warning
    assert first.states["license_usage"]["_report_end"] <= second.states["license_usage"]["_report_end"]


def test_given_a_whole_report_that_is_left_behind_when_read_again_then_its_job_is_taken_up(
    sandbox: Sandbox, connector: Connector
) -> None:
    config = config_of(sandbox, "second_nature", NO_RANGE)
    chosen = catalog_of([connector.discover(config).catalog["license_usage"]])
    sandbox.fault("job_never@second_nature:report=license-usage")
    late = connector.read({**config, "report_timeout_minutes": 0.02}, chosen, BEFORE)
    assert late.code == 1
    for job in sandbox.running_jobs():
        job.script = ["done"]
    ordered = len(sandbox.jobs("second_nature"))
    last = connector.read(config, chosen, merged_state(late))
    assert last.code == 0, last.errors
    assert len(last.records["license_usage"]) == len(list(sandbox.truth("second_nature", "license_usage")))
    assert len(sandbox.jobs("second_nature")) == ordered


def test_given_an_end_date_when_a_report_refuses_a_time_range_then_the_error_says_so(
    sandbox: Sandbox, connector: Connector
) -> None:
    config = {**config_of(sandbox, "second_nature", NO_RANGE), "end_date": "2026-01-15T00:00:00Z"}
    chosen = catalog_of([connector.discover(config).catalog["license_usage"]])
    run = connector.read(config, chosen)
    assert run.code == 1
    assert run.errors[0]["failure_type"] == "config_error"
    assert "without an end date" in run.errors[0]["message"]


@pytest.mark.parametrize("platform", WRONG)
def test_given_wrong_credentials_when_checked_then_the_platform_and_the_cure_are_named(
    sandbox: Sandbox, connector: Connector, platform: str
) -> None:
    settings, words = WRONG[platform]
    run = connector.check(quick(sandbox, platform, **settings))
    assert run.connection["status"] == "FAILED"
    assert words in run.connection["message"]
    assert "wrong-" not in run.stdout
