"""The tap's definition for Meltano, made of the specification: `python -m unit_tests.project.docs.meltano_plugin`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from source_lms_reports.platforms.model import load_platform, platform_names
from source_lms_reports.singer.about import CAPABILITIES, DESCRIPTION, NAME
from source_lms_reports.singer.settings import Setting, list_settings

FILE = Path(__file__).parents[3] / "examples" / "meltano" / "tap-lms-reports.yml"
_HEAD = """\
# What Meltano has to know of the tap, made of the connector's specification (see CONTRIBUTING.md):
#   meltano add --plugin-type extractor --from-ref tap-lms-reports.yml tap-lms-reports
"""


def text() -> str:
    """The file."""
    return _HEAD + yaml.safe_dump(definition(), sort_keys=False, allow_unicode=True, width=130)


def definition() -> dict[str, Any]:
    """The definition as Meltano's hub has them."""
    return {
        "name": NAME,
        "namespace": NAME.replace("-", "_"),
        "label": "LMS Reports",
        "description": DESCRIPTION,
        "pip_url": "airbyte-source-lms-reports",
        "executable": NAME,
        "capabilities": list(CAPABILITIES),
        "settings_group_validation": required_by_platform(),
        "settings": list(map(_entry, list_settings())),
    }


def _entry(setting: Setting) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": setting.name, "label": setting.label, "kind": setting.kind}
    if setting.sensitive:
        entry["sensitive"] = True
    if setting.options:
        entry["options"] = [{"label": label, "value": value} for value, label in setting.options.items()]
    return {**entry, "description": setting.description}


def required_by_platform() -> list[list[str]]:
    """For each platform, and for each of its ways to sign in, the settings without which nothing works."""
    return [
        [f"platform.{one}" for one in ("name", *names)]
        for platform in platform_names()
        for names in _required(load_platform(platform).spec)
    ]


def _required(spec: Mapping[str, Any]) -> Iterator[list[str]]:
    """The required fields, once for each branch of a choice."""
    ways: list[list[str]] = [[]]
    for name in spec.get("required", []):
        one = spec["properties"][name]
        if name == "name":
            continue
        branches = [[f"{name}.{path}" for path in branch["required"]] for branch in one.get("oneOf", [])] or [[name]]
        ways = [[*way, *branch] for way in ways for branch in branches]
    yield from ways


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
