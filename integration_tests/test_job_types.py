"""Adobe Learning Manager: two shapes of jobs, five a day of a report, changes behind whole reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from integration_tests.connector import Connector, Json, Run, as_set, catalog_of, present, quick
from integration_tests.sandbox import Sandbox

NAME = "adobe_learning_manager"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=60) as started:
        yield started


@pytest.fixture(autouse=True)
def _forget(sandbox: Sandbox) -> None:
    sandbox.reset()
    switches: Json = {"new_shape": False, "zip_rows": 500_000, "per_day": 5, "refusal": 400, "zone": "Asia/Calcutta"}
    sandbox.vendors[NAME].apply_settings(switches)


@pytest.fixture(scope="module")
def streams(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Json]:
    return Connector(tmp_path_factory.mktemp("discover")).discover(quick(sandbox, NAME)).catalog


Reader = Callable[..., Run]


@pytest.fixture
def read(sandbox: Sandbox, connector: Connector, streams: dict[str, Json]) -> Reader:
    """Reads streams by their names."""

    def reader(*names: str, state: Any = None, shared: Json | None = None, **settings: Any) -> Run:
        config = {**quick(sandbox, NAME, **settings), **(shared or {})}
        return connector.read(config, catalog_of(streams[name] for name in names), state)

    return reader


def attributes(sandbox: Sandbox) -> list[Json]:
    return [entry.body["data"]["attributes"] for entry in sandbox.requests(NAME, "order")]


def state_of(stream: str, **state: Any) -> list[Json]:
    """As if the sync before had been a while ago: within one second there is nothing new to ask for."""
    return [{"type": "STREAM", "stream": {"stream_descriptor": {"name": stream}, "stream_state": state}}]


def of_vendor(records: list[Json]) -> set[str]:
    return as_set({name: value for name, value in one.items() if not name.startswith("_report")} for one in records)


@pytest.mark.parametrize("new_shape", [False, True])
def test_a_job_of_either_shape_is_read_with_credentials_on_the_own_host_only(
    sandbox: Sandbox, read: Reader, new_shape: bool
) -> None:
    sandbox.vendors[NAME].apply_settings({"new_shape": new_shape})
    run = read("learner_transcripts", "gamification")

    assert run.code == 0, run.errors
    for name in ("learner_transcripts", "gamification"):
        assert of_vendor(run.records[name]) == as_set(map(present, sandbox.truth(NAME, name))), name
    assert not sandbox.journal.marked("credentials-at-download-host")
    assert {"+05:30", "+00:00"} == {
        record[column][-6:]
        for name, column in (("learner_transcripts", "Enrollment Date"), ("gamification", "Date Achieved"))
        for record in run.records[name]
    }


def test_the_first_sync_of_users_is_whole_and_later_ones_bring_changes(sandbox: Sandbox, read: Reader) -> None:
    first = read("users", shared={"start_date": "2026-01-01T00:00:00Z"})
    assert first.code == 0, first.errors
    assert of_vendor(first.records["users"]) == as_set(map(present, sandbox.truth(NAME, "users")))
    now = datetime.now(timezone.utc)
    reached = f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    assert first.states["users"]["_report_end"] > reached

    sandbox.mutate(NAME, "users", update={3: {"name": "New Name", "_time": now.timestamp() - 1800}})
    second = read("users", state=state_of("users", _report_end=reached))

    assert second.code == 0, second.errors
    assert [record["name"] for record in second.records["users"]] == ["New Name"]
    whole, changes = attributes(sandbox)
    assert (whole["jobType"], whole.get("payload")) == ("generateUsers", None)
    assert changes["jobType"] == "generateUserIncrementalReport"
    assert changes["payload"]["fromDate"] == reached
    assert second.states["users"]["_report_end"] == changes["payload"]["toDate"]


def test_a_report_in_several_files_is_read_whole(sandbox: Sandbox, read: Reader) -> None:
    sandbox.vendors[NAME].apply_settings({"zip_rows": 10})
    run = read("trainings")

    assert run.code == 0, run.errors
    assert as_set(run.records["trainings"]) == as_set(map(present, sandbox.truth(NAME, "trainings")))


def test_five_orders_a_day_hold_over_several_syncs(sandbox: Sandbox, read: Reader) -> None:
    now = datetime.now(timezone.utc)
    ordered = [(now - timedelta(hours=hours)).isoformat(timespec="milliseconds") for hours in (20, 19, 3, 2, 1)]
    run = read("trainings", "job_aids", state=state_of("trainings", _report_orders=ordered))

    (error,) = run.errors_of("trainings")
    until = now - timedelta(hours=20) + timedelta(days=1)
    assert error["failure_type"] == "transient_error"
    assert "(5 reports a day) is used up until" in error["message"]
    assert f"{until:%Y-%m-%d %H:}" in error["message"]
    assert run.final == {"trainings": "INCOMPLETE", "job_aids": "COMPLETE"}
    assert [one["jobType"] for one in attributes(sandbox)] == ["generateJobAidMetadataReport"]
    assert run.states["trainings"]["_report_orders"] == ordered


@pytest.mark.parametrize("status", [400, 429])
def test_a_refusal_that_speaks_of_a_limit_is_the_quota(sandbox: Sandbox, read: Reader, status: int) -> None:
    sandbox.vendors[NAME].apply_settings({"per_day": 0, "refusal": status})
    run = read("trainings")

    (error,) = run.errors_of("trainings")
    assert error["failure_type"] == "transient_error"
    assert "quota" in error["message"]
    assert len(attributes(sandbox)) == 1


def test_an_order_whose_answer_was_lost_counts_among_the_five(sandbox: Sandbox, read: Reader) -> None:
    sandbox.fault(f"order_lost@{NAME}:report=generateTrainingReport")
    run = read("trainings")

    assert run.code == 1  # the lost order's job is in progress, so no second one is taken
    assert len(run.states["trainings"]["_report_orders"]) == 1


def test_windows_are_ordered_one_behind_the_other(sandbox: Sandbox, read: Reader) -> None:
    run = read("login_access", shared={"start_date": "2025-06-01T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"})

    assert run.code == 0, run.errors
    assert as_set(run.records["login_access"]) == as_set(map(present, sandbox.truth(NAME, "login_access")))
    assert [one["payload"]["fromDate"][:7] for one in attributes(sandbox)] == ["2025-06", "2025-09", "2025-12"]
    assert not sandbox.journal.marked("quota-exceeded")
    assert len(run.states["login_access"]["_report_orders"]) == 3


def test_sessions_say_which_parameter_they_need(sandbox: Sandbox, read: Reader) -> None:
    run = read("sessions")
    (error,) = run.errors_of("sessions")
    assert error["failure_type"] == "config_error"
    assert "needs `report_parameters (courseIds or instructorIds)`" in error["message"]

    given = [{"report": "sessions", "name": "instructorIds", "value": "user:1,user:2"}]
    run = read("sessions", report_parameters=given, shared={"start_date": "2025-06-01T00:00:00Z"})
    assert run.code == 0, run.errors
    assert attributes(sandbox)[-1]["payload"]["instructorIds"] == "user:1,user:2"


def test_a_wait_of_part_of_a_second_is_kept(sandbox: Sandbox, read: Reader) -> None:
    sandbox.fault(f"poll_429@{NAME}:retry_after=0.752")
    assert read("trainings").code == 0
