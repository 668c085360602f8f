from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from source_lms_reports.errors import ConfigError
from source_lms_reports.platforms.model import load_platform, platform_names
from source_lms_reports.spec.settings import Settings, make_settings, require_past_start

CANVAS = {"name": "canvas", "base_url": "https://school.example.com/", "access_token": "x"}


def settings(platform: dict[str, Any] | None = None, **shared: Any) -> Settings:
    return make_settings(load_platform("canvas"), {"platform": {**CANVAS, **(platform or {})}, **shared})


def test_what_is_left_out_has_its_default() -> None:
    made = settings()

    assert made.platform["account_id"] == "self"
    assert made.platform["include_deleted"] is False
    assert (made.lookback_days, made.max_concurrent_reports, made.report_timeout) == (0.0, 4, 7200.0)
    assert (made.start, made.end, made.poll_interval) == (None, None, None)


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_setting_counts_as_left_out(empty: str | None) -> None:
    assert settings({"account_id": empty}).platform["account_id"] == "self"
    assert settings(start_date=empty).start is None


def test_what_is_given_wins_and_addresses_lose_their_last_slash() -> None:
    made = settings({"account_id": "7"}, report_timeout_minutes=0.5, poll_interval_seconds=1, lookback_days=3)

    assert made.platform["account_id"] == "7"
    assert made.platform["base_url"] == "https://school.example.com"
    assert (made.report_timeout, made.poll_interval, made.lookback_days) == (30.0, 1.0, 3.0)


def test_dates_are_instants() -> None:
    made = settings(start_date="2024-01-01T02:00:00+02:00", end_date="2024-02-01T00:00:00Z")

    assert made.start is not None
    assert made.start.utctimetuple()[:6] == (2024, 1, 1, 0, 0, 0)


def test_dates_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ConfigError, match="not before the end date"):
        settings(start_date="2024-01-01T00:00:00Z", end_date="2024-01-01T00:00:00Z")


def test_a_day_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="not a date and time"):
        settings(start_date="2024-02-31T00:00:00Z")


def test_the_users_configuration_is_not_changed() -> None:
    config = {"platform": dict(CANVAS)}
    make_settings(load_platform("canvas"), config)
    assert config == {"platform": CANVAS}


def test_every_platform_is_known_by_its_file() -> None:
    assert platform_names() == [
        "adobe_learning_manager",
        "brightspace",
        "canvas",
        "hapyak",
        "instructure_dap",
        "percipio",
        "sana",
        "second_nature",
        "tinqwise",
    ]
    for name in platform_names():
        assert load_platform(name).name == name
    with pytest.raises(ConfigError, match="Choose one of: adobe_learning_manager, brightspace, canvas, hapyak"):
        load_platform("moodle")


def test_a_start_date_in_the_future_is_refused_by_the_vendors_time() -> None:
    made = settings(start_date="2026-01-15T00:00:00Z")
    start = datetime(2026, 1, 15, tzinfo=timezone.utc)

    require_past_start(made, start)
    require_past_start(settings(), start)
    with pytest.raises(ConfigError, match="The start date 2026-01-15T00:00:00Z lies in the future"):
        require_past_start(made, start - timedelta(seconds=1))


def test_a_report_parameter_is_given_once() -> None:
    one = {"report": "grade_export_csv", "name": "x", "value": "1"}
    settings({"report_parameters": [one, {**one, "name": "y"}, {**one, "report": "other"}]})
    with pytest.raises(ConfigError, match="gives the parameter 'x' of the report 'grade_export_csv' twice"):
        settings({"report_parameters": [one, {**one, "value": "2"}]})
