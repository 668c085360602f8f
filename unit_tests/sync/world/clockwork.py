"""Time in the world, and what happens as it passes."""

from __future__ import annotations

import random
from collections.abc import Callable


class Clockwork:
    """Lets time pass, and calls what is due on the way.

    Args:
        chance: Makes all choices.
        now: The vendor's time at the beginning, in epoch seconds.
        pace: Seconds between two changes at the vendor, on average.
    """

    def __init__(self, chance: random.Random, now: float, pace: float) -> None:
        self.chance = chance
        self.now = now
        self.pace = pace
        #: What our clock is ahead.
        self.skew = 0.0
        self.change: Callable[[], None] = lambda: None
        self.is_still = False
        self._next = now
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def ours(self) -> float:
        """What our clock shows."""
        return self.now + self.skew

    def steady(self) -> float:
        """Seconds that only go on."""
        return self.now - 1_000_000.0

    def at(self, when: float, happens: Callable[[], None]) -> None:
        """Have something happen at some time."""
        self._count += 1
        self._due.append((when, self._count, happens))

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while True:
            due = min(self._due, default=None)
            when = min(due[0] if due else end, end if self.is_still else self._next)
            if when >= end:
                self.now = end
                return
            self.now = max(self.now, when)
            if due is not None and due[0] <= when:
                self._due.remove(due)
                due[2]()
            else:
                self.change()
                self._next = self.now + self.chance.expovariate(1 / self.pace)
