"""Stories through the command line: what the vendor holds at the end is in the destination. `make soak` plays more."""

from __future__ import annotations

import dataclasses

import pytest

from integration_tests.connector import Connector
from integration_tests.small_world import SUBJECTS, Lost, Story

#: A story of each subject, with kills, resumed jobs and end dates.
SEEDS = {"canvas": 4, "sana": 2, "sana, dates": 13, "second nature": 3, "tinqwise": 3, "hapyak": 3}

#: Faults that are put back, and stories that show them.
MUTANTS = {
    "rows behind the end date count": ("canvas", 4),
    "a report counts up to the sync that reads it": ("canvas", 23),
    "a date is cut to an instant": ("sana, dates", 13),
}


def test_there_is_a_story_of_each_subject() -> None:
    assert SEEDS.keys() == SUBJECTS.keys()


@pytest.mark.parametrize("subject", SEEDS)
def test_what_the_vendor_holds_is_in_the_destination(connector: Connector, subject: str) -> None:
    Story(SEEDS[subject], subject, connector).play()


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_fault_that_is_put_back_is_found(connector: Connector, mutant: str) -> None:
    subject, seed = MUTANTS[mutant]
    with pytest.raises(Lost):
        Story(seed, subject, dataclasses.replace(connector, environment={"CONNECTOR_MUTANT": mutant})).play()
