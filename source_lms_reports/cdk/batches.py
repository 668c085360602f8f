"""How a batch of rows travels through the CDK as if it were one record, and the gate that bounds how many do."""

from __future__ import annotations

import threading
from collections.abc import Mapping
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


def as_record_data(batch: Batch) -> dict[str, Any]:
    """A batch as the data of a record."""
    return {BATCH_KEY: batch}


def batch_in(data: Mapping[str, Any] | None) -> Batch | None:
    """The batch that a record's data is, or None for a plain record."""
    batch = data.get(BATCH_KEY) if data else None
    return batch if isinstance(batch, Batch) else None
