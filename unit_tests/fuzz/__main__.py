"""`python -m unit_tests.fuzz [--minutes 10] [--seed N] [PARSER...]`, or `--replay FILE`."""

from __future__ import annotations

import argparse
import logging
import random
import sys
from pathlib import Path

from unit_tests.fuzz.parsers import PARSERS
from unit_tests.fuzz.runner import fuzz, replay


def main() -> int:
    """Fuzz, or repeat a finding."""
    arguments = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    arguments.add_argument("parser", nargs="*", help=", ".join(parser.name for parser in PARSERS))
    arguments.add_argument("--minutes", type=float, default=10.0, help="for each parser")
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000) * 1_000_000)
    arguments.add_argument("--replay", type=Path, help="a file that a finding has left")
    given = arguments.parse_args()
    logging.disable()
    if given.replay:
        return replay(PARSERS, given.replay)
    chosen = [parser for parser in PARSERS if not given.parser or parser.name in given.parser]
    print(f"seed {given.seed}, {given.minutes:g} minutes each: {', '.join(one.name for one in chosen)}", flush=True)
    return fuzz(chosen, given.minutes, given.seed)


if __name__ == "__main__":
    sys.exit(main())
