"""Which streams may work at their tables at one time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

#: Streams that hold an open table: one whose rows are shaped, and one that is ready when the first has ended. Only one
#: is shaped at a time, as two in one interpreter take longer than one after the other. To open a sheet is to decode
#: it, which leaves the interpreter free.
_OPEN_TABLES = 2


class Turns:
    """Lets streams open tables and make records of them, few at a time."""

    def __init__(self) -> None:
        self._tables = threading.Semaphore(_OPEN_TABLES)
        self._shaping = threading.Lock()

    @contextlib.contextmanager
    def opening(self) -> Iterator[None]:
        """Room for an open table."""
        with self._tables:
            yield

    @property
    def is_shaping(self) -> bool:
        """Whether records are being made of a table."""
        return self._shaping.locked()

    @contextlib.contextmanager
    def shaping(self) -> Iterator[None]:
        """The turn to make records of it."""
        with self._shaping:
            yield
