"""Writes messages in the order in which the threads hand them over, and never half of one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import BinaryIO

from source_lms_reports.process import OutputFault, output_faults
from source_lms_reports.sync.bundles import BUNDLES_UNDER_WAY, Backpressure, Lines

_LAST_SECONDS = 5.0


class Outlet:
    """A thread that writes whole lines.

    Threads that wait for the vendor must not wait for a slow reader as well, so they hand their messages over. Only
    records wait for room, at `gate`. The main thread is left free for signals: one that came in the middle of a line
    would leave half of it to a reader who takes that for a fault.

    Args:
        out: What is written to.
        broken: Is called when nobody reads any more.
    """

    def __init__(self, out: BinaryIO, broken: Callable[[], None] = lambda: None) -> None:
        self.gate = Backpressure(BUNDLES_UNDER_WAY)
        #: Whether no more is taken. What fails from then on, fails because the sync is taken down.
        self.is_over = False
        self._out = out
        self._broken = broken
        self._queue: SimpleQueue[bytes | Lines | None] = SimpleQueue()
        self._error: BrokenPipeError | OutputFault | None = None
        self._thread = threading.Thread(target=self._run, name="outlet", daemon=True)
        self._thread.start()

    def put(self, message: bytes | Lines) -> None:
        """Write a message behind all those before. Records come through the gate first."""
        if message:
            self._queue.put(message)

    def close(self) -> None:
        """Wait until all is written.

        Raises:
            BrokenPipeError: Nobody reads any more.
            OutputFault: It cannot be written for another reason.
        """
        self._queue.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def end(self) -> None:
        """Take no more records, and give what is under way a moment to be written."""
        self.is_over = True
        self.gate.close()
        self._queue.put(None)
        self._thread.join(_LAST_SECONDS)

    def _run(self) -> None:
        try:
            while (message := self._queue.get()) is not None:
                self._write(message)
        except (BrokenPipeError, OutputFault) as error:
            self._error = error
            self.is_over = True
            self.gate.close()
            self._broken()

    def _write(self, message: bytes | Lines) -> None:
        with output_faults():
            for text in [message] if isinstance(message, bytes) else message.texts:
                self._out.write(text)
            self._out.flush()
        if isinstance(message, Lines):
            self.gate.leave()
