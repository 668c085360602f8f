"""Airbyte's own standard tests, on every platform of the sandbox. What they run: acceptance-test-config.yml."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

import pytest
from airbyte_cdk.test.models.scenario import ConnectorTestScenario
from airbyte_cdk.test.standard_tests import SourceTestSuiteBase

from integration_tests import saved_configs
from integration_tests.sandbox import Sandbox
from source_lms_reports import SourceLmsReports

pytestmark = pytest.mark.client("Airbyte's standard tests")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=10) as started:
        yield started


@pytest.fixture(autouse=True)
def _which(record_property: Callable[[str, object], None]) -> None:
    record_property("version", f"airbyte-cdk {version('airbyte-cdk')}")


@pytest.fixture(autouse=True)
def _configs_meet_the_sandbox(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configs name fixed ports; the sandbox of a test takes free ones."""
    as_written = ConnectorTestScenario.get_config_dict

    def get_config_dict(self: ConnectorTestScenario, **options: Any) -> dict[str, Any]:
        return dict(json.loads(saved_configs.at(sandbox, json.dumps(as_written(self, **options)))))

    monkeypatch.setattr(ConnectorTestScenario, "get_config_dict", get_config_dict)


class TestSuite(SourceTestSuiteBase):
    """Named as Airbyte's tools expect it."""

    @classmethod
    def create_connector(cls, scenario: ConnectorTestScenario | None) -> Any:
        """The source as the platform starts it."""
        root = cls.get_connector_root_dir()
        config = scenario.get_config_dict(connector_root=root, empty_if_missing=True) if scenario else {}
        return SourceLmsReports(config=config)
