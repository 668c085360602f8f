"""Runs the tap as a process, and reads what it prints as strictly as a target that knows the whole of Singer would."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from integration_tests.connector import Connector, Launcher, forked_tap
from source_lms_reports.times import instant

Json = dict[str, Any]


class NotSinger(AssertionError):
    """What the tap has printed breaks a rule of Singer's, or one of its own promises."""


@dataclass
class Output:
    """Messages that have been found to be right.

    Attributes:
        records: The records of each stream.
        schemas: Every schema of each stream, in order.
        facts: Keys and cursors of each stream, as its SCHEMA says them.
        versions: The version of each stream whose records have one.
        activated: The streams whose earlier versions have been ended.
        states: The bookmarks of each STATE.
        order: The types of the messages of each stream, records in a row as one.
    """

    records: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    schemas: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    facts: dict[str, Json] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    activated: set[str] = field(default_factory=set)
    states: list[Json] = field(default_factory=list)
    order: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def state(self) -> Json:
        """What the next run is given."""
        return {"bookmarks": self.states[-1] if self.states else {}}


def read_output(text: str, saved: Mapping[str, Any] | None = None, *, whole: bool = True) -> Output:
    """The messages of a run, each of which has been looked at.

    Args:
        text: What the tap has printed.
        saved: The bookmarks that it was started with.
        whole: False where it was killed, so that the last line may be cut.

    Raises:
        NotSinger: With the line and the rule that it breaks.
    """
    reading = _Reading(dict(saved or {}))
    lines = text.split("\n")
    if lines.pop() and whole:
        raise NotSinger("the last line has no end")
    for number, line in enumerate(lines, start=1):
        try:
            reading.take(json.loads(line))
        except (NotSinger, ValueError, KeyError, TypeError, AttributeError) as error:
            raise NotSinger(f"line {number}: {error!r}: {line[:300]}") from error
    return reading.output


class _Reading:
    def __init__(self, saved: Mapping[str, Any]) -> None:
        self.output = Output()
        self._validators: dict[str, Draft7Validator] = {}
        self._saved = saved
        self._last: Mapping[str, Any] = saved

    def take(self, message: Json) -> None:
        """Look at one message."""
        kinds = {
            "SCHEMA": self._schema, "RECORD": self._record, "STATE": self._state, "ACTIVATE_VERSION": self._activate
        }  # fmt: skip
        _require(message["type"] in kinds, "is of no known type")
        kinds[message["type"]](message)
        if "stream" in message:
            order = self.output.order[message["stream"]]
            if not (message["type"] == "RECORD" and order[-1:] == ["RECORD"]):
                order.append(message["type"])

    def _schema(self, message: Json) -> None:
        stream, schema, keys = message["stream"], message["schema"], message["key_properties"]
        properties = schema["properties"]
        before = self.output.schemas[stream][-1:]
        _require(schema["type"] == "object", "is no schema of an object")
        _require(set(keys) <= properties.keys(), "has a key that is no column")
        _require(set(message["bookmark_properties"]) <= properties.keys(), "has a cursor that is no column")
        _require(schema not in before, "says what has been said")
        _require(all(one["properties"].keys() <= properties.keys() for one in before), "has lost a column")
        for column in properties.values():
            _require(len(set(column["type"]) - {"null"}) == 1, "has a column of no type, or of several")
        Draft7Validator.check_schema(schema)
        self.output.schemas[stream].append(schema)
        self.output.facts[stream] = {"keys": keys, "cursor": message["bookmark_properties"]}
        self._validators[stream] = Draft7Validator({**schema, "additionalProperties": False})

    def _record(self, message: Json) -> None:
        stream, record = message["stream"], message["record"]
        _require(stream in self._validators, "comes before its schema")
        _require(stream not in self.output.activated, "comes behind the end of its version")
        try:
            self._validators[stream].validate(record)
        except ValidationError as error:
            raise NotSinger(f"does not fit its schema: {error.message}") from error
        for name, column in self.output.schemas[stream][-1]["properties"].items():
            if column.get("format") in ("date", "date-time") and record.get(name) is not None:
                _require(_is_time(record[name]), f"has no time in {name}")
        _require(all(record.get(key) is not None for key in self.output.facts[stream]["keys"]), "has no key")
        _require(instant(message["time_extracted"]) is not None, "has no time of its own")
        _require(message["time_extracted"] > "2020", "was read long ago")
        _require("version" not in message or not self.output.facts[stream]["cursor"], "has a version in vain")
        first = not self.output.records[stream]
        known = self.output.versions.get(stream)
        _require(first or known == message.get("version"), "is of another version than the one before")
        if "version" in message:
            self.output.versions[stream] = message["version"]
        self._not_vouched_for(stream, record)
        self.output.records[stream].append(record)

    def _not_vouched_for(self, stream: str, record: Json) -> None:
        """No record comes behind a state that has passed it already."""
        for cursor in self.output.facts[stream]["cursor"]:
            now, before = (bookmarks.get(stream, {}).get(cursor) for bookmarks in (self._last, self._saved))
            if now is None or now == before or record.get(cursor) is None:
                continue
            mark, at = instant(now), instant(record[cursor])
            _require(mark is None or at is None or at >= mark, "comes behind a STATE that vouches for it")

    def _state(self, message: Json) -> None:
        bookmarks = message["value"]["bookmarks"]
        _require(all(isinstance(one, dict) for one in bookmarks.values()), "has a bookmark that is no object")
        _require(bookmarks.keys() >= self._last.keys(), "has lost a bookmark")
        self._last = bookmarks
        self.output.states.append(bookmarks)

    def _activate(self, message: Json) -> None:
        stream, version = message["stream"], message["version"]
        _require(stream in self._validators, "comes before its schema")
        _require(isinstance(version, int), "is no number")
        _require(self.output.versions.get(stream, version) == version, "ends another version than its records'")
        _require(not self.output.facts[stream]["cursor"], "ends the version of an incremental stream")
        self.output.versions[stream] = version
        self.output.activated.add(stream)


