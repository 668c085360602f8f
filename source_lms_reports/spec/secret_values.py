"""The secrets of a configuration: what must not be seen anywhere, and how it is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from source_lms_reports.errors import ConfigError
from source_lms_reports.redaction import REDACTOR
from source_lms_reports.spec.validation import chosen_branch, is_unseen


def secrets_of(config: Any, specification: Mapping[str, Any]) -> Iterator[str]:
    """The values of the fields that are secret in any branch of the specification, be the configuration right or wrong.

    Args:
        config: As the user wrote it.
        specification: The JSON schema of it.
    """
    if specification.get("airbyte_secret"):
        if config not in (None, "") and not isinstance(config, (dict, list)):
            yield str(config)
        return
    for branch in specification.get("oneOf", []):
        yield from secrets_of(config, branch)
    if isinstance(config, Mapping):
        for name, one in specification.get("properties", {}).items():
            yield from secrets_of(config.get(name), one)


def with_clean_secrets(config: Mapping[str, Any], specification: Mapping[str, Any]) -> dict[str, Any]:
    """A valid configuration whose secrets have lost what cannot be seen at their ends; they are masked from here on.

    Args:
        config: As the user wrote it. It is not changed.
        specification: The JSON schema of the whole configuration.

    Raises:
        ConfigError: A secret holds something invisible elsewhere, or nothing else; says which setting.
    """
    return {name: _clean(value, specification["properties"].get(name, {}), name) for name, value in config.items()}


def _clean(value: Any, described: Mapping[str, Any], path: str) -> Any:
    if "oneOf" in described:
        described = chosen_branch(described["oneOf"], value, tuple(path.split(".")))
    if isinstance(value, Mapping):
        inner = described.get("properties", {})
        return {name: _clean(one, inner.get(name, {}), f"{path}.{name}") for name, one in value.items()}
    return _clean_secret(value, path) if described.get("airbyte_secret") and value else value


def _clean_secret(text: str, path: str) -> str:
    start, end = 0, len(text)
    while start < end and is_unseen(text[start]):
        start += 1
    while end > start and is_unseen(text[end - 1]):
        end -= 1
    secret = text[start:end]
    REDACTOR.register(secret)
    if not secret or any(map(is_unseen, secret)):
        what = "holds a space, a line end or an invisible character in its middle" if secret else "is empty"
        raise ConfigError(f"`{path}` {what}. Copy it anew from where it was made, and nothing besides.")
    return secret
