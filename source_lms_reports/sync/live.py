"""What a person at a terminal sees: a live line for each report. None of it goes among the messages."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from typing import TextIO

_REFRESH_SECONDS = 0.2
_MOST_LINES = 20


class LiveProgress:
    """Live lines on a terminal, one a report or stream, drawn over themselves.

    Args:
        out: The terminal.
        columns: Its width.
    """

    def __init__(self, out: TextIO, columns: int) -> None:
        self._out = out
        self._columns = columns
        self._guard = threading.Lock()
        self._lines: dict[str, str] = {}
        self._drawn = 0
        self._last = 0.0

    def show(self, key: str, text: str) -> None:
        """Put `text` in the place of what was said of `key` before."""
        with self._guard:
            self._lines[key] = text
            now = time.monotonic()
            if now - self._last >= _REFRESH_SECONDS:
                self._last = now
                self._draw()

    def close(self) -> None:
        """Leave the last lines standing."""
        with self._guard:
            self._draw()

    def _draw(self) -> None:
        shown = list(self._lines.values())[-_MOST_LINES:]
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        body = "".join(f"\r\x1b[2K{line[: self._columns - 1]}\n" for line in shown)
        self._out.write(up + body)
        self._out.flush()
        self._drawn = len(shown)


def make_live_progress() -> LiveProgress | None:
    """A board, where a person watches stderr and the messages go elsewhere; else None."""
    out = sys.__stderr__
    if out is None or not out.isatty() or sys.__stdout__ is None or sys.__stdout__.isatty():
        return None
    return LiveProgress(out, shutil.get_terminal_size().columns)
