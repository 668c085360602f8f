"""The recipes that end in DuckDB, synced twice: PyAirbyte by itself, and in an asset of Dagster."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from integration_tests.clients.environment import EXAMPLES, client, version_of
from integration_tests.clients.recipes import Record, Sync, configure, recipes, requirements, run
from integration_tests.sandbox import Sandbox
from unit_tests.project.docs.pages import blocks

pytestmark = pytest.mark.clients

README = EXAMPLES.parent / "README.md"
LATER = "2026-02-01T12:00:00Z"


@pytest.mark.parametrize("make", recipes("PyAirbyte", "Dagster"))
def test_two_syncs_bring_every_row_and_then_the_new_ones(
    make: Callable[[Path, Record], Sync], sandbox: Sandbox, project: Path, record_property: Record
) -> None:
    sync = make(project, record_property)
    first = sync()
    assert first.returncode == 0, first.stdout
    truth = list(sandbox.truth("canvas", "last_user_access"))
    assert rows(project, "SELECT count(*) FROM last_user_access") == [(len(truth),)]
    enrolled = len(list(sandbox.truth("canvas", "provisioning_enrollments")))
    assert rows(project, "SELECT count(*) FROM provisioning_enrollments") == [(enrolled,)]

    sandbox.clock.advance(3600)
    sandbox.mutate("canvas", "last_user_access", update={3: {"last access at": LATER, "last ip": "10.9.9.9"}})
    second = sync()
    assert second.returncode == 0, second.stdout
    found = rows(project, "SELECT count(*) FILTER (last_ip = '10.9.9.9'), count(*) FROM last_user_access")
    assert found[0][0] == 1
    assert len(truth) < found[0][1] < 2 * len(truth)
    # Streams with a primary key are merged, so that what is read again is there once.
    assert rows(project, "SELECT count(*) FROM provisioning_enrollments") == [(enrolled,)]


@pytest.mark.parametrize("make", recipes("PyAirbyte", "Dagster"))
def test_a_wrong_token_fails_the_job_and_stays_hidden(
    make: Callable[[Path, Record], Sync], sandbox: Sandbox, project: Path, record_property: Record
) -> None:
    configure(sandbox, project, access_token="revoked-token-1")
    refused = make(project, record_property)()
    assert refused.returncode != 0
    assert "revoked-token-1" not in refused.stdout


@pytest.mark.client("PyAirbyte")
def test_the_code_in_the_readme_reads(sandbox: Sandbox, project: Path, record_property: Record) -> None:
    folder = client("pyairbyte", *requirements("pyairbyte"))
    record_property("version", version_of("airbyte", folder))
    (code,) = [block.code for block in blocks(README.read_text(encoding="utf-8")) if block.language == "python"]
    (project / "venv").symlink_to(sys.prefix)
    done = run(project, folder, "python", "-c", code)
    assert done.returncode == 0, done.stdout
    truth = list(sandbox.truth("canvas", "last_user_access"))
    assert rows(project, "SELECT count(*) FROM last_user_access") == [(len(truth),)]


def rows(project: Path, query: str) -> list[tuple[int, ...]]:
    """What a query finds in the database of the project."""
    with duckdb.connect(str(project / "lms.duckdb"), read_only=True) as database:
        return database.sql(query).fetchall()
