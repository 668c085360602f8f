"""The settings as others list them: dotted names with label, kind and secrecy, all made of the specification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from source_lms_reports.platforms.model import load_platform, platform_names
from source_lms_reports.spec.manifest import connection_specification

_KINDS = {"integer": "integer", "number": "decimal", "boolean": "boolean", "array": "array", "object": "object"}


@dataclass
class Setting:
    """One setting, of one platform or of several.

    Attributes:
        name: Its path in the configuration: `platform.base_url`.
        labels: Its titles.
        kind: What its values are, in Meltano's words.
        sensitive: Whether it is a secret.
        descriptions: What it is, by the titles of the platforms; by `""` where it is the same for all.
        options: The values that there are, with their labels; empty for any.
    """

    name: str
    kind: str
    sensitive: bool = False
    labels: dict[str, None] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What people call it."""
        return " / ".join(self.labels)

    @property
    def description(self) -> str:
        """What it is, and for which platforms."""
        by_text: dict[str, list[str]] = {}
        for title, text in self.descriptions.items():
            by_text.setdefault(text, []).append(title)
        return " ".join(
            f"{', '.join(filter(None, titles))}: {text}" if any(titles) else text for text, titles in by_text.items()
        )


def list_settings() -> list[Setting]:
    """All settings that a user may make, those of one name as one. Hidden ones are left out."""
    found: dict[str, Setting] = {}
    for title, name, described in _described():
        setting = found.setdefault(name, _setting(name, described))
        setting.labels[str(described.get("title", name))] = None
        setting.descriptions[title] = _description(described)
        setting.options |= _options(described)
    return list(found.values())


def _described() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    yield (
        "",
        "platform.name",
        {
            "title": "Learning platform",
            "description": "The platform whose reports are read.",
            "type": "string",
            "options": {name: load_platform(name).title for name in platform_names()},
        },
    )
    for name in platform_names():
        platform = load_platform(name)
        yield from ((platform.title, f"platform.{path}", one) for path, one in _flat(platform.spec) if path != "name")
    shared = {name: one for name, one in connection_specification()["properties"].items() if name != "platform"}
    yield from (("", path, one) for path, one in _flat({"properties": shared}))


def _flat(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The fields of a specification by their paths, those of all branches of a choice."""
    for branch in spec.get("oneOf", [spec]):
        of_branch = {"branch": branch.get("title"), "choice": spec.get("description", "")}
        for name, own in branch.get("properties", {}).items():
            if own.get("airbyte_hidden"):
                continue
            one = {**own, **of_branch}
            inner = list(_flat(one)) if "oneOf" in one or "properties" in one else []
            yield from ((f"{name}.{path}", deeper) for path, deeper in inner)
            if not inner:
                yield name, one


def _setting(name: str, described: Mapping[str, Any]) -> Setting:
    kind = _KINDS.get(str(described.get("type")), "string")
    if described.get("format") == "date-time":
        kind = "date_iso8601"
    if _options(described):
        kind = "options"
    return Setting(name, kind, bool(described.get("airbyte_secret")))


def _description(described: Mapping[str, Any]) -> str:
    default = described.get("default")
    text = str(described.get("description") or described.get("choice", "")).strip()
    said = (
        f"Default: {str(default).lower() if isinstance(default, bool) else default}."
        if default not in (None, "")
        else ""
    )
    return " ".join(filter(None, (text, said)))


def _options(described: Mapping[str, Any]) -> dict[str, str]:
    if "options" in described:
        return dict(described["options"])
    if "const" in described:
        return {str(described["const"]): str(described.get("branch") or described["const"])}
    return {str(value): str(value) for value in described.get("enum", [])}
