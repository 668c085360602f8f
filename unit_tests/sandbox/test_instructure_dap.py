"""The sandbox speaks as the pages of Instructure's Data Access Platform say."""

from __future__ import annotations

import base64
import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from unit_tests.sandbox.clients import InstructureDap

if TYPE_CHECKING:
    from integration_tests.sandbox import Sandbox


def side_by_side(row: dict[str, Any]) -> dict[str, Any]:
    """The key and the values that came."""
    return {**row["key"], **row.get("value", {})}


def set_switch(sandbox: Sandbox, **settings: Any) -> None:
    sandbox.vendors["instructure_dap"].apply_settings(settings)


def is_like(sandbox: Sandbox, rows: list[dict[str, Any]], table: str, **options: Any) -> bool:
    """Whether rows as they came are the truth, in any order; null columns are absent."""
    came = {json.dumps(row["key"]): side_by_side(row) | {"meta_ts": row["meta"]["ts"]} for row in rows}
    truth = [
        {name: value for name, value in row.items() if value is not None and name != "_ab_cdc_deleted_at"}
        for row in sandbox.truth("instructure_dap", table, **options)
    ]
    without_action = [{name: value for name, value in row.items() if name != "meta_action"} for row in truth]
    return sorted(came.values(), key=str) == sorted(without_action, key=str)


def test_the_token_is_a_jwt_that_ends(sandbox: Sandbox, dap: InstructureDap) -> None:
    answer = dap.login().json()
    assert (answer["expires_in"], answer["token_type"]) == (3600, "Bearer")
    claims = json.loads(base64.urlsafe_b64decode(answer["access_token"].split(".")[1] + "=="))
    assert claims["exp"] - claims["iat"] == 3600
    assert "#" in sandbox.config("instructure_dap")["platform"]["client_id"]
    assert dap.login("wrong").json()["error"]["type"] == "AuthenticationError"
    assert dap.login(grant="password").status_code == 400
    sandbox.clock.advance(3601)
    assert dap("GET", "/dap/query/canvas/table").status_code == 401


def test_tables_and_their_schemas(dap: InstructureDap) -> None:
    assert dap("GET", "/dap/query/canvas/table").json()["tables"][:2] == ["accounts", "users"]
    answer = dap("GET", "/dap/query/canvas/table/users/schema").json()
    assert answer["version"] == 1
    assert answer["schema"]["properties"]["key"]["required"] == ["id"]
    gone = dap("GET", "/dap/query/canvas/table/nope/schema")
    assert (gone.status_code, gone.json()["error"]["kind"], gone.json()["error"]["id"]) == (404, "table", "nope")
    assert dap("GET", "/dap/query/mastery/table").json()["error"]["kind"] == "namespace"


def test_a_snapshot_waits_runs_and_comes_in_gzipped_parts(sandbox: Sandbox, dap: InstructureDap) -> None:
    job = dap.order("users").json()
    seen = [job["status"]]
    while seen[-1] != "complete":
        job = dap("GET", f"/dap/job/{job['id']}").json()
        seen.append(job["status"])
    assert seen == ["waiting", "running", "complete"]
    assert len(job["objects"]) == 2
    assert "/" in job["objects"][0]["id"]
    assert job["at"].endswith("Z")
    rows = dap.rows(job)
    assert len(rows) == 60
    assert all("action" not in row["meta"] and None not in row["value"].values() for row in rows)
    assert is_like(sandbox, rows, "users")


def test_an_equal_order_of_the_day_is_the_job_that_is_there(sandbox: Sandbox, dap: InstructureDap) -> None:
    job = dap.finished("users")
    assert dap.order("users").json() == job
    assert dap.order("users", format="csv").json()["id"] != job["id"]
    sandbox.clock.advance(24 * 3600)
    dap.log_in()
    gone = dap("GET", f"/dap/job/{job['id']}")
    assert (gone.status_code, gone.json()["error"]["kind"]) == (404, "job")
    assert dap("POST", "/dap/object/url", json=job["objects"]).json()["error"]["kind"] == "object"
    assert dap.order("users").json()["id"] != job["id"]


def test_an_increment_has_changes_and_deletes(sandbox: Sandbox, dap: InstructureDap) -> None:
    at = dap.finished("users")["at"]
    assert dap.finished("users", since=at)["objects"] == []
    sandbox.clock.advance(60)
    sandbox.mutate("instructure_dap", "users", update={3: {"name": "New"}}, remove=[5], add=[{"id": 7, "name": None}])
    sandbox.clock.advance(60)
    job = dap.finished("users", since=at, mode="expanded")
    assert (job["since"], job["until"] > at) == (at, True)
    actions = {row["key"]["id"] % 1000: row["meta"]["action"] for row in dap.rows(job)}
    assert sorted(actions.values()) == ["D", "U", "U"]
    deleted = next(row for row in dap.rows(job) if row["meta"]["action"] == "D")
    assert "value" not in deleted
    assert is_like(sandbox, dap.rows(job), "users", since=at)
    assert len(list(sandbox.truth("instructure_dap", "users"))) == 60


def test_a_closed_range_misses_what_changed_again(sandbox: Sandbox, dap: InstructureDap) -> None:
    at = dap.finished("users")["at"]
    sandbox.clock.advance(60)
    sandbox.mutate("instructure_dap", "users", update={3: {"name": "First"}})
    until = dap.finished("users", since=at)["until"]
    sandbox.clock.advance(60)
    sandbox.mutate("instructure_dap", "users", update={3: {"name": "Second"}})
    assert len(dap.rows(dap.finished("users", since=at, mode="expanded"))) == 1
    assert dap.finished("users", since=at, until=until)["objects"] == []


