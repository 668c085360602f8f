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
from integration_tests.clients.subjects import MANNER, SUBJECTS, config_of, go_on, held, started, tell
from integration_tests.clients.tables import as_text
from integration_tests.connector import Connector, newest
from integration_tests.sandbox import Sandbox

pytestmark = [pytest.mark.clients, pytest.mark.client("PyAirbyte")]

PYAIRBYTE = (EXAMPLES / "pyairbyte" / "requirements.txt").read_text(encoding="utf-8").splitlines()[-1]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as started:
        yield started


@pytest.mark.parametrize("platform", SUBJECTS)
def test_the_tables_hold_what_the_vendor_holds(
    platform: str, server: Postgres, connector: Connector, tmp_path: Path, record_property: Any
) -> None:
    folder = client("pyairbyte", PYAIRBYTE)
    record_property("version", version_of("airbyte", folder))
    with started(platform) as sandbox:
        config = config_of(sandbox, platform)
        offered = connector.discover(config).catalog
        (tmp_path / "config.json").write_text(json.dumps(newest(config)))
        sync(folder, tmp_path, server, platform)
        compare(server, sandbox, platform, offered, first=True)
        tell(record_property, "PyAirbyte", "PostgreSQL", platform, counts(server, sandbox, platform, offered))
        go_on(sandbox, platform)
        sync(folder, tmp_path, server, platform)
        compare(server, sandbox, platform, offered, first=False)
        if platform == "instructure_dap":
            compare_marked(server)


def compare_marked(server: Postgres) -> None:
    """PyAirbyte knows nothing of deletes: it merges the row, which keeps its key and says when it went."""
    marked = [row for row in table(server, "instructure_dap", "users") if "_ab_cdc_deleted_at" in row]
    assert [set(row) for row in marked] == [{"id", "meta_ts", "meta_action", "_ab_cdc_deleted_at"}] * 2


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


def keys(stream: dict[str, Any]) -> list[str]:
    """The columns of its primary key."""
    return [name for (name,) in stream.get("source_defined_primary_key", [])]


def compare(
    server: Postgres, sandbox: Sandbox, platform: str, offered: dict[str, dict[str, Any]], *, first: bool
) -> None:
    """A table equals the truth in the columns that the catalog declares: PyAirbyte drops the others.

    After a second sync, a table that is appended to holds old versions beside the new ones, and one that is merged
    keeps rows that are gone at the vendor.
    """
    assert offered
    for name, stream in offered.items():
        declared = {column(one) for one in stream["json_schema"]["properties"] if one not in MANNER}
        truth = held(sandbox, platform, name, keys(stream))
        expected = sorted(as_text(only(normal(row), declared)) for row in truth)
        found = sorted(as_text(only(row, declared)) for row in table(server, platform, name))
        if manner(stream) == "replace" or first:
            assert found == expected, name
        else:
            assert set(found) >= set(expected), name


def counts(
    server: Postgres, sandbox: Sandbox, platform: str, offered: dict[str, dict[str, Any]]
) -> dict[str, tuple[int, int]]:
    """The rows of each table, and those that it should have."""
    return {
        name: (len(list(table(server, platform, name))), len(held(sandbox, platform, name, keys(stream))))
        for name, stream in offered.items()
    }


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
