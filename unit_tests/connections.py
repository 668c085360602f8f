"""Connections as small as each platform takes them, for tests of what plans and reads."""

from __future__ import annotations

from typing import Any

from source_lms_reports.plan.stream import ReportStream
from source_lms_reports.platforms.model import load_platform
from source_lms_reports.spec.settings import Settings, make_settings
from source_lms_reports.streams.catalog import Reports

MINIMAL: dict[str, dict[str, Any]] = {
    "brightspace": {"base_url": "https://x.example", "client_id": "a", "client_secret": "b", "refresh_token": "c"},
    "canvas": {"base_url": "https://x.example", "access_token": "t"},
    "second_nature": {"api_key": "k"},
    "sana": {"base_url": "https://x.example", "credentials": {"auth_type": "access_token", "access_token": "t"}},
    "tinqwise": {"base_url": "https://x.example", "client_id": "a", "client_secret": "b"},
    "adobe_learning_manager": {"client_id": "a", "client_secret": "b", "refresh_token": "r"},
    "instructure_dap": {"client_id": "a", "client_secret": "b"},
    "percipio": {"organization_id": "o", "access_token": "t"},
    "hapyak": {"credentials": {"auth_type": "api_key", "api_key": "k"}},
}


def connection(
    name: str, platform: dict[str, Any] | None = None, **shared: Any
) -> tuple[dict[str, list[ReportStream]], Settings]:
    """A platform's declared streams by report, and the settings of a minimal configuration.

    Args:
        platform: More of the configuration's `platform` part.
        shared: More of the rest of it.
    """
    config = {"platform": {"name": name, **MINIMAL[name], **(platform or {})}, **shared}
    settings = make_settings(load_platform(name), config)
    return Reports(load_platform(name), settings).declared(), settings
