"""Keeps the state of one stream while threads change it, and writes it at each change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from source_lms_reports.jobs.events import Closing
from source_lms_reports.jobs.ticket import Ticket, Window
from source_lms_reports.sync.state import OrderRead, StreamState


class StateKeeper:
    """Lets one thread at a time change a stream's state, and has it written before the next one may.

    Args:
        state: Decides what the state may say.
        write: Takes the state as JSON; called with the lock held, so that no older state comes after a newer one.
    """

    def __init__(self, state: StreamState, write: Callable[[Mapping[str, Any]], None]) -> None:
        self._state = state
        self._write = write
        self._guard = threading.RLock()
        self._written: Mapping[str, Any] | None = None

    def as_json(self) -> Mapping[str, Any]:
        """The state as it would be written now."""
        with self._guard:
            return self._state.as_json()

    def ticket_opened(self, ticket: Ticket) -> None:
        """A job is at the vendor: say so at once, so that no crash makes it forgotten."""
        with self._guard:
            self._state.ticket_opened(ticket)
            self._tell()

    def order_counts(self, ordered_at: float) -> None:
        """See `StreamState.order_counts`."""
        with self._guard:
            if self._state.order_counts(ordered_at):
                self._tell()

    def ticket_closed(self, identity: str, reason: Closing) -> None:
        """See `StreamState.ticket_closed`."""
        with self._guard:
            if self._state.ticket_closed(identity, reason):
                self._tell()

    def ticket_dropped(self, identity: str) -> None:
        """See `StreamState.ticket_dropped`."""
        with self._guard:
            if self._state.ticket_dropped(identity):
                self._tell()

    def waited(self, seconds: float) -> None:
        """See `StreamState.waited`. It goes with the next message."""
        with self._guard:
            self._state.waited(seconds)

    def forget_all_but(self, wanted: Collection[str]) -> None:
        """See `StreamState.forget_all_but`. Not worth a message."""
        with self._guard:
            self._state.forget_all_but(wanted)

    def limit(self, ordered_at: float, window: Window | None) -> datetime:
        """See `StreamState.limit`."""
        return self._state.limit(ordered_at, window)

    def order_read(self, read: OrderRead, *, closes_window: bool) -> None:
        """All rows of an order are handed over; with it, perhaps, those of its window."""
        with self._guard:
            self._state.order_read(read)
            if closes_window:
                self._state.window_read()
                self._tell()

    def ensure_written(self) -> None:
        """Write the state, unless just that was written last."""
        with self._guard:
            if self._written != self._state.as_json():
                self._tell()

    def _tell(self) -> None:
        self._written = self._state.as_json()
        self._write(self._written)
