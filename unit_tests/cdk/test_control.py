from __future__ import annotations

import json

import pytest

from source_lms_reports.cdk.control import ControlKeeper

PATH = ["platform", "refresh_token"]


def test_a_renewed_configuration_is_a_message_with_one_setting_changed(capfd: pytest.CaptureFixture[str]) -> None:
    given = {"platform": {"name": "a", "refresh_token": " old "}, "lookback_days": 1}
    keeper = ControlKeeper(given)
    assert keeper.latest(PATH, "old") == "old"

    keeper.keep(PATH, "new")

    message = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert message["type"] == "CONTROL"
    assert message["control"]["type"] == "CONNECTOR_CONFIG"
    assert message["control"]["connectorConfig"]["config"] == {
        "platform": {"name": "a", "refresh_token": "new"},
        "lookback_days": 1,
    }
    assert given["platform"] == {"name": "a", "refresh_token": " old "}
    assert keeper.latest(PATH, "old") == "new"
