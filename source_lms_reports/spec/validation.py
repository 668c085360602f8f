"""Says in plain words what is wrong with a configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema import Draft7Validator, FormatChecker
from jsonschema.exceptions import ValidationError, best_match

from source_lms_reports.errors import ConfigError


def validate_config(config: Mapping[str, Any], specification: Mapping[str, Any]) -> None:
    """Check a configuration against the connection specification.

    Args:
        config: As the user wrote it.
        specification: The JSON schema of the whole configuration.

    Raises:
        ConfigError: It does not fit; says which field and why. Never quotes a value.
    """
    frame = {**specification, "properties": {**specification["properties"], "platform": {"type": "object"}}}
    _require(config, frame, ())
    branches: list[dict[str, Any]] = specification["properties"]["platform"]["oneOf"]
    platform = config["platform"]
    _require(platform, _chosen(branches, "name", platform, ("platform",)), ("platform",))


def _require(value: Any, schema: Mapping[str, Any], path: tuple[str, ...]) -> None:
    """Validate, leaving each `oneOf` to a second look at the branch that is meant."""
    outer, inner = _without_choices(schema)
    error = best_match(Draft7Validator(outer, format_checker=FormatChecker()).iter_errors(value))
    if error is not None:
        raise ConfigError(f"Config validation error: {_words(error, path)}")
    for name, choice in inner.items():
        if name in value:
            tag = _tag(choice["oneOf"])
            _require(value[name], _chosen(choice["oneOf"], tag, value[name], (*path, name)), (*path, name))


def _without_choices(schema: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    properties = schema.get("properties", {})
    choices = {name: one for name, one in properties.items() if "oneOf" in one}
    plain = {name: {"type": "object"} if name in choices else one for name, one in properties.items()}
    return {**schema, "properties": plain}, choices


def _tag(branches: Iterable[Mapping[str, Any]]) -> str:
    """The property whose constant tells the branches apart."""
    first = next(iter(branches))
    return next(str(name) for name, one in first["properties"].items() if "const" in one)


def _chosen(branches: list[dict[str, Any]], tag: str, value: Any, path: tuple[str, ...]) -> dict[str, Any]:
    names = {branch["properties"][tag]["const"]: branch for branch in branches}
    chosen = value.get(tag) if isinstance(value, Mapping) else None
    if not isinstance(chosen, str) or chosen not in names:
        raise ConfigError(f"Config validation error: `{'.'.join((*path, tag))}` must be one of: {', '.join(names)}.")
    return names[chosen]


def _words(error: ValidationError, path: tuple[str, ...]) -> str:
    where = ".".join((*path, *(str(step) for step in error.absolute_path)))
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
    given: Any = error.instance
    demanded: Any = error.validator_value
    if error.validator == "required":
        missing = [name for name in demanded if name not in given]
        return f"`{'.'.join(filter(None, (where, missing[0])))}` is missing."
    if error.validator == "additionalProperties":
        unknown = sorted(set(given) - set(schema.get("properties", {})))
        known = ", ".join(sorted(schema.get("properties", {})))
        return f"`{'.'.join(filter(None, (where, unknown[0])))}` is not a setting. Known here are: {known}."
    if error.validator == "pattern" and str(error.instance).startswith("http://"):
        return f"`{where}` is refused: https is needed (http is allowed for loopback addresses only)."
    if error.validator == "pattern":
        return f"`{where}` must look like this: {schema.get('pattern_descriptor', error.validator_value)}."
    return f"`{where or 'the configuration'}` {_rule(str(error.validator), demanded, schema)}"


def _rule(name: str, value: Any, schema: Mapping[str, Any]) -> str:
    rules = {
        "type": f"must be of the type {value}.",
        "enum": f"must be one of: {', '.join(map(str, value)) if isinstance(value, list) else value}.",
        "const": f"must be {value}.",
        "minimum": f"must be at least {value}.",
        "maximum": f"must be at most {value}.",
        "exclusiveMinimum": f"must be more than {value}.",
        "minLength": "must not be empty.",
        "uniqueItems": "must not name anything twice.",
        "format": f"must be a {value} such as {', '.join(map(str, schema.get('examples', [])))}.",
    }
    return rules.get(name, f"breaks the rule {name}: {value}.")
