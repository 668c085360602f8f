"""The value at a path of a vendor's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def value_at(document: Any, path: Sequence[str | int]) -> Any:
    """The value at `path` in a JSON document, or None where the path ends early."""
    for step in path:
        if isinstance(document, Mapping) and isinstance(step, str):
            document = document.get(step)
        elif isinstance(document, list) and isinstance(step, int) and -len(document) <= step < len(document):
            document = document[step]
        else:
            return None
    return document
