"""The tap in Meltano, from its plugin definition to the rows in a database, and what happens when something fails."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from integration_tests.clients.environment import EXAMPLES, ROOT, client, environment, version_of
from integration_tests.clients.postgres import Postgres, postgres
from integration_tests.clients.subjects import MANNER, SUBJECTS, config_of, go_on, held, started, tell
from integration_tests.clients.tables import as_text
from integration_tests.connector import quick
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.server import wait_until
from integration_tests.singer_output import tap
from source_lms_reports.records.growing import as_cell
from unit_tests.project.docs.pages import blocks, section

pytestmark = [pytest.mark.clients, pytest.mark.client("Meltano")]

Json = dict[str, Any]
MELTANO = "meltano==4.4.1"
REPORTS = ["last_user_access_csv", "grade_export_csv"]


class Project:
    """A copy of the example with the tap added to it, as the README has it."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        self.folder = folder
        self.commands = client("meltano", MELTANO)
        self.variables = {"UV_FIND_LINKS": str(wheels), "PIP_FIND_LINKS": str(wheels)}
        shutil.copytree(EXAMPLES / "meltano", folder)
        added = self.run("add", "--plugin-type", "extractor", "--from-ref", "tap-lms-reports.yml", "tap-lms-reports")
        assert added.returncode == 0, added.stdout
        installed = self.run("install")
        assert installed.returncode == 0, installed.stdout
        self._plain = (folder / "meltano.yml").read_text(encoding="utf-8")

    def configure(self, config: Json, **tap_extras: Any) -> None:
        """Configure the tap, and begin without a state."""
        plain = yaml.safe_load(self._plain)
        extractor = {"name": "tap-lms-reports", "config": config, **tap_extras}
        plain["environments"] = [{"name": "prod", "config": {"plugins": {"extractors": [extractor]}}}]
        (self.folder / "meltano.yml").write_text(yaml.safe_dump(plain), encoding="utf-8")
        (self.folder / ".meltano" / "meltano.db").unlink(missing_ok=True)
        (self.folder / "lms-renewed.json").unlink(missing_ok=True)
        shutil.rmtree(self.folder / "output", ignore_errors=True)

    def into(self, server: Postgres, schema: str) -> None:
        """Let the target for PostgreSQL write there."""
        places = {"host": server.host, "port": server.port, "user": server.user, "password": server.password}
        places |= {"database": server.database, "default_target_schema": schema}
        self.variables |= {f"TARGET_POSTGRES_{name.upper()}": str(value) for name, value in places.items()}

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Begin a command in a process group of its own."""
        return subprocess.Popen(
            [self.commands / "meltano", *args],
            cwd=self.folder,
            env=environment(self.folder, self.commands) | self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Call a command."""
        process = self.start(*args)
        out, _ = process.communicate()
        return subprocess.CompletedProcess(args, process.returncode, out)

    def sync(self, target: str) -> subprocess.CompletedProcess[str]:
        """Run the tap into a target."""
        return self.run("run", "tap-lms-reports", target)

    def state(self, target: str) -> Json:
        """The bookmarks in Meltano's own database."""
        shown = self.run("state", "get", f"prod:tap-lms-reports-to-{target}")
        (line,) = [line for line in shown.stdout.splitlines() if line.startswith('{"singer_state"')]
        bookmarks: Json = json.loads(line)["singer_state"]["bookmarks"]
        return bookmarks


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("meltano")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder / "dist"), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return Project(folder / "project", folder / "dist")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as started:
        yield started


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=20) as started:
        started.clock.advance(-3600)  # reports of the last quarter of an hour would be adopted by the second sync
        yield started


