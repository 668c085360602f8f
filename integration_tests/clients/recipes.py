"""The recipes of `examples/` as functions that sync: each is set up in a user's folder and called like a command."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from integration_tests.clients.environment import EXAMPLES, client, environment, version_of
from integration_tests.connector import quick
from integration_tests.sandbox import Sandbox

Sync = Callable[..., "subprocess.CompletedProcess[str]"]
Record = Callable[[str, object], None]


def folder_of_a_user(sandbox: Sandbox, parent: Path) -> Path:
    """A folder with a configuration beside the recipes, as a user has it."""
    folder = folder_beside_the_recipes(parent)
    configure(sandbox, folder)
    return folder


def folder_beside_the_recipes(parent: Path) -> Path:
    """The same without a configuration."""
    shutil.copytree(EXAMPLES, parent / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    folder = parent / "examples" / "project"
    folder.mkdir()
    return folder


def configure(sandbox: Sandbox, project: Path, **platform: str) -> None:
    """Write the configuration of the example."""
    config = quick(sandbox, "canvas", reports=["last_user_access_csv", "provisioning_csv"], **platform)
    (project / "config.json").write_text(json.dumps(config))


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
    words = ("python", "../pyairbyte/sync.py", "config.json")
    return lambda to="lms.duckdb", **more: run(project, folder, *words, to, **more)


def dagster(project: Path, record: Record) -> Sync:
    folder = client("dagster", *requirements("dagster"))
    for package in ("airbyte", "dagster"):
        record("version", version_of(package, folder))
    shutil.copy(EXAMPLES / "dagster" / "assets.py", project)
    command = ["dagster", "asset", "materialize", "-f", "assets.py", "--select", "lms_reports"]
    return lambda: run(project, folder, *command)


def dlt(project: Path, record: Record) -> Sync:
    folder = client("dlt", *requirements("dlt"))
    record("version", version_of("dlt", folder))
    words = ("python", "../dlt/sync.py", "config.json")
    return lambda to="lms.duckdb", **more: run(project, folder, *words, to, **more)


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


RECIPES: dict[str, Callable[[Path, Record], Sync]] = {
    "PyAirbyte": pyairbyte,
    "Dagster": dagster,
    "dlt": dlt,
    "Airflow": airflow,
}


def select(project: Path, table: str, what: str, where: str = "true") -> list[tuple[Any, ...]]:
    """What stands in a table, in whichever schema of the project's database it is."""
    with duckdb.connect(str(project / "lms.duckdb"), read_only=True) as database:
        found = database.execute("select schema_name from duckdb_tables() where table_name = ?", [table]).fetchall()
        ((schema,),) = [row for row in found if "staging" not in row[0]]
        return database.sql(f'select {what} from "{schema}"."{table}" where {where}').fetchall()  # noqa: S608


def count(project: Path, table: str, where: str = "true") -> int:
    """Rows of a table."""
    ((rows,),) = select(project, table, "count(*)", where)
    return int(rows)


def recipes(*names: str) -> list[object]:
    """The recipes of these clients as parameters of a test, each marked as its client's."""
    return [pytest.param(RECIPES[name], marks=pytest.mark.client(name), id=name) for name in names]
