"""`spec`: what a user is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from integration_tests.connector import Connector, Run, script

PLATFORMS = [
    "canvas",
    "second_nature",
    "sana",
    "tinqwise",
    "hapyak",
    "percipio",
    "adobe_learning_manager",
    "brightspace",
]
SECRETS = {"access_token", "api_key", "client_secret", "refresh_token"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The specification as the installed console script prints it."""
    return Connector(tmp_path_factory.mktemp("spec"), script).spec()


@pytest.fixture(scope="module")
def specification(run: Run) -> dict[str, Any]:
    (found,) = run.of("SPEC")
    return dict(found["connectionSpecification"])


def branches(specification: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The platforms' parts by name."""
    found = specification["properties"]["platform"]["oneOf"]
    return {branch["properties"]["name"]["const"]: branch for branch in found}


def objects(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the specification with its path."""
    if "properties" in schema:
        yield path, schema
    for name, one in schema.get("properties", {}).items():
        yield from objects(one, f"{path}.{name}")
    for at, branch in enumerate(schema.get("oneOf", [])):
        yield from objects(branch, f"{path}[{at}]")
    if isinstance(schema.get("items"), dict):
        yield from objects(schema["items"], f"{path}[]")


def fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of the specification with its path."""
    for path, one in objects(schema):
        for name, field in one["properties"].items():
            yield f"{path}.{name}", field


def test_it_is_one_message_and_nothing_else(run: Run) -> None:
    assert run.code == 0
    assert [message["type"] for message in run.messages if message["type"] != "LOG"] == ["SPEC"]
    assert run.stderr == ""


def test_it_is_a_json_schema(specification: dict[str, Any]) -> None:
    Draft7Validator.check_schema(specification)


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_platform_is_a_branch_told_apart_by_its_name(specification: dict[str, Any], name: str) -> None:
    branch = branches(specification)[name]
    assert "name" in branch["required"]
    assert branch["title"]


def test_unknown_settings_are_refused_everywhere(specification: dict[str, Any]) -> None:
    loose = [path for path, one in objects(specification) if one.get("additionalProperties") is not False]
    assert loose == []


def test_every_field_says_what_it_is(specification: dict[str, Any]) -> None:
    assert [path for path, one in fields(specification) if not one.get("title")] == []
    nameless = [path for path, one in fields(specification) if not one.get("description") and "const" not in one]
    assert nameless == []


def test_the_order_of_the_fields_is_stated_and_unique(specification: dict[str, Any]) -> None:
    for path, one in objects(specification):
        orders = [field.get("order") for field in one["properties"].values()]
        assert sorted(orders, key=str) == sorted({*orders}, key=str), path
        assert None not in orders, path


def test_secrets_are_marked_and_nothing_else_is(specification: dict[str, Any]) -> None:
    for path, one in fields(specification):
        is_secret = path.rsplit(".", 1)[-1] in SECRETS
        assert one.get("airbyte_secret", False) is is_secret, path


def test_patterns_are_explained_and_fit_their_examples(specification: dict[str, Any]) -> None:
    for path, one in fields(specification):
        if "pattern" not in one:
            continue
        assert one.get("pattern_descriptor"), path
        for example in one.get("examples", []):
            assert re.search(one["pattern"], example), path
        if "default" in one:
            assert re.search(one["pattern"], one["default"]), path


def test_addresses_are_https_or_loopback(specification: dict[str, Any]) -> None:
    addresses = [(path, one) for path, one in fields(specification) if path.endswith("_url")]
    assert addresses
    for path, one in addresses:
        fits = re.compile(one["pattern"]).search
        assert fits("https://lms.example.com"), path
        assert fits("http://127.0.0.1:8080"), path
        assert fits("http://localhost:8080"), path
        assert not fits("http://lms.example.com"), path
        assert not fits("http://localhost.example.com"), path
        assert not fits("http://127.0.0.1.example.com"), path
        assert not fits("ftp://lms.example.com"), path


def test_the_shared_fields_have_their_defaults(specification: dict[str, Any]) -> None:
    properties = specification["properties"]
    defaults = {name: one["default"] for name, one in properties.items() if "default" in one}
    assert defaults == {"lookback_days": 0, "max_concurrent_reports": 4, "report_timeout_minutes": 120}
    assert properties["poll_interval_seconds"]["airbyte_hidden"] is True


def test_the_forked_process_prints_the_same(run: Run, tmp_path: Path) -> None:
    assert Connector(tmp_path).spec().stdout == run.stdout
