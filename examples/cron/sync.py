#!/usr/bin/env python3
"""Sync a learning platform into JSON lines, from cron: no other package is needed than the connector.

Usage: sync.py CONFIG FOLDER        (source-lms-reports on PATH, or named by LMS_REPORTS_COMMAND)

FOLDER gets one file a stream and sync, `<stream>/<time>.jsonl`; `catalog.json`, made at the first sync and yours to
edit (remove streams, change `sync_mode`); `state.json`, where the next sync goes on. A state is kept only after the
rows that it covers are on disk, so that a crash repeats rows and never leaves any out. A token that the platform renews
goes into CONFIG. A second call while one is running ends at once. The exit code is the connector's: not 0 when a stream
failed; what the others read is kept.

A line for crontab, each night at three:  0 3 * * *  /opt/lms/sync.py /opt/lms/config.json /srv/lms 2>> /var/log/lms.log
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

COMMAND = os.environ.get("LMS_REPORTS_COMMAND", "source-lms-reports")


def replace(path: Path, content: Any) -> None:
    """Write a file so that it is there whole or not at all; nobody may read it who might not before."""
    path = path.resolve()
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def messages(config: Path, *args: str) -> Iterator[dict[str, Any]]:
    """The connector's messages as they come; the last one is its exit code. A changed configuration is kept at once."""
    words = [COMMAND, args[0], "--config", str(config), *args[1:]]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as connector:
        assert connector.stdout is not None
        for line in connector.stdout:
            message = json.loads(line)
            if message["type"] == "CONTROL":
                replace(config, message["control"]["connectorConfig"]["config"])
            else:
                yield message
    yield {"type": "EXIT", "code": connector.returncode}


def discover(config: Path) -> dict[str, Any]:
    """All streams, incremental where possible.

    Raises:
        SystemExit: The connector cannot list them; it has said why.
    """
    told = list(messages(config, "discover"))
    found = [message["catalog"]["streams"] for message in told if message["type"] == "CATALOG"]
    if not found:
        for message in told:
            tell(message)
        raise SystemExit(told[-1]["code"] or 1)
    return {
        "streams": [
            {"stream": stream, "sync_mode": stream["supported_sync_modes"][-1], "destination_sync_mode": "append"}
            for stream in found[0]
        ]
    }


def tell(message: dict[str, Any]) -> None:
    """Say on stderr what went wrong."""
    if message["type"] == "TRACE" and message["trace"]["type"] == "ERROR":
        print("ERROR", message["trace"]["error"]["message"], file=sys.stderr)
    elif message["type"] == "LOG" and message["log"]["level"] in ("WARN", "ERROR", "FATAL"):
        print(message["log"]["level"], message["log"]["message"], file=sys.stderr)


class Sync:
    """One sync into a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = time.strftime("%Y%m%dT%H%M%SZ.jsonl", time.gmtime())
        self._files: dict[str, IO[str]] = {}
        self.state = folder / "state.json"
        known = json.loads(self.state.read_text(encoding="utf-8")) if self.state.exists() else []
        self._states = {one["stream"]["stream_descriptor"]["name"]: one for one in known}

    def take(self, message: dict[str, Any]) -> None:
        """Keep what one message of the connector brings."""
        if message["type"] == "RECORD":
            record = message["record"]
            self._file(record["stream"]).write(json.dumps(record["data"], ensure_ascii=False) + "\n")
        elif message["type"] == "STATE":
            state = message["state"]
            name = state["stream"]["stream_descriptor"]["name"]
            if name in self._files:
                self._files[name].flush()
                os.fsync(self._files[name].fileno())
            self._states[name] = {"type": "STREAM", "stream": state["stream"]}
            replace(self.state, list(self._states.values()))
        else:
            tell(message)

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()

    def _file(self, stream: str) -> IO[str]:
        if stream not in self._files:
            path = self._folder / stream.replace("/", "_") / self._name
            path.parent.mkdir(exist_ok=True)
            self._files[stream] = path.open("a", encoding="utf-8")
        return self._files[stream]


def main(config: Path, folder: Path) -> int:
    """Sync once. Returns the connector's exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another sync into this folder is running", file=sys.stderr)
            return 75
        catalog = folder / "catalog.json"
        if not catalog.exists():
            replace(catalog, discover(config))
        sync = Sync(folder)
        args = ["read", "--catalog", str(catalog)]
        if sync.state.exists():
            args += ["--state", str(sync.state)]
        code = 1
        try:
            for message in messages(config, *args):
                code = message.get("code", code)
                sync.take(message)
        finally:
            sync.close()
        return code


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
