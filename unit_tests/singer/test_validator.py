"""The validator of Singer's messages is fed with wrong output, to see that it finds it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integration_tests.singer_output import NotSinger, read_output

Json = dict[str, Any]
SCHEMA: Json = {
    "type": "SCHEMA",
    "stream": "s",
    "schema": {
        "type": "object",
        "properties": {
            "id": {"type": ["null", "integer"]},
            "at": {"type": ["null", "string"], "format": "date-time"},
        },
    },
    "key_properties": ["id"],
    "bookmark_properties": ["at"],
}
FULL = {**SCHEMA, "bookmark_properties": []}
TIME = {"time_extracted": "2026-01-01T00:00:00.000Z"}


def grown(name: str = "new", **column: Any) -> Json:
    properties = {**SCHEMA["schema"]["properties"], name: column or {"type": ["null", "string"]}}
    return {**SCHEMA, "schema": {"type": "object", "properties": properties}}


def record(row: Json | None = None, **more: Any) -> Json:
    return {"type": "RECORD", "stream": "s", "record": {"id": 1} if row is None else row, **TIME, **more}


def state(at: str | None = None, **more: Any) -> Json:
    return {"type": "STATE", "value": {"bookmarks": {"s": {"at": at} if at else {}, **more}}}


def activate(version: Any = 1) -> Json:
    return {"type": "ACTIVATE_VERSION", "stream": "s", "version": version}


def text(*messages: Any) -> str:
    return "".join(one if isinstance(one, str) else json.dumps(one) + "\n" for one in messages)


RIGHT: dict[str, list[Any]] = {
    "records and a state": [SCHEMA, record(), record({"id": 2, "at": "2026-01-01T00:00:00Z"}), state("2026-01-01")],
    "a version": [FULL, record(version=1), record(version=1), activate(), state()],
    "an empty table": [FULL, activate(), state()],
    "a column that came": [SCHEMA, record(), grown(), record({"id": 1, "new": "x"})],
    "a state without anything": [state()],
    "a record behind a state of before": [SCHEMA, state("2026-01-01"), record({"id": 1, "at": "2026-01-02T00:00:00Z"})],
}
WRONG: dict[str, list[Any]] = {
    "is of no known type": [{"type": "RECORDS"}],
    "comes before its schema": [record(), SCHEMA],
    "does not fit its schema: 'x' is not of type": [SCHEMA, record({"id": "x"})],
    "does not fit its schema: Additional properties": [SCHEMA, record({"id": 1, "new": "x"})],
    "has no time in at": [SCHEMA, record({"id": 1, "at": "never"})],
    "has no key": [SCHEMA, record({"at": "2026-01-01T00:00:00Z"})],
    "has no time of its own": [SCHEMA, {**record(), "time_extracted": "now"}],
    "was read long ago": [SCHEMA, {**record(), "time_extracted": "1970-01-01T01:38:18.136Z"}],
    "KeyError('time_extracted')": [SCHEMA, {"type": "RECORD", "stream": "s", "record": {"id": 1}}],
    "says what has been said": [SCHEMA, record(), SCHEMA],
    "has lost a column": [grown(), record(), SCHEMA],
    "has a column of no type, or of several": [grown(type=["null", "string", "object"])],
    "has a key that is no column": [{**SCHEMA, "key_properties": ["uuid"]}],
    "has a cursor that is no column": [{**SCHEMA, "bookmark_properties": ["uuid"]}],
    "comes behind a STATE that vouches for it": [SCHEMA, state("2026-01-02"), record({"id": 1, "at": "2026-01-01"})],
    "has lost a bookmark": [state(other={}), state()],
    "has a bookmark that is no object": [state(other=1)],
    "is of another version": [FULL, record(version=1), record()],
    "has a version in vain": [SCHEMA, record(version=1)],
    "comes behind the end of its version": [FULL, record(version=1), activate(), record(version=1)],
    "ends another version": [FULL, record(version=1), activate(2)],
    "ends the version of an incremental": [SCHEMA, activate()],
    "is no number": [FULL, activate("1")],
    "the last line has no end": [SCHEMA, json.dumps(record())],
    "JSONDecodeError": ["Reading ...\n"],
    "TypeError": ["[]\n"],
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_output_passes(name: str) -> None:
    read_output(text(*RIGHT[name]))


@pytest.mark.parametrize("words", WRONG)
def test_wrong_output_is_found(words: str) -> None:
    with pytest.raises(NotSinger) as found:
        read_output(text(*WRONG[words]))
    assert words in str(found.value)


def test_a_bookmark_that_the_run_was_given_may_not_be_lost() -> None:
    with pytest.raises(NotSinger, match="has lost a bookmark"):
        read_output(text(state()), {"other": {}})


def test_the_last_line_of_a_process_that_was_killed_may_be_cut() -> None:
    assert read_output(text(SCHEMA, record(), '{"type":"REC'), whole=False).records == {"s": [{"id": 1}]}
