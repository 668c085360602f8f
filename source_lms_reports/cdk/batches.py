"""How a batch of rows travels through the CDK as if it were one record, and the gate that bounds how many do."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from source_lms_reports.records.batch import Batch

#: The one key of a record that is a batch. No vendor's column begins with a NUL.
BATCH_KEY = "\0batch"


class GateClosed(Exception):
    """Nobody takes records any more."""


class Gate:
    """Lets at most so many batches be on their way to stdout.

    Args:
        size: Batches that may be under way.
    """

    def __init__(self, size: int) -> None:
        self._free = threading.Semaphore(size)
        self._closed = False

    def enter(self) -> None:
        """Wait for room.

        Raises:
            GateClosed: There will be none.
        """
        self._free.acquire()
        if self._closed:
            self._free.release()
            raise GateClosed

    def leave(self) -> None:
        """A batch has been written."""
        self._free.release()

    def close(self) -> None:
        """Turn away everyone who waits, now and later."""
        self._closed = True
        self._free.release()


@dataclass(frozen=True)
class Lines:
    """A batch as it goes to stdout.

    Made by the thread that made the batch: for another one it takes longer, as two threads then compete for the
    interpreter and one frees the other's memory.

    Args:
        text: Whole RECORD messages, one a line.
        count: How many there are.
    """

    text: bytes
    count: int


def as_record_data(batch: Batch, emitted_at: int) -> dict[str, Any]:
    """A batch as the data of a record.

    Args:
        batch: The rows.
        emitted_at: Milliseconds since 1970.
    """
    return {BATCH_KEY: Lines(batch.lines(emitted_at), batch.count)}


def lines_in(data: Mapping[str, Any] | None) -> Lines | None:
    """The batch that a record's data is, or None for a plain record."""
    lines = data.get(BATCH_KEY) if data else None
    return lines if isinstance(lines, Lines) else None
