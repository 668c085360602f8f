"""The orders of one sync: each is fetched once, for all streams that read it."""

from __future__ import annotations

import threading
from typing import Protocol

from source_lms_reports.files.payload import Payload
from source_lms_reports.jobs.ticket import Order, Ticket
from source_lms_reports.plan.stream import Slice


class Dispatch(Protocol):
    """Has reports made and downloaded: `api.dispatch.Dispatcher`, or its stand-in."""

    def submit(self, order: Order, stored: Ticket | None = None) -> None:
        """Begin to fetch `order`, by the job of an earlier sync if there is one."""

    def wait(self, identity: str) -> Payload:
        """The payload of an order, once it is here.

        Raises:
            ReportError: The order has failed.
        """

    def withdraw(self, identity: str) -> Payload | None:
        """Nobody needs the order any more. Returns its payload, where that had arrived, for the caller to remove."""

    def stop(self) -> None:
        """Ask for nothing more."""


class SharedOrders:
    """Knows who still reads which order, and lets go of it after the last one.

    Args:
        dispatch: Brings the reports.
    """

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch
        self._readers: dict[str, set[str]] = {}
        self._guard = threading.Lock()

    def submit(self, slice_: Slice) -> None:
        """Have an order fetched for all streams that read it. The second call for the same order does nothing."""
        with self._guard:
            if slice_.order.identity in self._readers:
                return
            self._readers[slice_.order.identity] = set(slice_.order.streams)
        self._dispatch.submit(slice_.order, slice_.ticket)

    def payload(self, identity: str) -> Payload:
        """The payload of an order, once it is here.

        Raises:
            ReportError: The order has failed.
        """
        return self._dispatch.wait(identity)

    def release(self, identity: str, stream: str) -> None:
        """`stream` has read its part of an order. After the last one its files are deleted."""
        with self._guard:
            readers = self._readers.get(identity)
            if readers is None or stream not in readers:
                return
            readers.discard(stream)
            if readers:
                return
        payload = self._dispatch.withdraw(identity)
        if payload is not None:
            payload.remove()

    def leave(self, stream: str) -> None:
        """`stream` has ended: let go of everything that was ordered for it."""
        with self._guard:
            mine = [identity for identity, readers in self._readers.items() if stream in readers]
        for identity in mine:
            self.release(identity, stream)
