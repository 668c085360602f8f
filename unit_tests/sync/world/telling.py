"""A vendor whose jobs say how far they reach: tables as snapshots and increments, as Instructure's platform has them.

Changes are taken in now and then, all at once; a row bears the moment at which that was. Only its newest state is
kept, and an increment is the rows whose newest state lies in its range. So a row that changes while a job is made is
in the next increment, if that begins where the job says that it ends.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from source_lms_reports.errors import JobGone, RestartNeeded, TransientError
from source_lms_reports.files.payload import Part, Payload
from source_lms_reports.jobs.actions import Action, Fetch, Fetched, JobState, Outcome, Place, Poll, Refused
from source_lms_reports.jobs.ticket import Order
from source_lms_reports.times import instant
from unit_tests.sync.world.tables import FORMS, Row
from unit_tests.sync.world.vendor import DAY, NO_WORD, Job, SimulatedVendor

LIFE = DAY
"""Of a job and its files, since its order."""
MOMENT = 0.001
"""The range of a job ends so long after the newest change that is in it."""
_MOST_PARTS = 3


@dataclass
class Kept:
    """All states of one row: when each was taken in, and the row; None from when it was deleted."""

    since: list[float] = field(default_factory=list)
    rows: list[Row | None] = field(default_factory=list)

    def at(self, moment: float) -> tuple[float, Row | None] | None:
        """The newest state at a moment; None before there was one."""
        place = bisect_right(self.since, moment)
        return (self.since[place - 1], self.rows[place - 1]) if place else None

    def take_in(self, at: float, row: Row | None) -> None:
        """From `at` on the row is so."""
        self.since.append(at)
        self.rows.append(row)


class TellingVendor(SimulatedVendor):
    """One table."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._kept: dict[str, Kept] = {}
        self._pending: dict[str, Row | None] = {}
        self._versions: dict[str, int] = {}
        self._commits = [self._time.now - 20 * DAY]
        self._reloaded_at = float("-inf")
        self._kept_for = self._chance.choice([2, 30]) * DAY
        self._takes_in = self._chance.choice([1.0, 0.3])
        self._restarts_in_job = self._chance.random() < 0.5
        #: Keys of rows that no increment tells any more to be deleted: whoever has them keeps them.
        self._untold: set[str] = set()
        self._seen: dict[str, float] = {}

    # -- what it holds

    def prepare(self) -> None:
        for _ in range(self._chance.randint(0, 12)):
            self._work()
        self._take_in()

    def settle(self) -> None:
        self._take_in()

    def held(self, name: str) -> dict[str, Row]:
        latest = {key: one.rows[-1] for key, one in self._kept.items()}
        cursor = self.tables[name].cursor
        return {
            key: {**row, cursor: self._text(self._kept[key].since[-1])}
            for key, row in latest.items()
            if row is not None
        }

    def may_come(self, name: str, key: str) -> bool:  # noqa: ARG002 - there is one table
        return key in self._untold

    def _change(self) -> None:
        self._work()
        if self._chance.random() < self._takes_in:
            self._take_in()
        if self._chance.random() < 0.02:
            self._reload()

    def _work(self) -> None:
        """A row is made, changed or deleted, which is not in the table yet."""
        known = sorted(self._versions)
        key = self._chance.choice([*known, "", ""])
        if not key:
            self._keys += 1
            key = str(self._keys)
        self._versions[key] = self._versions.get(key, -1) + 1
        is_deleted = key in known and self._chance.random() < 0.2
        self._pending[key] = None if is_deleted else {"id": key, "version": str(self._versions[key])}

    def _take_in(self) -> None:
        now = max(int(self._time.now * 1000) / 1000, self._commits[-1] + MOMENT)
        for key, row in self._pending.items():
            if row is not None or key in self._kept:
                self._kept.setdefault(key, Kept()).take_in(now, row)
                self._untold.discard(key)
        self._tell(f"the table takes in {self._pending}")
        self._pending = {}
        self._commits.append(now)

    def _reload(self) -> None:
        """The table is loaded anew: nothing from before is known."""
        self._take_in()
        self._reloaded_at = self._commits[-1] + MOMENT
        self._forget_deleted(self._time.now)
        self._tell("the table is loaded anew")

    def _forget_deleted(self, at: float) -> None:
        states = ((key, one.at(at)) for key, one in self._kept.items())
        self._untold |= {key for key, state in states if state is not None and state[1] is None}

    @staticmethod
    def _text(at: float) -> str:
        return str(FORMS["milliseconds"](at + MOMENT / 2))

    # -- jobs

    def _begin(self, order: Order, why: str) -> Job:
        job = super()._begin(order, why)
        self._seen[job.id] = self._chance.uniform(job.ordered_at, job.ready_at)
        return job

    def _finish(self, job: Job) -> None:
        """What a job shows is found out when it is looked at: `_seen` says of which moment."""

    def _cached(self, order: Order) -> Job | None:
        """An equal order is answered by the job that there is, at least while nothing newer is there."""
        since = order.parameters.get("since")
        same = [
            job
            for job in self._jobs
            if job.order.identity == order.identity and job.fate.name == "READY" and not self._is_dead(job)
        ]
        job = same[-1] if same else None
        if job is None or (since is None and self._reached(job) < self._reloaded_at):
            return None
        is_newest = self._reached(job) > self._commits[-1]
        return job if is_newest or (not self._time.is_still and self._chance.random() < 0.3) else None

    def _is_dead(self, job: Job) -> bool:
        return self._time.now >= job.ordered_at + LIFE

    def _reached(self, job: Job) -> float:
        """Where the job's range ends: right behind what was taken in before it looked."""
        place = bisect_right(self._commits, self._seen[job.id])
        return self._commits[max(place - 1, 0)] + MOMENT

    def _cannot_begin(self, order: Order) -> bool:
        """Whether an increment cannot be had from where the order begins."""
        since = instant(str(order.parameters.get("since") or ""))
        earliest = max(self._time.now - self._kept_for, self._reloaded_at)
        return since is not None and since.timestamp() < earliest - MOMENT

    def _answer(self, action: Action) -> Outcome:
        restart = Refused("restart", RestartNeeded("Only a snapshot can be had."))
        match action:
            case Place() if self._cannot_begin(action.order) and not self._restarts_in_job:
                return restart
            case Poll() | Fetch() if action.ticket is not None:
                job = self._job(action.ticket)
                if job is None or self._is_dead(job):
                    return Refused("gone", NO_WORD)
                is_done = self._time.now >= job.ready_at
                if isinstance(action, Poll) and is_done and self._cannot_begin(action.order):
                    return restart
        return super()._answer(action)

    def _state(self, job: Job) -> JobState:
        state = super()._state(job)
        if self._cannot_begin(job.order) and state.status.name == "READY":
            return JobState(state.status.RUNNING)  # the next look tells
        return state

    def _fetched(self, action: Fetch) -> Outcome:
        assert action.ticket is not None, "every report has a job"
        job = self._job(action.ticket)
        assert job is not None
        lines = [json.dumps(line) for line in self._lines(job)]
        count = min(len(lines), self._chance.randint(1, _MOST_PARTS))
        parts = [Part(self._file(lines[number::count])) for number in range(count)]

        def bring(first: Payload) -> Iterator[Payload]:
            if first.parts:
                yield first
            for part in parts[1:]:
                self._bring(job)
                yield Payload((part,))

        first = tuple(parts[:1])
        return Fetched(Payload(first, action.ticket.ordered_at, reached=self._text(self._reached(job)), bring=bring))

    def _bring(self, job: Job) -> None:
        """A further file is asked for."""
        self.before_each()
        self._pass(self._chance.choice([1.0, 600.0]))
        if self._is_dead(job):
            raise JobGone("The job is gone.")
        if self._chance.random() < self.trouble / 2:
            raise TransientError("A file could not be had.")

    def _file(self, lines: list[str]) -> Any:
        self._files += 1
        path = self._folder / f"{self._files}.jsonl"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    def _lines(self, job: Job) -> Iterator[Mapping[str, Any]]:
        since, seen = instant(str(job.order.parameters.get("since") or "")), self._seen[job.id]
        if since is None:
            self._forget_deleted(seen)
        for key, kept in self._kept.items():
            state = kept.at(seen)
            if state is None or (since is None and state[1] is None):
                continue
            at, row = state
            if since is not None and at < since.timestamp() - MOMENT / 2:
                continue
            action = {} if since is None else {"action": "D" if row is None else "U"}
            value = {} if row is None else {"value": {name: cell for name, cell in row.items() if name != "id"}}
            yield {"key": {"id": key}, **value, "meta": {"ts": self._text(at), **action}}
