"""What the engine tells its owner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from source_lms_reports.errors import ReportError
    from source_lms_reports.jobs.actions import JobState
    from source_lms_reports.jobs.ticket import Order, Ticket

Opening = Literal["ordered", "adopted", "resumed"]
Closing = Literal["delivered", "failed", "gone", "link dead", "bad payload", "refused", "too old"]


@dataclass(frozen=True)
class TicketOpened:
    """The order has a job at the vendor from now on: keep the ticket in the state."""

    order: Order
    ticket: Ticket
    how: Opening


@dataclass(frozen=True)
class OrderInDoubt:
    """The answer to an order was lost: the vendor may have taken it, and may count it.

    Args:
        ordered_at: When it was sent, in the vendor's epoch seconds.
    """

    order: Order
    ordered_at: float


@dataclass(frozen=True)
class TicketClosed:
    """The ticket is of no use any more: drop it from the state."""

    order: Order
    ticket: Ticket
    reason: Closing


@dataclass(frozen=True)
class Progressed:
    """The job is still at work."""

    order: Order
    state: JobState


@dataclass(frozen=True)
class Delivered:
    """The order has ended well. No ticket: it was a direct one.

    Args:
        made_in: Seconds that the vendor took to make the report; None where that was over before this sync looked.
    """

    order: Order
    ticket: Ticket | None
    payload: Any = field(repr=False)
    made_in: float | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Failed:
    """The order has ended. Whether its ticket is kept is told by the absence of `TicketClosed`."""

    order: Order
    error: ReportError


@dataclass(frozen=True)
class Held:
    """Orders wait for the vendor's quota. Told when they begin to, and every now and then while they do.

    Args:
        orders: How many.
        until: When the next one may go, in the vendor's epoch seconds.
        limit: The quota in words; None where only the vendor's refusal tells of it.
    """

    orders: int
    until: float
    limit: str | None


@dataclass(frozen=True)
class Warned:
    """Something that a user should know, and that ends nothing."""

    order: Order | None
    text: str


Event: TypeAlias = TicketOpened | OrderInDoubt | TicketClosed | Progressed | Delivered | Failed | Held | Warned
