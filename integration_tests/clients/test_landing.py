"""Every platform by every client, from an empty destination: as many rows land as the vendor holds.

The values of the rows are compared where PyAirbyte and Meltano write (`test_postgres`, `test_meltano`).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integration_tests.clients.environment import EXAMPLES
from integration_tests.clients.postgres import Postgres, postgres
from integration_tests.clients.recipes import (
    RECIPES,
    Record,
    Sync,
    count,
    dlt,
    folder_beside_the_recipes,
    recipes,
    run,
    select,
)
from integration_tests.clients.subjects import SUBJECTS, Json, config_of, held, started, tell
from integration_tests.connector import SCRIPT, Connector, newest, quick
from integration_tests.sandbox import Sandbox

pytestmark = pytest.mark.clients

Numbers = dict[str, tuple[int, int]]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as started_server:
        yield started_server


class Landing:
    """A platform that is read into an empty folder."""

    def __init__(self, platform: str, sandbox: Sandbox, connector: Connector, parent: Path) -> None:
        self.platform, self.sandbox = platform, sandbox
        self.project = folder_beside_the_recipes(parent)
        config = config_of(sandbox, platform)
        self.offered: dict[str, Json] = connector.discover(config).catalog
        (self.project / "config.json").write_text(json.dumps(newest(config)))

    def compare(self, rows_of: Callable[[str], int], *, merged: bool = True) -> Numbers:
        """Hold that each stream has its rows.

        Args:
            rows_of: Tells how many of a stream are there.
            merged: Of the rows of one key the last one is there.
        """
        found = {name: rows_of(name) for name in self.offered}
        due = {name: len(self._held(stream, merged=merged)) for name, stream in self.offered.items()}
        assert found == due
        assert sum(due.values()) > 0
        return {name: (found[name], due[name]) for name in due}

    def _held(self, stream: Json, *, merged: bool) -> list[Json]:
        keys = [name for (name,) in stream.get("source_defined_primary_key", [])] if merged else None
        return held(self.sandbox, self.platform, stream["name"], keys)


@pytest.fixture
def landing(request: pytest.FixtureRequest, connector: Connector, tmp_path: Path) -> Iterator[Landing]:
    with started(request.param) as sandbox:
        yield Landing(request.param, sandbox, connector, tmp_path)


def table(stream: str) -> str:
    return re.sub(r"\W+", "_", stream.lower())


@pytest.mark.parametrize("make", recipes("PyAirbyte", "Dagster", "dlt", "Airflow"))
@pytest.mark.parametrize("landing", SUBJECTS, indirect=True)
def test_every_row_lands_in_duckdb(
    make: Callable[[Path, Record], Sync], landing: Landing, record_property: Record
) -> None:
    done = make(landing.project, record_property)()
    assert done.returncode == 0, done.stdout
    numbers = landing.compare(lambda stream: count(landing.project, table(stream)))
    (client,) = [name for name, one in RECIPES.items() if one is make]
    tell(record_property, client, "DuckDB", landing.platform, numbers)


@pytest.mark.client("dlt")
@pytest.mark.parametrize("landing", SUBJECTS, indirect=True)
def test_every_row_lands_in_postgresql(landing: Landing, server: Postgres, record_property: Record) -> None:
    sync, schema = dlt(landing.project, record_property), f"dlt_{landing.platform}"
    done = sync(server.url, LMS_REPORTS_SCHEMA=schema)
    assert done.returncode == 0, done.stdout
    numbers = landing.compare(
        lambda stream: int(server.rows(f"select count(*) from {schema}.{table(stream)}")[0][0])  # noqa: S608
    )
    tell(record_property, "dlt", "PostgreSQL", landing.platform, numbers)


@pytest.mark.client("cron")
@pytest.mark.parametrize("landing", SUBJECTS, indirect=True)
def test_every_row_lands_in_files(landing: Landing, record_property: Record) -> None:
    folder = Path(sys.executable).parent
    words = ["python", str(EXAMPLES / "cron" / "sync.py"), "config.json", "rows"]
    done = run(landing.project, folder, *words, LMS_REPORTS_COMMAND=str(SCRIPT))
    assert done.returncode == 0, done.stdout
    files = {name: (landing.project / "rows" / name).glob("*.jsonl") for name in landing.offered}
    numbers = landing.compare(
        lambda stream: sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files[stream]), merged=False
    )
    tell(record_property, "cron", "JSON lines", landing.platform, numbers)


@pytest.mark.parametrize("make", recipes("PyAirbyte", "dlt"))
@pytest.mark.parametrize("landing", ["brightspace"], indirect=True)
@pytest.mark.parametrize("destination", ["DuckDB", "PostgreSQL"])
def test_of_the_rows_of_one_key_in_one_sync_the_last_stands(
    make: Callable[[Path, Record], Sync], destination: str, landing: Landing, server: Postgres, record_property: Record
) -> None:
    """A first sync that reads a full file and the changes of several days, and a second one that reads more of them."""
    schema = f"last_of_{make.__name__}"
    sync, database = make(landing.project, record_property), destination == "DuckDB"
    for days in (range(1, 4), range(4, 7)):
        for day in days:
            rows = [(number, 10 * day + number) for number in range(1, 13)]
            landing.sandbox.act("brightspace", "publish", of="Users", rows=rows, days=day)
        done = sync("lms.duckdb" if database else server.url, LMS_REPORTS_SCHEMA=schema)
        assert done.returncode == 0, done.stdout
        found = (
            select(landing.project, "bds_users", "version")
            if database
            else server.rows(f"select version from {schema}.bds_users")  # noqa: S608
        )
        due = [row["Version"] for row in held(landing.sandbox, "brightspace", "bds_users", ["UserId"])]
        assert sorted(int(one) for (one,) in found) == sorted(due)


@pytest.mark.parametrize("make", recipes("PyAirbyte", "dlt"))
@pytest.mark.parametrize("destination", ["DuckDB", "PostgreSQL"])
def test_a_table_that_is_replaced_by_no_row_is_empty(
    make: Callable[[Path, Record], Sync],
    destination: str,
    sandbox: Sandbox,
    project: Path,
    server: Postgres,
    record_property: Record,
) -> None:
    schema = f"empty_of_{make.__name__}"
    config = quick(sandbox, "canvas", reports=["grade_export_csv"])
    (project / "config.json").write_text(json.dumps(config))
    sync, database = make(project, record_property), destination == "DuckDB"
    for rows in (20, 0):
        if not rows:
            sandbox.clock.advance(3600)
            sandbox.mutate("canvas", "grade_export", remove=list(range(20)))
        done = sync("lms.duckdb" if database else server.url, LMS_REPORTS_SCHEMA=schema)
        assert done.returncode == 0, done.stdout
        found = (
            select(project, "grade_export", "*") if database else server.rows(f"select * from {schema}.grade_export")  # noqa: S608
        )
        assert len(found) == rows == len(list(sandbox.truth("canvas", "grade_export")))
