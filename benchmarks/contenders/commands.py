"""How each contender is started, and what it is."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.columns import CURSOR, CURSOR_VALUE, schema

SCRIPT = Path(sys.executable).with_name("source-lms-reports")
TAP = Path(sys.executable).with_name("tap-lms-reports")
STREAM = "report"
DAP_CLIENT = "instructure-dap-client[postgresql]==2.3.1"
_DAP_LOGIN = {"client_id": "us-east-1#bench", "client_secret": "not-a-secret"}
_TABLES = itertools.count(1)


@dataclass(frozen=True)
class Job:
    """One report to read.

    Args:
        server: The server's address.
        kind: csv, json, jsonl or xlsx.
        rows: How many rows it has.
        folder: For the files that a contender is started with.
        database: The address of a PostgreSQL server, if there is one.
    """

    server: str
    kind: str
    rows: int
    folder: Path
    database: str = ""

    @property
    def file(self) -> str:
        """The report's name on the server."""
        return f"{self.rows}.{self.kind}"

    @property
    def url(self) -> str:
        """Where the finished report lies."""
        return f"{self.server}/files/{self.file}"


@dataclass(frozen=True)
class Contender:
    """A program that reads a report.

    Args:
        key: Its name on the command line and in the results.
        title: Its name in tables.
        command: Its command line for a job.
        kinds: The formats that it reads.
        emits: Whether it writes records.
    """

    key: str
    title: str
    command: Callable[[Job], list[str]]
    kinds: tuple[str, ...] = ("csv",)
    emits: bool = True


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.contenders.{name}", *arguments]


def _loop(way: str = "") -> Callable[[Job], list[str]]:
    return lambda job: _module("loop", way or job.kind, job.url)


def _low_code(way: str) -> Callable[[Job], list[str]]:
    def command(job: Job) -> list[str]:
        config = {"url": job.server, "file": job.file}
        return _module("low_code", way, *_read(job, f"low-code-{job.file}", config, [STREAM]))

    return command


def _singer(job: Job) -> list[str]:
    config = _write(job.folder / f"singer-{job.file}.json", {"url": job.server, "file": job.file})
    return _module("singer", "--config", config)


def _command(name: str) -> Callable[[Job], list[str]]:
    """A command of the connector that reads no report."""

    def command(job: Job) -> list[str]:
        config = job.folder / "connector-config.json"
        return [str(SCRIPT), name, *([] if name == "spec" else ["--config", _write(config, _config(job))])]

    return command


def _import_cdk(_: Job) -> list[str]:
    return [sys.executable, "-c", "import airbyte_cdk"]


def _config(job: Job) -> dict[str, Any]:
    if job.kind == "jsonl":
        return {"platform": {"name": "instructure_dap", "base_url": job.server, **_DAP_LOGIN}}
    platform = {
        "name": "second_nature",
        "api_key": "not-a-secret",
        "base_url": f"{job.server}/api",
        "report_format": job.kind if job.kind in ("csv", "json", "xlsx") else "csv",
    }
    return {"platform": platform, "poll_interval_seconds": 0.1}


def _ours(job: Job) -> list[str]:
    return [str(SCRIPT), *_read(job, f"connector-{job.file}", _config(job), _streams(job))]


def _official(*command: str) -> Callable[[Job], list[str]]:
    """Instructure's own client, in its environment; a table that it keeps has a new name each time."""

    def started(job: Job) -> list[str]:
        from integration_tests.clients.environment import client

        asked = ["--namespace", "canvas", "--table", f"rows_{job.rows}_{next(_TABLES)}"]
        where = ["--base-url", job.server, "--no-tracking", "--non-interactive"]
        login = [f"--{name.replace('_', '-')}={value}" for name, value in _DAP_LOGIN.items()]
        places = {"initdb": ["--connection-string", job.database], "snapshot": ["--output-directory", str(job.folder)]}
        bare = [str(client("instructure-dap", DAP_CLIENT) / "dap"), *where, *login, *command]
        return [*bare, *asked, *places[command[0]]]

    return started


