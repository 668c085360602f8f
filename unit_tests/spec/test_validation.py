from __future__ import annotations

from typing import Any

import pytest

from source_lms_reports.errors import ConfigError
from source_lms_reports.platforms.model import load_platform, platform_names
from source_lms_reports.spec.manifest import assemble_manifest
from source_lms_reports.spec.settings import make_settings
from source_lms_reports.spec.validation import validate_config

SPECIFICATION = assemble_manifest()["spec"]["connection_specification"]
CANVAS = {"name": "canvas", "base_url": "https://school.example.com", "access_token": "secret-0815"}
SANA = {
    "name": "sana",
    "base_url": "https://x.example.com",
    "credentials": {"auth_type": "access_token", "access_token": "t"},
}
GOOD: list[dict[str, Any]] = [
    {"platform": CANVAS},
    {
        "platform": {
            **CANVAS,
            "account_id": "sis_account_id:a",
            "report_parameters": [{"report": "a", "name": "b", "value": ""}],
        }
    },
    {"platform": SANA, "start_date": "2024-01-01T00:00:00Z", "lookback_days": 3, "report_timeout_minutes": 0.5},
    {"platform": {"name": "second_nature", "api_key": "k", "endpoints": {"list_path": "/r/"}}},
    {"platform": {"name": "tinqwise", "base_url": "https://x.example.com", "client_id": "a", "client_secret": "b"}},
    {
        "platform": {
            "name": "hapyak",
            "credentials": {"auth_type": "api_key", "api_key": "k"},
            "summary_window": "day",
        }
    },
]


@pytest.mark.parametrize("unset", [None, ""])
def test_an_optional_setting_that_is_not_entered_is_left_out(unset: str | None) -> None:
    shared = dict.fromkeys(("start_date", "end_date", "lookback_days", "max_concurrent_reports"), unset)
    platform = {**CANVAS, **dict.fromkeys(("account_id", "reports", "include_deleted", "report_parameters"), unset)}
    config = {**shared, "platform": platform}

    validate_config(config, SPECIFICATION)
    assert make_settings(load_platform("canvas"), config) == make_settings(
        load_platform("canvas"), {"platform": CANVAS}
    )
    with pytest.raises(ConfigError, match=r"platform\.access_token"):
        validate_config({"platform": {**CANVAS, "access_token": unset}}, SPECIFICATION)


@pytest.mark.parametrize("config", GOOD, ids=lambda config: config["platform"]["name"])
def test_a_good_configuration_passes(config: dict[str, Any]) -> None:
    validate_config(config, SPECIFICATION)


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "`platform` is missing"),
    ({"platform": "canvas"}, "`platform` must be of the type object"),
    ({"platform": {}}, "`platform.name` must be one of: " + ", ".join(platform_names())),
    ({"platform": {"name": ["canvas"]}}, "`platform.name` must be"),
    ({"platform": {"name": "canvas", "access_token": "x"}}, "`platform.base_url` is missing"),
    ({"platform": {**CANVAS, "base_url": "http://school.example.com"}}, "https is needed"),
    ({"platform": {**CANVAS, "base_url": "https://school.example.com/x"}}, "`platform.base_url` must look like this"),
    ({"platform": {**CANVAS, "api_key": "x"}}, "`platform.api_key` is not a setting"),
    ({"platform": {**CANVAS, "reports": ["a", "a"]}}, "`platform.reports` must not name anything twice"),
    ({"platform": {**CANVAS, "reports": "a"}}, "`platform.reports` must be of the type array"),
    ({"platform": {**CANVAS, "report_parameters": [{"report": "a", "name": "b", "value": "c", "d": 1}]}},
     "`platform.report_parameters.0.d` is not a setting"),
    ({"platform": {**SANA, "credentials": {"auth_type": "password"}}}, "`platform.credentials.auth_type` must be"),
    ({"platform": {**SANA, "credentials": {"auth_type": "access_token"}}},
     "`platform.credentials.access_token` is missing"),
    ({"platform": {**SANA, "report_format": "pdf"}}, "`platform.report_format` must be one of: csv, xlsx"),
    ({"platform": CANVAS, "max_concurrent_reports": 0}, "`max_concurrent_reports` must be at least 1"),
    ({"platform": CANVAS, "max_concurrent_reports": 51}, "`max_concurrent_reports` must be at most 50"),
    ({"platform": CANVAS, "lookback_days": 1.5}, "`lookback_days` must be of the type integer"),
    ({"platform": CANVAS, "start_date": "2024-01-01"}, "`start_date` must look like this: YYYY-MM-DDTHH:MM:SSZ"),
]  # fmt: skip


@pytest.mark.parametrize(("config", "words"), BAD, ids=[words for _, words in BAD])
def test_a_bad_configuration_is_told_by_field_and_rule(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate_config(config, SPECIFICATION)
    assert caught.value.message.startswith("Config validation error: ")
    assert words in caught.value.message
    assert "0815" not in caught.value.message


@pytest.mark.parametrize("name", platform_names())
def test_the_examples_and_defaults_of_a_platforms_fields_are_good_ones(name: str) -> None:
    for field, schema in load_platform(name).spec["properties"].items():
        for example in [*schema.get("examples", []), *([schema["default"]] if "default" in schema else [])]:
            one = {**SPECIFICATION, "properties": {"platform": {"oneOf": [_only(name, field, schema)]}}}
            validate_config({"platform": {"name": name, field: example}}, one)


def _only(name: str, field: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"properties": {"name": {"const": name}, field: {k: v for k, v in schema.items() if k != "oneOf"}}}


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_without_end_is_none(number: float) -> None:
    with pytest.raises(ConfigError, match="`report_timeout_minutes` must be a finite number"):
        validate_config({"platform": CANVAS, "report_timeout_minutes": number}, SPECIFICATION)
