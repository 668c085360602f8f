"""Refuses a configuration that still holds what an example had in the place of one's own.

Else the address of a stranger would be asked, perhaps with a good token, and its answer would lead astray.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from source_lms_reports.errors import ConfigError
from source_lms_reports.spec.validation import chosen_branch

_EXAMPLE = re.compile(r"your[-_][a-z_-]+|<[^<>]*>")
#: What a program should have put a value in the place of: `${TOKEN}`, `$TOKEN`, `{{ env("TOKEN") }}`, `%TOKEN%`.
_PLACEHOLDER = re.compile(r"\$\{[^{}]*\}|\$[A-Z_][A-Z0-9_]*|\{\{.*\}\}|%[A-Z_][A-Z0-9_]*%")
#: What stands where a secret was not to be seen: `...`, or the asterisks of Airbyte and of this connector's own logs.
_MASK = re.compile(r"\.{3,}|…|[*•]+")


def require_own_values(config: Mapping[str, Any], specification: Mapping[str, Any]) -> None:
    """Look for examples, placeholders and masks among secrets and required settings.

    Args:
        config: A configuration that fits the specification.
        specification: The JSON schema of it.

    Raises:
        ConfigError: Names all settings that are to be filled in.
    """
    found = [f"`{path}`" for path in _not_own(config, specification, ())]
    if found:
        raise ConfigError(
            f"The configuration still holds an example, a placeholder or the mask of a secret in: {', '.join(found)}. "
            "Enter your own."
        )


def _not_own(value: Any, described: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    if "oneOf" in described:
        described = chosen_branch(described["oneOf"], value, path)
    if not isinstance(value, Mapping):
        return
    for name, inner in described.get("properties", {}).items():
        one = value.get(name)
        if isinstance(one, str) and _is_example(one.strip(), inner, name in described.get("required", [])):
            yield ".".join((*path, name))
        else:
            yield from _not_own(one, inner, (*path, name))


def _is_example(text: str, described: Mapping[str, Any], is_required: bool) -> bool:
    """Whether a setting holds an example. An address that is required is one's own, and so it is not the spec's."""
    if described.get("airbyte_secret"):
        return any(one.fullmatch(text) for one in (_EXAMPLE, _PLACEHOLDER, _MASK))
    if not is_required:
        return False
    is_address = text.startswith("https://") and "default" not in described
    return any(one.fullmatch(text) for one in (_EXAMPLE, _PLACEHOLDER)) or (
        is_address and text in described.get("examples", [])
    )
