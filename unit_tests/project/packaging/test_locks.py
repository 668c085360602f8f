"""The locks hold versions and hashes of everything, and no address."""

from __future__ import annotations

import re

import pytest

from unit_tests.project.packaging.project import text

LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-bench.lock"]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)((?: ;[^\\]+)?)", flags=re.MULTILINE)


def pins(name: str) -> set[tuple[str, str, str]]:
    """Package, version and marker of each pin."""
    return {(package, version, marker.strip()) for package, version, marker in PIN.findall(text(name))}


def direct(section: str) -> list[str]:
    """The requirements of one list in pyproject.toml."""
    block = text("pyproject.toml").split(f"\n{section} = [\n")[1].split("\n]")[0]
    return re.findall(r'^    "([A-Za-z0-9._-]+)', block, flags=re.MULTILINE)


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_an_address(name: str) -> None:
    lock = text(name)
    assert "://" not in lock
    assert "file:" not in lock
    assert not re.search(r"^--", lock, flags=re.MULTILINE)


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_hashes(name: str) -> None:
    blocks = re.split(r"^(?=[A-Za-z0-9])", text(name), flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pins(name)) > 50
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize(("section", "name"), [("dependencies", LOCKS[0]), ("dev", LOCKS[1]), ("bench", LOCKS[2])])
def test_every_requirement_is_locked(section: str, name: str) -> None:
    locked = {package.lower().replace("_", "-") for package, _, _ in pins(name)}
    assert {requirement.lower() for requirement in direct(section)} <= locked


def test_tests_run_with_the_versions_that_users_get() -> None:
    runtime, dev, bench = ({pin[:2] for pin in pins(name)} for name in LOCKS)
    assert runtime <= dev
    assert runtime <= bench
