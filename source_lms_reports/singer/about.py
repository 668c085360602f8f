"""What the tap is and can do, for people and for programs."""

from __future__ import annotations

import json
import textwrap

from source_lms_reports.singer.settings import Setting, list_settings
from source_lms_reports.spec.manifest import connection_specification
from source_lms_reports.version import __version__

NAME = "tap-lms-reports"
DESCRIPTION = "Reports of learning platforms: ordered, waited for, downloaded, read."
CAPABILITIES = ("catalog", "discover", "state", "about")


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


def _paragraph(setting: Setting) -> str:
    kind = " | ".join(setting.options) if setting.options else setting.kind
    text = f"{setting.label} ({kind}{', secret' if setting.sensitive else ''}). {setting.description}"
    return f"  {setting.name}\n{textwrap.fill(text, 100, initial_indent='      ', subsequent_indent='      ')}"
