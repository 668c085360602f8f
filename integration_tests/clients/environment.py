"""What clients need: environments, made once below `.clients/` and kept until their requirements change; copies."""

from __future__ import annotations

import hashlib
import os
import shutil
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


def version_of(package: str, folder: Path) -> str:
    """The package with its version, as its own environment says."""
    ask = f"from importlib.metadata import version; print(version('{package}'))"
    done = subprocess.run([folder / "python", "-c", ask], capture_output=True, text=True, check=True)
    return f"{package} {done.stdout.strip()}"


def copy_of_checkout(folder: Path) -> Path:
    """Copy the files that git does not ignore, as they are, into a folder with the name that Airbyte's tools go by."""
    copy = folder / "source-lms-reports"
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name, follow_symlinks=False)
    return copy


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
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
