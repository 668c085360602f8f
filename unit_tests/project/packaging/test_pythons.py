"""The interpreters that are promised are those that were run, here and by the workflows; another one is refused."""

from __future__ import annotations

import json
import platform
import re
import subprocess
from pathlib import Path
from unittest.mock import Mock

import pytest
import yaml

from integration_tests.clients import pythons
from integration_tests.clients.pythons import PythonRecorder
from unit_tests.project.packaging.project import ROOT, text


def promised() -> list[str]:
    """The versions that the classifiers name, such as `3.10`."""
    return re.findall(r"Programming Language :: Python :: (3\.\d+)", text("pyproject.toml"))


def test_the_workflow_runs_on_each_that_is_promised() -> None:
    jobs = yaml.safe_load(text(".github/workflows/test.yml"))["jobs"]
    assert jobs["test"]["strategy"]["matrix"]["python"] == promised()


def test_classifiers_requirement_and_make_agree() -> None:
    first, last = promised()[0], promised()[-1]
    after = f"3.{int(last.partition('.')[2]) + 1}"
    assert f'requires-python = ">={first},<{after}"' in text("pyproject.toml")
    assert [f"python{one}" for one in promised()] == re.findall(r"^PYTHONS \?= (.+)$", text("Makefile"), re.MULTILINE)[
        0
    ].split()


@pytest.mark.parametrize("version", [(3, 9), (3, 14), (4, 0)])
def test_another_one_is_refused_before_anything_is_made(version: tuple[int, int], tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\nshift\nexec python3 -c "import sys; sys.version_info = ({version[0]}, {version[1]}, 0)\n$1"\n'
    )
    python.chmod(0o755)
    venv = tmp_path / "venv"
    done = subprocess.run(
        ["make", f"PYTHON={python}", f"VENV={venv}", f"{venv}/bin/python"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    found = ".".join(map(str, version))
    assert f"python3 is {found}; one from 3.10 to 3.13 is needed: make PYTHON=/path/to/python" in done.stderr
    assert not venv.exists()


# -- the notes that pytest keeps


def report(outcome: str, when: str = "call") -> Mock:
    """What pytest tells of a part of a test."""
    return Mock(when=when, passed=outcome == "passed", skipped=outcome == "skipped", failed=outcome == "failed")


@pytest.mark.parametrize(("exitstatus", "is_kept"), [(0, True), (1, False)], ids=["passed", "failed"])
def test_an_interpreter_is_kept_with_its_counts_if_all_passed(tmp_path: Path, exitstatus: int, is_kept: bool) -> None:
    path = tmp_path / "pythons.json"
    path.write_text(json.dumps({"3.9.9": {}, platform.python_version(): {"passed": 7}}))
    recorder = PythonRecorder(path)
    for each in (report("passed"), report("passed", "teardown"), report("skipped", "setup"), report("passed")):
        recorder.pytest_runtest_logreport(each)
    recorder.pytest_sessionfinish(exitstatus)

    kept = pythons.load(path)
    assert "3.9.9" in kept
    noted = kept.get(platform.python_version())
    assert noted == ({"implementation": "CPython", "passed": 2, "skipped": 1} if is_kept else None)


def test_the_whole_of_the_tests_ran_on_each_that_is_promised() -> None:
    ran = {".".join(version.split(".")[:2]) for version in pythons.load()}
    assert ran == set(promised()), "run: make pythons"


def test_the_table_has_the_oldest_first() -> None:
    result = {"implementation": "CPython", "passed": 5, "skipped": 1}
    rows = pythons.pythons_table({"3.10.2": result, "3.9.1": {**result, "skipped": 0}}).splitlines()[2:]
    assert rows == [
        "| CPython 3.9.1 | 5 passed | `make PYTHON=python3.9 test` |",
        "| CPython 3.10.2 | 5 passed, 1 skipped | `make PYTHON=python3.10 test` |",
    ]
