"""The values at a path of a vendor's answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

Path: TypeAlias = list[str | int | list[str | int]]
"""Keys and places, one behind the other: `[data, 0, id]`.

`*` stands for all values of an object, or all elements of a list: `[urls, "*", url]`. A list of paths is a choice: the
first one with a value that fits counts, as in `[[until], [at]]`.
"""

EVERY = "*"


def value_at(document: Any, path: Sequence[Any], fits: Callable[[Any], object] = lambda _: True) -> Any:
    """The value at `path` in a JSON document, or None where there is none.

        {"urls": {"a": {"url": "A"}, "b": {}}},  [urls, a, url]        -> "A"
                                                 [urls, "*", url]      -> ["A"]
                                                 [[links], [urls, b]]  -> {}

    Args:
        document: The document.
        path: A path, or several of which the first one counts that leads to a value which fits.
        fits: Tells whether a value is of the kind that is looked for. None never is.
    """
    found = (_followed(document, one) for one in choices(path))
    return next((value for value in found if value is not None and fits(value)), None)


def choices(path: Sequence[Any]) -> list[list[str | int]]:
    """The plain paths of a path: itself, or those that it is a choice of."""
    are_paths = bool(path) and all(isinstance(step, list) for step in path)
    return list(path) if are_paths else [list(path)]


def _followed(document: Any, path: Sequence[str | int]) -> Any:
    for at, step in enumerate(path):
        if step == EVERY and isinstance(document, (Mapping, list)):
            return list(_all_of(document, path[at + 1 :]))
        if isinstance(document, Mapping) and isinstance(step, str):
            document = document.get(step)
        elif isinstance(document, list) and isinstance(step, int) and -len(document) <= step < len(document):
            document = document[step]
        else:
            return None
    return document


def _all_of(document: Mapping[str, Any] | list[Any], rest: Sequence[str | int]) -> Iterator[Any]:
    """What `rest` leads to from each value; those from which it leads nowhere are left out."""
    for one in document.values() if isinstance(document, Mapping) else document:
        found = _followed(one, rest)
        if EVERY in rest:
            yield from found or ()
        elif found is not None:
            yield found
