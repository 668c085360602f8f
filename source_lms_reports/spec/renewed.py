"""A configuration with one setting renewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def with_setting(config: Mapping[str, Any], path: Sequence[str], value: str) -> dict[str, Any]:
    """`config` with another value at `path`, and nothing else changed.

    Args:
        config: As the user wrote it. It is not changed.
        path: Names of settings, the outermost first; at least one.
        value: The new value.
    """
    name, *inner = path
    return {**config, name: with_setting(config.get(name) or {}, inner, value) if inner else value}
