"""A copy of the package with platform files of a stranger's put into it, and its commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import source_lms_reports

Json = dict[str, Any]
#: Runs commands one after the other, as lists of arguments from stdin, and prints their messages.
COMMANDS = """
import json, sys
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from source_lms_reports.source import SourceLmsReports

for line in sys.stdin:
    entrypoint = AirbyteEntrypoint(SourceLmsReports())
    for message in entrypoint.run(entrypoint.parse_args(json.loads(line))):
        print(f"{message}\\n", end="")
    print("end")
"""


class Extended:
    """The package with further files, and nothing else changed.

    Args:
        folder: Where the copy goes.
        files: Texts by their paths in the package.
    """

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self._folder = folder
        package = folder / "source_lms_reports"
        shutil.copytree(Path(source_lms_reports.__file__).parent, package)
        for name, text in files.items():
            path = package / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def file(self, name: str, content: Any) -> str:
        """A JSON file."""
        path = self._folder / f"{name}.json"
        path.write_text(json.dumps(content))
        return str(path)

    def run(self, *commands: list[str]) -> list[list[Json]]:
        """The messages of each command."""
        done = subprocess.run(
            [sys.executable, "-c", COMMANDS],
            input="".join(f"{json.dumps(command)}\n" for command in commands),
            capture_output=True,
            text=True,
            check=False,
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(self._folder)},
        )
        outputs = done.stdout.split("end\n")
        assert len(outputs) == len(commands) + 1, done.stdout + done.stderr
        return [[json.loads(line) for line in output.splitlines()] for output in outputs[:-1]]


def configured(stream: Json) -> Json:
    """A stream of a catalog, incremental where it can be."""
    return {"stream": stream, "sync_mode": stream["supported_sync_modes"][-1], "destination_sync_mode": "append"}


def records(messages: list[Json], stream: str) -> list[Json]:
    """The records of a stream."""
    return [one["record"]["data"] for one in messages if one["type"] == "RECORD" and one["record"]["stream"] == stream]


def last_states(messages: list[Json]) -> list[Json]:
    """The last state of each stream, as a state file has them."""
    states = [one["state"] for one in messages if one["type"] == "STATE"]
    return list({one["stream"]["stream_descriptor"]["name"]: one for one in states}.values())


def only(messages: list[Json], kind: str) -> Json:
    """The one message of a kind."""
    (found,) = [message for message in messages if message["type"] == kind]
    return found
