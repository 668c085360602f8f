"""The report engine without threads: actions are done one after the other, in any order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from source_lms_reports.errors import ReportError
from source_lms_reports.files.payload import Payload
from source_lms_reports.jobs.actions import Action
from source_lms_reports.jobs.engine import Engine
from source_lms_reports.jobs.events import Delivered, Event, Failed
from source_lms_reports.jobs.ticket import Order, Ticket
from unit_tests.sync.world.clockwork import Clockwork
from unit_tests.sync.world.vendor import SimulatedVendor

_SHORTEST_NAP = 0.01


class SimulatedDispatch:
    """Stands in for `api.dispatch.Dispatcher`.

    Args:
        engine: Decides.
        vendor: Acts.
        on_event: Told of everything.
        clock: The engine's time in seconds.
        time: The world's time.
    """

    def __init__(
        self,
        engine: Engine,
        vendor: SimulatedVendor,
        on_event: Callable[[Event], None],
        clock: Callable[[], float],
        time: Clockwork,
    ) -> None:
        self._engine = engine
        self._vendor = vendor
        self._on_event = on_event
        self._clock = clock
        self._time = time
        self._actions: list[Action] = []
        self._results: dict[str, Any] = {}

    def submit(self, order: Order, stored: Ticket | None = None) -> None:
        """See `Dispatch`."""
        self._engine.submit(order, self._clock(), stored)

    def wait(self, identity: str) -> Payload:
        """See `Dispatch`."""
        while identity not in self._results:
            self._step()
        result = self._results[identity]
        if isinstance(result, ReportError):
            raise result
        assert isinstance(result, Payload)
        return result

    def withdraw(self, identity: str) -> Payload | None:
        """See `Dispatch`."""
        self._engine.withdraw(identity, self._clock())
        result = self._results.pop(identity, None)
        return result if isinstance(result, Payload) else None

    def stop(self) -> None:
        """See `Dispatch`."""

    def _step(self) -> None:
        now = self._clock()
        events = self._engine.tick(now)
        self._tell(events)
        self._actions += self._engine.due(now)
        if self._actions:
            action = self._actions.pop(self._time.chance.randrange(len(self._actions)))
            outcome = self._vendor.execute(action)
            self._tell(self._engine.handle(action, outcome, self._clock()))
            return
        due = self._engine.next_due(now)
        assert due is not None or events, "the engine waits for nothing"
        if due is not None and due > now:
            self._time.advance(max(due - now, _SHORTEST_NAP))

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Delivered):
                self._results[event.order.identity] = event.payload
            elif isinstance(event, Failed):
                self._results[event.order.identity] = event.error
            self._on_event(event)
