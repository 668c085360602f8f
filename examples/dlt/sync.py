"""Sync a learning platform with dlt. Called again, it reads what is new, merges it by key, and goes on where it was.

Usage: python sync.py CONFIG DESTINATION [STREAM ...]

DESTINATION is a DuckDB file, or an address such as postgresql://user:password@host:5432/name. `source-lms-reports` must
be on PATH or named by LMS_REPORTS_COMMAND. Without streams all are read.

Records and the connector's state are loaded together: dlt keeps the state in the destination, beside the rows that it
vouches for. Where a stream fails, the others are loaded, what a failed incremental stream had read is loaded too, and
the table of a failed full-refresh stream stays as it was. The exit code is then 1, so that a scheduler tries again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt

Json = dict[str, Any]
_TYPES = {
    "integer": "bigint",
    "number": "double",
    "boolean": "bool",
    "object": "json",
    "array": "json",
    "string": "text",
}


def sync(config: Path, destination: str, streams: list[str]) -> dict[str, str]:
    """Read into the destination.

    Args:
        config: A configuration file of the connector. It is written anew where the platform renews a token in it.
        destination: A DuckDB file or the address of a PostgreSQL database.
        streams: Names of streams; none for all of them.

    Returns:
        What the connector says of each stream that failed.
    """
    name = os.environ.get("LMS_REPORTS_SCHEMA", "lms_reports")
    if "://" in destination:
        where = dlt.destinations.postgres(destination)
    else:
        where = dlt.destinations.duckdb(str(Path(destination).resolve()))
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="lms-reports-") as folder:
        # dlt's own folder is one for all that have this name. The state of another database must not be taken for this
        # one's, and what a load that broke off leaves there would be loaded next time in place of a sync.
        pipeline = dlt.pipeline(name, destination=where, dataset_name=name, pipelines_dir=str(Path(folder, "dlt")))
        print(pipeline.run(_source(config, Path(folder), streams, failed)))
    return failed


@dlt.source(name="lms_reports", max_table_nesting=0)
def _source(config: Path, folder: Path, streams: list[str], failed: dict[str, str]) -> Any:
    @dlt.resource(name="reports")
    def reports() -> Iterator[Any]:
        state: Json = dlt.current.source_state().setdefault("streams", {})
        chosen = _chosen(_discovered(config), streams)
        messages = _read(config, folder, chosen, list(state.values()), failed)
        yield from _rows(messages, {one["stream"]["name"]: one for one in chosen}, state, failed)

    return reports


def _rows(messages: Path, chosen: dict[str, Json], state: Json, failed: dict[str, str]) -> Iterator[Any]:
    """The rows, each with the hints of its table once; the states go into dlt's own as they pass."""
    hinted: set[str] = set()
    lost = {name for name in failed if chosen[name]["sync_mode"] == "full_refresh"}
    with messages.open(encoding="utf-8") as lines:
        for message in map(json.loads, lines):
            if message["type"] == "STATE":
                state[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]
            elif message["type"] == "RECORD" and (stream := message["record"]["stream"]) not in lost:
                data = message["record"]["data"]
                if stream in hinted:
                    yield dlt.mark.with_table_name(data, stream)
                else:
                    hinted.add(stream)
                    yield dlt.mark.with_hints(data, _hints(stream, chosen[stream]), create_table_variant=True)
    for stream in chosen.keys() - hinted - failed.keys():  # a table that is replaced by no row is empty
        nothing = dlt.mark.materialize_table_schema()
        yield dlt.mark.with_hints(nothing, _hints(stream, chosen[stream]), create_table_variant=True)


