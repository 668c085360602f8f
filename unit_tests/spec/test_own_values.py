"""A configuration that was copied and not filled in is told before anybody is asked."""

from __future__ import annotations

from typing import Any

import pytest

from source_lms_reports.errors import ConfigError
from source_lms_reports.spec.manifest import connection_specification
from source_lms_reports.spec.own_values import require_own_values

CANVAS = {"name": "canvas", "base_url": "https://north.instructure.com", "access_token": "7~abc"}
SANA = {
    "name": "sana",
    "base_url": "https://north.sana.ai",
    "credentials": {"auth_type": "client_credentials", "client_id": "1f", "client_secret": "2e"},
}


def look(platform: dict[str, Any]) -> None:
    require_own_values({"platform": platform}, connection_specification())


@pytest.mark.parametrize(
    "secret",
    [
        "your-token",
        "your_api_key",
        "<token>",
        "...",
        "…",
        "****",
        "**********",
        "••••••",
        " your-token\n",
        "${CANVAS_TOKEN}",
        "$CANVAS_TOKEN",
        '{{ env_var("CANVAS_TOKEN") }}',
        "%CANVAS_TOKEN%",
    ],
)
def test_an_example_or_a_mask_of_a_secret_is_refused_and_not_quoted(secret: str) -> None:
    with pytest.raises(ConfigError, match=r"in: `platform\.access_token`\. Enter your own") as raised:
        look({**CANVAS, "access_token": secret})
    assert secret.strip() not in raised.value.message.replace("Enter your own.", "")


def test_all_that_is_to_be_filled_in_is_named_at_once() -> None:
    credentials = {**SANA["credentials"], "client_id": "your-id", "client_secret": "your-secret"}  # type: ignore[dict-item]
    with pytest.raises(ConfigError) as raised:
        look({**SANA, "base_url": "https://acme.sana.ai", "credentials": credentials})
    assert (
        "`platform.base_url`, `platform.credentials.client_id`, `platform.credentials.client_secret`"
        in raised.value.message
    )


@pytest.mark.parametrize(
    "platform",
    [
        CANVAS,
        SANA,
        {**CANVAS, "access_token": "your-7~x"},
        {**CANVAS, "access_token": "a*b"},
        {**CANVAS, "access_token": "$7~abc"},
        {**CANVAS, "base_url": "https://school.instructure.com/"},
        {"name": "second_nature", "api_key": "k", "base_url": "https://app.secondnature.ai/api"},  # the default
        {"name": "hapyak", "credentials": {"auth_type": "api_key", "api_key": "k"},
         "base_url": "https://www.hapyak.com/api/reports/v2"},  # everybody's
    ],
)  # fmt: skip
def test_what_may_be_ones_own_is_taken(platform: dict[str, Any]) -> None:
    look(platform)
