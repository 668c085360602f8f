"""Which report, or which part of one, a stream is: one answer for discovery and reading alike. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_REPORT, _PART = "x-report", "x-part"
"""Keys of a stream's schema, by which a saved catalog keeps its meaning when the vendor's list changes."""


@dataclass(frozen=True)
class Origin:
    """What a stream is made of.

    Attributes:
        report: The vendor's id of the report.
        part: The name of its sheet or member; empty for a report of one table.
    """

    report: str
    part: str = ""

    def __str__(self) -> str:
        return f"the part '{self.part}' of the report {self.report}" if self.part else f"the report {self.report}"


@dataclass(frozen=True)
class Named:
    """A stream's name.

    Attributes:
        name: The name, unique among the streams.
        origin: What the stream is made of.
        rival: What else would be called so, where that is why the name has a number.
    """

    name: str
    origin: Origin
    rival: str = ""


def named(origins: Iterable[Origin], plain: Callable[[Origin], str], taken: Collection[str] = ()) -> list[Named]:
    """Unique names, the same ones in whatever order the origins come.

    A name that two things claim goes to the declared stream, else to a whole report, else to the part of the report
    whose id comes first; the others get `_2`, `_3`, ... Parts of one report keep their order.

    Args:
        origins: What is to be named.
        plain: What one would be called if there were nothing else.
        taken: Names of declared streams.
    """
    ordered = sorted(origins, key=lambda one: (bool(one.part), one.report))
    holders: dict[str, str] = {name: f"the stream {name}" for name in taken}
    natural = {*taken, *map(plain, ordered)}
    found: list[Named] = []
    for origin in ordered:
        name = plain(origin)
        rival = holders.get(name, "")
        if rival:
            name = _numbered(name, {*natural, *holders})
        holders[name] = str(origin)
        found.append(Named(name, origin, rival))
    return found


def _numbered(name: str, taken: Collection[str]) -> str:
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def marked(schema: Mapping[str, Any], origin: Origin) -> dict[str, Any]:
    """`schema` with a word on where the stream comes from."""
    return {**schema, _REPORT: origin.report, **({_PART: origin.part} if origin.part else {})}


def marked_origin(schema: Mapping[str, Any]) -> Origin | None:
    """Where a stream of a catalog comes from by its own word; None where it has none, as before that was written."""
    report, part = schema.get(_REPORT), schema.get(_PART, "")
    return Origin(report, part) if isinstance(report, str) and isinstance(part, str) else None
