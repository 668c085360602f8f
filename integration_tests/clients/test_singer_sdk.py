"""The tap's output, read by a target made of singer-sdk's own base: it validates every record and reads every time."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_tests.clients.environment import ROOT, client, version_of
from integration_tests.clients.subjects import SUBJECTS, config_of, held, started, tell
from integration_tests.connector import quick
from integration_tests.sandbox import Sandbox
from integration_tests.singer_output import tap

pytestmark = [pytest.mark.clients, pytest.mark.client("singer-sdk")]

SDK = "singer-sdk==0.54.9"
TARGET = ROOT / "integration_tests" / "clients" / "collecting_target.py"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=60) as started:
        yield started


def feed(text: str, folder: Path) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Give the target what the tap has printed."""
    (folder / "config.json").write_text(json.dumps({"path": str(folder / "kept.json")}))
    command = [str(client("singer-sdk", SDK) / "python"), str(TARGET), "--config", str(folder / "config.json")]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return done, folder / "kept.json"


@pytest.mark.parametrize("platform", SUBJECTS)
def test_every_record_arrives_and_the_last_state_is_given_back(
    platform: str, tmp_path: Path, record_property: Any
) -> None:
    record_property("version", version_of("singer-sdk", client("singer-sdk", SDK)))
    with started(platform) as sandbox:
        run = tap(config_of(sandbox, platform))
        due = {stream: len(held(sandbox, platform, stream)) for stream in run.output.facts}
    assert run.code == 0
    done, kept = feed(run.stdout, tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(kept.read_text())
    counts = {stream: len(records) for stream, records in run.output.records.items() if records}
    assert {stream: len(records) for stream, records in found["records"].items()} == counts
    assert found["versions"] == run.output.versions
    assert found["keys"] == {stream: run.output.facts[stream]["keys"] for stream in counts}
    assert json.loads(done.stdout.splitlines()[-1]) == run.output.state
    assert "No schema for record field" not in done.stderr
    landed = {stream: (counts.get(stream, 0), rows) for stream, rows in due.items()}
    assert {stream: there for stream, (there, _) in landed.items()} == due
    tell(record_property, "tap", "a target of singer-sdk", platform, landed)


def test_it_would_refuse_what_is_wrong(sandbox: Sandbox, tmp_path: Path) -> None:
    run = tap(quick(sandbox, "canvas", reports=["last_user_access_csv"]))
    wrong = run.stdout.replace('"user id":101,', '"user id":"101",')
    assert wrong != run.stdout
    done, _ = feed(wrong, tmp_path)
    assert done.returncode != 0
    assert "InvalidRecord" in done.stderr
