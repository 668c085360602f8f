"""Which interpreters `make test` passed on, and the table of docs/clients.md that shows them.

`make pythons` runs `make test` with each interpreter in a clone of its own. pytest then keeps in `pythons.json` how
many tests passed, by `--record-python`; a run in which one failed takes the interpreter's earlier result away.
"""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

RESULTS = Path(__file__).with_name("pythons.json")


class PythonRecorder:
    """A plugin of pytest that counts what came of the tests. With several workers it is that of their controller.

    Args:
        results: The file in which the counts are kept.
    """

    def __init__(self, results: Path) -> None:
        self._results = results
        self._counts: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test."""
        if report.skipped:
            self._counts["skipped"] += 1
        elif report.when == "call" and report.passed:
            self._counts["passed"] += 1

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Keep the counts of this interpreter, or take the earlier ones away."""
        kept = load(self._results)
        kept.pop(platform.python_version(), None)
        if exitstatus == pytest.ExitCode.OK:
            kept[platform.python_version()] = {
                "implementation": platform.python_implementation(),
                "passed": self._counts["passed"],
                "skipped": self._counts["skipped"],
            }
        text = json.dumps(kept, indent=1, sort_keys=True)
        self._results.write_text(text + "\n", encoding="utf-8")


def load(results: Path = RESULTS) -> dict[str, Any]:
    """What the last runs left, by version."""
    return dict(json.loads(results.read_text(encoding="utf-8"))) if results.exists() else {}


def pythons_table(results: Mapping[str, Any]) -> str:
    """The table of `load()`'s results, the oldest version first."""
    return "\n".join(
        [
            "| Python | Tests | Command |",
            "|---|---|---|",
            *(_row(version, results[version]) for version in sorted(results, key=_number)),
        ]
    )


def _row(version: str, result: Mapping[str, Any]) -> str:
    minor = ".".join(version.split(".")[:2])
    counted = f"{result['passed']} passed" + (f", {result['skipped']} skipped" if result["skipped"] else "")
    return f"| {result['implementation']} {version} | {counted} | `make PYTHON=python{minor} test` |"


def _number(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]
