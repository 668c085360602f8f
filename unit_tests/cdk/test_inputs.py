"""The files that a command is given, in every form in which people keep them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from source_lms_reports.cdk.inputs import read_catalog, read_state
from source_lms_reports.errors import ConfigError

CURSOR = {"updated_at": "2026-01-01"}
ONE: dict[str, Any] = {"type": "STREAM", "stream": {"stream_descriptor": {"name": "users"}, "stream_state": CURSOR}}
GLOBAL = {"shared_state": {"a": 1}, "stream_states": [ONE["stream"]]}


def written(folder: Path, content: Any) -> str:
    path = folder / "file.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


def states(folder: Path, content: Any) -> dict[str, Any]:
    found = read_state(written(folder, content))
    return {one.stream.stream_descriptor.name: vars(one.stream.stream_state) for one in found if one.stream}


@pytest.mark.parametrize(
    "state",
    [
        [ONE],
        [{"stream": ONE["stream"]}],
        ONE,
        [{"type": "STATE", "state": ONE}],
        [{"type": "GLOBAL", "global": GLOBAL}],
        {"type": "GLOBAL", "global": GLOBAL},
        [{"type": "LEGACY", "data": {"users": CURSOR}}],
        {"users": CURSOR},
    ],
    ids=["list", "without type", "lone", "messages", "global", "lone global", "legacy message", "legacy"],
)
def test_a_state_is_taken_in_every_form(tmp_path: Path, state: Any) -> None:
    assert states(tmp_path, state) == {"users": CURSOR}


@pytest.mark.parametrize("state", [[], {}, None, [{}], ""])
def test_an_empty_state_is_none(tmp_path: Path, state: Any) -> None:
    assert states(tmp_path, state) == {}


def test_states_that_were_appended_a_line_are_read_and_the_last_counts(tmp_path: Path) -> None:
    later = {"type": "STREAM", "stream": {**ONE["stream"], "stream_state": {"updated_at": "2026-02-01"}}}
    lines = [{"type": "STATE", "state": state} for state in (ONE, later)]
    content = "".join(json.dumps(line) + "\r\n" for line in lines).encode()
    assert states(tmp_path, content) == {"users": {"updated_at": "2026-02-01"}}


def test_of_two_states_of_a_stream_the_last_counts(tmp_path: Path) -> None:
    later = {"type": "STREAM", "stream": {**ONE["stream"], "stream_state": {"updated_at": "2026-02-01"}}}
    assert states(tmp_path, [ONE, later]) == {"users": {"updated_at": "2026-02-01"}}


def test_a_stream_without_a_state_starts_anew(tmp_path: Path) -> None:
    assert states(tmp_path, [{"stream": {"stream_descriptor": {"name": "users"}}}]) == {"users": {}}


@pytest.mark.parametrize(
    "state",
    [
        7,
        "users",
        [7],
        {"users": "2026-01-01"},
        [{"type": "STREAM", "stream": {"stream_descriptor": {}, "stream_state": {}}}],
        [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "users"}, "stream_state": "2026"}}],
        {"type": "GLOBAL", "global": {"stream_states": ["users"]}},
    ],
)
def test_another_state_is_refused_and_told_what_is_wanted(tmp_path: Path, state: Any) -> None:
    with pytest.raises(ConfigError, match="It is a list of the last STATE message of each stream"):
        states(tmp_path, state)


def test_a_discovered_catalog_is_not_a_configured_one(tmp_path: Path) -> None:
    stream = {"name": "users", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
    documents: list[Any] = [{"streams": [stream]}, {"type": "CATALOG"}, [], {"streams": [{"stream": stream}]}]
    for document in documents:
        with pytest.raises(ConfigError, match="no configured catalog"):
            read_catalog(written(tmp_path, document))
    configured = {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
    assert [one.stream.name for one in read_catalog(written(tmp_path, {"streams": [configured]})).streams] == ["users"]
