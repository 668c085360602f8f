"""Stories through the command line: what the vendor holds at the end is in the destination. `make soak` plays more."""

from __future__ import annotations

import dataclasses

import pytest

from integration_tests.connector import Connector
from integration_tests.small_world.stories import story_of
from integration_tests.small_world.story import Lost
from integration_tests.small_world.subjects import SUBJECTS

#: A story of each subject, with kills, resumed jobs and end dates.
SEEDS = {
    "canvas": 1,
    "sana": 0,
    "sana, dates": 0,
    "second nature": 0,
    "tinqwise": 13,
    "hapyak": 6,
    "dap": 1,
    "brightspace": 1,
}

#: Faults that are put back, and stories that show them.
MUTANTS = {
    "rows behind the end date count": ("canvas", 1),
    "a report counts up to the sync that reads it": ("canvas", 0),
    "a date is cut to an instant": ("sana, dates", 0),
    "the state moves with the first file": ("dap", 6),
    "a range that is refused is empty": ("dap", 1),
    "the newest changes come first": ("brightspace", 17),
    "changes always join on": ("brightspace", 22),
}


def test_there_is_a_story_of_each_subject() -> None:
    assert SEEDS.keys() == SUBJECTS.keys()


@pytest.mark.parametrize("subject", SEEDS)
def test_what_the_vendor_holds_is_in_the_destination(connector: Connector, subject: str) -> None:
    story_of(SEEDS[subject], subject, connector).play()


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_fault_that_is_put_back_is_found(connector: Connector, mutant: str) -> None:
    subject, seed = MUTANTS[mutant]
    with pytest.raises(Lost):
        story_of(seed, subject, dataclasses.replace(connector, environment={"CONNECTOR_MUTANT": mutant})).play()
