"""What the steps of one engine share, and the count that each of them keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from source_lms_reports.jobs.policy import MAX_REQUEST_FAILURES, jittered
from source_lms_reports.jobs.quota import quota_of

if TYPE_CHECKING:
    import random

    from source_lms_reports.jobs.actions import Refused
    from source_lms_reports.jobs.policy import Policy
    from source_lms_reports.jobs.quota import Quota, Quotas
    from source_lms_reports.jobs.ticket import Order


@dataclass(frozen=True)
class JobLimits:
    """What all orders of one engine share.

    Args:
        policy: The vendor's waits and limits.
        quotas: The vendor's limits on orders.
        rng: Where the jitter comes from.
        epoch_at: The vendor's epoch seconds at a time of the steady clock.
        can_find: The vendor lists its jobs.
        can_abort: The vendor can abort a job.
    """

    policy: Policy
    quotas: Quotas
    rng: random.Random
    epoch_at: Callable[[float], float]
    can_find: bool
    can_abort: bool

    def quota_of(self, order: Order) -> Quota | None:
        """The quota that `order` counts in."""
        return quota_of(self.quotas, order.report)

    def age(self, epoch: float, now: float) -> float:
        """Seconds since a moment that the vendor dates; negative where that is still to come."""
        return self.epoch_at(now) - epoch

    def jittered(self, delay: float) -> float:
        """`delay` and a little more."""
        return jittered(delay, self.rng)

    def retry_delay(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds before a request that has failed `failures` times in a row is sent again."""
        return self.policy.retry_delay(failures, self.rng, retry_after)


class RequestFailures:
    """Counts how often one request has failed in a row."""

    def __init__(self, limits: JobLimits) -> None:
        self._limits = limits
        self.count = 0

    def next_try(self, refused: Refused, now: float) -> float | None:
        """When to send the request again; None when it has failed often enough, or is to wait too long."""
        delay = self.next_delay(refused.retry_after)
        if self.count >= MAX_REQUEST_FAILURES or delay > self._limits.policy.wait_limit:
            return None
        return now + delay

    def next_delay(self, retry_after: float | None = None) -> float:
        """Seconds until the next try after one more failure, however many there were."""
        self.count += 1
        return self._limits.retry_delay(self.count, retry_after)

    def forget(self) -> None:
        """The request came through."""
        self.count = 0
