"""How long to wait before what, as data and pure functions. All times are seconds."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

#: Between an order and the first look where a cadence is stated.
_EARLY = 0.5
#: Between two looks where none is stated, as long as a quarter of the time waited is less.
_SHORTEST_INTERVAL = 1.0
_SHARE_OF_WAITED = 0.25
#: What cool-downs count in where no cadence is stated.
_UNSTATED_CADENCE = 15.0
_JITTER = 0.1
_STEEPEST = 64  # exponents stop here: far beyond every cap, far below a float's overflow
LONGEST_RETRY_AFTER = 366 * 86_400.0
#: No further job is ordered while the results of so many are being downloaded.
MAX_DOWNLOADS = 8
#: No further report is ordered while files of more bytes than this lie on disk unread, or of more than are left free.
MAX_UNREAD = 4 * 1024**3
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
        cadence: The shortest time between two looks at one job, as the vendor states or the user wishes it. None where
            none is stated.
        looks_early: Whether the first look at a job comes sooner than that.
        max_interval: The longest time between two looks.
        wait_limit: How long one sync waits for one job.
        retry_base: The first wait after a failed request; it doubles with each further one.
        max_in_flight: Jobs that may be at the vendor at one time.
        one_a_report: Whether the vendor makes one job of a report at a time.
        names_jobs: Whether the answer to an order names the job, which may be the one of another order.

    Raises:
        ValueError: A figure makes no sense.
    """

    cadence: float | None = 15.0
    looks_early: bool = True
    max_interval: float = 60.0
    wait_limit: float = 7_200.0
    retry_base: float = 2.0
    max_in_flight: int = 4
    one_a_report: bool = False
    names_jobs: bool = False

    def __post_init__(self) -> None:
        if min(self.shortest_interval, self.wait_limit, self.retry_base) <= 0:
            raise ValueError(f"a wait would be zero or negative: {self}")
        if self.max_in_flight < 1:
            raise ValueError(f"nothing could ever be asked: {self}")

    @property
    def shortest_interval(self) -> float:
        """The shortest time between two looks at one job, but for an early look."""
        return _SHORTEST_INTERVAL if self.cadence is None else self.cadence

    @property
    def early_look(self) -> float:
        """Seconds between an order and the first look at its job.

        A report that the vendor has kept from an earlier order is there at once; one that has to be made takes the
        stated cadence anyhow.
        """
        early = _EARLY if self.cadence is not None and self.looks_early else self.shortest_interval
        return min(early, self.shortest_interval)

    def interval(self, waited: float) -> float:
        """Seconds until the next look at a job that was ordered `waited` seconds ago.

        They grow with the time that the job has taken, so that what is lost after it is ready is about a quarter of
        that, and the looks at one job stay few: without a cadence at most 30 in the first ten minutes.
        """
        longest = max(self.max_interval, self.shortest_interval)
        return min(max(waited * _SHARE_OF_WAITED, self.shortest_interval), longest)

    def retry_delay(self, failures: int, rng: random.Random, retry_after: float | None = None) -> float:
        """Seconds before a request that has failed `failures` times in a row is sent again."""
        grown = self.retry_base * 2.0 ** min(max(failures - 1, 0), _STEEPEST)
        longest = max(RETRY_CAP, self.retry_base)
        return max(jittered(min(grown, longest), rng), sane(retry_after) or 0.0)

    def cooldown(self, failed: int) -> float:
        """Seconds between the `failed`th failure of a report (from 1) and its next order."""
        return (self.cadence or _UNSTATED_CADENCE) * COOLDOWNS[min(max(failed, 1), len(COOLDOWNS)) - 1]


def places_for(unread: int, free: int, *, is_being_read: bool) -> int:
    """How many jobs may be under way, at the vendor or on the way to this disk.

    Args:
        unread: The bytes of the files that lie on it.
        free: The bytes that are left.
        is_being_read: Whether rows are made of one of the files, so that there will be room by itself. Where not, a
            stream may wait for the very order that is held back, so one goes at a time.
    """
    if unread <= min(MAX_UNREAD, free):
        return sys.maxsize
    return 0 if is_being_read else 1


def jittered(delay: float, rng: random.Random) -> float:
    """`delay` and up to a tenth more, so that what began together does not stay together."""
    return delay * (1.0 + _JITTER * rng.random())


def sane(retry_after: float | None) -> float | None:
    """A vendor's Retry-After as a usable number: None where it says nothing, at most a year."""
    if retry_after is None or math.isnan(retry_after) or retry_after < 0:
        return None
    return min(retry_after, LONGEST_RETRY_AFTER)
