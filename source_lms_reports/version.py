"""The connector's version, which `pyproject.toml` states."""

from __future__ import annotations

import importlib.metadata

try:
    __version__ = importlib.metadata.version("airbyte-source-lms-reports")
except importlib.metadata.PackageNotFoundError:  # run from a checkout that is not installed
    __version__ = "0.0.0"
