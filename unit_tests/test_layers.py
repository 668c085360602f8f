"""A module imports only what stands below its room, and only its own room beside it."""

from __future__ import annotations

import sys

import pytest

import source_lms_reports
from unit_tests.rooms import FLOOR, MODULES, ONLY, imports_of, room_of, rooms_imported_by


def test_every_room_has_a_floor() -> None:
    assert set(map(room_of, MODULES)) == set(FLOOR)


def test_a_module_imports_only_what_stands_below_it() -> None:
    found = {
        str(module): [room for room in rooms_imported_by(module) if FLOOR[room] >= FLOOR[room_of(module)]]
        for module in MODULES
    }
    assert {module: rooms for module, rooms in found.items() if rooms} == {}


@pytest.mark.parametrize("package", ONLY)
def test_a_library_is_known_to_few_rooms(package: str) -> None:
    found = {
        room_of(module)
        for module in MODULES
        for name in imports_of(module)
        if name == package or name.startswith(f"{package}.")
    }
    assert found <= ONLY[package]


def test_the_top_of_the_package_is_small() -> None:
    assert len([module for module in MODULES if len(module.parts) == 1]) <= 8


def test_no_module_is_called_as_one_of_the_standard_library() -> None:
    names = {module.stem for module in MODULES} | set(map(room_of, MODULES))
    assert names & set(sys.stdlib_module_names) == set()


def test_the_docstring_of_the_package_is_the_map_of_its_rooms() -> None:
    lines = (source_lms_reports.__doc__ or "").splitlines()
    named = {line.split()[0].rstrip("/") for line in lines if line.startswith("    ")}
    assert named | {"__init__"} == set(FLOOR)
