"""Looks for a job that answers an order in the vendor's own list of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from source_lms_reports.api.calls import OrderCalls
from source_lms_reports.api.job_document import JobReader
from source_lms_reports.jobs.actions import Found, JobState, NothingFound
from source_lms_reports.jobs.policy import FRESH_FOR
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.jobs.ticket import Order
from source_lms_reports.platforms.paths import value_at

_TRUE = frozenset({"true", "1", "yes", "t", "y", "on"})


class JobFinder:
    """Finds jobs to adopt, whoever ordered them.

    Args:
        calls: Makes the requests.
        jobs: Reads the vendor's words on a job.
    """

    def __init__(self, calls: OrderCalls, jobs: JobReader) -> None:
        self._calls = calls
        self._jobs = jobs

    def find(self, order: Order) -> Found | NothingFound:
        """The listed job that is nearest to being read: the one that ended last, else one that still runs.

        Raises:
            Refusal: The list could not be had.
        """
        spec = self._calls.client.platform.find
        if spec is None:
            return NothingFound()
        _, document = self._calls.ask(spec.request, order)
        found = [
            (self._jobs.read(job), job)
            for job in (document if isinstance(document, list) else [])
            if self._jobs.id(job) and _answers(value_at(job, spec.parameters), order.parameters, spec.ignore)
        ]
        usable = [
            (state, str(self._jobs.id(job)), ordered_at)
            for state, job in found
            if state.status not in (JobStatus.FAILED, JobStatus.GONE)
            and (ordered_at := self._jobs.ordered_at(job)) is not None  # else nobody knows what is missing from it
        ]
        if not usable:
            return NothingFound()
        state, job_id, ordered_at = min(usable, key=lambda one: self._age(one[0]))
        return Found(self._calls.ticket(order, job_id, ordered_at, adopted=True), state)

    def _age(self, state: JobState) -> float:
        """How long ago a job ended; one that still runs comes after those that ended a few minutes ago."""
        if state.status is JobStatus.READY:
            return self._calls.client.vendor_now() - (state.finished_at or 0.0)
        return FRESH_FOR


def _answers(found: Any, wanted: Mapping[str, Any], ignore: list[str]) -> bool:
    """Whether a listed job was ordered with our parameters."""
    if found is None:
        found = {}
    return isinstance(found, Mapping) and _telling(found, ignore) == _telling(wanted, ignore)


def _telling(parameters: Mapping[str, Any], ignore: list[str]) -> dict[str, str]:
    """The parameters that tell jobs apart. A switch that is off is as good as none.

    `{"a": "t", "b": "False", "c": None, "locale": "en"}` -> `{"a": "true"}`, if `locale` is to be ignored.
    """
    texts = {
        name: str(value) for name, value in parameters.items() if name not in ignore and value not in (None, "", [])
    }
    lowered = {name: "true" if text.lower() in _TRUE else text for name, text in texts.items()}
    return {name: text for name, text in lowered.items() if text.lower() not in ("false", "none")}
