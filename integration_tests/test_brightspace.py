"""Brightspace on the command line: tokens that work once, sets that are ordered by a name, and files that are ready."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from integration_tests.connector import Connector, Json, Run, as_set, catalog_of, newest, quick
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.vendors.brightspace import ADS_SCOPES, BDS_SCOPES
from integration_tests.singer_output import tap
from source_lms_reports.spec.manifest import connection_specification
from source_lms_reports.spec.validation import validate_config

MOMENT = "_queued_for_processing_date"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=20) as started:
        yield started


def catalog(connector: Connector, config: Json, *streams: str, mode: str = "incremental") -> Json:
    found = connector.discover(config)
    assert found.code == 0, found.errors
    return catalog_of([found.catalog[name] for name in streams or found.catalog], mode)


def orders(sandbox: Sandbox) -> list[Json]:
    return [entry.body for entry in sandbox.requests("brightspace", "order")]


def read(connector: Connector, config: Json, *args: Any) -> Run:
    run = connector.read(config, *args)
    assert run.code == 0, run.errors
    return run


def without_windows(records: list[Json]) -> set[str]:
    """Rows of a first sync, whose windows begin when it is."""
    return as_set({name: one for name, one in row.items() if not name.startswith("_report_")} for row in records)


# -- tokens that work once


def test_a_new_token_leaves_in_each_command_before_the_access_token_is_used(
    connector: Connector, sandbox: Sandbox
) -> None:
    config = quick(sandbox, "brightspace", data_sets=["Users"])
    runs = [connector.check(config), connector.discover(config)]
    runs.append(connector.read(config, catalog_of(runs[1].catalog.values())))

    assert [run.code for run in runs] == [0, 0, 0]
    specification = connection_specification()
    for run in runs:
        first = next(message for message in run.messages if message["type"] not in ("LOG", "TRACE"))
        assert first["type"] == "CONTROL"
        changed = first["control"]["connectorConfig"]["config"]
        validate_config(changed, specification)
        token = changed["platform"].pop("refresh_token")
        assert changed == {**config, "platform": {k: v for k, v in config["platform"].items() if k != "refresh_token"}}
        told = [line for line in run.stdout.splitlines() if not line.startswith('{"type":"CONTROL"')]
        assert not any(secret in "".join([*told, run.stderr]) for secret in (token, "d2l-client-secret", "d2l-0"))
    assert {entry.status for entry in sandbox.requests("brightspace", "token")} == {200}


def test_a_kill_right_behind_the_message_loses_nothing(connector: Connector, sandbox: Sandbox) -> None:
    config = quick(sandbox, "brightspace", data_sets=["Users"])
    wanted = catalog(connector, config)
    started = connector.start_read(config, wanted, hold_at=b'{"type":"CONTROL"')
    assert started.holding.wait(60)
    started.send(signal.SIGKILL)
    started.finish()

    run = read(connector, config, wanted)

    assert as_set(run.records["bds_users"]) == as_set(sandbox.truth("brightspace", "bds_users", incremental=True))


def test_a_spent_token_is_told_and_is_not_sent_where_it_is_known_to_be_spent(
    connector: Connector, sandbox: Sandbox, tmp_path: Path
) -> None:
    config = quick(sandbox, "brightspace", data_sets=["Users"])
    assert connector.check(config).connection["status"] == "SUCCEEDED"
    (tmp_path / "old.json").write_text(json.dumps(config))

    here = connector.run("check", "--config", str(tmp_path / "old.json"))
    elsewhere = Connector(tmp_path / "elsewhere").run("check", "--config", str(tmp_path / "old.json"))

    assert "has been used on this machine before" in here.connection["message"]
    assert "consent to the application once more" in elsewhere.connection["message"]
    assert [entry.marks for entry in sandbox.requests("brightspace", "token")] == [[], ["spent-refresh-token"]]


def test_of_two_processes_one_renews_and_the_other_keeps_its_token_back(connector: Connector, sandbox: Sandbox) -> None:
    config = quick(sandbox, "brightspace", data_sets=["Users"])
    wanted = catalog(connector, config)
    args = ["read", "--config", connector._file("config", config), "--catalog", connector._file("catalog", wanted)]
    runs = [started.finish() for started in [connector.start(*args), connector.start(*args)]]

    assert sorted(run.code for run in runs) == [0, 1]
    (error,) = [error["message"] for run in runs for error in run.errors]
    assert "has been used on this machine before" in error
    assert not sandbox.journal.marked("spent-refresh-token")


def test_the_tap_writes_the_token_into_its_configuration(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(quick(sandbox, "brightspace", data_sets=["Users"])))
    file.chmod(0o600)
    for _ in range(2):
        assert tap(flags=["--config", str(file), "--test"]).code == 0

    assert (
        json.loads(file.read_bytes())["platform"]["refresh_token"]
        == sandbox.config("brightspace")["platform"]["refresh_token"]
    )
    assert file.stat().st_mode & 0o777 == 0o600
    assert {entry.status for entry in sandbox.requests("brightspace", "token")} == {200}


def test_of_two_taps_with_one_file_the_second_reads_the_token_of_the_first(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(quick(sandbox, "brightspace", data_sets=["Users"])))
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: tap(flags=["--config", str(file), "--test"]), range(2)))

    assert [run.code for run in runs] == [0, 0], [run.stderr for run in runs]
    assert {entry.status for entry in sandbox.requests("brightspace", "token")} == {200}


# -- ordered sets


def test_each_set_is_read_whole_and_then_by_what_is_new(connector: Connector, sandbox: Sandbox) -> None:
    config = quick(sandbox, "brightspace")
    wanted = catalog(connector, config)
    assert {one["stream"]["name"] for one in wanted["streams"]} == set(sandbox.streams("brightspace"))
    assert not orders(sandbox)

    first = read(connector, config, wanted)
    for stream in sandbox.streams("brightspace"):
        assert as_set(first.records[stream]) == as_set(sandbox.truth("brightspace", stream, incremental=True)), stream
    names = {order["DataSetId"]: [one["Name"] for one in order["Filters"]] for order in orders(sandbox)}
    assert sorted(names.values()) == [
        ["parentOrgUnitId"], ["parentOrgUnitId", "roles"], ["startDate", "endDate"], ["startDate", "endDate"],
    ]  # fmt: skip

    sandbox.clock.advance(86_400)
    queued = sandbox.act("brightspace", "publish", of="Users", rows=[(3, 50)], days=1, added=["they"])
    second = read(connector, config, wanted, first.state_file)

    (row,) = second.records["bds_users"]
    assert (row["UserId"], row["Version"], row["Pronouns"], row[MOMENT]) == (3003, 50, "they", queued)
    assert set(second.records) == {"bds_users", "all_grades", "learner_usage"}
    start = first.states["final_grades"]["_report_end"]
    asked = [one["Value"] for order in orders(sandbox) for one in order["Filters"] if one["Name"] == "startDate"]
    assert start.replace("Z", ".000Z") in asked
    assert any("emitted all the same: Pronouns" in text for text in second.logged("WARN"))


def test_a_set_that_needs_what_is_not_configured_fails_alone(connector: Connector, sandbox: Sandbox) -> None:
    config = quick(sandbox, "brightspace", data_sets=["Learner Usage", "Final Grades"])
    del config["platform"]["role_ids"]
    run = connector.read(config, catalog(connector, config))

    (error,) = run.errors_of("learner_usage")
    assert error["failure_type"] == "config_error"
    assert "needs `role_ids`, which the configuration leaves empty" in error["message"]
    assert run.final == {"learner_usage": "INCOMPLETE", "final_grades": "COMPLETE"}


def test_a_job_that_is_slow_is_taken_up_and_a_deleted_one_is_ordered_anew(
    connector: Connector, sandbox: Sandbox
) -> None:
    config = quick(sandbox, "brightspace", data_sets=["Final Grades"])
    wanted = catalog(connector, config)
    sandbox.fault("job_slow@brightspace:polls=12")
    slow = connector.read({**config, "report_timeout_minutes": 0.005}, wanted)
    assert slow.errors_of("final_grades")
    assert slow.states["final_grades"]["_report_tickets"]
    ordered = len(orders(sandbox))
    sandbox.faults.clear()
    for job in sandbox.running_jobs("brightspace"):
        job.script = ["done"]

    again = read(connector, config, wanted, slow.state_file)
    assert as_set(again.records["final_grades"]) == as_set(sandbox.truth("brightspace", "final_grades"))
    assert len(orders(sandbox)) - ordered <= 1  # for what has come to be since

    sandbox.fault("job_deleted@brightspace:count=1")
    sandbox.fault("link_broken_zip@brightspace:count=1")
    fresh = read(connector, config, wanted)
    assert without_windows(fresh.records["final_grades"]) == without_windows(again.records["final_grades"])


# -- what the credentials may see


@pytest.mark.parametrize(
    ("granted", "offered", "left_out"),
    [(ADS_SCOPES, "final_grades", "ready files"), (BDS_SCOPES, "bds_users", "reports")],
)
def test_where_one_kind_is_closed_the_other_is_offered(
    connector: Connector, sandbox: Sandbox, granted: tuple[str, ...], offered: str, left_out: str
) -> None:
    sandbox.vendors["brightspace"].switches.granted = " ".join(granted)
    found = connector.discover(quick(sandbox, "brightspace"))

    assert offered in found.catalog
    assert all(name.startswith("bds_") == offered.startswith("bds_") for name in found.catalog)
    (warning,) = found.logged("WARN")
    assert f"The {left_out} of Brightspace are left out." in warning


def test_without_any_scope_the_check_names_what_is_missing(connector: Connector, sandbox: Sandbox) -> None:
    sandbox.vendors["brightspace"].switches.granted = "core:*:*"
    answer = connector.check(quick(sandbox, "brightspace")).connection
    assert answer["status"] == "FAILED"
    assert '"Can execute"' in answer["message"]


def test_a_name_that_is_no_set_is_told(connector: Connector, sandbox: Sandbox) -> None:
    answer = connector.check(quick(sandbox, "brightspace", data_sets=["Final Grade"])).connection
    assert "does not offer the report 'Final Grade'. Check `data_sets`" in answer["message"]


# -- ready files


def test_the_older_routes_are_asked_where_the_newer_are_not_served(connector: Connector, sandbox: Sandbox) -> None:
    sandbox.vendors["brightspace"].switches.newer = False
    config = quick(sandbox, "brightspace", data_sets=["Users", "Organizational Unit Ancestors"])
    run = read(connector, config, catalog(connector, config))

    for stream in ("bds_users", "bds_organizational_unit_ancestors"):
        assert as_set(run.records[stream]) == as_set(sandbox.truth("brightspace", stream, incremental=True))


def test_a_file_at_another_host_is_fetched_without_credentials(connector: Connector, sandbox: Sandbox) -> None:
    sandbox.vendors["brightspace"].switches.redirects = True
    config = quick(sandbox, "brightspace", data_sets=["Users"])
    run = read(connector, config, catalog(connector, config))

    assert as_set(run.records["bds_users"]) == as_set(sandbox.truth("brightspace", "bds_users", incremental=True))
    assert 302 in {entry.status for entry in sandbox.requests("brightspace", "download")}
    assert not sandbox.journal.marked("credentials-at-download-host")


def test_a_full_refresh_is_the_newest_full_file(connector: Connector, sandbox: Sandbox) -> None:
    config = quick(sandbox, "brightspace", data_sets=["Organizational Units"])
    run = read(connector, config, catalog(connector, config, mode="full_refresh"))

    assert as_set(run.records["bds_organizational_units"]) == as_set(
        sandbox.truth("brightspace", "bds_organizational_units")
    )


def test_the_state_moves_file_by_file_and_a_gap_is_told(connector: Connector, sandbox: Sandbox) -> None:
    config = quick(sandbox, "brightspace", data_sets=["Users"])
    wanted = catalog(connector, config)
    first = read(connector, config, wanted)
    states = [one["stream"]["stream_state"].get(MOMENT) for one in first.of("STATE")]
    assert states == ["2026-01-12T00:00:00.000Z", "2026-01-13T00:00:00.000Z", "2026-01-14T00:00:00.000Z"]

    sandbox.act("brightspace", "publish", of="Users", full=True, rows=[(1, 60), (2, 60)], days=20)
    changes = sandbox.act("brightspace", "publish", of="Users", rows=[(2, 61)], days=21)
    sandbox.act("brightspace", "expire", of="Users", days=18)
    second = read(connector, config, wanted, first.state_file)

    assert [(row["UserId"], row["Version"]) for row in second.records["bds_users"]] == [
        (3001, 60),
        (3002, 60),
        (3002, 61),
    ]
    assert second.states["bds_users"][MOMENT] == changes
    assert "joins on to the last sync" in " ".join(second.logged("WARN"))
    third = read(connector, config, wanted, second.state_file)
    assert third.records == {}
    assert newest(config) != config
