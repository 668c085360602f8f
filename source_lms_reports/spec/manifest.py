"""The low-code manifest: the shared frame with every platform's branch of the specification."""

from __future__ import annotations

import importlib.resources
from typing import Any

from source_lms_reports.platforms.model import load_platform, load_yaml, platform_names


def assemble_manifest() -> dict[str, Any]:
    """The shared manifest with every platform's branch of the specification."""
    text = (importlib.resources.files(__package__) / "manifest.yaml").read_text(encoding="utf-8")
    manifest: dict[str, Any] = load_yaml(text)
    branches = [load_platform(name).spec for name in platform_names()]
    manifest["spec"]["connection_specification"]["properties"]["platform"]["oneOf"] = branches
    return manifest
