"""The vendor's time, learned from the `Date` of its answers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

from source_lms_reports.api.answer import http_date

LOGGER = logging.getLogger("airbyte")
#: A clock that differs by more is told.
_TOLERANCE = 60.0
#: `Date` has whole seconds, and servers keep its text for up to another second.
_DATE_IS_LATE_BY = 2.0
_UNITS = ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes"))


class VendorClock:
    """What time it is at the vendor.

    An answer that was asked for at 10.0 and came at 10.4 by the steady clock, dated 12:00:00, says that the vendor's
    12:00:00 to 12:00:02 lay somewhere between the two. All answers together narrow it down, and the earliest time that
    they allow is taken: so `now` is never later than the vendor's own, whatever the network does. Before an answer has
    told, it is our own time. Once one has, steps of our own clock do not matter.

    Args:
        title: The vendor's name for messages.
        wall: Our own time in epoch seconds.
        steady: Seconds that only ever go on.
    """

    def __init__(
        self, title: str, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._title = title
        self._wall = wall
        self._steady = steady
        #: The least and the most that the vendor's time may be ahead of the steady clock.
        self._bounds: tuple[float, float] | None = None
        self._told = False
        self._guard = threading.Lock()

    @property
    def is_known(self) -> bool:
        """Whether an answer has told the vendor's time."""
        return self._bounds is not None

    @property
    def offset(self) -> float:
        """Seconds by which the vendor is ahead of us; negative where it is behind, 0 before an answer has told."""
        return self.now() - self._wall() if self.is_known else 0.0

    def now(self) -> float:
        """The vendor's time in epoch seconds, never later than it is there."""
        bounds = self._bounds
        return self._wall() if bounds is None else self._steady() + bounds[0]

    def mark(self) -> float:
        """This moment, to be asked for later: by then an answer may have told more."""
        return self._steady()

    def at(self, mark: float) -> float:
        """The vendor's time at a moment that `mark` gave, in epoch seconds."""
        return self.now() - (self._steady() - mark)

    def heard(self, headers: Mapping[str, str], seconds: float) -> None:
        """Learn from an answer whose headers have just come.

        Args:
            headers: The answer's headers. One that a cache kept (`Age`) says nothing about now.
            seconds: How long the vendor took to answer.
        """
        date = http_date(headers.get("date"))
        if date is None or "age" in headers:
            return
        answered, ours = self._steady(), self._wall()
        low, high = date - answered, date + _DATE_IS_LATE_BY - (answered - seconds)
        with self._guard:
            self._bounds = _narrowed(self._bounds, low, high)
            ahead = low + answered - ours, high + answered - ours
            if self._told or (ahead[0] <= _TOLERANCE and ahead[1] >= -_TOLERANCE):
                return
            self._told = True
        where = "behind" if ahead[0] > 0 else "ahead of"
        LOGGER.warning(
            f"The clock of this machine is {_length(min(map(abs, ahead)))} {where} the clock of {self._title}. "
            f"Times are taken from {self._title}; set the clock of this machine right."
        )


def _narrowed(bounds: tuple[float, float] | None, low: float, high: float) -> tuple[float, float]:
    """What two answers allow together; the newer one alone where a clock has been set between them."""
    if bounds is None or low > bounds[1] or high < bounds[0]:
        return low, high
    return max(low, bounds[0]), min(high, bounds[1])


def _length(seconds: float) -> str:
    size, name = next((unit for unit in _UNITS if seconds >= 2 * unit[0]), (1.0, "seconds"))
    return f"{seconds / size:.0f} {name}"
