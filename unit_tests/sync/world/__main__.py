"""Plays stories: for some minutes, or one by its seed with all that happens in it."""

from __future__ import annotations

import argparse
import logging
import random
import sys
import time

from unit_tests.sync.world.story import Lost, Story
from unit_tests.sync.world.subjects import SUBJECTS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m unit_tests.sync.world")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--subject", choices=sorted(SUBJECTS))
    parser.add_argument("--seed", type=int, help="tell this story")
    given = parser.parse_args()
    logging.getLogger("airbyte").setLevel(logging.CRITICAL)
    if given.seed is not None:
        Story(given.seed, given.subject, print).play()
        return 0
    return _many(given.minutes, given.subject)


def _many(minutes: float, subject: str | None) -> int:
    end = time.monotonic() + 60 * minutes
    first = random.SystemRandom().randrange(10**9)
    stories = syncs = lost = 0
    while time.monotonic() < end:
        story = Story(first + stories, subject)
        try:
            story.play()
        except Lost as error:
            lost += 1
            print(f"--seed {first + stories}{f' --subject {subject!r}' if subject else ''}: {error}", flush=True)
        except Exception:
            print(f"--seed {first + stories}{f' --subject {subject!r}' if subject else ''}", flush=True)
            raise
        stories, syncs = stories + 1, syncs + story.syncs
    print(f"{stories} stories, {syncs} syncs: {f'{lost} lost something' if lost else 'nothing was lost'}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
