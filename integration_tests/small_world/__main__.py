"""Plays stories: for some minutes, or one by its seed with all that happens in it."""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from integration_tests.connector import Connector, forked
from integration_tests.small_world.stories import story_of
from integration_tests.small_world.story import Lost
from integration_tests.small_world.subjects import SUBJECTS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m integration_tests.small_world")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--subject", choices=sorted(SUBJECTS))
    parser.add_argument("--seed", type=int, help="tell this story")
    parser.add_argument("--mutant", default="", help="put a fault of unit_tests/sync/world/mutants.py back")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="small-world-"))
    connector = Connector(folder, environment={"CONNECTOR_MUTANT": given.mutant} if given.mutant else {})
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(forked.close)
        if given.seed is not None:
            story_of(given.seed, given.subject, connector, print).play()
            return 0
        return _many(given.minutes, given.subject, connector)


def _many(minutes: float, subject: str | None, connector: Connector) -> int:
    end, first = time.monotonic() + 60 * minutes, random.SystemRandom().randrange(10**6)
    stories = syncs = lost = 0
    while time.monotonic() < end:
        story = story_of(first + stories, subject, connector)
        try:
            story.play()
        except Lost as error:
            lost += 1
            print(f"--seed {first + stories}{f' --subject {subject!r}' if subject else ''}: {error}", flush=True)
        stories, syncs = stories + 1, syncs + story.syncs
    print(f"{stories} stories, {syncs} syncs: {f'{lost} lost something' if lost else 'nothing was lost'}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
