"""Asks again, where the report engine does not: for lists, terms, samples, and whatever `check` and `discover` ask."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from source_lms_reports.api.refusal import Refusal
from source_lms_reports.jobs.policy import MAX_REQUEST_FAILURES, Policy
from source_lms_reports.redaction import redact

LOGGER = logging.getLogger("airbyte")
_T = TypeVar("_T")
#: `check` and `discover` answer within so many seconds, and begin with so short a wait: somebody sits in front of them.
_SHORT = 60.0
_SHORT_BASE = 1.0
_SHORT_SILENCE = 50.0


class Patience:
    """How often one request is sent in a row, and for how long.

    Args:
        policy: The engine's waits.
        limit: Seconds after which no further try is begun.
        tries: How many bad answers in a row are enough.
        sleep: Waits so many seconds.
        steady: Seconds that only ever go on.
        rng: Where the jitter comes from.
        silence: Seconds of silence after which an answer is given up; None for as many as usual.
    """

    def __init__(
        self,
        policy: Policy,
        limit: float,
        tries: int = MAX_REQUEST_FAILURES,
        sleep: Callable[[float], None] = time.sleep,
        steady: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
        silence: float | None = None,
    ) -> None:
        self.silence = silence
        self._policy = policy
        self._limit = limit
        self._tries = tries
        self._sleep = sleep
        self._steady = steady
        self._rng = rng or random.Random()  # noqa: S311 - spreads waits, hides nothing

    def shortened(self) -> Patience:
        """The patience of somebody who waits in front of a screen: at most a minute."""
        policy = dataclasses.replace(self._policy, retry_base=min(self._policy.retry_base, _SHORT_BASE))
        return Patience(
            policy, min(self._limit, _SHORT), self._tries, self._sleep, self._steady, self._rng, _SHORT_SILENCE
        )

    def through(self, ask: Callable[[], _T]) -> _T:
        """What `ask` gives, asked again after each refusal that a moment may mend.

        A try is not begun if it would end too late, were it to take as long as the last one.

        Raises:
            Refusal: The last one, or one that another try would not mend.
        """
        begun = self._steady()
        for failures in itertools.count(1):
            asked = self._steady()
            try:
                return ask()
            except Refusal as refusal:
                delay = self._policy.retry_delay(failures, self._rng, refusal.retry_after)
                now = self._steady()
                is_too_late = now - begun + delay + (now - asked) > self._limit
                if refusal.kind not in ("transient", "throttled"):
                    raise
                if failures >= self._tries or is_too_late:
                    raise
                LOGGER.info(redact(f"{refusal.error.message} Asked again in {delay:.1f} s."))
            self._sleep(delay)
        raise AssertionError("unreachable")


def no_patience() -> Patience:
    """One try, and no other."""
    return Patience(Policy(), 0.0, tries=1)