def _streams(job: Job) -> list[str]:
    return [f"rows_{job.rows}{part}" for part in (("_part_1", "_part_2") if job.kind == "xlsx" else ("",))]


def _tap(job: Job) -> list[str]:
    """Our tap, which goes on where an earlier run ended, as our `read` does."""
    streams = _streams(job)
    catalog = {"streams": [_entry(stream) for stream in streams]}
    state = {"bookmarks": {stream: {CURSOR: CURSOR_VALUE} for stream in streams}}
    files = {"config": _config(job), "catalog": catalog, "state": state}
    written = [(name, _write(job.folder / f"tap-{job.file}-{name}.json", content)) for name, content in files.items()]
    return [str(TAP), *(text for name, path in written for text in (f"--{name}", path))]


def _entry(stream: str) -> dict[str, Any]:
    metadata = [{"breadcrumb": [], "metadata": {"selected": True, "replication-method": "INCREMENTAL"}}]
    return {"tap_stream_id": stream, "schema": schema(), "replication_key": CURSOR, "metadata": metadata}


def _read(job: Job, name: str, config: dict[str, Any], streams: list[str]) -> list[str]:
    """The arguments of an incremental `read` that goes on where an earlier one ended."""
    catalog = {"streams": [_configured(stream) for stream in streams]}
    state = [_state(stream) for stream in streams]
    folder = job.folder
    return [
        "read",
        "--config",
        _write(folder / f"{name}-config.json", config),
        "--catalog",
        _write(folder / f"{name}-catalog.json", catalog),
        "--state",
        _write(folder / f"{name}-state.json", state),
    ]


def _configured(stream: str) -> dict[str, Any]:
    return {
        "stream": {
            "name": stream,
            "json_schema": schema(),
            "supported_sync_modes": ["full_refresh", "incremental"],
            "source_defined_cursor": True,
            "default_cursor_field": [CURSOR],
        },
        "sync_mode": "incremental",
        "cursor_field": [CURSOR],
        "destination_sync_mode": "append",
    }


def _state(stream: str) -> dict[str, Any]:
    state = {"stream_descriptor": {"name": stream}, "stream_state": {CURSOR: CURSOR_VALUE}}
    return {"type": "STREAM", "stream": state}


def _write(path: Path, content: Any) -> str:
    path.write_text(json.dumps(content))
    return str(path)


OURS = Contender("connector", "source-lms-reports `read`", _ours, ("csv", "json", "jsonl", "xlsx"))
LOOP = Contender("loop", "bare Python loop", _loop(), ("csv", "json", "jsonl", "xlsx"))
CONTENDERS = {
    one.key: one
    for one in (
        OURS,
        LOOP,
        Contender("cdk", "CDK low-code, ResponseToFileExtractor", _low_code("file")),
        Contender("cdk-decoder", "CDK low-code, CsvDecoder", _low_code("decoder")),
        Contender("cdk-json", "CDK low-code, JsonDecoder", _low_code("json"), ("json",)),
        Contender("singer", "Singer SDK tap", _singer),
        Contender("tap", "tap-lms-reports", _tap, ("csv", "json", "xlsx")),
        Contender(
            "dap-files",
            "instructure-dap-client, JSON Lines to files, no records",
            _official("snapshot", "--format", "jsonl"),
            ("jsonl",),
            emits=False,
        ),
        Contender(
            "dap-postgres",
            "instructure-dap-client into PostgreSQL, its own time",
            _official("initdb"),
            ("jsonl",),
            emits=False,
        ),
        Contender("xlsx-read", "calamine alone, no records", _loop("xlsx-read"), ("xlsx",), emits=False),
        Contender("import", "`import airbyte_cdk` alone", _import_cdk, ("start",), emits=False),
        Contender("spec", "`spec`", _command("spec"), ("start",), emits=False),
        Contender("check", "`check`", _command("check"), ("start",), emits=False),
        Contender("download", "download alone, no records", _loop("download"), ("csv", "json", "xlsx"), emits=False),
    )
}
