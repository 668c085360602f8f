"""The configuration of one connection, with the platform's defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from source_lms_reports.errors import ConfigError
from source_lms_reports.platforms.model import Platform
from source_lms_reports.platforms.template import fill
from source_lms_reports.spec.manifest import shared_properties
from source_lms_reports.times import instant, rfc3339


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
        return {"platform": self.platform}


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
    _require_once_each(config.get("platform", {}).get("report_parameters") or [])
    shared = with_defaults(shared_properties(), config)
    interval = shared["poll_interval_seconds"]
    return Settings(
        platform=_of_platform(platform, config),
        start=start,
        end=end,
        lookback_days=float(shared["lookback_days"]),
        max_concurrent_reports=int(shared["max_concurrent_reports"]),
        report_timeout=60.0 * float(shared["report_timeout_minutes"]),
        poll_interval=float(interval) if interval else None,
    )


def require_past_start(settings: Settings, now: datetime) -> None:
    """Refuse a start date from which on there can be nothing yet.

    Args:
        settings: The configuration.
        now: The vendor's time.

    Raises:
        ConfigError: The start date lies in the future.
    """
    if settings.start is not None and settings.start > now:
        start = rfc3339(settings.start)
        raise ConfigError(
            f"The start date {start} lies in the future, so nothing can be read. Correct it, or leave it empty."
        )


def _require_once_each(parameters: Sequence[Mapping[str, Any]]) -> None:
    seen: set[tuple[str, str]] = set()
    for one in parameters:
        pair = (one["report"], one["name"])
        if pair in seen:
            raise ConfigError(
                f"`report_parameters` gives the parameter '{pair[1]}' of the report '{pair[0]}' twice. Remove one."
            )
        seen.add(pair)


def with_defaults(properties: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with what the user left out: the specification's `default`, or None where it states none.

    Args:
        properties: The settings as the specification describes them.
        given: Those that the user has made. An empty one counts as left out.
    """
    return {name: _with_default(one, given.get(name)) for name, one in properties.items()}


def _with_default(described: Mapping[str, Any], value: Any) -> Any:
    if "properties" in described:
        return with_defaults(described["properties"], value or {})
    return described.get("default", described.get("const")) if value in (None, "") else value


def _of_platform(platform: Platform, config: Mapping[str, Any]) -> dict[str, Any]:
    filled = with_defaults(platform.spec["properties"], config.get("platform", {}))
    if isinstance(filled.get("base_url"), str):
        filled["base_url"] = filled["base_url"].rstrip("/")
    for key, template in platform.defaults.items():
        if filled.get(key) is None:
            filled[key] = fill(template, {"platform": filled})
    return filled


def _date(config: Mapping[str, Any], key: str) -> datetime | None:
    text = config.get(key)
    if not text:
        return None
    moment = instant(str(text))
    if moment is None:
        raise ConfigError(f"The {key} '{text}' is not a date and time. Write it like 2024-01-31T00:00:00Z.")
    return moment
