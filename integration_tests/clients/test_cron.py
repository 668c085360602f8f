"""The recipe for cron: rows before state, one sync at a time, the connector's exit code."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_tests.connector import SCRIPT, as_set, quick
from integration_tests.sandbox import Sandbox

pytestmark = pytest.mark.client("cron")

RECIPE = Path(__file__).parents[2] / "examples" / "cron" / "sync.py"
NEW = "2026-02-01T12:00:00Z"
REPORTS = ["last_user_access_csv", "grade_export_csv"]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=20) as started:
        started.clock.advance(-3600)  # reports of the last quarter of an hour would be adopted by the second sync
        yield started


def sync(sandbox: Sandbox, folder: Path, **platform: Any) -> subprocess.CompletedProcess[str]:
    """Call the recipe as cron does."""
    config = folder.with_suffix(".config.json")
    config.write_text(json.dumps(quick(sandbox, "canvas", **{"reports": REPORTS, **platform})))
    return subprocess.run(
        [sys.executable, RECIPE, config, folder],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "LMS_REPORTS_COMMAND": str(SCRIPT)},
    )


def rows(folder: Path, stream: str) -> list[dict[str, Any]]:
    """The rows of all syncs."""
    return [
        json.loads(line)
        for file in sorted((folder / stream).glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]


def test_a_token_that_works_once_is_kept_in_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "LMS_REPORTS_COMMAND": str(SCRIPT)}
    with Sandbox(rows=5) as sandbox:
        config.write_text(json.dumps(quick(sandbox, "brightspace", data_sets=["Users"])))
        config.chmod(0o600)
        words = [sys.executable, str(RECIPE), str(config), str(tmp_path / "lms")]
        runs = [subprocess.run(words, capture_output=True, text=True, check=False, env=environment) for _ in range(2)]

        assert [run.returncode for run in runs] == [0, 0], runs[-1].stderr
        kept = json.loads(config.read_bytes())["platform"]["refresh_token"]
        assert kept == sandbox.config("brightspace")["platform"]["refresh_token"]
    assert config.stat().st_mode & 0o777 == 0o600


def test_the_second_sync_brings_what_is_new(sandbox: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "lms"
    first = sync(sandbox, folder)
    assert first.returncode == 0
    assert "ERROR" not in first.stderr
    assert as_set(rows(folder, "last_user_access")) == as_set(sandbox.truth("canvas", "last_user_access"))

    for file in (folder / "last_user_access").iterdir():
        file.unlink()
    sandbox.mutate("canvas", "last_user_access", update={3: {"last ip": "10.9.9.9", "last access at": NEW}})
    sandbox.clock.advance(3600)
    assert sync(sandbox, folder).returncode == 0
    brought = rows(folder, "last_user_access")
    assert "10.9.9.9" in {row.get("last ip") for row in brought}
    assert len(brought) < 5


def test_a_failed_stream_is_told_and_read_by_the_next_sync(sandbox: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "lms"
    sandbox.fault("link_html@canvas:report=grade_export_csv,count=always")
    failed = sync(sandbox, folder)
    assert failed.returncode == 1
    assert "grade_export" in failed.stderr
    assert len(rows(folder, "last_user_access")) == 20

    sandbox.faults.clear()
    assert sync(sandbox, folder).returncode == 0
    assert as_set(rows(folder, "grade_export")) == as_set(sandbox.truth("canvas", "grade_export"))


def test_a_wrong_token_ends_before_anything_is_written(sandbox: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "lms"
    refused = sync(sandbox, folder, access_token="revoked-token-1")
    assert refused.returncode == 1
    assert "token" in refused.stderr.lower()
    assert sorted(path.name for path in folder.iterdir()) == ["lock"]


def test_a_second_call_does_not_disturb_the_first(sandbox: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "lms"
    folder.mkdir()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert sync(sandbox, folder).returncode == 75
    assert not sandbox.requests("canvas")
