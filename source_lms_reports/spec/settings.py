"""The configuration of one connection, with the platform's defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from source_lms_reports.errors import ConfigError
from source_lms_reports.platforms.model import Platform
from source_lms_reports.platforms.template import fill
from source_lms_reports.times import instant

DEFAULT_MAX_CONCURRENT_REPORTS = 4
DEFAULT_REPORT_TIMEOUT_MINUTES = 120.0


@dataclass(frozen=True)
class Settings:
    """What the user asked for.

    Attributes:
        platform: The platform's own settings, with defaults.
        start: Incremental streams start here; None means at the beginning.
        end: Rows from here on are left out; None means up to now.
        lookback_days: How far behind the cursor rows are read again.
        max_concurrent_reports: Report jobs in flight at the vendor.
        report_timeout: Seconds that one sync waits for one job.
        poll_interval: Seconds between polls, where the user overrides the vendor's cadence.
    """

    config: Mapping[str, Any]
    platform: Mapping[str, Any]
    start: datetime | None
    end: datetime | None
    lookback_days: float
    max_concurrent_reports: int
    report_timeout: float
    poll_interval: float | None

    @property
    def context(self) -> dict[str, Any]:
        """What every template of the platform file may use."""
        return {"config": self.config, "platform": self.platform}


def make_settings(platform: Platform, config: Mapping[str, Any]) -> Settings:
    """Read a validated configuration.

    Args:
        platform: The chosen platform.
        config: The configuration as the user wrote it.

    Raises:
        ConfigError: A date cannot be read, or the dates are in the wrong order.
    """
    start, end = _date(config, "start_date"), _date(config, "end_date")
    if start and end and start >= end:
        raise ConfigError("The start date is not before the end date. Change one of them.")
    interval = config.get("poll_interval_seconds")
    return Settings(
        config=config,
        platform=_with_defaults(platform, config),
        start=start,
        end=end,
        lookback_days=float(config.get("lookback_days") or 0),
        max_concurrent_reports=int(config.get("max_concurrent_reports") or DEFAULT_MAX_CONCURRENT_REPORTS),
        report_timeout=60.0 * float(config.get("report_timeout_minutes") or DEFAULT_REPORT_TIMEOUT_MINUTES),
        poll_interval=float(interval) if interval else None,
    )


def _with_defaults(platform: Platform, config: Mapping[str, Any]) -> dict[str, Any]:
    given = {key: value for key, value in config.get("platform", {}).items() if value not in (None, "")}
    if isinstance(given.get("base_url"), str):
        given["base_url"] = given["base_url"].rstrip("/")
    filled: dict[str, Any] = dict(given)
    for key, template in platform.defaults.items():
        if isinstance(template, Mapping):
            filled[key] = {**template, **(filled.get(key) or {})}
        elif key not in filled:
            filled[key] = fill(template, {"config": config, "platform": filled})
    return filled


def _date(config: Mapping[str, Any], key: str) -> datetime | None:
    text = config.get(key)
    if not text:
        return None
    moment = instant(str(text))
    if moment is None:
        raise ConfigError(f"The {key} '{text}' is not a date and time. Write it like 2024-01-31T00:00:00Z.")
    return moment
