"""The vendors' clock: real time (or any function), which tests push forward instead of sleeping."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Seconds since 1970, UTC.

    Args:
        source: Where the time comes from; `time.time` when None.
    """

    def __init__(self, source: Callable[[], float] | None = None) -> None:
        self._source = source or time.time
        self._offset = 0.0

    def now(self) -> float:
        return self._source() + self._offset

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at the vendors at once."""
        self._offset += seconds

    def set(self, epoch: float) -> None:
        """Make it `epoch` now; time goes on from there."""
        self._offset = epoch - self._source()

    def utc(self) -> datetime:
        return datetime.fromtimestamp(self.now(), timezone.utc)


def iso(epoch: float, offset_hours: int = 0) -> str:
    """ISO 8601 with seconds; `Z` for UTC, else the offset."""
    moment = datetime.fromtimestamp(int(epoch), timezone(timedelta(hours=offset_hours)))
    return moment.isoformat().replace("+00:00", "Z")
