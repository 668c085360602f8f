"""What the engine wants done (`Action`), and what came of it (`Outcome`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from source_lms_reports.errors import PayloadError, ReportError
    from source_lms_reports.jobs.result import Result
    from source_lms_reports.jobs.status import JobStatus
    from source_lms_reports.jobs.ticket import Order, Ticket

RefusalKind = Literal["config", "transient", "throttled", "quota", "gone", "restart"]
"""What to do about a refusal. The error rules of a platform file use the same words."""


@dataclass(frozen=True)
class JobState:
    """What the vendor says of a job.

    Args:
        status: Its state.
        words: The vendor's own status or message.
        progress: Percent done, from 0 to 100.
        lines: Lines written so far.
        finished_at: When it ended, in epoch seconds.
        retry_after: Seconds that the vendor asks us to wait before the next look.
        result: What a finished job has come to; it is handed back with `Fetch`.
    """

    status: JobStatus
    words: str | None = None
    progress: float | None = None
    lines: int | None = None
    finished_at: float | None = None
    retry_after: float | None = None
    result: Result | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class _ForOrder:
    order: Order

    @property
    def identity(self) -> str:
        """The identity of the order that this is done for."""
        return self.order.identity


@dataclass(frozen=True)
class Find(_ForOrder):
    """Ask the vendor's list of jobs for one that answers the order: `Found`, `NothingFound` or `Refused`."""


@dataclass(frozen=True)
class Place(_ForOrder):
    """Order the report: `Placed` or `Refused`."""


@dataclass(frozen=True)
class Poll(_ForOrder):
    """Ask how the job is doing: `Observed` or `Refused`."""

    ticket: Ticket


@dataclass(frozen=True)
class Fetch(_ForOrder):
    """Download the result: `Fetched`, `LinkDead`, `BadPayload` or `Refused`.

    Ticket and state are None for a direct order.
    """

    ticket: Ticket | None
    state: JobState | None


@dataclass(frozen=True)
class Abort(_ForOrder):
    """Abort or delete a job of ours: `Aborted` or `Refused`."""

    ticket: Ticket


@dataclass(frozen=True)
class Found:
    """The vendor has a job for this order. It is the engine that decides whether it is fit to be adopted."""

    ticket: Ticket
    state: JobState


@dataclass(frozen=True)
class NothingFound:
    """The vendor's list holds no job for this order."""


@dataclass(frozen=True)
class Placed:
    """The vendor took the order, or says that it has such a job already; the ticket is then an adopted one."""

    ticket: Ticket
    state: JobState


@dataclass(frozen=True)
class Observed:
    """The vendor told how the job is doing."""

    state: JobState


@dataclass(frozen=True)
class Fetched:
    """The result is here, and is proven to be a report."""

    payload: Any = field(repr=False)


@dataclass(frozen=True)
class LinkDead:
    """The download link has expired or is refused."""

    words: str | None = None


@dataclass(frozen=True)
class BadPayload:
    """Something arrived that is not a (whole) report."""

    error: PayloadError


@dataclass(frozen=True)
class Refused:
    """The request did not succeed.

    Args:
        kind: `throttled` (come back later), `quota` (come back much later), `transient` (network, 5xx),
            `gone` (the vendor does not know the job), `config` (asking again will not help), `restart` (only another
            order will: the whole of the report).
        error: The failure in the user's words.
        retry_after: Seconds that the vendor asks us to wait.
        uncertain: The vendor may have acted on the request all the same (a time-out after sending).
        unsent: Nothing was sent (no connection, no token): it counts as no order and uses no quota.
        locked_out: The credentials or the connection are refused, whatever was asked: it says nothing about the job.
    """

    kind: RefusalKind
    error: ReportError
    retry_after: float | None = None
    uncertain: bool = False
    unsent: bool = False
    locked_out: bool = False


@dataclass(frozen=True)
class Aborted:
    """The job is aborted or deleted."""


Action: TypeAlias = Find | Place | Poll | Fetch | Abort
Outcome: TypeAlias = Found | NothingFound | Placed | Observed | Fetched | LinkDead | BadPayload | Refused | Aborted
