"""Runs the report engine: one thread that asks what is due, and a few that do it.

All streams of a sync share one dispatcher, so all jobs are polled from one place, downloads run while other jobs
are still at work, and the vendor's limits hold over all streams.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from source_lms_reports.errors import ReportError
from source_lms_reports.jobs.actions import Action, Outcome
from source_lms_reports.jobs.engine import Engine
from source_lms_reports.jobs.events import Delivered, Event, Failed
from source_lms_reports.jobs.ticket import Order, Ticket

LOGGER = logging.getLogger("airbyte")
_LONGEST_NAP = 5.0
#: More than an engine has under way at a time, so that no look at a job waits for a download to end.
_WORKERS = 64


class Executor(Protocol):
    """Does what the engine wants done."""

    def execute(self, action: Action) -> Outcome:
        """Do `action` at the vendor, once."""


class Stopped(Exception):
    """The sync ends before the report is here."""


class Dispatcher:
    """Drives an engine until it is stopped.

    Args:
        engine: Decides.
        executor: Acts; called from several threads at once.
        on_event: Told of everything, one event at a time. Must not call back.
        clock: Seconds that only ever go on, whatever is done to the wall clock.
        workers: Requests and downloads at one time.
    """

    def __init__(
        self,
        engine: Engine,
        executor: Executor,
        on_event: Callable[[Event], None],
        clock: Callable[[], float] = time.monotonic,
        workers: int = _WORKERS,
    ) -> None:
        self._engine = engine
        self._executor = executor
        self._on_event = on_event
        self._clock = clock
        self._changed = threading.Condition(threading.RLock())
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="vendor")
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)
        self._results: dict[str, Any] = {}
        self._stopped = False
        self._crash: BaseException | None = None

    def submit(self, order: Order, stored: Ticket | None = None) -> None:
        """Have `order` fetched. Does nothing if that is under way already.

        Args:
            order: What is wanted.
            stored: The job of an earlier sync that answers it.
        """
        with self._changed:
            self._engine.submit(order, self._clock(), stored)
            if not self._thread.is_alive() and not self._stopped:
                self._thread.start()
            self._changed.notify_all()

    def wait(self, identity: str) -> Any:
        """The payload of an order, once it is here.

        Raises:
            ReportError: The order has failed.
            Stopped: The dispatcher has been stopped.
        """
        with self._changed:
            self._changed.wait_for(lambda: identity in self._results or self._stopped)
            if self._crash is not None:
                raise self._crash
            if identity not in self._results:
                raise Stopped
            result = self._results[identity]
        if isinstance(result, ReportError):
            raise result
        return result

    def withdraw(self, identity: str) -> Any:
        """Nobody needs the order any more.

        Returns:
            Its payload, where that had arrived, for the caller to remove.
        """
        with self._changed:
            self._engine.withdraw(identity, self._clock())
            self._changed.notify_all()
            result = self._results.pop(identity, None)
        return None if isinstance(result, ReportError) else result

    def stop(self) -> None:
        """Ask for nothing more. Jobs go on at the vendor; their tickets are in the state."""
        self._stopped = True
        if self._changed.acquire(timeout=1.0):  # a thread that waits for a reader of stdout may hold it for ever
            self._changed.notify_all()
            self._changed.release()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        try:
            while True:
                with self._changed:
                    if self._stopped:
                        return
                    self._step()
        except BaseException as error:  # noqa: BLE001 - a bug: everyone who waits must hear of it
            self._fail(error)

    def _step(self) -> None:
        now = self._clock()
        self._tell(self._engine.tick(now))
        actions = self._engine.due(now)
        for action in actions:
            self._pool.submit(self._do, action)
        due = self._engine.next_due(now)
        if not actions or due is None:
            self._changed.wait(_LONGEST_NAP if due is None else min(max(due - now, 0.0), _LONGEST_NAP))

    def _do(self, action: Action) -> None:
        try:
            outcome = self._executor.execute(action)
            with self._changed:
                if not self._stopped:
                    self._tell(self._engine.handle(action, outcome, self._clock()))
                    self._changed.notify_all()
        except BaseException as error:  # noqa: BLE001 - a bug: everyone who waits must hear of it
            self._fail(error)

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Delivered):
                self._results[event.order.identity] = event.payload
            elif isinstance(event, Failed):
                self._results[event.order.identity] = event.error
            self._on_event(event)
        if events:
            self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        LOGGER.debug("The report engine stops.", exc_info=error)
        with self._changed:
            self._crash = self._crash or error
            self._stopped = True
            self._changed.notify_all()
