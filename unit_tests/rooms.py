"""The rooms of the package: which stand above which, and which import which."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

import source_lms_reports

PACKAGE = Path(source_lms_reports.__file__).parent
NAME = source_lms_reports.__name__

#: From the ground up. Rooms of one floor do not know each other.
FLOORS = (
    {"errors", "process", "redaction", "times", "version"},
    {"platforms", "files"},
    {"jobs", "spec", "records"},
    {"plan"},
    {"api"},
    {"streams", "sync"},
    {"cdk", "singer"},
    {"source"},
    {"run", "__init__"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
#: Who else may import what.
ONLY = {"airbyte_cdk": {"cdk", "source", "run"}, "requests": {"api"}}


def room_of(module: Path) -> str:
    """The room of a module; one that stands at the top of the package is a room of its own."""
    return module.parts[0].removesuffix(".py")


@functools.cache
def imports_of(module: Path) -> tuple[str, ...]:
    """The dotted names that a module imports, with what it takes out of a module."""
    return tuple(names_imported(PACKAGE / module))


def names_imported(path: Path) -> Iterator[str]:
    """The same for any file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_imported_by(module: Path) -> set[str]:
    """The other rooms that a module imports from."""
    rooms = {name.split(".")[1] for name in imports_of(module) if name.startswith(f"{NAME}.")}
    return rooms - {room_of(module)}


def arrows() -> dict[str, set[str]]:
    """For each room the rooms that it imports from."""
    found: dict[str, set[str]] = {room: set() for room in FLOOR}
    for module in MODULES:
        found[room_of(module)] |= rooms_imported_by(module)
    return found


def without_detours(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The arrows without those that a longer way implies: `a -> b -> c` and `a -> c` are `a -> b -> c`."""
    beyond: dict[str, set[str]] = {}
    for room in sorted(graph, key=FLOOR.__getitem__):
        beyond[room] = set().union(*({one} | beyond[one] for one in graph[room]))
    return {
        room: {one for one in ones if not any(one in beyond[other] for other in ones)} for room, ones in graph.items()
    }


def says_of_itself(room: str) -> str:
    """The first line of what a room says of itself."""
    path = PACKAGE / room / "__init__.py"
    text = (path if path.is_file() else PACKAGE / f"{room}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
