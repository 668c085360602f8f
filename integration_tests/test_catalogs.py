"""Every catalog that the sandbox can make: each column has one type, whatever the format and the vendor's switches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integration_tests.connector import Connector, Json, catalog_of, quick
from integration_tests.sandbox import Sandbox

QUERY = 'SELECT "user", 1 AS a, 1.5 AS b, true AS c, NULL AS d FROM "analytics"."users"'
CATALOGS: dict[str, tuple[str, Json, Json]] = {
    "canvas": ("canvas", {}, {}),
    "canvas, semicolons": ("canvas", {}, {"semicolon": True}),
    "second_nature": ("second_nature", {}, {}),
    "second_nature, odd headers": (
        "second_nature",
        {"report_format": "xlsx"},
        {"odd_headers": True, "xlsx_dates": True},
    ),
    "sana": ("sana", {"queries": [{"name": "mine", "query": QUERY}]}, {}),
    "tinqwise": ("tinqwise", {}, {}),
    "percipio": ("percipio", {}, {}),
    "adobe_learning_manager": ("adobe_learning_manager", {}, {}),
    "brightspace": ("brightspace", {}, {}),
    "hapyak": ("hapyak", {"reports": ["user_stream_raw", "poll_widget_detail"]}, {}),
    "hapyak, JSON": ("hapyak", {"reports": ["user_stream_raw", "poll_widget_detail"], "report_format": "json"}, {}),
}


def ambiguous(schema: Json, path: str = "") -> Iterator[str]:
    """The places of a schema that leave a choice of types."""
    types = schema.get("type", [])
    if len({types} if isinstance(types, str) else set(types) - {"null"}) != 1 or {"oneOf", "anyOf"} & set(schema):
        yield path
    for name, one in schema.get("properties", {}).items():
        yield from ambiguous(one, f"{path}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from ambiguous(schema["items"], f"{path}[]")


@pytest.mark.parametrize("name", CATALOGS)
def test_each_column_has_one_type(connector: Connector, name: str) -> None:
    platform, settings, switches = CATALOGS[name]
    with Sandbox(rows=30, settings={platform: switches}) as sandbox:
        run = connector.discover(quick(sandbox, platform, **settings))

    assert run.code == 0
    found: dict[str, Any] = {one: list(ambiguous(stream["json_schema"])) for one, stream in run.catalog.items()}
    assert not {one: places for one, places in found.items() if places}


def test_a_stream_that_stands_in_the_catalog_twice_ends_the_sync_in_words(connector: Connector) -> None:
    with Sandbox(rows=1) as sandbox:
        config = quick(sandbox, "canvas", reports=["last_user_access_csv"])
        stream = {"name": "last_user_access", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
        run = connector.read(config, catalog_of([stream, {**stream, "namespace": "other"}]))

    (error,) = run.errors
    assert (run.code, error["failure_type"]) == (1, "config_error")
    assert "The catalog has the stream 'last_user_access' twice." in error["message"]
