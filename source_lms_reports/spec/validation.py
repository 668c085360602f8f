"""Says in plain words what is wrong with a configuration."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema import Draft7Validator, FormatChecker, validators
from jsonschema.exceptions import ValidationError, best_match

from source_lms_reports.errors import ConfigError

_HALF_SURROGATE = re.compile(r"[\ud800-\udfff]")
#: Spaces, line ends, controls, and what has no width at all, such as U+200B and U+FEFF.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})


def validate_config(config: Mapping[str, Any], specification: Mapping[str, Any]) -> None:
    """Check a configuration against the connection specification.

    Args:
        config: As the user wrote it.
        specification: The JSON schema of the whole configuration.

    An optional setting that is null or empty is left out, as forms and programs write what was not entered.

    Raises:
        ConfigError: It does not fit; says which field and why. Never quotes a value.
    """
    _require_sound_values(config, ())
    frame = {**specification, "properties": {**specification["properties"], "platform": {"type": "object"}}}
    _require(config, frame, ())
    branches: list[dict[str, Any]] = specification["properties"]["platform"]["oneOf"]
    platform = config["platform"]
    _require(platform, chosen_branch(branches, platform, ("platform",)), ("platform",))


def is_unseen(char: str) -> bool:
    """Whether a character cannot be seen: white space, a control, or one without width."""
    return unicodedata.category(char) in _UNSEEN


def _require_sound_values(value: Any, path: tuple[str, ...]) -> None:
    """Refuse what comes along when texts are copied, where it means nothing: in addresses and ids (known by name).

    Half a surrogate, which JSON can spell (`"\\ud83d"`) and no request can carry, is refused anywhere; so is a number
    without end (`1e999`), which no comparison would find wrong.
    """
    where = ".".join(path)
    if isinstance(value, str) and _HALF_SURROGATE.search(value):
        raise ConfigError(f"Config validation error: `{where}` holds half a character. Enter it anew.")
    if isinstance(value, str) and where.endswith(("_id", "_url")) and _has_unseen(value):
        raise ConfigError(
            f"Config validation error: `{where}` holds a space, a line end or an invisible character. Enter it anew."
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"Config validation error: `{where}` must be a finite number.")
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        _require_sound_values(one, (*path, str(name)))


def _has_unseen(text: str) -> bool:
    """Whether `text` begins or ends with what cannot be seen, or holds more of it than plain spaces."""
    ends = (text[:1], text[-1:])
    return any(end and is_unseen(end) for end in ends) or any(is_unseen(char) and char != " " for char in text)


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """A pattern as JSON schema means it: `$` is the end, while Python's lets a line end follow."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield ValidationError("the pattern is not met")


_VALIDATOR = validators.extend(Draft7Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


def _require(value: Any, schema: Mapping[str, Any], path: tuple[str, ...]) -> None:
    """Validate, leaving each `oneOf` to a second look at the branch that is meant."""
    outer, inner = _without_choices(schema)
    value = _without_unset(value, schema)
    error = best_match(_VALIDATOR(outer, format_checker=FormatChecker()).iter_errors(value))
    if error is not None:
        raise ConfigError(f"Config validation error: {_words(error, path)}")
    for name, choice in inner.items():
        if name in value:
            here = (*path, name)
            _require(value[name], chosen_branch(choice["oneOf"], value[name], here), here)


def _without_unset(value: Any, schema: Mapping[str, Any]) -> Any:
    """`{"start_date": null, "reports": ""}` -> `{}`, of settings that may be left out."""
    if not isinstance(value, Mapping):
        return value
    optional = set(schema.get("properties", {})) - set(schema.get("required", []))
    return {name: one for name, one in value.items() if name not in optional or one not in (None, "")}


def _without_choices(schema: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    properties = schema.get("properties", {})
    choices = {name: one for name, one in properties.items() if "oneOf" in one}
    plain = {name: {"type": "object"} if name in choices else one for name, one in properties.items()}
    return {**schema, "properties": plain}, choices


def _tag(branches: Iterable[Mapping[str, Any]]) -> str:
    """The property whose constant tells the branches apart."""
    first = next(iter(branches))
    return next(str(name) for name, one in first["properties"].items() if "const" in one)


def chosen_branch(branches: list[dict[str, Any]], value: Any, path: tuple[str, ...]) -> dict[str, Any]:
    """The branch of a `oneOf` that `value` names by its constant.

    Raises:
        ConfigError: It names none.
    """
    tag = _tag(branches)
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
