"""The recipes that end in DuckDB, synced twice: PyAirbyte by itself, and in an asset of Dagster."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from integration_tests.clients.environment import EXAMPLES, client, environment, version_of
from integration_tests.connector import quick
from integration_tests.sandbox import Sandbox
from unit_tests.project.docs.pages import blocks

pytestmark = pytest.mark.clients

README = EXAMPLES.parent / "README.md"
PYAIRBYTE = "airbyte==0.71.3"
DAGSTER = "dagster==1.13.28"
LATER = "2026-02-01T12:00:00Z"

Sync = Callable[[], "subprocess.CompletedProcess[str]"]
Record = Callable[[str, object], None]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=20) as started:
        started.clock.advance(-3600)
        yield started


@pytest.fixture
def project(sandbox: Sandbox, tmp_path: Path) -> Path:
    """A folder with a configuration beside the recipes, as a user has it."""
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    folder = tmp_path / "examples" / "project"
    folder.mkdir()
    configure(sandbox, folder)
    return folder


def configure(sandbox: Sandbox, project: Path, **platform: str) -> None:
    """Write the configuration of the example."""
    config = quick(sandbox, "canvas", reports=["last_user_access_csv", "provisioning_csv"], **platform)
    (project / "config.json").write_text(json.dumps(config))


def run(project: Path, folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Call a client's command in the project."""
    return subprocess.run(
        [folder / args[0], *args[1:]],
        cwd=project,
        env=environment(project, folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def pyairbyte(project: Path, record: Record) -> Sync:
    """PyAirbyte by itself."""
    folder = client("pyairbyte", PYAIRBYTE)
    record("version", version_of("airbyte", folder))
    return lambda: run(project, folder, "python", "../pyairbyte/sync.py", "config.json", "lms.duckdb")


def dagster(project: Path, record: Record) -> Sync:
    """PyAirbyte as an asset of Dagster."""
    folder = client("dagster", PYAIRBYTE, DAGSTER)
    for package in ("airbyte", "dagster"):
        record("version", version_of(package, folder))
    shutil.copy(EXAMPLES / "dagster" / "assets.py", project)
    command = ["dagster", "asset", "materialize", "-f", "assets.py", "--select", "lms_reports"]
    return lambda: run(project, folder, *command)


RECIPES = [
    pytest.param(recipe, marks=pytest.mark.client(name), id=name)
    for name, recipe in {"PyAirbyte": pyairbyte, "Dagster": dagster}.items()
]


@pytest.mark.parametrize("make", RECIPES)
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


@pytest.mark.parametrize("make", RECIPES)
def test_a_wrong_token_fails_the_job_and_stays_hidden(
    make: Callable[[Path, Record], Sync], sandbox: Sandbox, project: Path, record_property: Record
) -> None:
    configure(sandbox, project, access_token="revoked-token-1")
    refused = make(project, record_property)()
    assert refused.returncode != 0
    assert "revoked-token-1" not in refused.stdout


@pytest.mark.client("PyAirbyte")
def test_the_code_in_the_readme_reads(sandbox: Sandbox, project: Path, record_property: Record) -> None:
    folder = client("pyairbyte", PYAIRBYTE)
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
