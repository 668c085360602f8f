"""The recipes, their tests and the page about clients speak of the same versions."""

from __future__ import annotations

import re

import pytest

from unit_tests.packaging.project import text

PLACES = [
    "examples/pyairbyte/requirements.txt",
    "examples/dagster/requirements.txt",
    "examples/meltano/meltano.yml",
    "integration_tests/clients/test_duckdb.py",
]


@pytest.mark.parametrize("client", ["airbyte", "meltano"])
def test_one_version_of_a_client_is_named_everywhere(client: str) -> None:
    pins = {pin for name in PLACES for pin in re.findall(rf"\b{client}==([\d.]+\d)", text(name))}
    (version,) = pins
    assert set(re.findall(rf"\b{client} (\d[\d.]+\d)", text("docs/clients.md"))) == {version}


def test_the_cdk_that_was_tested_is_the_one_that_is_required() -> None:
    (required,) = re.findall(r'"airbyte-cdk==([\d.]+)"', text("pyproject.toml"))
    assert f"airbyte-cdk {required}" in text("docs/clients.md")
