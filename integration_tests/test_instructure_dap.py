"""Instructure's Data Access Platform through the command line: snapshots, increments, deletes, and what goes wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from integration_tests.connector import (
    Connector,
    Json,
    Run,
    as_set,
    catalog_of,
    merged_state,
    numbers_alike,
    present,
    quick,
)
from integration_tests.sandbox import Sandbox

DAP = "instructure_dap"


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(rows=40) as started:
        yield started


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    """One that knows nothing of other tests, and whose limits do not make them wait."""
    running.reset()
    switches = running.vendors[DAP].switches
    before = vars(switches).copy()
    running.vendors[DAP].apply_settings({"orders_a_minute": 500, "lists_a_minute": 500})
    running.clock.set(time.time())
    yield running
    vars(switches).update(before)


def switch(sandbox: Sandbox, **settings: Any) -> None:
    sandbox.vendors[DAP].apply_settings(settings)


def truth(sandbox: Sandbox, table: str, **options: Any) -> set[str]:
    return as_set(numbers_alike(present(row)) for row in sandbox.truth(DAP, table, **options))


def rows_of(run: Run, table: str) -> set[str]:
    return as_set(map(numbers_alike, run.records.get(table, [])))


def moment(epoch: float) -> str:
    """As the vendor answers it."""
    return datetime.fromtimestamp(epoch, timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"


class Syncs:
    """A connection that reads a few tables again and again."""

    def __init__(self, sandbox: Sandbox, connector: Connector, *tables: str, **platform: Any) -> None:
        self.sandbox, self.connector = sandbox, connector
        self.config = quick(sandbox, DAP, **({"tables": list(tables)} if tables else {}), **platform)
        self.catalog = catalog_of(connector.discover(self.config).catalog.values())
        self.state: list[Json] = []

    def read(self) -> Run:
        """One more incremental sync; its state is kept."""
        self.sandbox.journal.clear()
        run = self.connector.read(self.config, self.catalog, self.state or None)
        kept = {one["stream"]["stream_descriptor"]["name"]: one for one in [*self.state, *merged_state(run)]}
        self.state = list(kept.values())
        return run

    def read_well(self) -> Run:
        """The same, and it must end well."""
        run = self.read()
        assert run.code == 0, [error["message"] for error in run.errors]
        assert not self.sandbox.journal.marked("credentials-at-download-host")
        return run

    def bodies(self) -> list[Json]:
        """The orders of the last sync."""
        return [entry.body for entry in self.sandbox.requests(DAP, "order")]

    def asked(self, kind: str) -> int:
        """How many requests of a kind the last sync made."""
        return len(self.sandbox.requests(DAP, kind))


def test_given_all_tables_when_read_in_full_then_every_value_is_the_vendors(
    sandbox: Sandbox, connector: Connector
) -> None:
    config = quick(sandbox, DAP)
    catalog = connector.discover(config).catalog
    assert list(catalog) == ["accounts", "users", "enrollment_states", "submissions"]
    assert catalog["enrollment_states"]["source_defined_primary_key"] == [["enrollment_id"]]
    run = connector.read(config, catalog_of(catalog.values(), "full_refresh"))
    assert run.code == 0, run.errors
    for table in catalog:
        assert rows_of(run, table) == truth(sandbox, table), table
        properties = catalog[table]["json_schema"]["properties"]
        assert list(properties)[-3:] == ["meta_ts", "meta_action", "_ab_cdc_deleted_at"]
        assert {len(set(one["type"]) - {"null"}) for one in properties.values()} == {1}
    assert all("since" not in entry.body for entry in sandbox.requests(DAP, "order"))


@pytest.mark.parametrize(("namespace", "table"), [("catalog", "products"), ("new_quizzes", "items")])
def test_given_unions_and_names_that_collide_when_read_then_each_column_has_one_type(
    sandbox: Sandbox, connector: Connector, namespace: str, table: str
) -> None:
    syncs = Syncs(sandbox, connector, namespace=namespace)
    run = syncs.read_well()
    assert rows_of(run, table) == truth(sandbox, table, namespace=namespace)


def test_given_changes_and_deletes_when_read_again_then_those_come_from_the_vendors_own_moment_on(
    sandbox: Sandbox, connector: Connector
) -> None:
    syncs = Syncs(sandbox, connector, "users")
    first = syncs.read_well()
    at = first.states["users"]["meta_ts"]
    assert at == moment(sandbox.jobs(DAP)[-1].extra["until"])
    unchanged = syncs.read_well()
    assert syncs.bodies() == [{"format": "jsonl", "mode": "expanded", "since": at}] or syncs.bodies() == [
        {"format": "jsonl", "since": at}
    ]
    assert unchanged.records == {}
    later = unchanged.states["users"]["meta_ts"]
    assert later > at
    sandbox.clock.advance(30)
    sandbox.mutate(DAP, "users", update={3: {"name": "New"}}, remove=[5], add=[{"id": 7, "name": "Added"}])
    sandbox.clock.advance(30)
    changed = syncs.read_well()
    assert rows_of(changed, "users") == truth(sandbox, "users", since=later)
    (deleted,) = [row for row in changed.records["users"] if row["meta_action"] == "D"]
    assert set(present(deleted)) == {"id", "meta_ts", "meta_action", "_ab_cdc_deleted_at"}
    assert deleted["_ab_cdc_deleted_at"] == deleted["meta_ts"]


def test_given_a_table_that_is_refreshed_late_when_read_again_then_no_change_is_lost(
    sandbox: Sandbox, connector: Connector
) -> None:
    switch(sandbox, refresh_seconds=3600)
    syncs = Syncs(sandbox, connector, "users")
    at = syncs.read_well().states["users"]["meta_ts"]
    sandbox.clock.advance(1200)
    sandbox.mutate(DAP, "users", update={3: {"name": "New"}})
    assert syncs.read_well().states["users"]["meta_ts"] == at
    sandbox.clock.advance(3600)
    assert [row["name"] for row in syncs.read_well().records["users"]] == ["New"]


@pytest.mark.parametrize("in_job", [False, True], ids=["on the order", "in the job"])
@pytest.mark.parametrize("why", ["reload", "kept"])
def test_given_an_increment_that_cannot_be_had_when_read_then_a_snapshot_comes_in_the_same_sync(
    sandbox: Sandbox, connector: Connector, why: str, in_job: bool
) -> None:
    syncs = Syncs(sandbox, connector, "users")
    at = syncs.read_well().states["users"]["meta_ts"]
    sandbox.clock.advance(30)
    sandbox.mutate(DAP, "users", remove=[5])
    switch(sandbox, restart_in_job=in_job)
    if why == "reload":
        sandbox.act(DAP, "reload", table="users")
    else:
        sandbox.clock.advance(31 * 86400)
    run = syncs.read_well()
    assert ["since" in body for body in syncs.bodies()] == [True, False]
    assert rows_of(run, "users") == truth(sandbox, "users")
    assert run.states["users"]["meta_ts"] > at
    (warning,) = [text for text in run.logged("WARN") if "read anew" in text]
    assert "users" in warning
    assert "delete" in warning


def test_given_a_part_that_cannot_be_had_when_read_then_the_next_sync_takes_the_job_up(
    sandbox: Sandbox, connector: Connector
) -> None:
    syncs = Syncs(sandbox, connector, "users")
    fault = sandbox.fault("link_500@instructure_dap:nth=2,count=always")
    failed = syncs.read()
    assert failed.code == 1
    assert failed.errors_of("users")[0]["failure_type"] == "transient_error"
    assert failed.states["users"].get("meta_ts") is None
    fault.count = 0
    again = syncs.read_well()
    assert syncs.asked("order") == 0
    assert rows_of(again, "users") == truth(sandbox, "users")
    assert again.states["users"]["meta_ts"]


@pytest.mark.parametrize(
    "fault",
    ["link_expired", "link_broken_midway", "link_cut_row_length", "link_html", "trade_503", "poll_503", "job_fails"],
)
def test_given_bad_weather_when_read_then_every_row_comes_once(
    sandbox: Sandbox, connector: Connector, fault: str
) -> None:
    syncs = Syncs(sandbox, connector, "users")
    sandbox.fault(f"{fault}@instructure_dap")
    run = syncs.read_well()
    assert rows_of(run, "users") == truth(sandbox, "users")
    assert len(run.records["users"]) == len(set(map(json.dumps, run.records["users"])))
    assert syncs.asked("order") == (2 if fault == "job_fails" else 1)


def test_given_addresses_that_ended_when_read_then_they_are_asked_for_again(
    sandbox: Sandbox, connector: Connector
) -> None:
    syncs = Syncs(sandbox, connector, "users")
    sandbox.fault("link_expired@instructure_dap:status=403,count=2")
    run = syncs.read_well()
    assert rows_of(run, "users") == truth(sandbox, "users")
    assert (syncs.asked("order"), syncs.asked("trade") >= 3) == (1, True)


def test_given_a_job_that_is_complete_at_once_when_read_then_it_is_not_polled(
    sandbox: Sandbox, connector: Connector
) -> None:
    switch(sandbox, at_once=True, parts=5)
    syncs = Syncs(sandbox, connector, "users")
    run = syncs.read_well()
    assert (syncs.asked("order"), syncs.asked("poll")) == (1, 0)
    assert rows_of(run, "users") == truth(sandbox, "users")


def test_given_a_table_without_rows_when_read_then_there_are_no_records_and_the_state_moves(
    sandbox: Sandbox, connector: Connector
) -> None:
    sandbox.fault("report_empty@instructure_dap")
    run = Syncs(sandbox, connector, "users").read_well()
    assert (run.records, bool(run.states["users"]["meta_ts"])) == ({}, True)


def test_given_an_answer_without_objects_when_read_then_it_is_no_empty_table(
    sandbox: Sandbox, connector: Connector
) -> None:
    sandbox.fault("job_no_link@instructure_dap:count=always")
    run = Syncs(sandbox, connector, "users").read()
    assert run.code == 1
    assert "users" in run.errors[0]["message"]
    assert run.states.get("users", {}).get("meta_ts") is None


def test_given_a_column_that_was_added_when_read_again_then_it_comes_and_is_told(
    sandbox: Sandbox, connector: Connector
) -> None:
    syncs = Syncs(sandbox, connector, "users")
    syncs.read_well()
    sandbox.clock.advance(30)
    switch(sandbox, new_column="nick_name")
    sandbox.mutate(DAP, "users", update={2: {"nick_name": "Bo"}})
    sandbox.clock.advance(30)
    run = syncs.read_well()
    assert [row["nick_name"] for row in run.records["users"]] == ["Bo"]
    assert any("nick_name" in text for text in run.logged("WARN", "INFO"))
    assert "nick_name" in connector.discover(syncs.config).catalog["users"]["json_schema"]["properties"]


@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        ("AccountDisabled", "config_error"),
        ("AccountNotOnboarded", "config_error"),
        ("RequestTypeForbidden", "config_error"),
        ("AccountUnderMaintenance", "transient_error"),
    ],
)
def test_given_a_refusal_when_read_then_its_kind_is_told(
    sandbox: Sandbox, connector: Connector, kind: str, failure: str
) -> None:
    syncs = Syncs(sandbox, connector, "users")
    switch(sandbox, refused=kind)
    run = syncs.read()
    assert run.code == 1
    (error,) = run.errors_of("users")
    assert (error["failure_type"], "users" in error["message"]) == (failure, True)


def test_given_a_wrong_key_when_checked_then_its_date_of_expiry_is_named_as_a_reason(
    sandbox: Sandbox, connector: Connector
) -> None:
    run = connector.check(quick(sandbox, DAP, client_secret="wrong-secret-0000"))
    assert run.connection["status"] == "FAILED"
    assert "keys end at the date" in run.connection["message"]
    assert "wrong-secret" not in run.stdout
    assert sandbox.requests(DAP, "order") == []


def test_given_a_key_that_has_ended_when_read_then_the_state_is_kept(sandbox: Sandbox, connector: Connector) -> None:
    syncs = Syncs(sandbox, connector, "users")
    before = syncs.read_well().states["users"]
    fault = sandbox.fault("token_401@instructure_dap:count=always")
    refused = syncs.read()
    assert (refused.code, refused.states, refused.records) == (1, {}, {})
    assert "keys end at the date" in refused.errors[0]["message"]
    assert refused.errors[0]["failure_type"] == "config_error"
    fault.count = 0
    sandbox.mutate(DAP, "users", update={3: {"name": "New"}})
    sandbox.clock.advance(30)
    syncs.read_well()
    assert syncs.bodies()[0]["since"] == before["meta_ts"]


def test_given_ninety_tables_when_discovered_then_the_limits_hold(sandbox: Sandbox, connector: Connector) -> None:
    switch(sandbox, extra_tables=86, lists_a_minute=5)
    run = connector.discover(quick(sandbox, DAP))
    assert len(run.catalog) == 90
    assert len(sandbox.requests(DAP, "schema")) == 90
    assert all(entry.status == 200 for entry in sandbox.requests(DAP))


def test_given_values_that_no_schema_foresees_when_read_then_each_comes(sandbox: Sandbox, connector: Connector) -> None:
    """The largest id, a NUL, half a character, years that are none, new words, what was too large, required nulls."""
    too_large = "__cd2_oversized_truncated__"
    odd = {"id": 2**63 - 1, "name": "a\x00b", "sortable_name": "half \ud83d", "storage_quota": 2**62}
    more = {"created_at": "0023-08-01T00:00:00Z", "deleted_at": "20222-01-01T00:00:00Z", "workflow_state": "new"}
    large = {"id": 7, "name": too_large, "storage_quota": too_large, "created_at": too_large}
    sandbox.mutate(DAP, "users", add=[odd | more, large, {"id": 8}])
    sandbox.mutate(DAP, "accounts", add=[{"id": 9, "settings": too_large}])
    run = Syncs(sandbox, connector, "users", "accounts").read_well()

    rows = {row["id"]: present(row) for row in run.records["users"]}
    for row in rows.values():
        del row["meta_ts"]
    assert rows[odd["id"]] == odd | more | {"name": "ab", "sortable_name": "half \ufffd"}
    assert (rows[7], rows[8]) == (large, {"id": 8})
    assert [row["settings"] for row in run.records["accounts"] if row["id"] == 9] == [too_large]
    assert len(run.logged("WARN")) == 2


def test_given_dates_that_do_not_apply_when_read_then_one_line_says_so(sandbox: Sandbox, connector: Connector) -> None:
    syncs = Syncs(sandbox, connector, "users")
    syncs.config = {**syncs.config, "start_date": "2026-01-01T00:00:00Z", "lookback_days": 3}
    run = syncs.read_well()
    assert rows_of(run, "users") == truth(sandbox, "users")
    assert len([text for text in run.logged("INFO") if "start_date" in text]) == 1
