"""The manifest is one frame with a branch for each platform."""

from __future__ import annotations

from source_lms_reports.platforms.model import load_platform, platform_names
from source_lms_reports.spec.manifest import assemble_manifest, connection_specification, shared_properties


def test_each_platform_has_its_branch() -> None:
    branches = connection_specification()["properties"]["platform"]["oneOf"]
    assert [branch["properties"]["name"]["const"] for branch in branches] == platform_names()
    assert branches == [load_platform(name).spec for name in platform_names()]


def test_the_shared_settings_are_those_beside_the_platform() -> None:
    shared = connection_specification()["properties"]
    assert {**shared_properties(), "platform": shared["platform"]} == shared


def test_a_manifest_that_was_changed_changes_no_other() -> None:
    assemble_manifest()["spec"]["connection_specification"]["properties"].clear()
    assert "start_date" in connection_specification()["properties"]
    assert "start_date" in shared_properties()
