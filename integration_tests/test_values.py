"""Values are data: what the user has entered reaches the vendor byte for byte, whatever it looks like."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import pytest

from integration_tests.connector import Connector, Json, catalog_of, quick
from integration_tests.sandbox import Sandbox
from source_lms_reports.platforms.model import load_platform, platform_names

#: What an interpreter would make something else of: numbers, a quoted text, a list, templates, escapes.
LIKE_CODE = ("71e4523", "{{7*7}}xyz", "'%2F%s\\n$HOME#;&=+{%raw%}é€'")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=5) as started:
        yield started


@pytest.fixture(autouse=True)
def _forget(sandbox: Sandbox) -> None:
    sandbox.reset()


def texts(value: Any) -> Iterator[str]:
    """All texts in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.items():
            yield from texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts(one)


def arrived(sandbox: Sandbox, platform: str) -> set[str]:
    """All texts that came to a vendor, in headers, paths, queries and bodies."""
    found: set[str] = set()
    for entry in sandbox.requests(platform):
        headers = [value.encode("latin-1").decode() for _, value in entry.headers]
        found |= {part for value in headers for part in (value, *_credentials(value))}
        found |= {unquote(part) for part in entry.path.split("/")} | set(texts(entry.query)) | set(texts(entry.body))
    return found


def _credentials(value: str) -> list[str]:
    scheme, _, rest = value.partition(" ")
    if scheme != "Basic":
        return [rest]
    try:
        return base64.b64decode(rest).decode().split(":", 1)
    except (binascii.Error, UnicodeDecodeError):
        return []


def secret_settings() -> Iterator[tuple[str, Json, tuple[str, ...]]]:
    """Each platform's ways to sign in: what the configuration holds besides, and the settings that hold text."""
    for name in platform_names():
        properties = load_platform(name).spec["properties"]
        for branch in properties.get("credentials", {}).get("oneOf") or [{"properties": properties}]:
            held = branch["properties"]
            secrets = [key for key, one in held.items() if one.get("airbyte_secret")]
            ids = [key for key in ("client_id", "account_id") if key in held and "client_secret" in held]
            tag = {key: one["const"] for key, one in held.items() if key == "auth_type"}
            yield name, tag, (*secrets, *ids)


WAYS_IN = list(secret_settings())


def test_every_secret_is_among_those_that_are_tried() -> None:
    assert sum(len(keys) for *_, keys in WAYS_IN) == 20


@pytest.mark.parametrize(("platform", "tag", "keys"), WAYS_IN, ids=str)
@pytest.mark.parametrize("value", LIKE_CODE)
def test_a_credential_arrives_as_it_was_entered(
    sandbox: Sandbox, connector: Connector, platform: str, tag: Json, keys: tuple[str, ...], value: str
) -> None:
    given = {key: value if number == 0 else f"{value}{number}" for number, key in enumerate(keys)}
    config = quick(sandbox, platform, **({"credentials": {**tag, **given}} if tag else given))

    run = connector.check(config)

    assert run.code == 0, run.stdout + run.stderr
    assert run.connection["status"] == "FAILED"
    assert not (set(given.values()) - {given.get("account_id")}) - arrived(sandbox, platform)


def order_settings(sandbox: Sandbox, value: str) -> dict[str, tuple[Json, str, set[str]]]:
    """For each platform a configuration with `value` in all its texts, a stream, and the texts that must arrive."""
    query = f'SELECT "user" AS "{value}" FROM "analytics"."users" -- {value}'  # noqa: S608 - a query of the user
    queries = [{"name": "mine", "query": query, "cursor_field": value}]
    name = f"name of {value[:6]}"  # the sandbox reads no stranger ones in a multipart form
    parameter = {"report": "grade_export_csv", "name": name, "value": value}
    return {
        "canvas": (
            quick(sandbox, "canvas", enrollment_term_id=value, report_parameters=[parameter]),
            "grade_export",
            {value, f"parameters[{name}]"},
        ),
        "second_nature": (quick(sandbox, "second_nature", course_id=value), "conversation_transcripts", {value}),
        "sana": (quick(sandbox, "sana", queries=queries), "mine", {query}),
        "tinqwise": (quick(sandbox, "tinqwise", group_name=value), "users", {value}),
    }


@pytest.mark.parametrize("platform", ["canvas", "second_nature", "sana", "tinqwise"])
@pytest.mark.parametrize("value", LIKE_CODE)
def test_what_an_order_holds_arrives_as_it_was_entered(
    sandbox: Sandbox, connector: Connector, platform: str, value: str
) -> None:
    config, name, wanted = order_settings(sandbox, value)[platform]
    stream = {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]}

    connector.read(config, catalog_of([stream]))

    assert not wanted - arrived(sandbox, platform)


TAILS = ("-- as copied", "; -- as copied", ";\n/* a; b */ ; -- c;")


def test_a_query_may_end_in_a_comment_in_discovery_and_in_each_sync(sandbox: Sandbox, connector: Connector) -> None:
    base = 'SELECT "user", "last_progress_date" FROM "analytics"."user_course_instance_progress"'
    queries = [
        {"name": f"q{number}", "query": f"{base} {tail}", "cursor_field": "last_progress_date"}
        for number, tail in enumerate(TAILS)
    ]
    config = quick(sandbox, "sana", queries=queries)
    found = connector.discover(config)
    assert found.code == 0
    assert found.logged("WARN") == []
    streams = [found.catalog[f"q{number}"] for number in range(len(TAILS))]

    first = connector.read(config, catalog_of(streams))
    second = connector.read(config, catalog_of(streams), first.state_file)

    assert (first.code, second.code) == (0, 0), first.errors
    assert set(first.records) == set(second.records) == {"q0", "q1", "q2"}


def test_what_cannot_be_seen_at_the_ends_of_a_secret_does_no_harm(sandbox: Sandbox, connector: Connector) -> None:
    config = quick(sandbox, "canvas", access_token="\ufeff canvas-token\u200b\r\n")

    assert connector.check(config).connection["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("platform", "settings", "field"),
    [
        ("canvas", {"access_token": "canvas\ntoken"}, "platform.access_token"),
        ("canvas", {"access_token": " \n"}, "platform.access_token"),
        ("canvas", {"base_url": "https://school.example.com\n"}, "platform.base_url"),
        ("canvas", {"base_url": "https://school.example.com\u200b"}, "platform.base_url"),
        ("canvas", {"account_id": "1\n"}, "platform.account_id"),
        ("canvas", {"enrollment_term_id": "1 "}, "platform.enrollment_term_id"),
        ("second_nature", {"course_id": "\t7"}, "platform.course_id"),
        ("tinqwise", {"client_id": "client\u00a0"}, "platform.client_id"),
        ("tinqwise", {"group_name": "\ud83d"}, "platform.group_name"),
    ],
)
def test_what_cannot_be_seen_elsewhere_is_named(
    sandbox: Sandbox, connector: Connector, platform: str, settings: Json, field: str
) -> None:
    run = connector.check(quick(sandbox, platform, **settings))

    assert run.connection["status"] == "FAILED"
    assert f"`{field}`" in run.connection["message"]
    assert sandbox.requests() == []
