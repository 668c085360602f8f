"""Environments of clients, made once below `.clients/` and kept until their requirements change."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from integration_tests.connector import SCRIPT

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


def client(name: str, *requirements: str) -> Path:
    """The folder of commands of an environment that has these packages.

    Args:
        name: Names the environment.
        requirements: As pip takes them.
    """
    key = hashlib.sha256("\n".join([sys.version, *requirements]).encode()).hexdigest()[:12]
    folder = ROOT / ".clients" / f"{name}-{key}"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-qq", *requirements], check=True)
        (folder / "ready").touch()
    return folder / "bin"


def environment(home: Path, *folders: Path) -> dict[str, str]:
    """The variables for a client's process: nothing is reported, nothing is asked of the public registry."""
    prefixes = ("PIP_", "SSL_", "UV_", "LANG")
    kept = {name: value for name, value in os.environ.items() if name.startswith(prefixes)}
    return {
        **kept,
        "PATH": os.pathsep.join([*map(str, folders), str(SCRIPT.parent), os.environ["PATH"]]),
        "HOME": str(home),
        "AIRBYTE_OFFLINE_MODE": "1",
        "DO_NOT_TRACK": "1",
        "NO_LIVE_PROGRESS": "1",
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
