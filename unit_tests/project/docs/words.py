"""The words that a platform file can say, each with the platforms that say it.

`python -m unit_tests.project.docs.words` writes the table of docs/adding-a-platform.md anew.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator
from typing import Any

import msgspec

from source_lms_reports.platforms import model
from source_lms_reports.platforms.model import load_platform, load_yaml, platform_names
from unit_tests.project.docs import pages

PAGE = "docs/adding-a-platform.md"
_BEGIN, _END = "<!-- words -->\n", "<!-- /words -->"
Word = tuple[str, str]
"""The part of the model that has it, and its name."""


def words() -> list[Word]:
    """All words, part by part; one that a part takes over from another is the other's."""
    parts = [one for one in vars(model).values() if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    found = [(part, name) for part in parts if part.__module__ == model.__name__ for name in part.__struct_fields__]
    return list(dict.fromkeys((_owner(part, name), name) for part, name in found))


def _owner(part: type[msgspec.Struct], name: str) -> str:
    bases = [one for one in part.__mro__ if issubclass(one, msgspec.Struct) and one.__module__ == model.__name__]
    return next(one.__name__ for one in reversed(bases) if name in one.__struct_fields__)


def used() -> dict[Word, list[str]]:
    """The words that are said, each with the platforms that say it."""
    found: dict[Word, list[str]] = {}
    for name in platform_names():
        path = importlib.resources.files("source_lms_reports") / "platforms" / f"{name}.yaml"
        for word in dict.fromkeys(_said(load_platform(name), load_yaml(path.read_text(encoding="utf-8")))):
            found.setdefault(word, []).append(name)
    return found


def _said(made: Any, stated: Any) -> Iterator[Word]:
    """The words of a part as it was made and as it was stated: what was left out is not said."""
    if isinstance(made, msgspec.Struct):
        for name in made.__struct_fields__:
            if name in stated:
                yield _owner(type(made), name), name
                yield from _said(getattr(made, name), stated[name])
    elif isinstance(made, dict):
        for key, value in made.items():
            yield from _said(value, stated[key])
    elif isinstance(made, list):
        for one, other in zip(made, stated, strict=True):
            yield from _said(one, other)


def table() -> str:
    """The table."""
    said = used()
    lines = ["| Part | Word | Platforms |", "|---|---|---|"]
    lines += [f"| `{part}` | `{name}` | {_platforms(said.get((part, name), []))} |" for part, name in words()]
    return "\n".join(lines) + "\n"


def _platforms(names: list[str]) -> str:
    return "all" if names == platform_names() else ", ".join(f"`{name}`" for name in names)


def with_table(text: str) -> str:
    """The page with the table as it is now."""
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    return f"{head}{_BEGIN}\n{table()}\n{_END}{tail}"


if __name__ == "__main__":
    (pages.ROOT / PAGE).write_text(with_table(pages.read(PAGE)), encoding="utf-8")
