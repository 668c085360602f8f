"""What a report job is doing, in five words."""

from __future__ import annotations

from enum import Enum


class JobStatus(Enum):
    """Closed set of states: every word of a vendor maps to one of these.

    A word that no mapping knows is `RUNNING`: it ends at the deadline, never in a wrong success.
    """

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    GONE = "gone"
    """Aborted, deleted, expired, or unknown to the vendor: there is nothing to wait for."""

    @property
    def is_alive(self) -> bool:
        """True while the job holds a place at the vendor and is worth another look."""
        return self in (JobStatus.QUEUED, JobStatus.RUNNING)
