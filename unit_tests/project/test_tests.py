"""The tests stand where the rooms stand, and each test module stands by itself."""

from __future__ import annotations

from pathlib import Path

import source_lms_reports
from unit_tests.rooms import names_imported

ROOT = Path(__file__).resolve().parents[2]
UNIT_TESTS = ROOT / "unit_tests"
#: Folders that are about something else than a room of the package.
OTHERS = {"fuzz", "project", "sandbox"}
MODULES = sorted(
    path.relative_to(ROOT) for folder in (UNIT_TESTS, ROOT / "integration_tests") for path in folder.rglob("*.py")
)


def _is_for_pytest(dotted: str) -> bool:
    """Whether a name is that of a module which pytest collects or loads."""
    path = ROOT.joinpath(*dotted.split(".")).with_suffix(".py")
    return path.is_file() and (path.name.startswith("test_") or path.name == "conftest.py")


def test_no_test_module_is_imported() -> None:
    found = {
        (str(module), dotted)
        for module in MODULES
        for dotted in names_imported(ROOT / module)
        if _is_for_pytest(dotted) or _is_for_pytest(dotted.rpartition(".")[0])
    }
    assert found == set()


def test_every_room_has_its_tests_and_no_test_is_about_a_room_that_is_gone() -> None:
    rooms = {path.parent.name for path in Path(source_lms_reports.__file__).parent.glob("*/__init__.py")}
    tested = {path.parent.name for path in UNIT_TESTS.glob("*/test_*.py")}
    assert tested - OTHERS == rooms
