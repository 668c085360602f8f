"""Keeps the state of one stream while threads change it, and writes it at each change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from source_lms_reports.jobs.ticket import Ticket
from source_lms_reports.sync.state import StreamState


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

    def ticket_closed(self, identity: str) -> None:
        """The job is of no use any more."""
        with self._guard:
            if self._state.ticket_closed(identity):
                self._tell()

    def forget_all_but(self, wanted: Collection[str]) -> None:
        """See `StreamState.forget_all_but`. Not worth a message."""
        with self._guard:
            self._state.forget_all_but(wanted)

    def window_read(self, identities: Iterable[str], reached: str | None) -> None:
        """See `StreamState.window_read`."""
        with self._guard:
            self._state.window_read(identities, reached)
            self._tell()

    def ensure_written(self) -> None:
        """Write the state, unless just that was written last."""
        with self._guard:
            if self._written != self._state.as_json():
                self._tell()

    def _tell(self) -> None:
        self._written = self._state.as_json()
        self._write(self._written)
