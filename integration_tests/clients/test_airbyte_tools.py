"""Airbyte's own tools on the connector's folder: its standard tests as a connector's developer calls them, its QA."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from integration_tests import saved_configs
from integration_tests.clients.environment import ROOT, client, copy_of_checkout, environment, version_of
from integration_tests.clients.qa_table import outcomes
from integration_tests.sandbox import Sandbox
from source_lms_reports.platforms.model import platform_names

pytestmark = pytest.mark.clients

AIRBYTE_OPS = "airbyte-internal-ops==0.132.0"
BIN = Path(sys.executable).parent
#: What may follow: loopback, the name of a schema, an example, and the words about proxies.
HARMLESS = (
    "127.",
    "localhost",
    "(localhost|127",
    '"',
    "json-schema.org/",
    "a.example",
    "proxy.example.com",
    "user:password@host",
    "`",
    " in HTTPS_PROXY",
)
Record = Callable[[str, object], None]


@pytest.mark.client("airbyte-cdk connector test")
def test_the_stock_suite_passes_in_a_folder_of_the_connectors_name(tmp_path: Path, record_property: Record) -> None:
    record_property("version", version_of("airbyte-cdk", BIN))
    copy = copy_of_checkout(tmp_path)
    with Sandbox(rows=10) as sandbox:
        for file in (copy / "integration_tests" / "configs").iterdir():
            file.write_text(saved_configs.at(sandbox, file.read_text(encoding="utf-8")), encoding="utf-8")
        done = subprocess.run(
            [BIN / "airbyte-cdk", "connector", "test", "--pytest-arg=-m", "--pytest-arg=not image_tests"],
            cwd=copy,
            env=environment(tmp_path, BIN),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout
    # Where acceptance-test-config.yml is not found, nearly everything is skipped, and the command ends well.
    for platform in platform_names():
        assert f"test_basic_read['{platform}' Test Scenario]" in passed(copy)


def passed(copy: Path) -> str:
    """The report that the command leaves."""
    return (copy / "build" / "test-results" / "standard-tests-junit.xml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def checks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What came of each check, in a folder that is shaped like Airbyte's repository."""
    repository = tmp_path_factory.mktemp("airbyte")
    copy = copy_of_checkout(repository / "airbyte-integrations" / "connectors")
    page = repository / "docs" / "integrations" / "sources" / "lms-reports.md"
    page.parent.mkdir(parents=True)
    page.write_bytes((copy / "docs" / "lms-reports.md").read_bytes())
    folder = client("airbyte-ops", AIRBYTE_OPS)
    done = subprocess.run(
        [folder / "python", ROOT / "integration_tests" / "clients" / "qa_checks.py"],
        cwd=repository,
        env=environment(repository, folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.client("Airbyte's connector QA")
@pytest.mark.skipif(not (3, 11) <= sys.version_info < (3, 13), reason="the tool is for Python 3.11 and 3.12")
class TestConnectorQa:
    def test_the_checks_end_as_the_page_says(self, checks: dict[str, Any], record_property: Record) -> None:
        record_property("version", version_of("airbyte-internal-ops", client("airbyte-ops", AIRBYTE_OPS)))
        assert {title: check["outcome"] for title, check in checks.items()} == outcomes()

    def test_only_the_exception_for_loopback_is_plain_http(self, checks: dict[str, Any]) -> None:
        """The check looks for the letters; what it finds must be what AGENTS.md 27 allows, or the name of a schema."""
        for line in checks["Connectors must use HTTPS only"]["words"].splitlines()[1:]:
            file = line.strip().removeprefix("- airbyte-integrations/connectors/source-lms-reports/")
            for place in (ROOT / file).read_text(encoding="utf-8").split("http://")[1:]:
                assert place.startswith(HARMLESS), (file, place[:60])
