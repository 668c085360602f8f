"""What the tap is and can do, for people, for programs, and for Meltano."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from source_lms_reports.singer.settings import Setting, list_settings, required_by_platform
from source_lms_reports.spec.manifest import connection_specification
from source_lms_reports.version import __version__

NAME = "tap-lms-reports"
DESCRIPTION = "Reports of learning platforms: ordered, waited for, downloaded, read."
CAPABILITIES = ("catalog", "discover", "state", "about")
PACKAGE = "airbyte-source-lms-reports"


def version_line() -> str:
    """Name and version."""
    return f"{NAME} {__version__}"


def about_as_json() -> str:
    """What programs ask for; `settings` is a JSON schema of the configuration."""
    about = {
        "name": NAME,
        "description": DESCRIPTION,
        "version": __version__,
        "capabilities": list(CAPABILITIES),
        "settings": connection_specification(),
    }
    return json.dumps(about, indent=2)


def about_as_text() -> str:
    """The same for people, with each setting by its dotted name."""
    settings = "\n".join(map(_paragraph, list_settings()))
    return f"{version_line()}\n{DESCRIPTION}\nCapabilities: {', '.join(CAPABILITIES)}\n\nSettings:\n{settings}"


def plugin_definition() -> dict[str, Any]:
    """What Meltano has to know to add the tap and to ask for its settings."""
    return {
        "name": NAME,
        "namespace": NAME.replace("-", "_"),
        "label": "LMS Reports",
        "description": DESCRIPTION,
        "pip_url": PACKAGE,
        "executable": NAME,
        "capabilities": list(CAPABILITIES),
        "settings_group_validation": required_by_platform(),
        "settings": [_for_meltano(setting) for setting in list_settings()],
    }


def _paragraph(setting: Setting) -> str:
    kind = " | ".join(setting.options) if setting.options else setting.kind
    text = f"{setting.label} ({kind}{', secret' if setting.sensitive else ''}). {setting.description}"
    return f"  {setting.name}\n{textwrap.fill(text, 100, initial_indent='      ', subsequent_indent='      ')}"


def _for_meltano(setting: Setting) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": setting.name, "label": setting.label, "kind": setting.kind}
    if setting.sensitive:
        entry["sensitive"] = True
    if setting.options:
        entry["options"] = [{"label": label, "value": value} for value, label in setting.options.items()]
    return {**entry, "description": setting.description}
