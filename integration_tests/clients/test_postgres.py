"""Every platform in a PostgreSQL database by PyAirbyte, synced twice: the tables hold what the vendor holds."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_tests.clients.environment import EXAMPLES, client, environment, version_of
from integration_tests.clients.postgres import Postgres, postgres
from integration_tests.clients.tables import as_text
from integration_tests.connector import Connector, quick
from integration_tests.sandbox import Sandbox

pytestmark = [pytest.mark.clients, pytest.mark.client("PyAirbyte")]

PYAIRBYTE = (EXAMPLES / "pyairbyte" / "requirements.txt").read_text(encoding="utf-8").splitlines()[-1]
LATER = "2026-02-01T12:00:00Z"
LONG_ID = "123456789012345678901234567"
#: What a platform is synced with, and what changes before the second sync: rows by stream and number.
PLATFORMS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, dict[str, Any]]]] = {
    "canvas": (
        {},
        {},
        {
            "last_user_access": {
                "update": {3: {"last access at": LATER, "last ip": "10.9.9.9", "user sis id": LONG_ID}}
            },
            "provisioning_users": {"update": {2: {"full_name": "Zoë 'Q' \\ Ω"}}, "remove": [5]},
        },
    ),
    "second_nature": ({}, {}, {"course_user_state": {"update": {1: {"updated_at": LATER}}}}),
    "sana": ({}, {}, {"users": {"update": {4: {"user_status": LONG_ID}}, "remove": [6]}}),
    "tinqwise": ({}, {}, {"users": {"remove": [2]}}),
    "hapyak": ({"reports": ["user_stream_raw", "poll_widget_detail"]}, {"start_date": "2026-06-01T00:00:00Z"}, {}),
}

#: Three kinds of change to a table of Instructure DAP.
CHANGED: dict[str, Any] = {
    "update": {3: {"name": "Zoë 'Q' \\ Ω"}},
    "remove": [5, 7],
    "add": [{"id": 12, "name": "New"}],
}
#: What tells the windows that the rows came in.
WINDOW = {"_report_start", "_report_end"}
#: How a report is ordered, where that changes its columns.
TRUTH = {("second_nature", "course_user_state"): {"include_external_user_id": True}}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as started:
        yield started


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_tables_hold_what_the_vendor_holds(
    platform: str, server: Postgres, connector: Connector, tmp_path: Path, record_property: Any
) -> None:
    folder = client("pyairbyte", PYAIRBYTE)
    record_property("version", version_of("airbyte", folder))
    settings, more, changes = PLATFORMS[platform]
    with Sandbox(rows=20) as sandbox:
        sandbox.clock.advance(-3600)
        config = quick(sandbox, platform, **settings) | more
        (tmp_path / "config.json").write_text(json.dumps(config))
        offered = connector.discover(config).catalog
        sync(folder, tmp_path, server, platform)
        compare(server, sandbox, platform, offered, first=True)
        sandbox.clock.advance(3600)
        for stream, change in changes.items():
            sandbox.mutate(platform, stream, **change)
        sync(folder, tmp_path, server, platform)
        compare(server, sandbox, platform, offered, first=False)


def test_rows_that_the_vendor_deleted_are_marked(server: Postgres, tmp_path: Path) -> None:
    """PyAirbyte knows nothing of deletes: it merges the row, which keeps its key and says when it went."""
    folder = client("pyairbyte", PYAIRBYTE)
    with Sandbox(rows=20, settings={"instructure_dap": {"orders_a_minute": 50}}) as sandbox:
        config = quick(sandbox, "instructure_dap", tables=["users", "submissions"])
        (tmp_path / "config.json").write_text(json.dumps(config))
        sync(folder, tmp_path, server, "dap")
        compare_present(server, sandbox, deleted=0)
        sandbox.clock.advance(30)
        sandbox.mutate("instructure_dap", "users", **CHANGED)
        sandbox.clock.advance(30)
        sync(folder, tmp_path, server, "dap")
        compare_present(server, sandbox, deleted=2)


def compare_present(server: Postgres, sandbox: Sandbox, deleted: int) -> None:
    """What is not marked is what the vendor holds; what is marked has its key and nothing of its values."""
    marked = [row for row in table(server, "dap", "users") if "_ab_cdc_deleted_at" in row]
    assert [set(row) for row in marked] == [{"id", "meta_ts", "meta_action", "_ab_cdc_deleted_at"}] * deleted
    for name in ("users", "submissions"):
        there = [row for row in table(server, "dap", name) if "_ab_cdc_deleted_at" not in row]
        assert sorted(map(without_action, there)) == sorted(map(without_action, sandbox.truth("instructure_dap", name)))


def without_action(row: dict[str, Any]) -> str:
    """A row without what an increment alone says of it."""
    return as_text({name: value for name, value in row.items() if name != "meta_action"})


def sync(folder: Path, project: Path, server: Postgres, schema: str) -> None:
    done = subprocess.run(
        [folder / "python", EXAMPLES / "pyairbyte" / "sync.py", "config.json", server.url],
        cwd=project,
        env=environment(project, folder) | {"LMS_REPORTS_SCHEMA": schema},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def manner(stream: dict[str, Any]) -> str:
    """How PyAirbyte writes a table."""
    if stream.get("source_defined_primary_key"):
        return "merge"
    return "append" if "incremental" in stream["supported_sync_modes"] else "replace"


def compare(
    server: Postgres, sandbox: Sandbox, platform: str, offered: dict[str, dict[str, Any]], *, first: bool
) -> None:
    """A table equals the truth in the columns that the catalog declares: PyAirbyte drops the others.

    After a second sync, a table that is appended to holds old versions beside the new ones, and one that is merged
    keeps rows that are gone at the vendor.
    """
    assert offered
    for name, stream in offered.items():
        declared = {column(one) for one in stream["json_schema"]["properties"]} - WINDOW
        truth = sandbox.truth(platform, name, **TRUTH.get((platform, name), {}))
        expected = sorted(as_text(only(normal(row), declared)) for row in truth)
        found = sorted(as_text(only(row, declared)) for row in table(server, platform, name))
        if manner(stream) == "replace" or first:
            assert found == expected, name
        else:
            assert set(found) >= set(expected), name


def table(server: Postgres, schema: str, stream: str) -> Iterator[dict[str, Any]]:
    name = re.sub(r"\W+", "_", stream.lower())
    for (text,) in server.rows(f'select to_jsonb(t) from {schema}."{name}" t'):  # noqa: S608 - names of the sandbox
        row = json.loads(text)
        yield {key: value for key, value in row.items() if not key.startswith("_airbyte") and value is not None}


def normal(record: dict[str, Any]) -> dict[str, Any]:
    """A record with its columns called as PyAirbyte calls them."""
    return {column(name): value for name, value in record.items() if value is not None}


def column(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "_", name.lower())


def only(row: dict[str, Any], columns: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in columns}
