"""How many reports a vendor lets us order in a minute, an hour, a day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from source_lms_reports.jobs.policy import sane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_PERIODS = {_MINUTE: "a minute", _HOUR: "an hour", _DAY: "a day"}
_STRIKES = 3
_SHORTEST_WAIT = 1.0


@dataclass(frozen=True)
class Limit:
    """At most `count` orders in any `per_seconds` seconds."""

    count: int
    per_seconds: int

    def __post_init__(self) -> None:
        if self.count < 1 or self.per_seconds < 1:
            raise ValueError(f"nothing could ever be ordered: {self!r}")

    def __str__(self) -> str:
        return f"{self.count} reports {_PERIODS.get(self.per_seconds, f'in {self.per_seconds} seconds')}"


class Quota:
    """Sliding windows over several limits.

    Args:
        limits: The vendor's limits. None at all: only what the vendor refuses is obeyed.
        patience: A wait of up to so many seconds is waited out; a longer one ends what has to be ordered.
        margin: Seconds added to each window, as the vendor's clock starts after ours.
    """

    def __init__(self, limits: Iterable[Limit], *, patience: float, margin: float = 1.0) -> None:
        self._limits = tuple(limits)
        self._patience = patience
        self._margin = margin
        self._longest = max((limit.per_seconds for limit in self._limits), default=0) + margin
        self._uses: list[float] = []
        self._refused_until = -math.inf
        self._opens = -math.inf
        self._strikes = 0

    def recall(self, use: float, now: float) -> None:
        """Count an order of an earlier sync too; one after `now` is a clock's error and does not count."""
        if use <= now < use + self._longest:
            self._keep(sorted([*self._uses, use]))

    def when(self, now: float) -> float:
        """The earliest time from `now` on at which an order may go."""
        return max(now, self._opens)

    def is_spent(self, now: float) -> bool:
        """True when the wait for the next order is too long to sit out."""
        return self._opens - now > self._patience

    def spend(self, now: float) -> None:
        """An order goes out."""
        self._keep([*(use for use in self._uses if use + self._longest > now), now])

    def refund(self, spent_at: float) -> None:
        """The order that went out at `spent_at` was turned away and does not count."""
        if spent_at in self._uses:
            self._uses.remove(spent_at)
        self._keep(self._uses)

    def accepted(self) -> None:
        """An order was taken: refusals before it are forgiven."""
        self._strikes = 0

    def exhaust(self, now: float, retry_after: float | None = None, *, long: bool = False) -> None:
        """The vendor refuses orders, whatever we counted.

        A refusal that names no time counts as the minute's quota three times, then as the hour's, then as the day's;
        a `long` one as the hour's at once. Refusals of requests that were under way together count once.
        """
        named = sane(retry_after)
        if named is None and now < self._refused_until and (not long or self._strikes > _STRIKES):
            return
        if named is None:
            named = self._guess(long)
        self._refused_until = max(self._refused_until, now + max(named, _SHORTEST_WAIT))
        self._keep(self._uses)

    def reason(self, now: float) -> str | None:
        """The limit that keeps the next order back the longest; None when it is the vendor's word alone."""
        held = [(self._free(limit), str(limit)) for limit in self._limits]
        until, limit = max(held, default=(now, ""))
        return limit if until > now and until >= self._refused_until else None

    def _guess(self, long: bool) -> float:
        """The length of the quota that a refusal without a time is about: a published one, or an hour, or a day."""
        self._strikes = max(self._strikes, _STRIKES) if long else self._strikes
        self._strikes += 1
        if self._strikes <= _STRIKES:
            return _MINUTE
        least = _HOUR if self._strikes == _STRIKES + 1 else _DAY
        return min((limit.per_seconds for limit in self._limits if limit.per_seconds >= least), default=least)

    def _keep(self, uses: Iterable[float]) -> None:
        self._uses = list(uses)
        self._opens = max([self._refused_until, *(self._free(limit) for limit in self._limits)])

    def _free(self, limit: Limit) -> float:
        """When `limit` has room, or had."""
        if len(self._uses) < limit.count:
            return -math.inf
        return self._uses[-limit.count] + limit.per_seconds + self._margin


class ReportQuotas:
    """A quota of its own for each report, where the vendor counts them apart.

    Args:
        make: Makes the quota of one report.
    """

    def __init__(self, make: Callable[[], Quota]) -> None:
        self._make = make
        self._quotas: dict[str, Quota] = {}

    def of(self, report: str) -> Quota:
        """The quota of a report."""
        if report not in self._quotas:
            self._quotas[report] = self._make()
        return self._quotas[report]


Quotas: TypeAlias = Quota | ReportQuotas | None
"""What a vendor allows: so many orders, so many of each report, or as many as one likes."""


def quota_of(quotas: Quotas, report: str) -> Quota | None:
    """The quota that orders of `report` count in."""
    return quotas.of(report) if isinstance(quotas, ReportQuotas) else quotas