def _hints(name: str, one: Json) -> Any:
    keys = one.get("primary_key") or []
    columns: Json = {column: {"name": column, "data_type": _type(kind)} for column, kind in _properties(one).items()}
    for column in one["cursor_field"] if keys else []:  # of several rows of one key the newest stands, else any would
        columns.setdefault(column, {"name": column, "data_type": "text"})["dedup_sort"] = "desc"
    disposition = "replace" if one["sync_mode"] == "full_refresh" else "merge" if keys else "append"
    return dlt.mark.make_hints(
        table_name=name, primary_key=[path[0] for path in keys] or None, write_disposition=disposition, columns=columns
    )


def _properties(one: Json) -> Json:
    found: Json = one["stream"]["json_schema"].get("properties", {})
    return found


def _type(column: Json) -> str:
    kinds = [kind for kind in column.get("type", ["string"]) if kind != "null"]
    if column.get("airbyte_type", "").startswith("timestamp") or column.get("format") == "date-time":
        return "text"  # what does not cast stays text in the records, so a column of times is one of texts
    return _TYPES[kinds[0]] if kinds else "text"


# The connector


def _discovered(config: Path) -> list[Json]:
    found: list[list[Json]] = []
    with subprocess.Popen([_command(), "discover", "--config", str(config)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for message in map(json.loads, process.stdout):
            if message["type"] == "CATALOG":
                found.append(message["catalog"]["streams"])
            else:
                _hear(message, config, {})
    return found[0] if found else sys.exit("The connector names no streams; its messages are above.")


def _chosen(offered: list[Json], streams: list[str]) -> list[Json]:
    """The catalog of a sync: incremental where a stream can be."""
    return [
        {
            "stream": stream,
            "sync_mode": "incremental" if "incremental" in stream["supported_sync_modes"] else "full_refresh",
            "destination_sync_mode": "append",
            "cursor_field": stream.get("default_cursor_field") or [],
            "primary_key": stream.get("source_defined_primary_key") or [],
        }
        for stream in offered
        if not streams or stream["name"] in streams
    ]


def _read(config: Path, folder: Path, chosen: list[Json], state: list[Json], failed: dict[str, str]) -> Path:
    """Run the connector and keep its messages; a stream that fails goes into `failed`."""
    catalog, states, messages = folder / "catalog.json", folder / "state.json", folder / "messages.jsonl"
    catalog.write_text(json.dumps({"streams": chosen}), encoding="utf-8")
    states.write_text(json.dumps(state), encoding="utf-8")
    words = [_command(), "read", "--config", str(config), "--catalog", str(catalog), "--state", str(states)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process, messages.open("wb") as kept:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith((b'{"type":"RECORD"', b'{"type":"STATE"')):
                kept.write(line)
            else:
                _hear(json.loads(line), config, failed)
    if process.returncode and not failed:
        sys.exit(process.returncode)  # it did not come to read; why is above
    return messages


def _hear(message: Json, config: Path, failed: dict[str, str]) -> None:
    if message["type"] == "LOG":
        print(message["log"]["message"], file=sys.stderr)
    elif message["type"] == "CONTROL":
        _replace(config, json.dumps(message["control"]["connectorConfig"]["config"], indent=2))
    elif message["type"] == "TRACE":
        status, error = message["trace"].get("stream_status"), message["trace"].get("error")
        if error:
            print(error["message"], file=sys.stderr)
        if status and status["status"] == "INCOMPLETE":
            failed.setdefault(status["stream_descriptor"]["name"], "it ended incomplete")
        elif error and (stream := (error.get("stream_descriptor") or {}).get("name")):
            failed[stream] = error["message"]


def _replace(path: Path, text: str) -> None:
    """Write a file so that it is there whole or as it was; nobody may read it who might not before."""
    path = path.resolve()
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, path.stat().st_mode & 0o777), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _command() -> str:
    found = os.environ.get("LMS_REPORTS_COMMAND") or shutil.which("source-lms-reports")
    return found or sys.exit("source-lms-reports is not on PATH; name it by LMS_REPORTS_COMMAND.")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    bad = sync(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
    for stream, said in bad.items():
        print(f"{stream} FAILED: {said}")
    sys.exit(1 if bad else 0)
