"""The stand-in for the Data Access Platform, read by Instructure's own client: to files, and into PostgreSQL."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_tests.clients.environment import client, environment, version_of
from integration_tests.clients.postgres import Postgres, installed, postgres
from integration_tests.sandbox import Sandbox

pytestmark = [pytest.mark.clients, pytest.mark.client("instructure-dap-client")]

CLIENT = "instructure-dap-client[postgresql]==2.3.1"
#: Lists, reads schemas, takes a snapshot; then the increment from the moment that the snapshot named, and refusals.
SCRIPT = """
import asyncio, json, sys
from datetime import datetime, timezone
from dap.api import DAPClient, DAPSession
from dap.dap_types import Format, IncrementalQuery, SnapshotQuery

async def at_once(self, seconds): pass

DAPSession.wait_seconds = at_once
folder, table, since = sys.argv[1:]

async def main():
    async with DAPClient(tracking=False) as session:
        schema = await session.get_table_schema("canvas", table)
        told = {"tables": await session.get_tables("canvas"), "version": schema.version}
        query = SnapshotQuery(format=Format.JSONL, mode=None)
        if since:
            query = IncrementalQuery(format=Format.JSONL, mode=None, since=datetime.fromisoformat(since), until=None)
        result = await session.download_table_data("canvas", table, query, folder, decompress=True)
        told |= {"files": result.downloaded_files, "at": result.timestamp.isoformat(), "schema": result.schema_version}
        refused = {}
        for name, asked in {"nope": SnapshotQuery(Format.JSONL, None), table: IncrementalQuery(
            Format.JSONL, None, datetime(2001, 1, 1, tzinfo=timezone.utc), None)}.items():
            try:
                job = await session.execute_job("canvas", name, asked)
                refused[name] = [job.status.value, job.error.type]
            except Exception as error:
                refused[name] = [type(error).__name__]
        print(json.dumps(told | {"refused": refused}))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def commands() -> Path:
    return client("instructure-dap", CLIENT)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=30, settings={"instructure_dap": {"orders_a_minute": 50}}) as running:
        yield running


@pytest.fixture
def variables(sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    """What the client takes from its environment."""
    platform = sandbox.config("instructure_dap")["platform"]
    login = {"DAP_CLIENT_ID": platform["client_id"], "DAP_CLIENT_SECRET": platform["client_secret"]}
    return {**environment(tmp_path), **login, "DAP_API_URL": platform["base_url"], "DAP_TRACKING": "false"}


def change(sandbox: Sandbox, table: str, **cells: Any) -> None:
    """Half a minute later, three kinds of change; and half a minute more."""
    sandbox.clock.advance(30)
    sandbox.mutate("instructure_dap", table, update={3: cells}, remove=[5], add=[{"id": 12, **cells}])
    sandbox.clock.advance(30)


def sent(row: dict[str, Any]) -> dict[str, Any]:
    """A record of the truth as the platform sends it: null columns are left out."""
    given = {name: value for name, value in row.items() if value is not None}
    meta = {"ts": given.pop("meta_ts"), **({"action": given.pop("meta_action")} if "meta_action" in given else {})}
    key = {"id": given.pop("id")}
    given.pop("_ab_cdc_deleted_at", None)
    return {"key": key, **({} if meta.get("action") == "D" else {"value": given}), "meta": meta}


@pytest.mark.parametrize("table", ["users", "submissions"])
@pytest.mark.parametrize("in_job", [False, True], ids=["refused orders", "failed jobs"])
def test_it_takes_a_snapshot_and_an_increment(
    commands: Path,
    sandbox: Sandbox,
    variables: dict[str, str],
    tmp_path: Path,
    table: str,
    in_job: bool,
    record_property: Callable[[str, object], None],
) -> None:
    record_property("version", version_of("instructure-dap-client", commands))
    sandbox.vendors["instructure_dap"].apply_settings({"restart_in_job": in_job})

    def told(since: str) -> dict[str, Any]:
        command = [str(commands / "python"), "-c", SCRIPT, str(tmp_path / "files"), table, since]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def is_truth(files: list[str], **options: Any) -> bool:
        lines = [line for name in files for line in Path(name).read_text(encoding="utf-8").splitlines()]
        truth = [sent(row) for row in sandbox.truth("instructure_dap", table, **options)]
        return sorted(map(json.loads, lines), key=str) == sorted(truth, key=str)

    first = told("")
    assert first["tables"] == ["accounts", "users", "enrollment_states", "submissions"]
    assert (first["version"], first["schema"], len(first["files"])) == (1, 1, 2)
    refusal = ["failed", "OutOfRangeError"] if in_job else ["OutOfRangeError"]
    assert first["refused"] == {"nope": ["NotFoundError"], table: refusal}
    assert is_truth(first["files"])

    unchanged = told(first["at"])
    assert unchanged["files"] == []

    change(sandbox, table, **({"name": 'Søren, "2"'} if table == "users" else {"tags": ["a", "b"]}))
    second = told(unchanged["at"])
    assert second["at"] > unchanged["at"]
    assert is_truth(second["files"], since=unchanged["at"])
    assert sum('"D"' in Path(name).read_text(encoding="utf-8") for name in second["files"]) == 1


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    if installed() is None:
        pytest.skip("no PostgreSQL server is installed: apt-get install postgresql")
    with postgres() as running:
        yield running


def test_it_keeps_tables_in_postgresql(
    commands: Path, sandbox: Sandbox, variables: dict[str, str], server: Postgres, tmp_path: Path
) -> None:
    sandbox.vendors["instructure_dap"].apply_settings({"at_once": True})

    def dap(command: str, namespace: str, table: str) -> None:
        asked = [str(commands / "dap"), command, "--namespace", namespace, "--table", table]
        given = {**variables, "DAP_CONNECTION_STRING": server.url}
        done = subprocess.run(asked, env=given, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def has_the_truth(table: str, *columns: str, namespace: str = "canvas") -> None:
        there = server.rows(f"SELECT {', '.join(columns)} FROM {namespace}.{table} ORDER BY 1")  # noqa: S608
        truth = sandbox.truth("instructure_dap", table, namespace=namespace)
        wanted = sorted([_cell(row[name]) for name in columns] for row in truth)
        assert there == wanted

    dap("initdb", "canvas", "all")
    dap("initdb", "canvas_logs", "web_logs")
    has_the_truth("users", "id", "name", "storage_quota", "public")
    has_the_truth("accounts", "id", "name", "workflow_state", "uuid")
    has_the_truth("submissions", "id", "attempt", "score", "body")
    has_the_truth("enrollment_states", "enrollment_id", "state")
    has_the_truth("web_logs", "id", "user_id", "url", namespace="canvas_logs")

    change(sandbox, "users", name='Søren,\t"2"\nand \\N')
    dap("syncdb", "canvas", "users")
    has_the_truth("users", "id", "name", "storage_quota", "public")


def _cell(value: Any) -> str:
    """A value as psql shows it, read as lines of text."""
    if isinstance(value, bool):
        return "t" if value else "f"
    return "∅" if value is None else str(value).replace("\r\n", "\n")
