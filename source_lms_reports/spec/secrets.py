"""The secrets of a configuration, which must not be seen anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


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
