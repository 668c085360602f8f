from __future__ import annotations

import json
from typing import Any

import pytest

from source_lms_reports.errors import ConfigError
from source_lms_reports.singer.bookmarks import Bookmarks, read_bookmarks


def test_every_state_has_all_bookmarks() -> None:
    written: list[Any] = []
    bookmarks = Bookmarks({"a": {"x": 1}, "not selected": {"y": 2}}, lambda line: written.append(json.loads(line)))
    bookmarks.change("b", {"z": 3})
    bookmarks.change("a", {})
    assert [one["value"]["bookmarks"] for one in written] == [
        {"a": {"x": 1}, "not selected": {"y": 2}, "b": {"z": 3}},
        {"a": {}, "not selected": {"y": 2}, "b": {"z": 3}},
    ]


def test_what_was_saved_is_written_at_the_start() -> None:
    written: list[bytes] = []
    Bookmarks({"a": {"x": 1}}, written.append).repeat()
    Bookmarks({}, written.append).repeat()
    assert written == [b'{"type":"STATE","value":{"bookmarks":{"a":{"x":1}}}}\n']


@pytest.mark.parametrize(
    "document",
    [
        {"bookmarks": {"a": {"x": 1}}},
        {"type": "STATE", "value": {"bookmarks": {"a": {"x": 1}}}},
        {"bookmarks": {"a": {"x": 1}}, "currently_syncing": "a"},
    ],
)
def test_a_state_is_read_as_a_target_or_a_file_of_messages_gives_it(document: Any) -> None:
    assert read_bookmarks(document) == {"a": {"x": 1}}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"bookmarks": {}},
        {"bookmarks": None},
        {"currently_syncing": None},
        {"type": "STATE", "value": {}},
    ],
)
def test_an_empty_state_is_none(document: Any) -> None:
    assert read_bookmarks(document) == {}


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "x",
        [{"type": "STREAM", "stream": {}}],
        {"bookmarks": []},
        {"bookmarks": {"a": "x"}},
        {"type": "STATE"},
        {"value": {"bookmarks": {"a": {"x": 1}}}},
        {"completed": {"singer_state": {"bookmarks": {"a": {"x": 1}}}}},
        {"a": {"x": 1}},
    ],
)
def test_what_is_no_state_is_refused(document: Any) -> None:
    with pytest.raises(ConfigError, match="The state is not one of this tap"):
        read_bookmarks(document)
