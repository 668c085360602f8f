"""No version breaks the connections of the one before, unless it says so."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from airbyte_cdk.test.standard_tests._spec_compatibility import compare_specs

from integration_tests.connector import Connector, Json
from integration_tests.releases import PLATFORMS, broken, latest, promises
from integration_tests.sandbox import Sandbox
from unit_tests.project.packaging.project import metadata, version

RECORD = "if this version was not released yet, record it anew: make release-record"


def kept(name: str) -> Any:
    """What the newest kept version promised."""
    return json.loads((latest() / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def now(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the version at hand promises."""
    with Sandbox(rows=10) as sandbox:
        return promises(Connector(tmp_path_factory.mktemp("connector")), sandbox)


@pytest.fixture
def _may_break() -> None:
    changes = metadata().get("releases", {}).get("breakingChanges", {})
    if version() != latest().name and version() in changes:
        pytest.skip("this version says that it breaks connections")


@pytest.mark.usefixtures("_may_break")
def test_saved_configurations_still_fit(now: dict[str, Any]) -> None:
    assert compare_specs(kept("spec"), now["spec"]).breaking == [], RECORD


@pytest.mark.usefixtures("_may_break")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_saved_catalogs_still_fit(platform: str, now: dict[str, Any]) -> None:
    name = f"catalog_{platform}"
    told = {change["what"] for change in kept("changes")}
    assert set(broken(kept(name), now[name])) <= told, RECORD


def test_each_change_that_is_told_is_one(now: dict[str, Any]) -> None:
    found = {what for name in PLATFORMS for what in broken(kept(f"catalog_{name}"), now[f"catalog_{name}"])}
    assert {change["what"] for change in kept("changes")} == found
    assert all(change["why"] for change in kept("changes"))


STREAM: Json = {
    "supported_sync_modes": ["full_refresh", "incremental"],
    "source_defined_primary_key": [["id"]],
    "default_cursor_field": ["at"],
    "json_schema": {
        "properties": {
            "id": {"type": ["null", "integer"]},
            "at": {"type": ["null", "string"], "format": "date-time"},
        }
    },
}


def _set(*path: str, to: Any) -> Callable[[Json], None]:
    def change(stream: Json) -> None:
        place = stream
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = to

    return change


COLUMNS = ("json_schema", "properties")


@pytest.mark.parametrize(
    "change",
    [
        _set("supported_sync_modes", to=["full_refresh"]),
        _set("source_defined_primary_key", to=[["at"]]),
        _set("default_cursor_field", to=["id"]),
        _set(*COLUMNS, to={"id": {"type": ["null", "integer"]}}),
        _set(*COLUMNS, "id", to={"type": ["null", "string"]}),
        _set(*COLUMNS, "at", to={"type": ["null", "string"]}),
    ],
)
def test_what_changes_a_table_is_called_broken(change: Callable[[Json], None]) -> None:
    later = copy.deepcopy(STREAM)
    change(later)
    assert len(list(broken({"stream": STREAM}, {"stream": later}))) == 1


@pytest.mark.parametrize(
    "change",
    [
        _set("supported_sync_modes", to=["full_refresh", "incremental", "more"]),
        _set(*COLUMNS, "new", to={"type": "string"}),
        _set(*COLUMNS, "id", to={"type": ["null", "number"]}),
    ],
)
def test_what_only_adds_is_not_broken(change: Callable[[Json], None]) -> None:
    later = copy.deepcopy(STREAM)
    change(later)
    assert list(broken({"stream": STREAM}, {"stream": later, "another": STREAM})) == []


def test_a_stream_that_is_gone_is_called_broken() -> None:
    assert list(broken({"stream": STREAM}, {})) == ["stream: the stream is gone"]
