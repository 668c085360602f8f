"""Nothing is lost where rows change, vendors fail, clocks are wrong and processes are killed."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from unit_tests.sync.world.mutants import MUTANTS
from unit_tests.sync.world.story import Lost, Story
from unit_tests.sync.world.subjects import SUBJECTS

#: `make world` and `make soak` play many more.
STORIES = 5
MOST_STORIES = 300


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("airbyte")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


def _play(subject: str, stories: int, first: int = 0) -> None:
    for seed in range(first, first + stories):
        Story(seed, subject).play()


@pytest.mark.parametrize("subject", SUBJECTS)
def test_what_the_vendor_holds_is_in_the_destination(subject: str) -> None:
    _play(subject, STORIES)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_world_finds_a_fault_that_is_put_back(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = MUTANTS[mutant]
    fault.put_back(monkeypatch)
    with pytest.raises(Lost):
        _play(fault.subject, MOST_STORIES, fault.seed)


def test_a_story_is_the_same_each_time_it_is_told() -> None:
    told: list[list[str]] = []
    for _ in range(2):
        told.append([])
        Story(7, "hapyak: halves", told[-1].append).play()
    assert told[0] == told[1]
