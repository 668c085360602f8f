"""`make demo`: the connector against a server on this machine that speaks all vendors' APIs.

Runs `spec`, and for each platform `check`, `discover` and two `read`s, the second one incremental after a few rows have
changed at the vendor. Leaves the messages as JSONL and the rows in a DuckDB file.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from integration_tests.sandbox import Sandbox
from source_lms_reports.platforms.model import platform_names

_CONFIGS = Path(__file__).resolve().parents[1] / "examples" / "configs"
_TICKETS = "_report_tickets"
#: What a state says beside the cursor.
_BESIDE = (_TICKETS, "_report_orders", "_report_seconds", "__ab_no_cursor_state_message")
_QUERY = (
    ".venv/bin/python -c \"import duckdb; duckdb.connect('{database}')"
    '.sql(\'FROM canvas.last_user_access ORDER BY \\"last access at\\" DESC LIMIT 5\').show()"'
)
_NEXT = """\
[bold]With your own account[/], here for {platform}:

  cp examples/configs/{platform}.json config.json   # then enter your own address and credentials
  .venv/bin/source-lms-reports check --config config.json
  PATH="$PWD/.venv/bin:$PATH" examples/cron/sync.py config.json rows/

The first is there for {others} too.
docs/lms-reports.md says where credentials are made. The last syncs all streams into rows/, and what is new when it
is called again. README.md has the same for Docker, PyAirbyte, Meltano and others."""
_FINE = timedelta(seconds=1)


@dataclass
class StreamResult:
    """What one sync made of one stream."""

    name: str
    mode: str
    rows: int = 0
    jobs: list[str] = field(default_factory=list)
    started: int = 0
    ended: int = 0
    status: str = ""
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return max(0, self.ended - self.started) / 1000

    def cursor(self) -> str:
        return next((str(value) for key, value in self.state.items() if key not in _BESIDE), "")


class Run:
    """All the commands of the demo.

    Args:
        folder: Where the messages and the database go.
        console: Where a person reads.
    """

    def __init__(self, folder: Path, console: Console) -> None:
        self._folder = folder
        self._console = console
        self._connector = _console_script()
        self._database = duckdb.connect(str(folder / "demo.duckdb"))

    def command(self, label: str, *arguments: str) -> list[dict[str, Any]]:
        """Run one command of the connector.

        Returns:
            Its messages, which are kept in a file as well.
        """
        begun = time.monotonic()
        done = subprocess.run([self._connector, *arguments], capture_output=True, text=True, check=False)
        seconds = time.monotonic() - begun
        path = self._folder / f"{label}.jsonl"
        path.write_text(done.stdout)
        mark = "[green]✓[/]" if done.returncode == 0 else f"[red]exit {done.returncode}[/]"
        self._console.print(f"  {mark} {arguments[0]:<9}{seconds:5.1f} s   [dim]{path.name}[/]")
        messages = [json.loads(line) for line in done.stdout.splitlines()]
        for message in messages:
            if message["type"] == "CONTROL":  # a token that works once was renewed: the next command needs the new one
                changed = message["control"]["connectorConfig"]["config"]
                Path(arguments[arguments.index("--config") + 1]).write_text(json.dumps(changed))
        return messages

    def platform(self, name: str, sandbox: Sandbox) -> None:
        """Show everything for one platform."""
        self._console.print(f"\n[bold]{name}[/]")
        config = self._write(f"{name}.config", _config(name, sandbox))
        status = _only(self.command(f"{name}.check", "check", "--config", config), "CONNECTION_STATUS")
        if status["connectionStatus"]["status"] != "SUCCEEDED":
            self._console.print(f"    [red]{status['connectionStatus'].get('message')}[/]")
        catalog = _only(self.command(f"{name}.discover", "discover", "--config", config), "CATALOG")["catalog"]
        selected = self._write(f"{name}.catalog", _configured(catalog))
        first = self._read(f"{name}.read-1", name, selected, config, None, {})
        state = self._write(f"{name}.state", [_state_message(result) for result in first.values() if result.state])
        _change_rows(name, sandbox)
        second = self._read(f"{name}.read-2", name, selected, config, state, first)
        self._show(name, first, second)

    def close(self) -> None:
        self._database.close()

    def _read(
        self,
        label: str,
        platform: str,
        catalog: str,
        config: str,
        state: str | None,
        before: Mapping[str, StreamResult],
    ) -> dict[str, StreamResult]:
        given = ("--state", state) if state else ()
        messages = self.command(label, "read", "--config", config, "--catalog", catalog, *given)
        modes = {one["stream"]["name"]: one["sync_mode"] for one in json.loads(Path(catalog).read_text())["streams"]}
        results = {name: StreamResult(name, mode) for name, mode in modes.items()}
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for message in messages:
            _note(message, results, rows)
        for name, result in results.items():
            result.rows = len(rows[name])
            self._store(platform, name, rows[name], appended=bool(before) and result.mode == "incremental")
        return results

    def _store(self, platform: str, stream: str, rows: list[dict[str, Any]], *, appended: bool) -> None:
        """Put rows into the table `<platform>.<stream>`, as a destination would: appended, or in place of the old."""
        if not rows:
            return
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", delete=False) as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        self._database.execute(f'CREATE SCHEMA IF NOT EXISTS "{platform}"')
        source = f"read_json('{file.name}', format='newline_delimited', sample_size=-1, maximum_depth=2)"
        if appended and self._has(platform, stream):
            for column in dict.fromkeys(name for row in rows for name in row):  # a column may come with later rows only
                quoted = '"' + column.replace('"', '""') + '"'
                self._database.execute(f'ALTER TABLE "{platform}"."{stream}" ADD COLUMN IF NOT EXISTS {quoted} VARCHAR')
            self._database.execute(f'INSERT INTO "{platform}"."{stream}" BY NAME SELECT * FROM {source}')  # noqa: S608 - names of the demo's own
        else:
            self._database.execute(f'CREATE OR REPLACE TABLE "{platform}"."{stream}" AS SELECT * FROM {source}')  # noqa: S608
        Path(file.name).unlink()

    def _has(self, platform: str, stream: str) -> bool:
        query = "SELECT count(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ?"
        found = self._database.execute(query, [platform, stream]).fetchone()
        return bool(found and found[0])

    def _write(self, label: str, content: Any) -> str:
        path = self._folder / f"{label}.json"
        path.write_text(json.dumps(content, indent=2))
        return str(path)

    def _show(self, platform: str, first: Mapping[str, StreamResult], second: Mapping[str, StreamResult]) -> None:
        table = Table(
            title=f"{platform}: two syncs", title_justify="left", header_style="bold", box=None, pad_edge=False
        )
        for column, justify in (
            ("stream", "left"), ("mode", "left"), ("report job", "left"), ("rows", "right"), ("s", "right"),
            ("cursor after it", "left"), ("rows 2nd", "right"), ("s", "right"), ("cursor after 2nd", "left"),
        ):  # fmt: skip
            table.add_column(column, justify=justify, no_wrap=column not in ("stream", "report job"))  # type: ignore[arg-type]
        for name, result in first.items():
            again = second[name]
            table.add_row(
                name,
                result.mode.replace("full_refresh", "full"),
                _jobs(result.jobs),
                _count(result),
                f"{result.seconds:.1f}",
                result.cursor(),
                _count(again),
                f"{again.seconds:.1f}",
                again.cursor() if again.cursor() != result.cursor() else "[dim]the same[/]" if again.cursor() else "",
            )
        self._console.print(table)


def _console_script() -> str:
    beside = Path(sys.executable).with_name("source-lms-reports")
    found = str(beside) if beside.exists() else shutil.which("source-lms-reports")
    if not found:
        sys.exit(
            "The console script source-lms-reports is not installed here: run `make demo`, or pip install the project."
        )
    return found


def _config(name: str, sandbox: Sandbox) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if name == "hapyak":  # four reports a minute is all that the vendor allows, so the demo reads two
        more["reports"] = ["project_engagement_summary_raw", "user_stream_raw"]
    if name == "adobe_learning_manager":  # five windows of a report are all that the vendor makes a day
        reports = ("users", "learner_transcripts", "trainings", "feedback", "gamification", "sessions", "user_groups")
        more["reports"] = list(reports)
        more["report_parameters"] = [{"report": "sessions", "name": "courseIds", "value": "course:1"}]
    if name == "instructure_dap":  # five orders a minute: two for each sync
        more["tables"] = ["accounts", "users"]
    config = sandbox.config(name, **more)
    config["poll_interval_seconds"] = 0.2
    if name == "adobe_learning_manager":
        config["start_date"] = "2025-10-01T00:00:00Z"
    if name == "hapyak":
        first_of_month = datetime.now(timezone.utc).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        last_month = (first_of_month - timedelta(days=1)).replace(day=1)
        config["start_date"] = last_month.strftime("%Y-%m-%dT%H:%M:%SZ")
    return config


def _configured(catalog: Mapping[str, Any]) -> dict[str, Any]:
    """Every stream, incremental where it can be."""
    streams = []
    for stream in catalog["streams"]:
        can = "incremental" in stream["supported_sync_modes"]
        mode = "incremental" if can else "full_refresh"
        kept = "append" if mode == "incremental" else "overwrite"
        streams.append({"stream": stream, "sync_mode": mode, "destination_sync_mode": kept})
    return {"streams": streams}


def _note(message: dict[str, Any], results: Mapping[str, StreamResult], rows: dict[str, list[dict[str, Any]]]) -> None:
    kind = message["type"]
    if kind == "RECORD":
        rows[message["record"]["stream"]].append(message["record"]["data"])
    elif kind == "STATE":
        stream = message["state"]["stream"]
        result = results[stream["stream_descriptor"]["name"]]
        result.state = stream["stream_state"]
        for ticket in result.state.get(_TICKETS, []):
            if ticket["id"] not in result.jobs:
                result.jobs.append(ticket["id"])
    elif kind == "TRACE" and message["trace"]["type"] == "STREAM_STATUS":
        status = message["trace"]["stream_status"]
        result = results[status["stream_descriptor"]["name"]]
        result.status = status["status"]
        result.started = result.started or int(message["trace"]["emitted_at"])
        result.ended = int(message["trace"]["emitted_at"])


def _state_message(result: StreamResult) -> dict[str, Any]:
    stream = {"stream_descriptor": {"name": result.name}, "stream_state": result.state}
    return {"type": "STREAM", "stream": stream}


def _only(messages: Iterable[dict[str, Any]], kind: str) -> dict[str, Any]:
    found = [message for message in messages if message["type"] == kind]
    if len(found) != 1:
        sys.exit(
            f"The connector printed {len(found)} messages of type {kind} where one was expected; see the JSONL file."
        )
    return found[0]


def _jobs(ids: list[str]) -> str:
    short = [one if len(one) <= 10 else f"{one[:8]}…" for one in ids]
    return ", ".join(short[:2]) + (f" +{len(short) - 2}" if len(short) > 2 else "")


def _count(result: StreamResult) -> str:
    return f"{result.rows:,}" if result.status == "COMPLETE" else f"[red]{result.rows:,} {result.status.lower()}[/]"


def _change_rows(platform: str, sandbox: Sandbox) -> None:
    """Let a few rows change at the vendor between the two syncs."""
    now = (datetime.now(timezone.utc) - _FINE).strftime("%Y-%m-%dT%H:%M:%SZ")
    if platform == "canvas":
        sandbox.world.jobs.reset()  # else the second sync adopts the reports that the first one had made a minute ago
        sandbox.mutate("canvas", "last_user_access", update={2: {"last access at": now}, 5: {"last access at": now}})
    elif platform == "second_nature":
        changed = {3: {"updated_at": now, "progress": 100.0}}
        sandbox.mutate("second_nature", "admin_xls_report_course_progress", update=changed)
    elif platform == "sana":
        changed = {4: {"last_progress_date": now.replace("Z", ".000000Z")}}
        sandbox.mutate("sana", "user_course_instance_progress", update=changed)
    elif platform == "instructure_dap":
        sandbox.mutate("instructure_dap", "users", update={3: {"name": "Renamed"}}, remove=[5])
    elif platform == "tinqwise":
        sandbox.mutate("tinqwise", "modules", update={1: {"modified_at": now, "progress": 99.0}})
    elif platform == "adobe_learning_manager":
        sandbox.mutate("adobe_learning_manager", "users", update={1: {"name": "New Name", "_time": time.time() - 1}})
    elif platform == "brightspace":
        sandbox.act("brightspace", "publish", of="Users", rows=[(1, 50), (2, 50)], days=1)
    elif platform == "percipio":
        sandbox.mutate("percipio", "learning_activity", update={1: {"lastAccess": now, "status": "Completed"}})


def main(argv: list[str]) -> int:
    """Run the demo."""
    parser = argparse.ArgumentParser(prog="python -m integration_tests.demo", description=__doc__)
    parser.add_argument("--rows", type=int, default=1000, help="size of the main reports")
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="where messages and rows go")
    parser.add_argument("--platform", action="append", default=[], help="only this one; repeatable")
    args = parser.parse_args(argv)
    shutil.rmtree(args.output, ignore_errors=True)
    args.output.mkdir(parents=True)
    console = Console(width=max(170, Console().width))
    run = Run(args.output, console)
    try:
        with Sandbox(rows=args.rows) as sandbox:
            console.print("[bold]The connector[/]")
            run.command("spec", "spec")
            for name in args.platform or [name for name in sandbox.vendors if name in platform_names()]:
                run.platform(name, sandbox)
    finally:
        run.close()
    console.print(f"\nThe messages lie in {args.output}/*.jsonl, the rows in {args.output}/demo.duckdb. For example:")
    console.print(f"  {_QUERY.format(database=args.output / 'demo.duckdb')}\n", markup=False, soft_wrap=True)
    console.print(next_steps(), highlight=False, soft_wrap=True)
    return 0


def next_steps() -> str:
    """The commands that lead to one's own rows, for a person to read."""
    others = sorted(path.stem for path in _CONFIGS.glob("*.json") if path.stem != "canvas")
    return _NEXT.format(platform="canvas", others=", ".join(others))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
