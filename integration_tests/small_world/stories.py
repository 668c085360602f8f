"""Which class plays which subject."""

from __future__ import annotations

import random
from collections.abc import Callable

from integration_tests.connector import Connector
from integration_tests.small_world.shelves import ShelfStory
from integration_tests.small_world.story import Story
from integration_tests.small_world.subjects import SUBJECTS
from integration_tests.small_world.telling import TellingStory

_PLAYED: dict[str, type[Story]] = {"rows": Story, "telling": TellingStory, "shelves": ShelfStory}


def story_of(
    seed: int, subject: str | None, connector: Connector, tell: Callable[[str], None] = lambda _: None
) -> Story:
    """A story.

    Args:
        seed: Makes all choices.
        subject: Whose stream is read: a key of `SUBJECTS`; by the seed if None.
        connector: The command line.
        tell: Told what happens.
    """
    name = subject or random.Random(seed).choice(sorted(SUBJECTS))
    return _PLAYED[SUBJECTS[name].played](seed, name, SUBJECTS[name], connector, tell)
