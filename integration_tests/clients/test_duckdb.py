"""The recipes that end in DuckDB: PyAirbyte by itself, and as a job of Meltano. Each syncs twice."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from integration_tests.clients.environment import EXAMPLES, client, environment
from integration_tests.connector import quick
from integration_tests.sandbox import Sandbox

pytestmark = pytest.mark.clients

PYAIRBYTE = "airbyte==0.71.3"
MELTANO = "meltano==4.4.1"
LATER = "2026-02-01T12:00:00Z"

Sync = Callable[[], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=20) as started:
        started.clock.advance(-3600)
        yield started


@pytest.fixture
def project(sandbox: Sandbox, tmp_path: Path) -> Path:
    """A folder with a configuration, as a user has it."""
    configure(sandbox, tmp_path)
    return tmp_path


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


def pyairbyte(project: Path) -> Sync:
    """PyAirbyte by itself."""
    folder = client("pyairbyte", PYAIRBYTE)
    shutil.copy(EXAMPLES / "pyairbyte" / "sync.py", project)
    return lambda: run(project, folder, "python", "sync.py", "config.json", "lms.duckdb")


def meltano(project: Path) -> Sync:
    """PyAirbyte as a job of Meltano."""
    folder = client("meltano", MELTANO)
    for name in ("meltano.yml", "sync.py"):
        shutil.copy(EXAMPLES / "meltano" / name, project)
    installed = run(project, folder, "meltano", "install")
    assert installed.returncode == 0, installed.stdout
    return lambda: run(project, folder, "meltano", "run", "lms-reports:sync")


@pytest.mark.parametrize("make", [pyairbyte, meltano])
def test_two_syncs_bring_every_row_and_then_the_new_ones(
    make: Callable[[Path], Sync], sandbox: Sandbox, project: Path
) -> None:
    sync = make(project)
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


@pytest.mark.parametrize("make", [pyairbyte, meltano])
def test_a_wrong_token_fails_the_job_and_stays_hidden(
    make: Callable[[Path], Sync], sandbox: Sandbox, project: Path
) -> None:
    configure(sandbox, project, access_token="revoked-token-1")
    refused = make(project)()
    assert refused.returncode != 0
    assert "revoked-token-1" not in refused.stdout


def rows(project: Path, query: str) -> list[tuple[int, ...]]:
    """What a query finds in the database of the project."""
    with duckdb.connect(str(project / "lms.duckdb"), read_only=True) as database:
        return database.sql(query).fetchall()
