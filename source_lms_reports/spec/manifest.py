"""The low-code manifest: the shared frame with every platform's branch of the specification."""

from __future__ import annotations

import copy
import functools
import importlib.resources
from collections.abc import Mapping
from typing import Any

from source_lms_reports.platforms.model import load_platform, load_yaml, platform_names


def assemble_manifest() -> dict[str, Any]:
    """The shared manifest with every platform's branch of the specification."""
    manifest = _frame()
    branches = [load_platform(name).spec for name in platform_names()]
    manifest["spec"]["connection_specification"]["properties"]["platform"]["oneOf"] = branches
    return manifest


@functools.cache
def shared_properties() -> Mapping[str, Any]:
    """The settings that all platforms share, as the specification describes them. Their defaults stand here alone."""
    properties: dict[str, Any] = _frame()["spec"]["connection_specification"]["properties"]
    return {name: one for name, one in properties.items() if name != "platform"}


def _frame() -> dict[str, Any]:
    """The manifest without platforms, for the caller to change."""
    return copy.deepcopy(_read_frame())


@functools.cache
def _read_frame() -> dict[str, Any]:
    text = (importlib.resources.files(__package__) / "manifest.yaml").read_text(encoding="utf-8")
    frame: dict[str, Any] = load_yaml(text)
    return frame


def connection_specification() -> Mapping[str, Any]:
    """The JSON schema of a configuration."""
    specification: dict[str, Any] = assemble_manifest()["spec"]["connection_specification"]
    return specification
