"""The README's commands, word by word, in a folder that has nothing but the checkout and a configuration."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from integration_tests.clients.environment import copy_of_checkout, environment
from integration_tests.connector import quick
from integration_tests.sandbox import Sandbox
from unit_tests.project.docs.pages import blocks, section

pytestmark = [
    pytest.mark.clients,
    pytest.mark.client("Command line"),
    pytest.mark.skipif(shutil.which("jq") is None, reason="the commands need jq"),
]


def test_the_commands_install_the_connector_and_sync_twice(tmp_path: Path) -> None:
    copy = copy_of_checkout(tmp_path)
    text = (copy / "README.md").read_text(encoding="utf-8")
    titles = ("Command line", "From cron")
    commands = [block.code for title in titles for block in blocks(section(text, title)) if block.language == "sh"]
    with Sandbox(rows=20) as sandbox:
        config = quick(sandbox, "canvas", reports=["last_user_access_csv"])
        (copy / "config.json").write_text(json.dumps(config))
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
            cwd=copy,
            env={**environment(tmp_path), "PATH": os.environ["PATH"]},  # without the connector
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        truth = len(list(sandbox.truth("canvas", "last_user_access")))
    again = [json.loads(line) for line in (copy / "messages.jsonl").read_text().splitlines()]
    assert sum(message["type"] == "RECORD" for message in again) < truth
    (written,) = (copy / "rows" / "last_user_access").iterdir()
    assert len(written.read_text().splitlines()) == truth