class Tables:
    """The tables of a target, row by row."""

    def __init__(self, target: str, project: Project, server: Postgres, schema: str) -> None:
        self._target, self._project, self._server, self._schema = target, project, server, schema

    def rows(self, stream: str) -> list[str]:
        """The rows of a table, without what the target adds, and without what tells their windows."""
        rows = self._of_postgres(stream) if self._target == "target-postgres" else self._of_duckdb(stream)
        return [
            as_text({name: one for name, one in row.items() if not name.startswith("_sdc_") and name not in MANNER})
            for row in rows
        ]

    def truth(self, sandbox: Sandbox, platform: str, stream: str, entry: Json) -> list[str]:
        """The vendor's rows as the target writes them; what is no text in a column of texts is JSON text.

        target-duckdb writes names in small letters, and null for an empty text.
        """
        small, lost = (str.lower, "") if self._target == "target-duckdb" else (str, None)
        columns, keys = entry["schema"]["properties"], entry.get("key_properties", [])
        texts = {name for name, column in columns.items() if "string" in column["type"]}
        return [
            as_text(
                {
                    small(name): as_cell(one) if name in texts else one
                    for name, one in row.items()
                    if name not in MANNER and one != lost
                }
            )
            for row in held(sandbox, platform, stream, keys)
        ]

    def _of_postgres(self, stream: str) -> Iterator[Json]:
        for (text,) in self._server.rows(f'select to_jsonb(t) from {self._schema}."{stream}" t'):  # noqa: S608
            yield json.loads(text)

    def _of_duckdb(self, stream: str) -> Iterator[Json]:
        with duckdb.connect(str(self._project.folder / "lms.duckdb"), read_only=True) as database:
            found = database.sql(f'select to_json(t) from main."{stream}" t').fetchall()  # noqa: S608
        for (text,) in found:
            yield json.loads(text)


@pytest.mark.parametrize("target", ["target-postgres", "target-duckdb"])
@pytest.mark.parametrize("platform", SUBJECTS)
def test_the_tables_hold_what_the_vendor_holds(
    platform: str, target: str, project: Project, server: Postgres, record_property: Any
) -> None:
    record_property("version", version_of("meltano", project.commands))
    package = {"target-postgres": "meltanolabs-target-postgres", "target-duckdb": "target-duckdb"}[target]
    record_property("version", version_of(package, project.folder / f".meltano/loaders/{target}/venv/bin"))
    with started(platform) as sandbox:
        file = project.folder / "discovered.json"  # a token that works once is renewed in it
        file.write_text(json.dumps(config_of(sandbox, platform)))
        offered = tap(flags=["--config", str(file), "--discover"]).catalog
        (project.folder / "lms.duckdb").unlink(missing_ok=True)
        project.configure(json.loads(file.read_text()))
        project.into(server, f"twice_{platform}")
        tables = Tables(target, project, server, f"twice_{platform}")

        first = project.sync(target)
        assert first.returncode == 0, first.stdout
        counts: dict[str, tuple[int, int]] = {}
        for name, entry in offered.items():
            found, expected = tables.rows(name), tables.truth(sandbox, platform, name, entry)
            assert sorted(found) == sorted(expected), name
            counts[name] = (len(found), len(expected))
        destination = {"target-postgres": "PostgreSQL", "target-duckdb": "DuckDB"}[target]
        tell(record_property, "Meltano", destination, platform, counts)

        go_on(sandbox, platform)
        second = project.sync(target)
        assert second.returncode == 0, second.stdout
        for name, entry in offered.items():
            found, expected = tables.rows(name), tables.truth(sandbox, platform, name, entry)
            if "replication_key" not in entry and target == "target-postgres":
                assert sorted(found) == sorted(expected), name  # rows that are gone have vanished
            else:
                assert set(found) >= set(expected), name
            if "replication_key" in entry:
                assert len(found) <= 2 * len(expected), name


