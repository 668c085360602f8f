"""Fuzzes parsers one after the other, each for some minutes, in a process of its own."""

from __future__ import annotations

import ast
import hashlib
import multiprocessing
import resource
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from hypothesis import HealthCheck, Phase, given, seed, settings

from unit_tests.fuzz.parser import Case, Parser

FOLDER = Path(".fuzz")
_ROUND = 1000
"""Examples that hypothesis thinks up together; after a round its memory is let go."""
_PATIENCE = 20.0
"""Seconds for one example: with more, it hangs."""
_MEMORY = 4 * 1024**3
_SETTINGS = settings(
    max_examples=_ROUND,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    print_blob=False,
    report_multiple_bugs=False,
)


class Finding(Exception):
    """A parser broke its promise."""


class _Hangs(BaseException):
    """An example takes too long. No `Exception`, so that no parser takes it for a fault of the file."""


def fuzz(parsers: Sequence[Parser], minutes: float, first_seed: int) -> int:
    """Fuzz each parser for so many minutes.

    Returns:
        The exit code: 1 after a finding, which ends the run.
    """
    FOLDER.mkdir(exist_ok=True)
    for parser in parsers:
        process = multiprocessing.get_context("fork").Process(target=_child, args=(parser, minutes, first_seed))
        process.start()
        process.join(60 * minutes + 30 * _PATIENCE)
        if process.is_alive():
            process.kill()
            process.join()
        if process.exitcode != 0:
            last = FOLDER / f"{parser.name}.last"
            if process.exitcode != 1:
                print(f"{parser.name}: the process ended with {process.exitcode} while it read {last}")
                _tell_replay(last)
            return 1
    return 0


def replay(parsers: Sequence[Parser], path: Path) -> int:
    """Give a saved case to its parser, whose name the file's begins with."""
    (parser,) = (one for one in parsers if one.name == path.name.split("-")[0].split(".")[0])
    print(f"{parser.name}: {'read' if parser.check(ast.literal_eval(path.read_text())) else 'refused'}")
    return 0


def _child(parser: Parser, minutes: float, first_seed: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    fuzz_one(parser, minutes, first_seed)


def fuzz_one(parser: Parser, minutes: float, first_seed: int) -> None:
    """Fuzz a parser, in this process.

    Raises:
        SystemExit: There is a finding, which is told and saved.
    """
    signal.signal(signal.SIGALRM, _ring)
    tally = _Tally(parser)
    end = time.monotonic() + 60 * minutes
    try:
        while time.monotonic() < end:
            _round(tally, end, first_seed + tally.rounds)
            tally.rounds += 1
    except Finding as finding:
        path = FOLDER / f"{parser.name}-{tally.digest()}.txt"
        path.write_text(tally.text)
        print(f"{tally}\n{parser.name}: seed {first_seed + tally.rounds}: {finding}", flush=True)
        _tell_replay(path)
        raise SystemExit(1) from finding
    print(tally, flush=True)


class _Tally:
    """What a parser was given so far."""

    def __init__(self, parser: Parser) -> None:
        self.parser = parser
        self.rounds = self.examples = self.refused = 0
        self.text = ""
        self.has_finding = False
        self._began = time.monotonic()
        self._last = FOLDER / f"{parser.name}.last"

    def give(self, case: Case) -> None:
        self.text = repr(case)
        self._last.write_text(self.text)  # it is found here should the process die
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE, 1.0)  # again, should it ring in a callback
        try:
            self.refused += not self.parser.check(case)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a panic of a library in Rust is no `Exception`
            self.has_finding = True
            raise Finding(f"{type(error).__name__}: {error}"[:1000]) from error
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        self.examples += 1

    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:8]

    def __str__(self) -> str:
        seconds = time.monotonic() - self._began
        return (
            f"{self.parser.name}: {self.examples:,} examples, {self.refused:,} of them refused, {seconds:.0f} seconds"
        )


def _round(tally: _Tally, end: float, number: int) -> None:
    @seed(number)
    @_SETTINGS
    @given(tally.parser.cases)
    def one(case: Case) -> None:
        if tally.has_finding or time.monotonic() < end:  # a finding is made small however long that takes
            tally.give(case)

    one()


def _ring(_: int, __: FrameType | None) -> None:
    raise _Hangs(f"still busy after {_PATIENCE:g} seconds")


def _tell_replay(path: Path) -> None:
    print(f"To repeat it: make fuzz REPLAY={path}", flush=True)
