"""docs/adding-a-platform.md: its pieces make a platform that is read without any Python of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from source_lms_reports.platforms import model
from source_lms_reports.platforms.model import parse_platform
from unit_tests.project.docs import pages
from unit_tests.project.docs.example_lms import KEY, ExampleLms
from unit_tests.project.docs.extended import Extended, configured, last_states, only, records
from unit_tests.project.docs.local_server import serving

PAGE = "docs/adding-a-platform.md"


def pieces(info: str) -> str:
    """The page's blocks of one file, put together."""
    return "\n".join(block.code for block in pages.blocks(pages.read(PAGE)) if block.info == info)


def files() -> dict[str, str]:
    """The files that the page gives, by their paths."""
    names = dict.fromkeys(block.info for block in pages.blocks(pages.read(PAGE)) if "/" in block.info)
    return {name: pieces(name) for name in names}


class ExampleExtended(Extended):
    """The package with the page's files put into it, and nothing else changed.

    Args:
        folder: Where the copy goes.
        server: The platform to read.
    """

    def __init__(self, folder: Path, server: ExampleLms) -> None:
        super().__init__(folder, files())
        config = json.loads(pieces("config.json"))
        config["platform"] |= {"base_url": server.url, "api_key": KEY}
        config["poll_interval_seconds"] = 0.1
        self.config = self.file("config", config)
        self.wrong = self.file("wrong", {**config, "platform": {**config["platform"], "api_key": "another-key"}})


@pytest.fixture
def server() -> Iterator[ExampleLms]:
    with serving(ExampleLms()) as running:
        yield running


@pytest.fixture
def extended(tmp_path: Path, server: ExampleLms) -> Iterator[ExampleExtended]:
    with ExampleExtended(tmp_path, server) as started:
        yield started


def test_the_pieces_are_a_platform() -> None:
    platform = parse_platform(pieces("platforms/example_lms.yaml"))
    assert platform.name == "example_lms"
    assert set(platform.reports) == {"learners", "completions"}


def test_the_platform_is_checked_discovered_and_read(extended: ExampleExtended, server: ExampleLms) -> None:
    good, bad, found = extended.run(
        ["check", "--config", extended.config],
        ["check", "--config", extended.wrong],
        ["discover", "--config", extended.config],
    )
    assert only(good, "CONNECTION_STATUS")["connectionStatus"]["status"] == "SUCCEEDED"
    refused = only(bad, "CONNECTION_STATUS")["connectionStatus"]
    assert refused["status"] == "FAILED"
    assert "Copy it again from Settings > Integrations" in refused["message"]
    streams = {one["name"]: one for one in only(found, "CATALOG")["catalog"]["streams"]}
    assert set(streams) == {"learners", "completions"}
    assert streams["completions"]["source_defined_primary_key"] == [["id"]]
    assert streams["completions"]["default_cursor_field"] == ["completed_at"]

    catalog = extended.file("catalog", {"streams": [configured(one) for one in streams.values()]})
    (first,) = extended.run(["read", "--config", extended.config, "--catalog", catalog])
    assert records(first, "learners") == [
        {"id": 1, "name": "Ada", "badge": "007"},
        {"id": 2, "name": "Omar", "badge": "NA"},
    ]
    assert [(row["id"], row["score"]) for row in records(first, "completions")] == [(11, 0.5), (12, "n/a"), (13, 1)]
    assert sorted(server.orders, key=str) == [{"report": "completions"}, {"report": "learners"}]

    state = extended.file("state", last_states(first))
    (second,) = extended.run(["read", "--config", extended.config, "--catalog", catalog, "--state", state])
    assert [row["id"] for row in records(second, "completions")] == [13]
    order = next(one for one in server.orders[2:] if one["report"] == "completions")
    assert order["from"] == "2026-03-05T10:00:00Z"
    assert order["to"] > order["from"]
    assert server.leaks == []
    assert not [line for line in map(str, first + second) if KEY in line or "0123456789abcdef" in line]


def test_the_page_names_every_part_of_the_model() -> None:
    text = pages.read(PAGE)
    spans = " ".join(re.findall(r"`([^`\n]+)`", pages.prose(text)))
    keys = re.findall(r"(\w+):", "\n".join(block.code for block in pages.blocks(text) if block.language == "yaml"))
    spoken = {*re.findall(r"\w+", spans), *keys}
    parts = {
        name
        for one in vars(model).values()
        if isinstance(one, type) and issubclass(one, msgspec.Struct)
        for name in one.__struct_fields__
    }
    missing = parts - spoken
    assert not missing


def test_the_page_names_no_part_that_the_model_lacks() -> None:
    """By way of the platforms themselves: the model refuses keys that it does not know."""
    with pytest.raises(msgspec.ValidationError, match="colour"):
        parse_platform(pieces("platforms/example_lms.yaml") + "\ncolour: red\n")