def test_the_readmes_commands_lead_from_nothing_to_rows(sandbox: Sandbox, tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    first, second = [block.code for block in blocks(section(text, "Meltano")) if block.language == "sh"]
    assert len(first.strip().splitlines()) == 5
    config = quick(sandbox, "canvas", reports=REPORTS)
    words = first.replace("https://school.instructure.com", sandbox.url("canvas")).replace(
        "ACCESS_TOKEN=...", f"ACCESS_TOKEN={config['platform']['access_token']}"
    )
    commands = client("meltano", MELTANO)  # instead of one that is made each time
    words = re.sub(r"python3 -m venv venv-meltano.*?&& export", "export", words, flags=re.DOTALL)
    (tmp_path / "venv-meltano").mkdir()
    (tmp_path / "venv-meltano" / "bin").symlink_to(commands)
    for name in ("examples", "source_lms_reports", "schemas", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"):
        (tmp_path / name).symlink_to(ROOT / name)
    variables = environment(tmp_path) | {"PATH": f"{commands}:{os.environ['PATH']}"}
    variables |= {"TAP_LMS_REPORTS_PLATFORM_REPORTS": json.dumps(REPORTS)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{words}\n{second}"],
        cwd=tmp_path,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    catalog = json.loads(done.stdout[done.stdout.index('{\n  "streams"') :].rpartition("\n}")[0] + "\n}")
    assert {stream["tap_stream_id"] for stream in catalog["streams"]} == {"last_user_access", "grade_export"}
    output = tmp_path / "lms" / "output"
    rows = [json.loads(line) for file in output.glob("last_user_access*") for line in file.read_text().splitlines()]
    (again,) = [file for file in output.glob("last_user_access*") if "last ip" not in file.read_text()]
    assert len(rows) > 20
    assert again.read_text()
    assert len(list(output.glob("grade_export*"))) == 1


def test_settings_are_known_and_secrets_hidden(project: Project, sandbox: Sandbox) -> None:
    project.configure(quick(sandbox, "canvas", reports=REPORTS))
    shown = project.run("--environment=prod", "config", "print", "tap-lms-reports").stdout
    assert sandbox.url("canvas") in shown
    assert "canvas-token" not in shown
    listed = project.run("--environment=prod", "config", "list", "--all", "tap-lms-reports").stdout
    assert "TAP_LMS_REPORTS_PLATFORM_ACCESS_TOKEN" in listed
    assert "Look-back days" in listed


def test_a_run_that_is_killed_loses_nothing(project: Project, server: Postgres) -> None:
    with Sandbox(rows=3000) as sandbox:
        project.configure(quick(sandbox, "canvas", reports=REPORTS))
        project.into(server, "killed")
        sandbox.fault("poll_timeout@canvas:report=last_user_access_csv,seconds=30")
        killed = project.start("run", "tap-lms-reports", "target-postgres")
        assert wait_until(lambda: bool(sandbox.journal.marked("fault:poll_timeout")), 60)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate()
        sandbox.faults.clear()
        second = project.run("run", "--force", "tap-lms-reports", "target-postgres")  # Meltano holds the run for alive
        assert second.returncode == 0, second.stdout
        for stream in ("last_user_access", "grade_export"):
            ((count,),) = server.rows(f"select count(*) from killed.{stream}")  # noqa: S608
            assert int(count) == len(list(sandbox.truth("canvas", stream))), stream


def test_a_failing_stream_is_told_and_the_others_land(project: Project, server: Postgres, sandbox: Sandbox) -> None:
    project.configure(quick(sandbox, "canvas", reports=REPORTS))
    project.into(server, "failing")
    sandbox.fault("link_html@canvas:report=grade_export_csv,count=always")
    failed = project.sync("target-postgres")
    assert failed.returncode == 1
    assert "1 of 2 streams failed: grade_export." in failed.stdout
    expected = len(list(sandbox.truth("canvas", "last_user_access")))
    assert server.rows("select count(*) from failing.last_user_access") == [[str(expected)]]
    assert "last access at" in project.state("target-postgres")["last_user_access"]

    sandbox.faults.clear()
    assert project.sync("target-postgres").returncode == 0
    expected = len(list(sandbox.truth("canvas", "grade_export")))
    assert server.rows("select count(*) from failing.grade_export") == [[str(expected)]]


def test_a_wrong_token_fails_the_run_and_stays_hidden(project: Project, sandbox: Sandbox) -> None:
    project.configure(quick(sandbox, "canvas", reports=REPORTS, access_token="revoked-token-1"))
    refused = project.sync("target-jsonl")
    assert refused.returncode == 1
    assert "Canvas refuses the access token" in refused.stdout
    assert "revoked-token-1" not in refused.stdout


def test_a_table_read_in_full_holds_what_is_there_now(project: Project, server: Postgres, sandbox: Sandbox) -> None:
    """An incremental stream that the user wants in full, without the column that they do not want."""
    metadata = {"last_user_access": {"replication-method": "FULL_TABLE"}}
    select = ["last_user_access.*", "!last_user_access.last ip"]
    project.configure(quick(sandbox, "canvas", reports=REPORTS), metadata=metadata, select=select)
    project.into(server, "whole")
    assert project.sync("target-postgres").returncode == 0
    sandbox.clock.advance(3600)
    sandbox.mutate("canvas", "last_user_access", remove=[3, 4])
    assert project.sync("target-postgres").returncode == 0
    found = [json.loads(text) for (text,) in server.rows("select to_jsonb(t) from whole.last_user_access t")]
    expected = list(sandbox.truth("canvas", "last_user_access"))
    assert sorted(row["user id"] for row in found) == sorted(row["user id"] for row in expected)
    assert not [row for row in found if "last ip" in row]
    assert not server.rows(
        "select 1 from information_schema.tables where table_name = 'grade_export' and table_schema = 'whole'"
    )
