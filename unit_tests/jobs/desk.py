"""An owner of the engine for tests: a clock that only jumps, and a vendor with prepared answers."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from source_lms_reports.errors import ConfigError, TransientError
from source_lms_reports.jobs.actions import (
    Abort,
    Aborted,
    Action,
    Fetch,
    Fetched,
    Find,
    Found,
    JobState,
    NothingFound,
    Observed,
    Outcome,
    Place,
    Placed,
    Poll,
    RefusalKind,
    Refused,
)
from source_lms_reports.jobs.engine import Engine
from source_lms_reports.jobs.events import TicketClosed, TicketOpened
from source_lms_reports.jobs.policy import Policy
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.jobs.ticket import Order, Ticket, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from source_lms_reports.jobs.events import Event
    from source_lms_reports.jobs.quota import Quotas

    Vendor = Callable[[Action, float], Outcome]
    Answer = Outcome | JobState | JobStatus

#: The vendor's time in epoch seconds when the steady clock shows `START`.
NOON = 1_700_000_000.0
START = 77.0
PLAIN = Policy(cadence=10.0, max_interval=10.0, wait_limit=600.0, retry_base=1.0)
QUEUED, RUNNING, READY, FAILED, GONE = JobStatus

E = TypeVar("E")


def order(report: str = "users", streams: tuple[str, ...] = (), *, direct: bool = False, day: int = 1) -> Order:
    window = Window(f"2024-01-{day:02}", f"2024-01-{day + 1:02}")
    return Order(report, {"format": "csv"}, window, streams or (report,), direct)


def ticket(of: Order, id_: str = "t1", at: float = NOON, *, adopted: bool = False) -> Ticket:
    return Ticket(id_, of.identity, of.report, of.parameters, of.window, at, adopted)


def refused(
    kind: RefusalKind,
    retry_after: float | None = None,
    *,
    uncertain: bool = False,
    unsent: bool = False,
    locked_out: bool = False,
) -> Refused:
    error = ConfigError("Mend the key.") if kind == "config" else TransientError(f"It is {kind}.")
    return Refused(kind, error, retry_after, uncertain=uncertain, unsent=unsent, locked_out=locked_out)


def found(of: Order, status: JobStatus, *, at: float = NOON, finished_at: float | None = None) -> Found:
    return Found(ticket(of, "theirs", at), JobState(status, finished_at=finished_at))


class Unmoved(random.Random):
    """Chance that adds no jitter."""

    def random(self) -> float:
        return 0.0


class Ledger:
    """The tickets that a later sync can take up, as events tell them."""

    def __init__(self) -> None:
        self.tickets: dict[str, Ticket] = {}

    def hear(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, TicketOpened):
                self.tickets[event.order.identity] = event.ticket
            elif isinstance(event, TicketClosed):
                assert self.tickets.pop(event.order.identity) == event.ticket


class Desk:
    """Runs an engine and keeps every event and every action with its time."""

    def __init__(
        self,
        policy: Policy = PLAIN,
        quota: Quotas = None,
        *,
        can_find: bool = False,
        can_abort: bool = False,
        queues: Sequence[str] = (),
    ) -> None:
        rng = Unmoved()
        self.engine = Engine(
            policy, quota, rng, epoch_at=self.epoch_at, can_find=can_find, can_abort=can_abort, queues=queues
        )
        self.now = START
        self.vendor_is_ahead = 0.0
        self.events: list[Event] = []
        self.log: list[tuple[float, Action]] = []
        self.placed = 0

    def epoch_at(self, now: float) -> float:
        """The vendor's time, which `vendor_is_ahead` moves."""
        return now - START + NOON + self.vendor_is_ahead

    @property
    def kept(self) -> list[str]:
        """Ids of the tickets that a later sync can take up."""
        ledger = Ledger()
        ledger.hear(self.events)
        return [kept.id for kept in ledger.tickets.values()]

    def submit(self, *wanted: Order, stored: Ticket | None = None) -> None:
        for each in wanted:
            self.engine.submit(each, self.now, stored)

    def step(self) -> list[Action]:
        """Everything that is due at this moment."""
        self.events += self.engine.tick(self.now)
        actions = self.engine.due(self.now)
        self.log += [(self.now, action) for action in actions]
        return actions

    def answer(self, action: Action, answer: Answer) -> None:
        self.events += self.engine.handle(action, self.outcome(action, answer), self.now)

    def outcome(self, action: Action, answer: Answer) -> Outcome:
        """`answer` as an outcome: a status or report is what a `Place` or a `Poll` tells."""
        if isinstance(answer, JobStatus):
            answer = JobState(answer, words=answer.value)
        if not isinstance(answer, JobState):
            return answer
        if not isinstance(action, Place):
            return Observed(answer)
        self.placed += 1
        return Placed(ticket(action.order, f"own{self.placed}", self.epoch_at(self.now)), answer)

    def run(self, vendor: Vendor, *, most: int = 2_000) -> None:
        """Answer everything at once, and jump to the next thing to do, until nothing is left."""
        for _ in range(most):
            for action in self.step():
                self.answer(action, vendor(action, self.now))
            at = self.engine.next_due(self.now)
            if at is None:
                return
            self.now = at
        raise AssertionError(f"still not through after {most} rounds")

    def play(
        self,
        *,
        find: Sequence[Answer] = (NothingFound(),),
        place: Sequence[Answer] = (QUEUED,),
        poll: Sequence[Answer] = (READY,),
        fetch: Sequence[Answer] = (Fetched("payload"),),
        abort: Sequence[Answer] = (Aborted(),),
    ) -> None:
        """Run against a vendor that gives the answers in turn; the last one of a kind is given for ever."""
        rest = {
            Find: list(find),
            Place: list(place),
            Poll: list(poll),
            Fetch: list(fetch),
            Abort: list(abort),
        }

        def vendor(action: Action, _: float) -> Outcome:
            answers = rest[type(action)]
            return self.outcome(action, answers.pop(0) if len(answers) > 1 else answers[0])

        self.run(vendor)

    def told(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def only(self, kind: type[E]) -> E:
        (event,) = self.told(kind)
        return event

    def did(self, kind: type[Action]) -> list[float]:
        """When actions of this kind were handed out, in seconds since the start."""
        return [at - START for at, action in self.log if isinstance(action, kind)]

    @property
    def path(self) -> str:
        """The names of the actions in their order."""
        return " ".join(type(action).__name__ for _, action in self.log)


def patient(**changes: float) -> Policy:
    """The plain policy with `changes`."""
    return replace(PLAIN, **changes)  # type: ignore[arg-type]


__all__ = [
    "FAILED",
    "GONE",
    "NOON",
    "PLAIN",
    "QUEUED",
    "READY",
    "RUNNING",
    "START",
    "Desk",
    "Ledger",
    "Unmoved",
    "found",
    "order",
    "patient",
    "refused",
    "ticket",
]
