"""Notes which tests of each client passed; with `--record-clients`, pytest keeps that in `results.json`.

A test belongs to the client that its marker `client` names, one of the image to the image, and any other below
integration_tests/ to the command line. A client has a result only if none of its tests failed, and at least one passed.
The version is what the tests tell by `record_property("version", ...)`; without it, it is the connector's own. How many
rows a sync landed they tell by `record_property("landed", ...)` (see `subjects.tell`).
"""

from __future__ import annotations

import importlib.metadata
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from integration_tests.clients.matrix import CLIENTS, RESULTS

FOLDER = Path(__file__).parents[1]
PACKAGE = "airbyte-source-lms-reports"


def client_of(item: pytest.Item) -> str | None:
    """The client that a test is about."""
    if item.get_closest_marker("image_tests"):
        return "Container image"
    marker = item.get_closest_marker("client")
    if marker:
        return str(marker.args[0])
    return "Command line" if FOLDER in item.path.parents else None


class Recorder:
    """A plugin of pytest. `results` is what it noted."""

    def __init__(self) -> None:
        self._passed: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._skipped: Counter[str] = Counter()
        self._versions: defaultdict[str, set[str]] = defaultdict(set)
        self._landed: defaultdict[str, dict[str, dict[str, list[int]]]] = defaultdict(dict)
        self._seen: set[str] = set()
        self._failed: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Write on each test whose it is."""
        for item in items:
            client = client_of(item)
            if client is not None and client not in {one.name for one in CLIENTS}:
                raise pytest.UsageError(f"{item.nodeid}: the client '{client}' is not in clients/matrix.py")
            item.user_properties.append(("client", client))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what came of a test."""
        about: dict[str, Any] = dict(report.user_properties)
        client = about.get("client")
        if client is None:
            return
        self._seen.add(client)
        self._versions[client].update(str(value) for name, value in report.user_properties if name == "version")
        if "landed" in about:
            way, platform, *numbers = about["landed"]
            self._landed[client].setdefault(way, {})[platform] = numbers
        if report.failed:
            self._failed.add(client)
        elif report.skipped:
            self._skipped[client] += 1
        elif report.when == "call":
            name = report.nodeid.partition("[")[0].rpartition("::")[2]
            self._passed[client][name.removeprefix("test_").replace("_", " ")] += 1

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Keep it, unless the session was broken off."""
        if session.config.option.record_clients and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
            kept = {name: result for name, result in kept.items() if name not in self._seen}
            text = json.dumps({**kept, **self.results()}, indent=1, sort_keys=True)
            RESULTS.write_text(text + "\n", encoding="utf-8")

    def results(self) -> dict[str, Any]:
        """What passed, by client."""
        connector = f"source-lms-reports {importlib.metadata.version(PACKAGE)}"
        return {
            client: {
                "connector": connector,
                "passed": dict(self._passed[client]),
                "skipped": self._skipped[client],
                "versions": sorted(self._versions[client]) or [connector],
                **({"landed": self._landed[client]} if client in self._landed else {}),
            }
            for client in sorted(self._seen - self._failed)
            if self._passed[client]
        }
