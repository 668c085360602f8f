"""What the checkout says of itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]


def text(name: str) -> str:
    """A file of the checkout."""
    return (ROOT / name).read_text(encoding="utf-8")


def only(pattern: str, name: str) -> str:
    """The one place in a file that a pattern's group finds."""
    (found,) = re.findall(pattern, text(name), flags=re.MULTILINE)
    return str(found)


def version() -> str:
    """The version, from where it is stated."""
    return only(r'^version = "(.+)"$', "pyproject.toml")


def metadata() -> dict[str, Any]:
    """The connector's metadata."""
    found: dict[str, Any] = yaml.safe_load(text("metadata.yaml"))["data"]
    return found
