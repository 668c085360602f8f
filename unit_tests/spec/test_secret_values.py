"""Secrets are found wherever they stand, and lose what came along when they were copied."""

from __future__ import annotations

from typing import Any

import pytest

from source_lms_reports.errors import ConfigError
from source_lms_reports.redaction import redact
from source_lms_reports.spec.manifest import connection_specification
from source_lms_reports.spec.secret_values import secrets_of, with_clean_secrets

OAUTH = {"auth_type": "brightcove_oauth", "client_id": " id ", "client_secret": "the-secret\u2060", "account_id": "1"}


def cleaned(platform: dict[str, object]) -> dict[str, object]:
    found: dict[str, object] = with_clean_secrets({"platform": platform}, connection_specification())["platform"]
    return found


def test_secrets_are_cleaned_in_the_branch_that_was_chosen_and_nothing_else_is() -> None:
    config: dict[str, object] = {"name": "hapyak", "credentials": OAUTH}
    assert cleaned(config) == {"name": "hapyak", "credentials": {**OAUTH, "client_secret": "the-secret"}}
    assert config["credentials"] is OAUTH
    assert redact("it was the-secret") == "it was ****"


@pytest.mark.parametrize("end", [" ", "\n", "\r\n", "\t", "\u00a0", "\u200b", "\ufeff", "\u00ad", "\u2028", "\0", ""])
def test_ends_that_cannot_be_seen_go(end: str) -> None:
    assert cleaned({"name": "canvas", "access_token": f"{end}a~b{end}"})["access_token"] == "a~b"


@pytest.mark.parametrize("token", ["a b", "a\nb", "a\u200bb", "a\x7fb"])
def test_what_cannot_be_seen_in_the_middle_is_named(token: str) -> None:
    with pytest.raises(
        ConfigError, match=r"`platform\.access_token` holds a space, a line end or an invisible"
    ) as raised:
        cleaned({"name": "canvas", "access_token": token})
    assert token not in raised.value.message


def test_a_secret_of_nothing_visible_is_empty() -> None:
    with pytest.raises(ConfigError, match=r"`platform\.access_token` is empty"):
        cleaned({"name": "canvas", "access_token": " \u200b\n"})


@pytest.mark.parametrize(
    ("platform", "secrets"),
    [
        ({"name": "canvas", "base_url": "https://a.example.com", "access_token": "tok"}, {"tok"}),
        ({"name": "sana", "credentials": {"auth_type": "client_credentials", "client_secret": "cs"}}, {"cs"}),
        ({"name": "canvas", "access_token": 12345}, {"12345"}),
        ({"name": "no such platform", "api_key": "key"}, {"key"}),
        ({"access_token": ""}, set()),
        ({"access_token": {"a": "b"}, "credentials": "text"}, set()),
        ("text", set()),
        (None, set()),
    ],
)
def test_secrets_are_found_wherever_the_specification_has_them(platform: Any, secrets: set[str]) -> None:
    assert set(secrets_of({"platform": platform}, connection_specification())) == secrets
