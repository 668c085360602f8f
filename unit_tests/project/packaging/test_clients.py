"""The page about clients shows what ran, and recipes, tests and page speak of the same versions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from integration_tests.clients import matrix, recorder
from integration_tests.clients.recorder import Recorder
from source_lms_reports.platforms.model import platform_names
from unit_tests.project.packaging.project import text, version

PLACES = [
    "examples/pyairbyte/requirements.txt",
    "examples/dagster/requirements.txt",
    "examples/meltano/meltano.yml",
    "integration_tests/clients/test_meltano.py",
    "README.md",
]
PLAIN: dict[str, Any] = {"passed": {"it works": 2}, "skipped": 1, "versions": ["tool 1.2"], "connector": "x"}
#: From a client into a destination.
WAYS = {
    "Airflow → DuckDB",
    "Container image → messages",
    "cron → JSON lines",
    "Dagster → DuckDB",
    "dlt → DuckDB",
    "dlt → PostgreSQL",
    "Meltano → DuckDB",
    "Meltano → PostgreSQL",
    "PyAirbyte → DuckDB",
    "PyAirbyte → PostgreSQL",
    "tap → a target of singer-sdk",
}


# -- the page


def test_the_page_shows_what_ran() -> None:
    page = matrix.PAGE.read_text(encoding="utf-8")
    assert page == matrix.with_tables(page, matrix.load()), "run: python -m integration_tests.clients.matrix"


def test_every_client_ran_with_this_version() -> None:
    results = matrix.load()
    assert sorted(results) == sorted(client.name for client in matrix.CLIENTS), "run: make clients-matrix"
    assert {result["connector"] for result in results.values()} == {f"source-lms-reports {version()}"}


@pytest.mark.parametrize("package", ["airbyte", "meltano", "dagster", "airbyte-internal-ops"])
def test_one_version_of_a_client_is_named_everywhere_and_ran(package: str) -> None:
    places = [*PLACES, "integration_tests/clients/test_airbyte_tools.py"]
    pins = {pin for name in places for pin in re.findall(rf"(?<![\w-]){package}==([\d.]+\d)", text(name))}
    ran = {one for result in matrix.load().values() for one in result["versions"] if one.startswith(f"{package} ")}
    assert {f"{package} {pin}" for pin in pins} == ran


def test_the_cdk_that_was_tested_is_the_one_that_is_required() -> None:
    (required,) = re.findall(r'"airbyte-cdk==([\d.]+)"', text("pyproject.toml"))
    assert matrix.load()["Airbyte's standard tests"]["versions"] == [f"airbyte-cdk {required}"]


def test_a_client_without_a_result_is_shown_as_not_run() -> None:
    shown = matrix.tables({"cron": PLAIN})
    row, missing = shown["ran"].splitlines()[2], shown["ran"].splitlines()[-1]
    assert row == "| cron: [sync.py](../examples/cron/sync.py) | tool 1.2 | 2 passed, 1 skipped | `make test` |"
    assert missing.startswith("Not run, or not passed, the last time: Command line, ")
    assert "cron" not in missing
    assert "- it works (2 times)" in shown["passed"]


# -- the notes that pytest keeps


def report(client: str | None, outcome: str, name: str = "test_it_works[a]", **properties: Any) -> Any:
    """What pytest tells of a test."""
    return Mock(
        user_properties=[("client", client), *properties.items()],
        failed=outcome == "failed",
        skipped=outcome == "skipped",
        when="call",
        nodeid=f"tests/test_it.py::{name}",
    )


def noted(*reports: Any) -> dict[str, Any]:
    """The results after some tests."""
    one = Recorder()
    for each in reports:
        one.pytest_runtest_logreport(each)
    return one.results()


def test_a_client_is_noted_with_version_and_tests() -> None:
    (result,) = noted(
        report("cron", "passed", version="tool 1"),
        report("cron", "passed", "test_it_works[b]", version="tool 1"),
        report("cron", "skipped"),
        report(None, "failed"),
    ).values()
    assert (result["passed"], result["skipped"], result["versions"]) == ({"it works": 2}, 1, ["tool 1"])


def test_what_landed_is_noted_and_shown() -> None:
    told = ["cron → JSON lines", "canvas", 44, 1200, 1200]
    results = noted(report("cron", "passed", landed=told), report("cron", "passed"))
    assert results["cron"]["landed"] == {"cron → JSON lines": {"canvas": [44, 1200, 1200]}}
    head, _, row = (line.split("|") for line in matrix.tables(results)["landed"].splitlines())
    cells = {title.strip(): cell.strip() for title, cell in zip(head, row, strict=True)}
    assert cells["Canvas"] == "1,200 of 1,200 (44)"
    assert cells["Sana"] == ""


def test_every_platform_landed_by_every_way() -> None:
    ways = {way: set(ran) for result in matrix.load().values() for way, ran in result.get("landed", {}).items()}
    assert set(ways) >= WAYS, "run: make clients-matrix"
    assert {way: set(platform_names()) - ran for way, ran in ways.items()} == {way: set() for way in ways}


@pytest.mark.parametrize("outcome", ["failed", "skipped"])
def test_a_client_that_failed_or_was_skipped_is_not_noted(outcome: str) -> None:
    also = [report("cron", "passed")] if outcome == "failed" else []
    assert noted(*also, report("cron", outcome), report("Meltano", "passed")).keys() == {"Meltano"}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"cron": PLAIN, "Meltano": PLAIN}))
    monkeypatch.setattr(recorder, "RESULTS", path)
    return path


@pytest.mark.parametrize(
    ("record", "exitstatus", "left"),
    [(True, 1, {"Meltano"}), (False, 1, {"cron", "Meltano"}), (True, 2, {"cron", "Meltano"})],
    ids=["recorded", "not asked for", "broken off"],
)
def test_a_failure_takes_the_earlier_result_away(record: bool, exitstatus: int, left: set[str], kept: Path) -> None:
    one = Recorder()
    one.pytest_runtest_logreport(report("cron", "failed"))
    one.pytest_sessionfinish(Mock(**{"config.option.record_clients": record}), exitstatus)
    assert json.loads(kept.read_text()).keys() == left


def test_a_test_of_an_unknown_client_is_refused() -> None:
    item = Mock(**{"get_closest_marker.side_effect": lambda name: Mock(args=["Nobody"]) if name == "client" else None})
    with pytest.raises(pytest.UsageError, match="Nobody"):
        Recorder().pytest_collection_modifyitems([item])
