"""What the state of a stream may say: which windows it has passed, and which report jobs it keeps. Pure.

Nothing else moves a cursor and nothing else drops a ticket.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from source_lms_reports.jobs.policy import TICKET_LIFE
from source_lms_reports.jobs.ticket import Ticket, UnreadableTicket
from source_lms_reports.times import instant, rfc3339

LOGGER = logging.getLogger("airbyte")
TICKETS = "_report_tickets"


def read_tickets(state: Mapping[str, Any], stream: str) -> tuple[Ticket, ...]:
    """The tickets in a stream's state. One that cannot be read is left out with a warning."""
    raw = state.get(TICKETS)
    tickets: list[Ticket] = []
    for one in raw if isinstance(raw, list) else []:
        try:
            tickets.append(Ticket.from_state(one))
        except UnreadableTicket as error:
            LOGGER.warning(f"Stream {stream}: {error.message} ({error.detail})")
    return tuple(tickets)


def read_cursor(state: Mapping[str, Any], field: str | None) -> str | None:
    """The cursor value in a stream's state, or None."""
    value = state.get(field) if field else None
    return None if value in (None, "") else str(value)


def later_of(one: str | None, other: str) -> str:
    """The later of two cursor values."""
    if one is None:
        return other
    a, b = instant(one), instant(other)
    return other if a is None or (b is not None and b > a) else one


class StreamState:
    """The state of one stream in one sync.

    Args:
        field: The cursor column, where the stream is read incrementally; else None.
        value: Where the last sync ended.
        tickets: Jobs that the last sync left running.
        started: When this sync began. The cursor never passes it: a date in the future would hide later rows.
    """

    def __init__(self, field: str | None, value: str | None, tickets: Iterable[Ticket], started: datetime) -> None:
        self._field = field
        self._value = value
        self._tickets = {ticket.identity: ticket for ticket in tickets}
        self._started = started

    def as_json(self) -> dict[str, Any]:
        """The state as it is written; empty where there is nothing to say."""
        state: dict[str, Any] = {}
        if self._field and self._value is not None:
            state[self._field] = self._value
        if self._tickets:
            state[TICKETS] = [ticket.to_state() for ticket in self._tickets.values()]
        return state

    def ticket_opened(self, ticket: Ticket) -> None:
        """A job for this stream is at the vendor."""
        self._tickets[ticket.identity] = ticket

    def ticket_closed(self, identity: str) -> bool:
        """The job is of no use any more.

        Returns:
            Whether there was one.
        """
        return self._tickets.pop(identity, None) is not None

    def forget_all_but(self, wanted: Collection[str]) -> None:
        """Drop tickets that no order of this sync answers to and that are too old for a later one to take up."""
        oldest = self._started.timestamp() - TICKET_LIFE
        self._tickets = {key: one for key, one in self._tickets.items() if key in wanted or one.ordered_at > oldest}

    def window_read(self, identities: Iterable[str], reached: str | None) -> None:
        """A window has been read to its end, and all its rows are handed over.

        Args:
            identities: The orders that made up the window.
            reached: The greatest cursor value in it, or None where there was none.
        """
        for identity in identities:
            self._tickets.pop(identity, None)
        if self._field and reached is not None:
            self._value = self._later(reached)

    def _later(self, reached: str) -> str:
        moment = instant(reached)
        before = instant(self._value) if self._value else None
        if moment is None:
            return self._value or reached
        if before is not None and moment <= before:
            return self._value or reached
        return reached if moment <= self._started else rfc3339(self._started)
