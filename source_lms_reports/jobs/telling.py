"""Puts out what happens to one order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from source_lms_reports.jobs.events import Event, Failed, Warned

if TYPE_CHECKING:
    from source_lms_reports.jobs.ticket import Order


class Telling:
    """The way of one order's events into the outbox that all orders share."""

    def __init__(self, identity: str, outbox: list[Event]) -> None:
        self._identity = identity
        self._outbox = outbox

    def tell(self, event: Event) -> None:
        """Put `event` out for the owner."""
        self._outbox.append(event)

    def warn(self, order: Order, text: str | None) -> None:
        """Put a warning out, if there is one."""
        if text is not None:
            self.tell(Warned(order, text))

    def untell_failure(self) -> None:
        """Take back the end of the order, where the owner has not heard of it yet."""
        self._outbox[:] = [event for event in self._outbox if not self._is_my_failure(event)]

    def _is_my_failure(self, event: Event) -> bool:
        return isinstance(event, Failed) and event.order.identity == self._identity
