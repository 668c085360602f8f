"""The values at a path."""

from __future__ import annotations

import pytest

from source_lms_reports.platforms.model import JobSpec, parse_platform
from source_lms_reports.platforms.paths import value_at

_URLS = {"urls": {"a/1": {"url": "A"}, "b/2": {"url": "B"}, "c/3": {}}}


def test_a_path_is_followed_through_objects_and_lists() -> None:
    document = {"a": [{"b": None}, {"b": 2}]}
    assert value_at(document, ["a", 1, "b"]) == 2
    assert value_at(document, ["a", -1, "b"]) == 2
    assert value_at(document, ["a", 0, "b", "c"]) is None
    assert value_at(document, ["a", 5]) is None
    assert value_at(document, ["a", "b"]) is None
    assert value_at(document, []) is document


@pytest.mark.parametrize(
    ("document", "path", "found"),
    [
        (_URLS, ["urls", "*", "url"], ["A", "B"]),
        (_URLS, ["urls", "*"], [{"url": "A"}, {"url": "B"}, {}]),
        ({"objects": [{"id": 1}, {"id": 2}]}, ["objects", "*", "id"], [1, 2]),
        ({"objects": []}, ["objects", "*", "id"], []),
        ({}, ["objects", "*", "id"], None),
        ({"objects": "text"}, ["objects", "*", "id"], None),
        ([[{"a": 1}], [{"a": 2}, {"b": 3}]], ["*", "*", "a"], [1, 2]),
        ({"*": 1}, ["*"], [1]),
    ],
    ids=str,
)
def test_a_star_stands_for_all_values(document: object, path: list[object], found: object) -> None:
    assert value_at(document, path) == found


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"until": "U", "at": "A"}, "U"),
        ({"until": None, "at": "A"}, "A"),
        ({"until": 5, "at": "A"}, "A"),
        ({"until": 5}, None),
        ({}, None),
    ],
)
def test_of_several_paths_the_first_one_counts_whose_value_is_there_and_fits(document: object, found: object) -> None:
    assert value_at(document, [["until"], ["at"]], lambda value: isinstance(value, str)) == found


def test_a_choice_may_hold_the_whole_document() -> None:
    assert value_at({"a": 1}, [["b"], []]) == {"a": 1}


def test_a_platform_file_may_give_a_choice_wherever_it_gives_a_path() -> None:
    text = """
    name: x
    title: X
    pattern: pages
    base_url: https://x
    spec: {}
    authenticators: {}
    requests: {}
    policy: {cadence: 5}
    check: {}
    job: {id: [[id], [job, 0, id]], links: [urls, "*", url], words: [[error, message], [detail]]}
    """
    job = parse_platform(text).job
    assert job == JobSpec(
        id=[["id"], ["job", 0, "id"]], links=["urls", "*", "url"], words=[["error", "message"], ["detail"]]
    )
