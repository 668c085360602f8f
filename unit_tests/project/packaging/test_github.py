"""What GitHub runs and asks is still there: each target of make that a workflow calls, each platform in the form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from source_lms_reports.spec.manifest import connection_specification
from unit_tests.project.packaging.project import ROOT, text

WORKFLOWS = sorted(path.name for path in (ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))


def called(workflow: dict[str, Any]) -> Iterator[str]:
    """The targets that a workflow makes, those of a matrix too."""
    for job in workflow["jobs"].values():
        matrix = job.get("strategy", {}).get("matrix", {})
        for step in job["steps"]:
            words = step.get("run", "").removeprefix("sudo ").split()
            if words[:1] == ["make"]:
                named = [word for word in words[1:] if "=" not in word]
                yield from matrix["target"] if named == ['"$TARGET"'] else named


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_calls_targets_that_are_there(name: str) -> None:
    targets = set(called(yaml.safe_load(text(f".github/workflows/{name}"))))
    assert targets
    assert targets <= TARGETS


def test_the_form_for_a_fault_names_every_platform() -> None:
    form = yaml.safe_load(text(".github/ISSUE_TEMPLATE/fault.yml"))
    (field,) = [one for one in form["body"] if one.get("id") == "platform"]
    branches = connection_specification()["properties"]["platform"]["oneOf"]
    assert sorted(field["attributes"]["options"]) == sorted([*(branch["title"] for branch in branches), "another"])
