"""A stream that fails beside good ones: those land, their state is kept, the bad one is named, the code is not 0.

And dlt and Airflow for themselves: two syncs bring every row, and then the new ones.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from integration_tests.clients.environment import EXAMPLES, client, environment, version_of
from integration_tests.clients.postgres import postgres
from integration_tests.connector import quick
from integration_tests.sandbox import Sandbox

pytestmark = pytest.mark.clients

LATER = "2026-02-01T12:00:00Z"
FAULT = "job_fails@canvas:report=last_user_access_csv,count=always"

Sync = Callable[..., "subprocess.CompletedProcess[str]"]
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
    config = quick(sandbox, "canvas", reports=["last_user_access_csv", "provisioning_csv"])
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def requirements(recipe: str) -> list[str]:
    lines = (EXAMPLES / recipe / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def run(project: Path, folder: Path, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Call a client's command in the project."""
    return subprocess.run(
        [folder / args[0], *args[1:]],
        cwd=project,
        env=environment(project, folder) | {"RUNTIME__DLTHUB_TELEMETRY": "false"} | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def pyairbyte(project: Path, record: Record) -> Sync:
    folder = client("pyairbyte", *requirements("pyairbyte"))
    record("version", version_of("airbyte", folder))
    return lambda to="lms.duckdb": run(project, folder, "python", "../pyairbyte/sync.py", "config.json", to)


def dagster(project: Path, record: Record) -> Sync:
    folder = client("dagster", *requirements("dagster"))
    record("version", version_of("dagster", folder))
    shutil.copy(EXAMPLES / "dagster" / "assets.py", project)
    command = ["dagster", "asset", "materialize", "-f", "assets.py", "--select", "lms_reports"]
    return lambda: run(project, folder, *command)


def dlt(project: Path, record: Record) -> Sync:
    folder = client("dlt", *requirements("dlt"))
    record("version", version_of("dlt", folder))
    return lambda to="lms.duckdb": run(project, folder, "python", "../dlt/sync.py", "config.json", to)


def airflow(project: Path, record: Record) -> Sync:
    folder = client("airflow", *requirements("airflow"))
    record("version", version_of("apache-airflow", folder))
    variables = {
        "AIRFLOW_HOME": str(project / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(project.parent / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "LMS_REPORTS_FOLDER": str(project),
        "LMS_REPORTS_PYTHON": str(client("dlt", *requirements("dlt")) / "python"),
        "LMS_REPORTS_RETRIES": "0",
    }
    migrated = run(project, folder, "airflow", "db", "migrate", **variables)
    assert migrated.returncode == 0, migrated.stdout
    return lambda: run(project, folder, "airflow", "dags", "test", "lms_reports", **variables)


def recipes(**found: Callable[[Path, Record], Sync]) -> list[object]:
    names = {"pyairbyte": "PyAirbyte", "dagster": "Dagster", "dlt": "dlt", "airflow": "Airflow"}
    return [pytest.param(make, marks=pytest.mark.client(names[name]), id=name) for name, make in found.items()]


@pytest.mark.parametrize("make", recipes(pyairbyte=pyairbyte, dagster=dagster, dlt=dlt, airflow=airflow))
def test_good_streams_land_beside_one_that_fails(
    make: Callable[[Path, Record], Sync], sandbox: Sandbox, project: Path, record_property: Record
) -> None:
    sync = make(project, record_property)
    sandbox.fault(FAULT)
    bad = sync()
    assert bad.returncode != 0
    assert "last_user_access" in bad.stdout
    assert "failed to generate a file" in bad.stdout
    enrolled = len(list(sandbox.truth("canvas", "provisioning_enrollments")))
    assert count(project, "provisioning_enrollments") == enrolled

    sandbox.faults.clear()
    good = sync()
    assert good.returncode == 0, good.stdout
    assert count(project, "last_user_access") == len(list(sandbox.truth("canvas", "last_user_access")))
    assert count(project, "provisioning_enrollments") == enrolled


@pytest.mark.parametrize("make", recipes(dlt=dlt, airflow=airflow))
def test_two_syncs_bring_every_row_and_then_the_new_ones(
    make: Callable[[Path, Record], Sync], sandbox: Sandbox, project: Path, record_property: Record
) -> None:
    sync = make(project, record_property)
    first = sync()
    assert first.returncode == 0, first.stdout
    total = len(list(sandbox.truth("canvas", "last_user_access")))
    assert count(project, "last_user_access") == total

    sandbox.clock.advance(3600)
    sandbox.mutate("canvas", "last_user_access", update={3: {"last access at": LATER, "last ip": "10.9.9.9"}})
    second = sync()
    assert second.returncode == 0, second.stdout
    assert count(project, "last_user_access", "last_ip = '10.9.9.9'") == 1
    assert total < count(project, "last_user_access") < 2 * total
    enrolled = len(list(sandbox.truth("canvas", "provisioning_enrollments")))
    assert count(project, "provisioning_enrollments") == enrolled  # merged by its key


@pytest.mark.client("dlt")
def test_dlt_goes_on_in_postgresql(sandbox: Sandbox, project: Path, record_property: Record) -> None:
    sync = dlt(project, record_property)
    with postgres() as server:
        for _ in range(2):
            done = sync(server.url)
            assert done.returncode == 0, done.stdout
            sandbox.clock.advance(3600)
            sandbox.mutate("canvas", "last_user_access", add=[{"user id": 77, "last access at": LATER}])
        merged = server.rows("select count(*) from lms_reports.provisioning_enrollments")
        assert merged == [[str(len(list(sandbox.truth("canvas", "provisioning_enrollments"))))]]
        assert server.rows("select count(*) from lms_reports.last_user_access where user_id = 77") == [["1"]]


def count(project: Path, table: str, where: str = "true") -> int:
    """Rows of a table, in whichever schema of the project's database it stands."""
    with duckdb.connect(str(project / "lms.duckdb"), read_only=True) as database:
        found = database.execute("select schema_name from duckdb_tables() where table_name = ?", [table]).fetchall()
        ((schema,),) = [row for row in found if "staging" not in row[0]]
        (rows,) = database.sql(f'select count(*) from "{schema}"."{table}" where {where}').fetchall()  # noqa: S608
        return int(rows[0])
