"""One story: processes that are disturbed, then quiet ones, and what must be in the destination at the end."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable, Mapping
from typing import Any

from integration_tests.connector import Connector, Json, Run, Started, quick
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.core import Request
from integration_tests.sandbox.data import utc_text
from integration_tests.small_world.subjects import DAY, Subject

START = 1_772_445_600.0
"""2026-03-02 10:00, a Monday: the clock of this machine is far from it, which must not matter."""
MOST_SYNCS = 4
QUIET_SYNCS = 4
HOUR = 3_600.0
#: Requests that have a report made, or read rows at once.
LOOKS = ("order", "page")


class Lost(AssertionError):
    """The destination is not what the vendor holds."""


class Story:
    """One story.

    Args:
        seed: Makes all choices.
        name: What the story is called.
        subject: Whose stream is read.
        connector: The command line.
        tell: Told what happens.
    """

    def __init__(
        self,
        seed: int,
        name: str,
        subject: Subject,
        connector: Connector,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._chance = random.Random(seed)
        self.name = name
        self.subject = subject
        self.syncs = 0
        self._connector = connector
        self._tell = tell
        self._guard = threading.Lock()
        self._sandbox = Sandbox(
            rows=1, clock=lambda: START, job_polls=self._chance.choice([1, 1, 2]), watch=self._watch
        )
        self._pace = self._chance.choice([60.0, 600.0])
        self._rows: dict[str, Json] = {}
        self._moments: dict[str, float | None] = {}
        self._passed = float("-inf")
        self._is_still = False
        self._kill_at = 0
        self._requests = 0
        self._process: Started | None = None
        self._state: Json = {}
        self._landed: dict[str, Json] = {}

    #: The requests of a sync of which one may be the last.
    kills: tuple[int, ...] = (2, 3, 4, 4, 5, 5, 6, 7, 8)

    def play(self) -> None:
        """Play the story.

        Raises:
            Lost: Something is not in the destination that should be, or the other way round.
        """
        with self._sandbox:
            self._prepare()
            for _ in range(self._chance.randint(1, MOST_SYNCS)):
                self._disturbed()
                self._let_pass(self._chance.choice([10.0, HOUR, HOUR, DAY]) * self._chance.random())
            self._quiet()
            self._compare()

    @property
    def _now(self) -> float:
        return self._sandbox.clock.now()

    # -- the vendor

    def _prepare(self) -> None:
        """What the vendor holds from before."""
        for _ in range(self._chance.randint(2, 12)):
            self._put(self._now - self._chance.uniform(0, 5 * DAY))

    def _settle(self) -> None:
        """Nobody works any more: what was done can be read from now on."""

    def _has_reached(self) -> bool:
        """Whether the state says that all is read."""
        return True

    def _let_pass(self, seconds: float) -> None:
        """Time passes, and somebody works meanwhile."""
        self._sandbox.clock.advance(seconds)
        for _ in range(min(5, int(self._chance.expovariate(1) * seconds / self._pace))):
            self._change()

    def _change(self) -> None:
        now, kind = self._now, self._chance.random()
        if self.subject.events or kind < 0.5:
            self._put(now)
        elif kind < 0.65:
            self._put(self._chance.uniform(max(self._passed, now - 3 * DAY), now))
        elif kind < 0.9 or not self.subject.nulls:
            self._put(now + self._chance.choice([HOUR, HOUR, HOUR, DAY, 20 * DAY]) * self._chance.random())
        else:
            self._put(None)

    def _put(self, moment: float | None) -> None:
        """A new row, or a new version of one."""
        subject, known = self.subject, sorted(self._rows)
        is_new = subject.events or not known or self._chance.random() < 0.4
        key = f"k{len(known)}" if is_new else self._chance.choice(known)
        version = int(str(self._rows.get(key, {}).get(subject.version, "v0")).rpartition("v")[2]) + 1
        written = None if moment is None else subject.written(int(moment))
        self._rows[key] = {subject.keys[-1]: key, subject.version: f"{key} v{version}", self._time_column: written}
        self._moments[key] = None if moment is None else moment // subject.precision * subject.precision
        self._tell(f"{self._rows[key]}")
        table = subject.table or subject.stream
        self._sandbox.world.overlay.reset()
        self._sandbox.mutate(subject.platform, table, add=list(self._rows.values()), remove=self._made)

    @property
    def _made(self) -> list[int]:
        """The sandbox's own rows, which stand aside. Events that are made as time passes may stay."""
        return [] if self.subject.events else list(range(50))

    @property
    def _time_column(self) -> str:
        """The column of the vendor's table that bears the time."""
        return "last_progress_date" if self.subject.platform == "sana" else self.subject.column

    def _watch(self, request: Request) -> None:
        """Before a request is answered: time passes, rows change, and the process may die."""
        with self._guard:
            for job in self._sandbox.jobs():
                if job.build is not None:
                    job.build.exception()  # a report shows what was there when it was ordered
            self._requests += 1
            if not self._is_still and self._process is not None:
                self._let_pass(self._chance.choice([0.0, 3.0, 3.0, 600.0]) * self._chance.random())
            if request.kind in LOOKS:
                over = [at for at in self._moments.values() if at is not None and at <= self._now]
                self._passed = max([self._passed, *over])
            self._tell(f"{request.kind} {request.report} at {utc_text(self._now)}")
            if self._requests == self._kill_at and self._process is not None:
                self._tell("killed")
                self._process.send(signal.SIGKILL)

    # -- syncs

    def _disturbed(self) -> None:
        chance = self._chance
        more: Json = {}
        if chance.random() < 0.3:
            more["end_date"] = utc_text(int(self._now - chance.uniform(-0.5, 4) * DAY))
        if chance.random() < 0.3:
            self._sandbox.fault(f"job_fails@{self.subject.platform}:count=1")
        self._kill_at = chance.choice(self.kills) if not self._kill_at and chance.random() < 0.7 else 0
        run = self._sync(more)
        count = len(landing(run))
        if run.code < 0 and chance.random() < 0.5:
            count = chance.randint(0, count)  # the platform has not taken all that was written
        self._commit(run, count)
        self._sandbox.faults.clear()

    def _quiet(self) -> None:
        """Nobody works and nothing fails, until a sync has read nothing that was ordered before it."""
        self._is_still, self._kill_at = True, 0
        self._settle()
        for _ in range(QUIET_SYNCS):
            self._sandbox.clock.advance(HOUR)
            may_be_adopted = self.subject.platform == "canvas" and self._sandbox.running_jobs()
            kept = self._tickets()
            run = self._sync({})
            if run.code:
                raise Lost(f"{self.name}: a quiet sync ends with {run.code}: {run.errors}")
            self._commit(run, len(landing(run)))
            is_anew = not may_be_adopted and kept <= self._tickets()  # none of them was read
            if is_anew and self._has_reached():
                return
        raise Lost(f"{self.name}: {QUIET_SYNCS} quiet syncs, and each has read what was ordered before it")

    def _tickets(self) -> set[str]:
        """The jobs in the state. One that was ordered up to an end date stays until a sync asks for that again."""
        return {ticket["identity"] for ticket in self._state.get("_report_tickets", [])}

    def _sync(self, more: Json) -> Run:
        self.syncs += 1
        config = {**quick(self._sandbox, self.subject.platform, **self.subject.more), **self.subject.shared, **more}
        stream: Json = {"stream_descriptor": {"name": self.subject.stream}, "stream_state": self._state}
        state: list[Json] = [{"type": "STREAM", "stream": stream}]
        self._tell(f"sync {self.syncs} at {utc_text(self._now)}: {more}, state {self._state}")
        with self._guard:
            self._requests = 0
            self._process = self._connector.start_read(config, self.subject.catalog, state if self._state else None)
        run = self._process.finish()
        self._process = None
        self._tell(f"ended with {run.code}")
        return run

    # -- what lands

    def _commit(self, run: Run, count: int) -> None:
        """The destination takes the first messages, and the platform keeps the last state among them."""
        self._tell(f"{count} of {len(landing(run))} messages land")
        for message in landing(run)[:count]:
            if message["type"] == "RECORD":
                row = message["record"]["data"]
                self._land(row)
            else:
                self._state = message["state"]["stream"]["stream_state"]
                self._tell(f"state {self._state}")

    def _land(self, row: Json) -> None:
        self._landed[self._key(row)] = row

    def _key(self, row: Mapping[str, Any]) -> str:
        return " ".join(str(row[name]) for name in self.subject.keys)

    def _compare(self) -> None:
        subject = self.subject
        names = {*subject.keys, subject.version, subject.column}

        def own(rows: Mapping[str, Json]) -> dict[str, dict[str, str]]:
            return {
                key: {name: str(value) for name, value in row.items() if name in names and value is not None}
                for key, row in rows.items()
            }

        held = own({self._key(row): row for row in self._truth()})
        landed = own(self._landed)
        lost = {key: row for key, row in held.items() if landed.get(key) != row and self._must_come(key)}
        invented = {key: row for key, row in landed.items() if key not in held and not self._may_stay(key)}
        if lost or invented:
            missing = [(row, landed.get(key)) for key, row in lost.items()]
            raise Lost(f"{self.name}: lost {missing[:3]}, invented {list(invented.values())[:3]}")

    def _truth(self) -> list[Json]:
        options: Json = {}
        if self.subject.events:
            last = utc_text(self._now - DAY)[:10]
            options["windows"] = [[str(self.subject.shared["start_date"])[:10], last]]
        for query in self.subject.more.get("queries", []):
            options["query"] = query["query"]
        return list(self._sandbox.truth(self.subject.platform, self.subject.stream, **options))

    def _may_stay(self, key: str) -> bool:  # noqa: ARG002 - here no row does
        """Whether the destination may have a row that the vendor has no more."""
        return False

    def _must_come(self, key: str) -> bool:
        """Whether the vendor gives a row by now."""
        moment = self._moments.get(key)
        return not self.subject.hides_plans or moment is None or moment < self._now - HOUR


def landing(run: Run) -> list[Json]:
    """The messages that a destination takes."""
    return [message for message in run.messages if message["type"] in ("RECORD", "STATE")]
