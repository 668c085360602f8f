"""Sync a learning platform into a database with PyAirbyte. Called again, it reads what is new and merges it.

Usage: python sync.py CONFIG DATABASE [STREAM ...]

DATABASE is a DuckDB file, or an address such as postgresql://user:password@host:5432/name. `source-lms-reports` must be
on PATH or named by LMS_REPORTS_COMMAND. Without streams all are read.

PyAirbyte lands nothing where one stream fails. So the connector's messages are kept in a file first: where streams
failed, the others are landed from it, with their states; what a failed incremental stream had read lands too, and the
table of a failed full-refresh stream stays as it was. The exit code is then 1, so that a scheduler tries again.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

# Otherwise PyAirbyte looks the connector up in Airbyte's public registry, where it is not, and fails.
os.environ.setdefault("AIRBYTE_OFFLINE_MODE", "1")

_MESSAGES, _FAILED = "messages.jsonl", "failed.json"
_AT_ONCE = ("LOG", "CONTROL")  # progress, and a new configuration (a refresh token that works once), must not wait


@dataclass
class Outcome:
    """What came of a sync.

    Args:
        rows: The number of rows of each table after it.
        failed: What the connector says of each stream that failed.
    """

    rows: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def sync(config: Path, database: str, streams: list[str]) -> Outcome:
    """Read into the database.

    Args:
        config: A configuration file of the connector. It is written anew where the platform renews a token in it.
        database: A DuckDB file or the address of a PostgreSQL database; each stream is a table in it. It also holds
            the state.
        streams: Names of streams; none for all of them.

    Raises:
        PyAirbyteError: Not one stream could be read.
    """
    import airbyte as ab

    def keep(changed: Mapping[str, Any]) -> None:
        replace(config, json.dumps(dict(changed), indent=2))
        source.set_config(dict(changed), validate=False)  # PyAirbyte itself would go on with the old one

    with tempfile.TemporaryDirectory(prefix="lms-reports-") as folder:
        source = ab.get_source(
            "source-lms-reports", config_change_callback=keep, local_executable=_stand_in(Path(folder))
        )
        source.set_config(json.loads(config.read_text(encoding="utf-8")), validate=False)
        source.select_streams(streams or "*")
        source.check()
        _mend_writing()
        cache = _cache(ab, database)
        try:
            result = source.read(cache=cache)
        except ab.exceptions.PyAirbyteError:
            failed = _failed(Path(folder))
            full = {
                one.stream.name for one in source.configured_catalog.streams if one.sync_mode.value != "incremental"
            }
            good = [name for name in source.get_selected_streams() if name not in failed or name not in full]
            if not failed or not good:
                raise
            source.select_streams(good)
            result = source.read(cache=cache)  # from the file: nothing is asked of the platform a second time
            return Outcome({name: len(dataset) for name, dataset in result.streams.items()}, failed)
        return Outcome({name: len(dataset) for name, dataset in result.streams.items()})


def replace(path: Path, text: str) -> None:
    """Write a file so that it is there whole or as it was; nobody may read it who might not before."""
    path = path.resolve()
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, path.stat().st_mode & 0o777), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _cache(ab: Any, database: str) -> Any:
    address = urlsplit(database)
    if address.scheme not in ("postgres", "postgresql"):
        return ab.caches.DuckDBCache(db_path=database)
    _mend_postgres()
    return ab.caches.PostgresCache(
        host=address.hostname or "localhost",
        port=address.port or 5432,
        username=unquote(address.username or ""),
        password=unquote(address.password or ""),
        database=address.path.lstrip("/"),
        schema_name=os.environ.get("LMS_REPORTS_SCHEMA", "public"),
    )


def _mend_postgres() -> None:
    """Let values reach PostgreSQL as they are.

    On its way there PyAirbyte lets pandas guess, which makes numbers of texts of digits (`00042` to 42), and it makes
    columns of times without a zone, which take `13:00-07:00` for 13:00.
    """
    import pandas
    from airbyte import types
    from sqlalchemy.types import UserDefinedType

    class TimeWithZone(UserDefinedType[Any]):
        cache_ok = True

        def get_col_spec(self, **_: Any) -> str:
            return "TIMESTAMP WITH TIME ZONE"

    pandas.read_json = functools.partial(pandas.read_json, dtype=False, convert_dates=False)
    types.CONVERSION_MAP["timestamp_with_timezone"] = TimeWithZone()


def _mend_writing() -> None:
    """Let tables hold what the sync has read.

    PyAirbyte merges as if no key came twice. Of two versions of a row that it does not have yet it keeps both; of two
    versions of one that it has, PostgreSQL takes any. Here the last one stands. And a table that is to be replaced by
    no row keeps its old ones; here it is empty then.
    """
    from airbyte.shared.sql_processor import SqlProcessorBase
    from airbyte.strategies import WriteMethod, WriteStrategy

    write, finish = SqlProcessorBase._write_temp_table_to_final_table, SqlProcessorBase.write_stream_data
    if hasattr(write, "__wrapped__"):
        return

    @functools.wraps(write)
    def write_last(
        self: Any, stream_name: str, temp_table_name: str, final_table_name: str, write_method: WriteMethod
    ) -> None:
        if write_method == WriteMethod.MERGE:
            table = self._fully_qualified(temp_table_name)
            place = "rowid" if "duckdb" in self.get_sql_engine().dialect.name else "ctid"  # rows are in their order
            keys = [self._quote_identifier(key) for key in self.catalog_provider.get_primary_keys(stream_name)]
            same = " AND ".join(f"older.{key} = newer.{key}" for key in keys)
            self._execute_sql(
                f"DELETE FROM {table} AS older USING {table} AS newer WHERE {same} AND older.{place} < newer.{place}"  # noqa: S608
            )
        write(self, stream_name, temp_table_name, final_table_name, write_method)

    @functools.wraps(finish)
    def finish_or_empty(self: Any, stream_name: str, **more: Any) -> list[Any]:
        written: list[Any] = finish(self, stream_name, **more)
        how = self.catalog_provider.resolve_write_method(stream_name, more.get("write_strategy") or WriteStrategy.AUTO)
        if not written and how == WriteMethod.REPLACE:
            self._execute_sql(f"DELETE FROM {self._fully_qualified(self.get_sql_table_name(stream_name))}")  # noqa: S608
        return written

    SqlProcessorBase._write_temp_table_to_final_table = write_last
    SqlProcessorBase.write_stream_data = finish_or_empty


# What stands between PyAirbyte and the connector


def _stand_in(folder: Path) -> Path:
    """A command that PyAirbyte takes for the connector."""
    command = os.environ.get("LMS_REPORTS_COMMAND") or shutil.which("source-lms-reports")
    if command is None:
        sys.exit("source-lms-reports is not on PATH; name it by LMS_REPORTS_COMMAND.")
    script = folder / "source-lms-reports"
    words = " ".join(f"'{word}'" for word in (sys.executable, os.path.abspath(__file__), "--between", folder, command))  # noqa: PTH100
    script.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    script.chmod(0o700)
    return script


def _between(folder: Path, command: str, args: list[str]) -> int:
    """Run the connector; keep what it reads until it has ended, and pass it on if no stream failed.

    Returns:
        The connector's exit code.
    """
    if "read" not in args:
        os.execv(command, [command, *args])  # noqa: S606 - it takes this process's place
    if (folder / _MESSAGES).exists():
        _pass_on(folder, _selected(args))
        return 0
    failed: dict[str, str] = {}
    with (
        subprocess.Popen([command, *args], stdout=subprocess.PIPE) as process,
        (folder / _MESSAGES).open("wb") as kept,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            kind = line[9:20].split(b'"')[0].decode()  # {"type":"RECORD",...
            if kind in _AT_ONCE:
                print(line.decode(), end="", flush=True)
            else:
                kept.write(line)
            if kind == "TRACE":
                _note(json.loads(line)["trace"], failed)
    if process.returncode:
        (folder / _FAILED).write_text(json.dumps(failed), encoding="utf-8")
        for stream, words in failed.items():
            print(json.dumps({"type": "LOG", "log": {"level": "ERROR", "message": f"{stream}: {words}"}}), flush=True)
        return process.returncode
    _pass_on(folder, None)
    return 0


def _note(trace: dict[str, Any], failed: dict[str, str]) -> None:
    status, error = trace.get("stream_status"), trace.get("error") or {}
    if status and status["status"] == "INCOMPLETE":
        failed.setdefault(status["stream_descriptor"]["name"], "it ended incomplete")
    elif stream := (error.get("stream_descriptor") or {}).get("name"):
        failed[stream] = error["message"]


def _pass_on(folder: Path, wanted: set[str] | None) -> None:
    """Print the kept records, states and statuses of the wanted streams (of all: None); errors have been told."""
    out = sys.stdout.buffer
    with (folder / _MESSAGES).open("rb") as kept:
        for line in kept:
            if wanted is None or _stream_of(line) in wanted:
                out.write(line)
    out.flush()


def _stream_of(line: bytes) -> str | None:
    if line.startswith(b'{"type":"RECORD","record":{"stream":"'):
        return str(json.loads(line[36 : line.index(b',"data":', 36)]))
    message = json.loads(line)
    if "state" in message:
        return str(message["state"]["stream"]["stream_descriptor"]["name"])
    status = message.get("trace", {}).get("stream_status")
    return str(status["stream_descriptor"]["name"]) if status else None


def _selected(args: list[str]) -> set[str]:
    catalog = json.loads(Path(args[args.index("--catalog") + 1]).read_text(encoding="utf-8"))
    return {one["stream"]["name"] for one in catalog["streams"]}


def _failed(folder: Path) -> dict[str, str]:
    file = folder / _FAILED
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["--between"]:
        sys.exit(_between(Path(sys.argv[2]), sys.argv[3], sys.argv[4:]))
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    outcome = sync(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
    for table, rows in outcome.rows.items():
        print(f"{table}: {rows} rows")
    for name, words in outcome.failed.items():
        print(f"{name} FAILED: {words}")
    sys.exit(1 if outcome.failed else 0)
