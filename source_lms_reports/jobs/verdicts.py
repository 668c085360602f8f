"""What a step makes of the vendor's answer: how its order goes on (`Verdict`). `order_state` does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from source_lms_reports.errors import ReportError
    from source_lms_reports.jobs.actions import JobState
    from source_lms_reports.jobs.ticket import Ticket


@dataclass(frozen=True)
class Again:
    """Send the same request again at `at`."""

    at: float


@dataclass(frozen=True)
class NothingToAdopt:
    """Order the report. `warning` says why the vendor's list was of no help."""

    warning: str | None = None


@dataclass(frozen=True)
class Opened:
    """The vendor has a job for this order."""

    ticket: Ticket
    how: Literal["ordered", "adopted"]
    state: JobState


@dataclass(frozen=True)
class InDoubt:
    """The vendor may have taken the order: look for its job, or order again, at `at`."""

    at: float


@dataclass(frozen=True)
class Waiting:
    """The job is at work: look again at `at`."""

    at: float
    state: JobState


@dataclass(frozen=True)
class Ready:
    """The job is done: fetch its result."""


@dataclass(frozen=True)
class Lost:
    """The job failed, or is gone. `words` are the vendor's."""

    gone: bool
    words: str | None


@dataclass(frozen=True)
class LookAgain:
    """Look at the finished job again, at `at` or later, for a fresh link."""

    at: float


@dataclass(frozen=True)
class Useless:
    """The job is done, and its result cannot be had: order anew after `cooldown`, or end with `error`."""

    reason: Literal["link dead", "bad payload"]
    error: ReportError
    cooldown: float = 0.0


@dataclass(frozen=True)
class Arrived:
    """The report is here."""

    payload: Any = field(repr=False)


@dataclass(frozen=True)
class GivenUp:
    """The old job is given up: order anew. `warning` says why it stays at the vendor."""

    warning: str | None = None


@dataclass(frozen=True)
class Ended:
    """The report will not come in this sync."""

    error: ReportError
    keep_ticket: bool = False


Verdict: TypeAlias = (
    Again | NothingToAdopt | Opened | InDoubt | Waiting | Ready | Lost | LookAgain | Useless | Arrived | GivenUp | Ended
)
