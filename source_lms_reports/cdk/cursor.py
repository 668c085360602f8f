"""The state of one stream: how far it was read to the end, and which of its report jobs are still at the vendor."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, MutableMapping
from datetime import datetime
from typing import Any

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import Record

from source_lms_reports.jobs.ticket import Ticket, UnreadableTicket
from source_lms_reports.records.times import instant
from source_lms_reports.windows import rfc3339

LOGGER = logging.getLogger("airbyte")
TICKETS = "_report_tickets"
_TICKET_LIFE = 86_400.0


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


class ReportCursor(Cursor):
    """Writes a stream's state. It moves only when a window has been read to its end.

    Args:
        stream: The stream's name.
        field: The cursor column, where the stream is read incrementally; else None.
        value: Where the last sync ended.
        tickets: Jobs that the last sync left running.
        started: When this sync began. The cursor never passes it: a date in the future would hide later rows.
        repository: Takes the state messages.
    """

    def __init__(
        self,
        stream: str,
        field: str | None,
        value: str | None,
        tickets: tuple[Ticket, ...],
        started: datetime,
        repository: MessageRepository,
    ) -> None:
        self._stream = stream
        self._field = field
        self._value = value
        self._tickets = {ticket.identity: ticket for ticket in tickets}
        self._started = started
        self._repository = repository
        self._states = ConnectorStateManager()
        self._guard = threading.RLock()
        self._emitted: Mapping[str, Any] | None = None

    @property
    def value(self) -> str | None:
        """The cursor as it stands."""
        return self._value

    @property
    def state(self) -> MutableMapping[str, Any]:
        """The stream's state as it would be written now."""
        with self._guard:
            state: dict[str, Any] = {}
            if self._field and self._value is not None:
                state[self._field] = self._value
            if self._tickets:
                state[TICKETS] = [ticket.to_state() for ticket in self._tickets.values()]
            return state or {NO_CURSOR_STATE_KEY: True}

    def ticket_opened(self, ticket: Ticket) -> None:
        """A job for this stream is at the vendor: say so at once, so that no crash makes it forgotten."""
        with self._guard:
            self._tickets[ticket.identity] = ticket
            self._emit()

    def ticket_closed(self, identity: str) -> None:
        """The job is of no use any more."""
        with self._guard:
            if self._tickets.pop(identity, None) is not None:
                self._emit()

    def forget_all_but(self, wanted: list[str]) -> None:
        """Drop tickets that no order of this sync answers to and that are too old for a later one to take up."""
        oldest = self._started.timestamp() - _TICKET_LIFE
        with self._guard:
            kept = {key: one for key, one in self._tickets.items() if key in wanted or one.ordered_at > oldest}
            self._tickets = kept

    def window_read(self, identities: list[str], reached: str | None) -> None:
        """A window has been read to its end, and all its rows are handed over.

        Args:
            identities: The orders that made up the window.
            reached: The greatest cursor value in it, or None where there was none.
        """
        with self._guard:
            for identity in identities:
                self._tickets.pop(identity, None)
            if self._field and reached is not None:
                self._value = self._later(reached)
            self._emit()

    def observe(self, record: Record) -> None:
        """Nothing: what was emitted says nothing about what was read to the end."""

    def close_partition(self, partition: Partition) -> None:
        """Let the partition say what was read to the end."""
        close = getattr(partition, "close", None)
        if close is not None:
            close()

    def ensure_at_least_one_state_emitted(self) -> None:
        """Write the state at the end of the stream, unless just that was written last."""
        with self._guard:
            if self._emitted != self.state:
                self._emit()

    def should_be_synced(self, record: Record) -> bool:
        """Always: rows are filtered before they become records."""
        return True

    def _emit(self) -> None:
        state = self.state
        self._emitted = state
        self._states.update_state_for_stream(self._stream, None, state)
        self._repository.emit_message(self._states.create_state_message(self._stream, None))

    def _later(self, reached: str) -> str:
        moment = instant(reached)
        before = instant(self._value) if self._value else None
        if moment is None:
            return self._value or reached
        if before is not None and moment <= before:
            return self._value or reached
        return reached if moment <= self._started else rfc3339(self._started)
