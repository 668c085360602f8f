"""How long to wait before what, as data and pure functions. All times are seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_STEEPEST = 64  # exponents stop here: far beyond every cap, far below a float's overflow
LONGEST_RETRY_AFTER = 366 * 86_400.0
#: Orders of one report in one sync, all told.
MAX_ORDERS = 3
#: How often a dead link is renewed by another look at the job before the report is ordered anew.
MAX_LINK_RENEWALS = 2
#: Failures of one request in a row before its step counts as failed.
MAX_REQUEST_FAILURES = 5
#: The waits before the second and the third order of a failed job, in cadences.
COOLDOWNS = (2.0, 8.0)
#: Where the doubling of the waits between failing requests stops.
RETRY_CAP = 60.0
#: A job that the vendor does not know, but took the order for so many seconds ago at most, may yet turn up.
NEW_FOR = 60.0
#: Somebody else's finished job is taken over for so long after its end.
FRESH_FOR = 900.0
#: Older tickets are given up.
TICKET_LIFE = 86_400.0


@dataclass(frozen=True)
class Policy:
    """One vendor's patience.

    Args:
        cadence: The shortest time between two looks at one job, and the unit of the cool-downs.
        max_interval: Where the growth of that time stops.
        backoff: What the time grows by with each look.
        jitter: The share of a wait that may be added at random. Only ever added.
        wait_limit: How long one sync waits for one job.
        retry_base: The first wait after a failed request; it doubles with each further one.
        max_in_flight: Jobs that may be at the vendor at one time.

    Raises:
        ValueError: A figure makes no sense.
    """

    cadence: float = 15.0
    max_interval: float = 60.0
    backoff: float = 1.3
    jitter: float = 0.1
    wait_limit: float = 7_200.0
    retry_base: float = 2.0
    max_in_flight: int = 4

    def __post_init__(self) -> None:
        if min(self.cadence, self.wait_limit, self.retry_base) <= 0 or self.backoff < 1 or self.jitter < 0:
            raise ValueError(f"a wait would be zero, negative or shrinking: {self}")
        if self.max_in_flight < 1:
            raise ValueError(f"nothing could ever be asked: {self}")

    def poll_delay(self, looks: int, rng: random.Random, retry_after: float | None = None) -> float:
        """Seconds until the next look at a job after `looks` looks; never less than the cadence."""
        grown = self.cadence * self.backoff ** min(looks, _STEEPEST)
        longest = max(self.max_interval, self.cadence)
        return max(self._jittered(min(grown, longest), rng), self.soonest_poll(retry_after))

    def soonest_poll(self, retry_after: float | None = None) -> float:
        """Seconds that must pass between two looks whatever happens."""
        return max(self.cadence, sane(retry_after) or 0.0)

    def retry_delay(self, failures: int, rng: random.Random, retry_after: float | None = None) -> float:
        """Seconds before a request that has failed `failures` times in a row is sent again."""
        grown = self.retry_base * 2.0 ** min(max(failures - 1, 0), _STEEPEST)
        longest = max(RETRY_CAP, self.retry_base)
        return max(self._jittered(min(grown, longest), rng), sane(retry_after) or 0.0)

    def cooldown(self, failed: int) -> float:
        """Seconds between the `failed`th failure of a report (from 1) and its next order."""
        return self.cadence * COOLDOWNS[min(max(failed, 1), len(COOLDOWNS)) - 1]

    def _jittered(self, delay: float, rng: random.Random) -> float:
        return delay * (1.0 + self.jitter * rng.random())


def sane(retry_after: float | None) -> float | None:
    """A vendor's Retry-After as a usable number: None where it says nothing, at most a year."""
    if retry_after is None or math.isnan(retry_after) or retry_after < 0:
        return None
    return min(retry_after, LONGEST_RETRY_AFTER)
