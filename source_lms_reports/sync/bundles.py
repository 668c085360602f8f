"""Batches of rows as bundles of finished lines, and the bound on how many are under way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from source_lms_reports.records.batch import Batch

BUNDLE = 1024 * 1024
"""Bytes of lines from which on they are handed over."""
BUNDLES_UNDER_WAY = 4
"""So many bundles may wait for whoever takes the output."""


class BackpressureClosed(Exception):
    """Nobody takes records any more."""


class Backpressure:
    """Lets at most so many bundles of lines be on their way to stdout.

    Args:
        size: Bundles that may be under way.
    """

    def __init__(self, size: int) -> None:
        self._free = threading.Semaphore(size)
        self._closed = False

    def enter(self) -> None:
        """Wait for room.

        Raises:
            BackpressureClosed: There will be none.
        """
        self._free.acquire()
        if self._closed:
            self._free.release()
            raise BackpressureClosed

    def leave(self) -> None:
        """A bundle has been written."""
        self._free.release()

    def close(self) -> None:
        """Turn away everyone who waits, now and later."""
        self._closed = True
        self._free.release()


@dataclass(frozen=True)
class Lines:
    """Batches as they go to stdout.

    Made by the thread that made the batches: for another one it takes longer, as two threads then compete for the
    interpreter and one frees the other's memory.

    Args:
        texts: Whole RECORD messages, one a line.
        count: How many there are.
    """

    texts: tuple[bytes, ...]
    count: int


def bundled(batches: Iterable[Batch], clock: Callable[[], float] = time.time) -> Iterator[Lines]:
    """The lines of batches, of some together: to hand them to another thread costs the same for few as for many.

    Args:
        batches: The rows.
        clock: Epoch seconds.
    """
    texts: list[bytes] = []
    size = count = 0
    for batch in batches:
        texts.append(batch.lines(int(clock() * 1000)))
        size += len(texts[-1])
        count += batch.count
        if size >= BUNDLE:
            yield Lines(tuple(texts), count)
            texts, size, count = [], 0, 0
    if texts:
        yield Lines(tuple(texts), count)
