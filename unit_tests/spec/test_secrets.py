from __future__ import annotations

from typing import Any

import pytest

from source_lms_reports.spec.manifest import connection_specification
from source_lms_reports.spec.secrets import secrets_of


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