def _is_time(text: str) -> bool:
    """As targets read it, which is stricter than the connector."""
    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def _require(condition: bool, words: str) -> None:
    if not condition:
        raise NotSinger(words)


@dataclass(frozen=True, repr=False)
class TapRun:
    """What one command of the tap has printed, and how it ended."""

    code: int
    stdout: str
    stderr: str
    saved: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = True

    @cached_property
    def output(self) -> Output:
        """The messages, all of which are right."""
        return read_output(self.stdout, self.saved, whole=self.whole)

    @cached_property
    def catalog(self) -> dict[str, Json]:
        """The discovered streams by name."""
        return {stream["tap_stream_id"]: stream for stream in json.loads(self.stdout)["streams"]}

    def logged(self, level: str) -> list[str]:
        """The log lines of a level."""
        return [line for line in self.stderr.splitlines() if f" {level} " in line]


def tap(
    *configs: Mapping[str, Any],
    flags: Sequence[str] = (),
    catalog: Iterable[Mapping[str, Any]] | None = None,
    state: Mapping[str, Any] | None = None,
    launcher: Launcher = forked_tap,
) -> TapRun:
    """Run the tap to its end. A warning is an error to it.

    Args:
        configs: The configuration, in parts.
        flags: Further arguments.
        catalog: The entries of the catalog.
        state: What the run before has left.
        launcher: How the process is started.
    """
    with tempfile.TemporaryDirectory() as folder:
        arguments = [*flags, *arguments_for(Path(folder), configs, catalog, state)]
        environment = {"PYTHONWARNINGS": "error", "TMPDIR": tempfile.gettempdir()}  # where taps look for each other
        done = Connector(Path(folder, "tap"), launcher, environment).run(*arguments)
    return TapRun(done.code, done.stdout, done.stderr, (state or {}).get("bookmarks", {}))


def arguments_for(
    folder: Path,
    configs: Sequence[Mapping[str, Any]],
    catalog: Iterable[Mapping[str, Any]] | None = None,
    state: Mapping[str, Any] | None = None,
) -> list[str]:
    """The arguments for these files, which are written into a folder."""
    files = [("--config", f"config-{number}.json", config) for number, config in enumerate(configs)]
    files += [("--catalog", "catalog.json", {"streams": list(catalog)})] if catalog is not None else []
    files += [("--state", "state.json", state)] if state is not None else []
    for _, name, content in files:
        (folder / name).write_text(json.dumps(content))
    return [text for option, name, _ in files for text in (option, str(folder / name))]


def chosen(entry: Json, *, method: str | None = None, without: Iterable[str] = ()) -> Json:
    """An entry of a catalog as a user edits it: how it is replicated, and which columns are deselected."""
    metadata = [{**one, "metadata": dict(one["metadata"])} for one in entry["metadata"]]
    for one in metadata:
        if not one["breadcrumb"] and method:
            one["metadata"]["replication-method"] = method
        if one["breadcrumb"] and one["breadcrumb"][1] in set(without):
            one["metadata"]["selected"] = False
    return {**entry, "metadata": metadata}
