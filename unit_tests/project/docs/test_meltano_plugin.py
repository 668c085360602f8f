"""The tap's definition for Meltano says what the specification says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from source_lms_reports.spec.manifest import connection_specification
from unit_tests.project.docs import meltano_plugin

Json = dict[str, Any]


@pytest.fixture(scope="module")
def settings() -> dict[str, Json]:
    found = yaml.safe_load(meltano_plugin.FILE.read_text(encoding="utf-8"))["settings"]
    return {setting["name"]: setting for setting in found}


def fields(spec: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Json]]:
    """All fields of the specification, those inside of choices too."""
    for branch in spec.get("oneOf", [spec]):
        for name, one in branch.get("properties", {}).items():
            if one.get("airbyte_hidden"):
                continue
            if "oneOf" in one or "properties" in one:
                yield from fields(one, f"{path}{name}.")
            else:
                yield f"{path}{name}", one


FIELDS = list(fields(connection_specification()))


def test_the_file_is_what_the_specification_makes() -> None:
    found = meltano_plugin.FILE.read_text(encoding="utf-8")
    assert found == meltano_plugin.text(), "run: python -m unit_tests.project.docs.meltano_plugin"


def test_it_has_each_field_and_no_other(settings: dict[str, Json]) -> None:
    assert settings.keys() == {name for name, _ in FIELDS}


def test_every_secret_is_sensitive_and_nothing_else(settings: dict[str, Json]) -> None:
    secrets = {name for name, one in FIELDS if one.get("airbyte_secret")}
    assert {name for name, one in settings.items() if one.get("sensitive")} == secrets


def test_every_choice_has_all_its_values(settings: dict[str, Json]) -> None:
    for name, one in FIELDS:
        values = one.get("enum", [one["const"]] if "const" in one else [])
        offered = {option["value"] for option in settings[name].get("options", [])}
        assert {str(value) for value in values} <= offered, name


def test_no_default_of_one_platform_is_sent_to_another(settings: dict[str, Json]) -> None:
    assert not [name for name, one in settings.items() if "value" in one]


def test_each_says_what_it_is(settings: dict[str, Json]) -> None:
    assert all(len(one["label"]) > 3 and one["description"].endswith(".") for one in settings.values())
