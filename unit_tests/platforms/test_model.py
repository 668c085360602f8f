"""A platform file with a typing error is refused when it is loaded, in words that name the place."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import yaml

from source_lms_reports.errors import ConfigError
from source_lms_reports.platforms.model import load_platform, parse_platform, platform_names

MINIMAL: dict[str, Any] = {
    "name": "example",
    "title": "Example",
    "pattern": "ticket",
    "base_url": "https://lms.example",
    "spec": {},
    "authenticators": {"default": {"type": "BearerAuthenticator", "api_token": "t"}},
    "requests": {"order": {"method": "POST", "path": "/jobs"}, "poll": {"path": "/jobs/1"}, "list": {"path": "/"}},
    "policy": {"cadence": 5},
    "check": {"request": "list"},
    "reports": {"users": {"streams": {"users": {}}}},
}


def parsed(**changes: Any) -> object:
    return parse_platform(yaml.safe_dump({**MINIMAL, **changes}))


@pytest.mark.parametrize("name", platform_names())
def test_every_platform_of_the_package_is_sound(name: str) -> None:
    assert load_platform(name).name == name


def test_a_small_platform_is_enough() -> None:
    assert parsed()


REPORT: dict[str, Any] = {"streams": {"users": {}}}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tittle": "Example"}, "tittle"),
        ({"pattern": "push"}, "$.pattern"),
        ({"policy": {"cadence": "often"}}, "$.policy.cadence"),
        ({"policy": {"cadence": 0}}, "cadence is more than 0"),
        ({"policy": {"cadence": "unstated", "max_interval": 30}}, "at least 60 where no cadence is stated"),
        ({"requests": {"order": {}, "list": {}}}, "the pattern 'ticket' names the request 'poll'"),
        ({"pattern": "repeat", "requests": {"list": {}}}, "the pattern 'repeat' names the request 'order'"),
        ({"check": {"request": "lst"}}, "check names the request 'lst'"),
        ({"check": {"order": "user"}}, "check names the report 'user'"),
        ({"find": {"request": "jobs", "parameters": []}}, "find names the request 'jobs'"),
        ({"listing": {"request": "reports", "template": REPORT}}, "listing names the request 'reports'"),
        ({"reports": {"a": {**REPORT, "request": "page"}}}, "the report 'a' names the request 'page'"),
        ({"requests": {"list": {"parameters_at": ["a"], "parameters_in": "query"}}}, "parameters_in is json"),
        ({"requests": {"list": {"parameters_in": "json", "pairs": {"name": "n", "value": "v"}}}}, "says where"),
        (
            {"reports": {"a": {**REPORT, "each": {"request": "terms", "value": []}}}},
            "the report 'a' names the request 'terms'",
        ),
        (
            {"reports": {"a": {**REPORT, "children": {"request": "of", "value": []}}}},
            "the report 'a' names the request 'of'",
        ),
        (
            {"configured": {"items": "queries", "template": {**REPORT, "authenticator": "query"}}},
            "the template of `configured` names the authenticator 'query'",
        ),
    ],
)
def test_an_error_in_a_platform_file_names_its_place(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        parsed(**changes)
    assert words in str(raised.value)


def test_an_unknown_platform_is_told_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match="canvas, hapyak"):
        load_platform("moodle")
