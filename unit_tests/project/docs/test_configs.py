"""The configurations to copy are there for every platform, fit the specification, and say what is to be filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from integration_tests.demo import next_steps
from source_lms_reports.errors import ConfigError
from source_lms_reports.platforms.model import platform_names
from source_lms_reports.spec.manifest import connection_specification
from source_lms_reports.spec.own_values import require_own_values
from source_lms_reports.spec.validation import validate_config
from unit_tests.project.docs import pages

CONFIGS = pages.ROOT / "examples" / "configs"
EXAMPLE = re.compile(r"your-|https://")


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from leaves(one, (*path, name))
    else:
        yield ".".join(path), value


def test_every_platform_has_one() -> None:
    assert sorted(path.stem for path in CONFIGS.iterdir()) == sorted(platform_names())


@pytest.mark.parametrize("path", sorted(CONFIGS.iterdir()), ids=lambda path: path.stem)
def test_it_fits_and_is_refused_with_all_that_is_to_be_filled_in(path: Path) -> None:
    config = json.loads(path.read_text(encoding="utf-8"))
    validate_config(config, connection_specification())
    with pytest.raises(ConfigError) as raised:
        require_own_values(config, connection_specification())
    to_fill_in = {name for name, value in leaves(config) if isinstance(value, str) and EXAMPLE.match(value)}
    assert set(re.findall(r"`([\w.]+)`", raised.value.message)) == to_fill_in


def test_the_readme_shows_the_one_for_canvas() -> None:
    (shown,) = [block.code for block in pages.blocks(pages.read("README.md")) if block.info == "config"]
    assert shown == (CONFIGS / "canvas.json").read_text(encoding="utf-8")


def test_what_the_demo_says_to_do_next_is_there() -> None:
    words = next_steps()
    named = re.findall(r"(?:examples|docs)/[\w./-]+\w|README\.md", words)
    assert named
    assert [name for name in named if not (pages.ROOT / name).is_file()] == []
    assert all(name in words for name in platform_names())
