"""The bill of materials names what users get, and every package states a licence."""

from __future__ import annotations

import re

from scripts.sbom import CONNECTOR, licence, required, sbom
from unit_tests.project.packaging.project import text


def test_it_lists_what_the_lock_lists() -> None:
    locked = set(re.findall(r"^([a-z0-9.-]+)==", text("requirements.lock"), flags=re.MULTILINE))
    listed = {component["name"] for component in sbom(required(CONNECTOR))["components"]}
    assert listed <= locked
    # The lock holds every system and every Python; an environment is one of them.
    assert len(listed) > 0.9 * len(locked)


def test_every_package_states_a_licence() -> None:
    assert [package.name for package in required(CONNECTOR) if licence(package) == "UNKNOWN"] == []


def test_dependencies_point_at_components() -> None:
    bill = sbom(required(CONNECTOR))
    known = {component["bom-ref"] for component in [*bill["components"], bill["metadata"]["component"]]}
    assert {ref for entry in bill["dependencies"] for ref in entry["dependsOn"]} < known
    assert {entry["ref"] for entry in bill["dependencies"]} == known
