"""The language holds: a stranger's platform of each pattern, written in YAML alone, is checked, discovered and read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from unit_tests.project.docs.extended import Extended, Json, configured, last_states, only, records
from unit_tests.project.docs.local_server import serving
from unit_tests.project.docs.made_up import PLATFORMS, MadeUp


@pytest.fixture
def server() -> Iterator[MadeUp]:
    with serving(MadeUp()) as running:
        yield running


@pytest.fixture
def extended(tmp_path: Path) -> Iterator[Extended]:
    with Extended(tmp_path, {f"platforms/{name}.yaml": text for name, text in PLATFORMS.items()}) as started:
        yield started


def test_a_platform_of_each_pattern_is_read_from_its_file_alone(extended: Extended, server: MadeUp) -> None:
    config = {
        name: extended.file(
            name,
            {"platform": {"name": name, "base_url": server.url, "token": "the-token"}, "poll_interval_seconds": 0.1},
        )
        for name in PLATFORMS
    }
    found = extended.run(
        *(["check", "--config", path] for path in config.values()),
        *(["discover", "--config", path] for path in config.values()),
    )
    checks, catalogs = found[: len(config)], found[len(config) :]
    assert [only(one, "CONNECTION_STATUS")["connectionStatus"] for one in checks] == [{"status": "SUCCEEDED"}] * 4
    streams = {name: only(one, "CATALOG")["catalog"]["streams"] for name, one in zip(config, catalogs, strict=True)}
    assert {name: [one["name"] for one in found] for name, found in streams.items()} == {
        "repeating": ["plays"], "paged": ["people"], "ready": ["file_people"], "polled": ["grades"],
    }  # fmt: skip

    first = read(extended, config, streams, {})
    assert [row["who"] for row in records(first["repeating"], "plays")] == ["Ada"]
    assert [row["id"] for row in records(first["paged"], "people")] == [1, 2]
    people = [(row["id"], row["name"], row["_made_at"][:10]) for row in records(first["ready"], "file_people")]
    assert people == [("1", "Ada", "2026-01-01"), ("2", "Omar", "2026-01-01"), ("2", "Omar B.", "2026-01-02")]
    assert [row["grade"] for row in records(first["polled"], "grades")] == ["A", "B"]
    term = {"Name": "term", "Value": "T1"}
    job = {"kind": "GRADES", "sort": {"field": "id", "order": "asc"}, "filters": [term]}
    assert server.orders == [{"job": job}]

    states = {name: extended.file(f"{name}-state", earlier(last_states(one))) for name, one in first.items()}
    second = read(extended, config, streams, states)
    assert records(second["repeating"], "plays") == []
    assert [row["id"] for row in records(second["paged"], "people")] == [2]
    assert records(second["ready"], "file_people") == []
    filters = [[one["Name"] for one in order["job"]["filters"]] for order in server.orders[1:]]
    assert [sorted(names) for names in filters] == [["from", "term"], ["after", "from", "term"]]
    assert [row["grade"] for row in records(second["polled"], "grades")] == ["A", "B", "C"]


def earlier(states: list[Json]) -> list[Json]:
    """States as of a while ago: within a second there is nothing new to order."""
    for one in states:
        if one["stream"]["stream_descriptor"]["name"] == "grades":
            one["stream"]["stream_state"]["_report_end"] = "2026-01-01T00:00:00Z"
    return states


def read(
    extended: Extended, config: dict[str, str], streams: dict[str, list[Json]], states: dict[str, str]
) -> dict[str, list[Json]]:
    commands = []
    for name, path in config.items():
        catalog = extended.file(f"{name}-catalog", {"streams": [configured(one) for one in streams[name]]})
        state = ["--state", states[name]] if states else []
        commands.append(["read", "--config", path, "--catalog", catalog, *state])
    return dict(zip(config, extended.run(*commands), strict=True))
