"""The value at a path."""

from __future__ import annotations

from source_lms_reports.platforms.paths import value_at


def test_a_path_is_followed_through_objects_and_lists() -> None:
    document = {"a": [{"b": None}, {"b": 2}]}
    assert value_at(document, ["a", 1, "b"]) == 2
    assert value_at(document, ["a", -1, "b"]) == 2
    assert value_at(document, ["a", 0, "b", "c"]) is None
    assert value_at(document, ["a", 5]) is None
    assert value_at(document, ["a", "b"]) is None
    assert value_at(document, []) is document
