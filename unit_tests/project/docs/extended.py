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

from typing_extensions import Self

import source_lms_reports

Json = dict[str, Any]
#: Runs the commands that come on stdin, a list of arguments a line, and says "end" behind the messages of each. The CDK
#: parses the YAML of its own schema for each source anew; here once.
COMMANDS = """
import functools, json, sys
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.sources.declarative import concurrent_declarative_source as declarative
from source_lms_reports.source import SourceLmsReports

declarative.get_declarative_component_schema = functools.cache(declarative.get_declarative_component_schema)
for line in sys.stdin:
    entrypoint = AirbyteEntrypoint(SourceLmsReports())
    for message in entrypoint.run(entrypoint.parse_args(json.loads(line))):
        print(f"{message}\\n", end="")
    print("end", flush=True)
"""


class Extended:
    """The package with further files, and nothing else changed: a context manager over one process that runs commands.

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

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-c", COMMANDS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(self._folder)},
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, *commands: list[str]) -> list[list[Json]]:
        """The messages of each command."""
        return [self._messages(command) for command in commands]

    def _messages(self, command: list[str]) -> list[Json]:
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        requests.write(f"{json.dumps(command)}\n")
        requests.flush()
        found: list[Json] = []
        while (line := answers.readline()) != "end\n":
            assert line, "the process that runs the commands has ended; what it said is on stderr"
            found.append(json.loads(line))
        return found


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
