"""Reads what a vendor says of a report job."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from source_lms_reports.api.answer import Answer
from source_lms_reports.files.answers import lone_word
from source_lms_reports.jobs.actions import JobState
from source_lms_reports.jobs.result import Links, PartIds
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.platforms.model import JobSpec
from source_lms_reports.platforms.paths import EVERY, value_at
from source_lms_reports.times import instant

LOGGER = logging.getLogger("airbyte")
_BEYOND = 1e15
"""No number of percent, nor one that every float holds."""


class JobReader:
    """Reads job documents by a platform's word on them.

    Args:
        job: Where things stand in a document, and what the statuses mean.
        title: The vendor's name for messages.
        clock: Epoch seconds.
    """

    def __init__(self, job: JobSpec, title: str, clock: Callable[[], float]) -> None:
        self._job = job
        self._title = title
        self._clock = clock
        self._warned: set[str] = set()
        self._guard = threading.Lock()

    def id(self, document: Any) -> str | None:
        """The job's id, if the document names one."""
        found = value_at(document, self._job.id, _is_id)
        return None if found is None else str(found)

    def speaks_of_a_job(self, document: Any) -> bool:
        """Whether a document is word of a job: it has an id, a status, or what only a failed job has."""
        job = self._job
        return isinstance(document, dict) and any(
            value_at(document, path) is not None for path in (job.id, job.status, job.failed_if) if path
        )

    def word_of_a_job(self, body: bytes) -> Any:
        """A document of a body that is no more than a known status: `PENDING` -> `{"status": "pending"}`; else None."""
        word = lone_word(body.decode("utf-8", "replace"))
        if word not in self._job.statuses or len(self._job.status) != 1:
            return None
        return {self._job.status[0]: word}

    def ordered_at(self, document: Any) -> float | None:
        """When the job was ordered, in epoch seconds; None where the document does not tell."""
        return _epoch(value_at(document, self._job.created_at))

    def read(self, document: Any, answer: Answer | None = None) -> JobState:
        """How the job is doing. A status that the platform file does not know counts as running, with a warning.

        Args:
            document: What the vendor says of the job.
            answer: The answer that it came in, for its `Retry-After`.
        """
        job = self._job
        raw = value_at(document, job.status)
        has_failed = bool(job.failed_if) and value_at(document, job.failed_if, bool) is not None
        words = value_at(document, job.words, bool) if job.words else None
        return JobState(
            status=self._status(raw, has_failed),
            words=" ".join(str(words).split())[:500] if words else str(raw or ""),
            progress=_number(value_at(document, job.progress)),
            lines=_whole(value_at(document, job.lines)),
            finished_at=_epoch(value_at(document, job.finished_at)),
            retry_after=answer.retry_after(self._clock()) if answer else None,
            result=self._parts(document) if job.parts else self._links(document),
        )

    def _links(self, document: Any) -> Links:
        urls = links_of(value_at(document, self._job.links, links_of))
        ends_at = _epoch(value_at(document, self._job.expires_at, _epoch))
        return Links(urls, ends_at, _whole(value_at(document, self._job.size, _whole)))

    def _parts(self, document: Any) -> PartIds | None:
        """The ids of the job's files, each once.

        None where it names none, which is not the same as a list without elements, or leaves out that of a file.
        """
        path = self._job.parts
        found = value_at(document, path)
        entries = value_at(document, path[: path.index(EVERY)]) if EVERY in path else found
        if not isinstance(found, list) or not all(map(_is_id, found)) or len(found) != len(entries):
            return None
        reached = value_at(document, self._job.cursor, lambda value: isinstance(value, str) and instant(value))
        return PartIds(tuple(dict.fromkeys(map(str, found))), reached if self._job.cursor else None)

    def _status(self, word: Any, has_failed: bool) -> JobStatus:
        state = self._job.statuses.get(str(word).strip().lower())
        if state is None and has_failed:
            return JobStatus.FAILED
        if word is None:
            return JobStatus.QUEUED
        if state is None:
            self._warn_once(f"{self._title} reports the unknown job status '{word}'; it counts as still running.")
            return JobStatus.RUNNING
        return JobStatus(state)

    def _warn_once(self, text: str) -> None:
        with self._guard:
            known = text in self._warned
            self._warned.add(text)
        if not known:
            LOGGER.warning(text)


def _is_id(value: Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool) and value != ""


def links_of(value: Any) -> tuple[str, ...]:
    """The addresses in a value, which is one of them or a list of some; none where one in a list is missing."""
    found = value if isinstance(value, list) else [value]
    links = tuple(link.strip() for link in found if isinstance(link, str) and link.strip())
    return links if len(links) == len(found) else ()


def _number(value: Any) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < _BEYOND else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _epoch(value: Any) -> float | None:
    moment = instant(value) if isinstance(value, str) else None
    return moment.timestamp() if moment else None