def test_the_table_is_refreshed_at_times_of_its_own(sandbox: Sandbox, dap: InstructureDap) -> None:
    set_switch(sandbox, refresh_seconds=14400)
    at = dap.finished("users")["at"]
    sandbox.clock.advance(3000)
    sandbox.mutate("instructure_dap", "users", remove=[5])
    early = dap.finished("users", since=at)
    assert (early["until"], early["objects"]) == (at, [])
    sandbox.clock.advance(14400)
    dap.log_in()
    assert len(dap.rows(dap.finished("users", since=at, mode="expanded"))) == 1


@pytest.mark.parametrize("since", ["2001-01-01T00:00:00Z", "2999-01-01T00:00:00+00:00"])
def test_a_range_that_cannot_be_given_is_refused(dap: InstructureDap, since: str) -> None:
    refused = dap.order("users", since=since)
    assert (refused.status_code, refused.json()["error"]["type"]) == (400, "OutOfRangeError")
    assert refused.json()["error"]["since"].endswith("Z")


def test_a_reload_needs_a_snapshot(sandbox: Sandbox, dap: InstructureDap) -> None:
    at = dap.finished("users")["at"]
    sandbox.clock.advance(60)
    sandbox.act("instructure_dap", "reload", table="users")
    assert "SnapshotRequired" in dap.order("users", since=at).json()["error"]["type"]
    set_switch(sandbox, restart_in_job=True)
    failed = dap.finished("users", since=at)
    assert (failed["status"], sorted(failed["error"])) == ("failed", ["message", "type", "uuid"])
    assert "SnapshotRequired" in failed["error"]["type"]


@pytest.mark.parametrize("limit", ["order", "list"])
def test_five_a_minute(sandbox: Sandbox, dap: InstructureDap, limit: str) -> None:
    def ask() -> Any:
        return dap.order("users") if limit == "order" else dap("GET", "/dap/query/canvas/table")

    assert [ask().status_code for _ in range(5)] == [200] * 5
    refused = ask()
    assert (refused.status_code, int(refused.headers["Retry-After"]) <= 61) == (429, True)
    set_switch(sandbox, retry_after=False)
    assert "Retry-After" not in ask().headers
    sandbox.clock.advance(61)
    assert ask().status_code == 200


def test_addresses_end_after_fifteen_minutes_and_take_no_credentials(sandbox: Sandbox, dap: InstructureDap) -> None:
    job = dap.finished("users")
    url = dap("POST", "/dap/object/url", json=job["objects"]).json()["urls"][job["objects"][0]["id"]]["url"]
    assert dap("GET", url).status_code == 400
    sandbox.journal.clear()
    assert dap.bare(url).status_code == 200
    sandbox.clock.advance(901)
    assert dap.bare(url).status_code == 403
    assert len(dap.rows(job)) == 60


def test_a_column_is_added(sandbox: Sandbox, dap: InstructureDap) -> None:
    at = dap.finished("users")["at"]
    sandbox.clock.advance(60)
    set_switch(sandbox, new_column="nick_name")
    sandbox.mutate("instructure_dap", "users", update={2: {"nick_name": "Bo"}})
    assert dap("GET", "/dap/query/canvas/table/users/schema").json()["version"] == 2
    job = dap.finished("users", since=at)
    assert job["schema_version"] == 2
    assert [row["value"]["nick_name"] for row in dap.rows(job)] == ["Bo"]


@pytest.mark.parametrize("kind", ["AccountDisabled", "AccountUnderMaintenance", "RequestTypeForbidden"])
def test_refusals_name_their_kind(sandbox: Sandbox, dap: InstructureDap, kind: str) -> None:
    set_switch(sandbox, refused=kind)
    refused = dap.order("users")
    assert (refused.status_code, refused.json()["error"]["type"]) == (403, kind)


@pytest.mark.parametrize("body", [{"format": "xml"}, {"mode": "flat"}, {"since": "2026-01-01"}, {"limit": 5}])
def test_a_wrong_order_is_refused(dap: InstructureDap, body: dict[str, Any]) -> None:
    refused = dap.order("users", **body)
    assert (refused.status_code, "location" in refused.json()["error"]) == (400, True)


def test_csv_and_tsv_tell_null_from_empty(dap: InstructureDap) -> None:
    wide = dap.parts(dap.finished("accounts", format="csv", mode="expanded"))[0]
    header, *rows = csv.reader(io.StringIO(wide, newline=""))
    assert header[:3] == ["meta.ts", "key.id", "value.name"]
    assert {"value.settings.lock", "value.settings.days"} <= set(header)
    assert all(len(row) == len(header) for row in rows)
    assert ",NULL," in wide
    text = dap.parts(dap.finished("accounts", format="tsv", mode="condensed"))[0]
    head, *lines = (line.split("\t") for line in text.splitlines())
    assert "value.settings" in head
    assert any("\\N" in line for line in lines)


@pytest.mark.parametrize(("namespace", "table"), [("catalog", "products"), ("new_quizzes", "items")])
def test_other_namespaces(sandbox: Sandbox, dap: InstructureDap, namespace: str, table: str) -> None:
    assert dap("GET", f"/dap/query/{namespace}/table").json()["tables"] == [table]
    rows = dap.rows(dap.finished(table, namespace))
    assert len(rows) == len(list(sandbox.truth("instructure_dap", table, namespace=namespace))) == 60


def test_web_logs_have_a_uuid_as_key(sandbox: Sandbox, dap: InstructureDap) -> None:
    rows = dap.rows(dap.finished("web_logs", "canvas_logs"))
    assert is_like(sandbox, rows, "web_logs", namespace="canvas_logs")
