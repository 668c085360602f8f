"""A module imports only what stands below its room, and only its own room beside it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    {"cdk"},
    {"source"},
    {"run", "__init__"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
#: Who else may import what.
ONLY = {"airbyte_cdk": {"cdk", "source", "run"}, "requests": {"api", "streams"}}


def _room(module: Path) -> str:
    return module.parts[0].removesuffix(".py")


def _imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((PACKAGE / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _strangers(module: Path) -> list[str]:
    room = _room(module)
    rooms = {name.split(".")[1] for name in _imports(module) if name.startswith(f"{NAME}.")}
    return sorted(other for other in rooms if other != room and FLOOR[other] >= FLOOR[room])


def test_every_room_has_a_floor() -> None:
    assert {_room(module) for module in MODULES} == set(FLOOR)


def test_a_module_imports_only_what_stands_below_it() -> None:
    found = {str(module): _strangers(module) for module in MODULES}
    assert {module: rooms for module, rooms in found.items() if rooms} == {}


@pytest.mark.parametrize("package", ONLY)
def test_a_library_is_known_to_few_rooms(package: str) -> None:
    found = {
        _room(module) for module in MODULES for name in _imports(module) if name == package or f"{package}." in name
    }
    assert found <= ONLY[package]


def test_the_top_of_the_package_is_small() -> None:
    assert len([module for module in MODULES if len(module.parts) == 1]) <= 8
