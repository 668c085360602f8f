"""A vendor that is played: it does what the report engine asks for, in its own time, and not always."""

from __future__ import annotations

import csv
import email.utils
import io
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typing_extensions import assert_never

from source_lms_reports.api.client import Client
from source_lms_reports.errors import OrderRefused, ReportError, TransientError, TruncatedPayload
from source_lms_reports.files.payload import Part, Payload
from source_lms_reports.jobs.actions import (
    Abort,
    Aborted,
    Action,
    BadPayload,
    Fetch,
    Fetched,
    Find,
    Found,
    JobState,
    LinkDead,
    NothingFound,
    Observed,
    Outcome,
    Place,
    Placed,
    Poll,
    Refused,
)
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.jobs.ticket import Order, Ticket, Window
from source_lms_reports.times import instant
from unit_tests.sync.world.clockwork import Clockwork
from unit_tests.sync.world.subjects import Subject
from unit_tests.sync.world.tables import Row, Table

DAY = 86_400.0
NO_WORD = TransientError("The vendor does not answer.")


@dataclass
class Job:
    """A report job at the vendor.

    Attributes:
        ordered_at: When, in the vendor's time.
        ready_at: When it is done, one way or the other.
        fate: What it comes to.
        content: The rows of each stream, once it is done.
    """

    id: str
    order: Order
    ordered_at: float
    ready_at: float
    fate: JobStatus
    content: dict[str, list[Row]] = field(default_factory=dict)


class SimulatedVendor:
    """Changes its rows as time passes, and answers actions.

    Args:
        subject: What it holds.
        time: The world's time.
        folder: Where files of reports go.
        tell: Told what happens, for the story.
    """

    def __init__(self, subject: Subject, time: Clockwork, folder: Path, tell: Callable[[str], None]) -> None:
        self.subject = subject
        self.tables = subject.tables()
        self.trouble = 0.0
        self.slow = 0.0
        self.client: Client | None = None
        self.before_each: Callable[[], None] = lambda: None
        self._time = time
        self._chance = time.chance
        self._folder = folder
        self._tell = tell
        self._jobs: list[Job] = []
        self._files = 0
        self._asked_since = float("-inf")
        self._keys = 0
        time.change = self._change

    # -- what it holds

    def prepare(self) -> None:
        """What it holds from before."""
        for _ in range(self._chance.randint(0, 12)):
            name, table = self._chance.choice(sorted(self.tables.items()))
            self._put(name, table, self._time.now - self._chance.uniform(0, 8 * DAY))

    def settle(self) -> None:
        """Nobody works any more: what was done can be asked for from now on."""

    def items(self, request: str) -> list[Any]:  # noqa: ARG002 - here one list is all
        """Answer a question for a list."""
        return [self.subject.report]

    def held(self, name: str) -> dict[str, Row] | None:  # noqa: ARG002 - see the other vendors
        """The rows that must have come, by their keys; None where the time that they bear decides."""
        return None

    def may_come(self, name: str, key: str) -> bool:
        """Whether a row that need not be in the destination may be there."""
        return key in self.tables[name].versions

    def _change(self) -> None:
        """Somebody works: a row is made or changed, perhaps with a date of before or of later."""
        name, table = self._chance.choice(sorted(self.tables.items()))
        kind = self._chance.random()
        now = self._time.now
        moment: float | None = now
        if self._chance.random() < self.subject.backdates:
            earliest = max(table.passed, self._open_since()) - self._lookback() * DAY
            moment = self._chance.uniform(max(earliest, now - 3 * DAY), now)
        elif kind < 0.12 and table.cursor:
            moment = now + self._chance.uniform(1, 40 * DAY)
        elif kind < 0.24 and table.nulls:
            moment = None
        self._put(name, table, moment)
        if self.subject.lists_jobs and self._jobs and self._chance.random() < 0.05:
            self._begin(self._chance.choice(self._jobs).order, "by somebody else")

    def _put(self, name: str, table: Table, moment: float | None) -> None:
        more = {"workflow_state": self._chance.choice(["active", "active", "deleted"])}
        key = "" if table.events else self._chance.choice([*table.versions, "", ""])
        if not key:
            self._keys += 1
            key = str(self._keys)
        more = more if self.subject.report == "eportfolio_report_csv" else {}
        version = table.put(key, self._time.now, moment, **more)
        self._tell(f"{name}: {version.row}, dated {0 if moment is None else moment - self._time.now:+.0f} s")

    def _open_since(self) -> float:
        """The latest order whose report is still being made: what is dated before it may be missed by it."""
        open_jobs = [job.ordered_at for job in self._jobs if job.ready_at > self._time.now]
        return max([self._asked_since, *open_jobs])

    def _lookback(self) -> float:
        return float(self.subject.shared.get("lookback_days") or 0)

    # -- report jobs

    def _begin(self, order: Order, why: str) -> Job:
        chance, now = self._chance, self._time.now
        longest = 3_600 if chance.random() < self.slow else 600
        lasts = chance.choice([0.0, chance.uniform(0, 120), chance.uniform(0, longest)])
        is_bad = chance.random() < self.trouble / 2
        fate = chance.choice([JobStatus.FAILED, JobStatus.GONE]) if is_bad else JobStatus.READY
        job = Job(f"job{len(self._jobs)}", order, now, now + lasts, fate)
        self._jobs.append(job)
        for table in self.tables.values():
            if table.events:
                end = _over(order.window)
                table.passed = max(table.passed, now if end is None else min(now, end))
        if lasts:
            self._time.at(job.ready_at, lambda: self._finish(job))
        else:
            self._finish(job)
        asked = f"{order.window} {dict(order.parameters)}"
        self._tell(f"{job.id} is ordered {why}: {asked}; {fate.value} in {lasts:.0f} s")
        return job

    def _finish(self, job: Job) -> None:
        if job.fate is not JobStatus.READY:
            return
        for name, table in self.tables.items():
            job.content[name] = self._content(table, job.order, job.ordered_at, job.ready_at)
            if not table.events:
                table.passes(job.content[name], job.ordered_at)

    def _content(self, table: Table, order: Order, begun: float, ended: float) -> list[Row]:
        """What a report shows: each row as it was when the vendor came to it, some time while the report was made."""
        seen = (table.as_of(key, self._chance.uniform(begun, ended)) for key in table.versions)
        asked = [one for one in seen if one is not None and self.subject.asks(order.parameters, table, one)]
        if self.subject.sums:
            counted = Counter("p" + one.row[table.key][-1] for one in asked)
            return [{table.key: key, "version": str(count)} for key, count in sorted(counted.items())]
        rows = [one.row for one in asked]
        if self._page_rows(order):
            last = int(str(order.parameters.get("fromUserId", 0)))
            rows = sorted((row for row in rows if int(row[table.key]) > last), key=lambda row: int(row[table.key]))
        return rows[: self.subject.most_rows or self._page_rows(order) or None]

    def _page_rows(self, order: Order) -> int:
        """The most rows of one order; 0 where it has all."""
        return self.subject.page_rows if order.parameters.get("fromDate") else 0

    def _state(self, job: Job) -> JobState:
        if self._time.now < job.ready_at:
            return JobState(JobStatus.RUNNING)
        return JobState(job.fate, finished_at=float(int(job.ready_at)), words="It failed.")

    def _cached(self, order: Order) -> Job | None:
        """The job that answers the same order as one of before: what runs, or was done not long ago."""
        if not self.subject.caches or order.parameters.get("force_update"):
            return None
        since = self._time.now - self.subject.caches
        same = [job for job in self._jobs if _same(job.order, order) and job.fate is JobStatus.READY]
        return next((job for job in reversed(same) if job.ready_at > since), None)

    # -- actions

    def execute(self, action: Action) -> Outcome:
        """Do `action`, which takes a while and may fail."""
        self.before_each()
        self._pass(self._chance.choice([0.0, 0.2, 3.0]))
        outcome = self._refusal(action) or self._answer(action)
        self._tell(f"{type(action).__name__} -> {type(outcome).__name__}")
        return outcome

    def _pass(self, seconds: float) -> None:
        """Some time until an answer comes, which bears the vendor's date."""
        self._time.advance(seconds * self._chance.random())
        dated = email.utils.formatdate(int(self._time.now), usegmt=True)
        back = seconds * self._chance.random()
        self._time.advance(back)
        if self.client is not None:
            self.client.vendor_clock.heard({"date": dated}, back)

    def tell_time(self) -> None:
        """Answer a question for the time."""
        self._pass(0.5)

    def _refusal(self, action: Action) -> Outcome | None:
        if self._chance.random() >= self.trouble:
            return None
        if isinstance(action, Place):
            taken = self._chance.random() < 0.5
            if taken and not isinstance(self._placed(action.order), Refused):
                return Refused("transient", NO_WORD, uncertain=True)
            return Refused("transient", NO_WORD)
        if isinstance(action, Fetch):
            link = [] if action.ticket is None else [LinkDead("dead")]
            troubles: list[Outcome] = [BadPayload(TruncatedPayload("Cut off.")), Refused("transient", NO_WORD), *link]
            return self._chance.choice(troubles)
        return Refused(self._chance.choice(["transient", "throttled"]), NO_WORD)

    def _answer(self, action: Action) -> Outcome:
        match action:
            case Place():
                return self._placed(action.order)
            case Poll():
                job = self._job(action.ticket)
                if job is None:
                    return Refused("gone", NO_WORD)
                return Observed(self._state(job))
            case Fetch():
                return self._fetched(action)
            case Find():
                return self._found(action.order)
            case Abort():
                return Aborted()
            case _:
                assert_never(action)

    def _placed(self, order: Order) -> Placed | Refused:
        asked = self._clock.mark()
        if self.subject.refuses_windows and order.parameters.get("start_time"):
            error: ReportError = OrderRefused("The report knows no time range.")
            return Refused("config", error)
        kept = self._cached(order)
        job = kept or self._begin(order, "by us")
        if kept:
            self._tell(f"{job.id} answers the order from what is kept")
        self._pass(0.4)
        return Placed(self._ticket(order, job, self._clock.at(asked)), self._state(job))

    def _found(self, order: Order) -> Outcome:
        def age(job: Job) -> float:
            return self._time.now - job.ready_at if self._time.now >= job.ready_at else 900.0

        jobs = [job for job in self._jobs if _same(job.order, order) and job.fate is JobStatus.READY]
        if not self.subject.lists_jobs or not jobs:
            return NothingFound()
        job = min(jobs, key=age)
        return Found(self._ticket(order, job, float(int(job.ordered_at))), self._state(job))

    def _fetched(self, action: Fetch) -> Outcome:
        order, asked, begun = action.order, self._clock.mark(), self._time.now
        if action.ticket is not None:
            job = self._job(action.ticket)
            if job is None or job.fate is not JobStatus.READY:
                return LinkDead("no such job")
            return Fetched(self._payload(job.content, action.ticket.ordered_at))
        self._asked_since = begun
        self._pass(self._chance.choice([1.0, 30.0]))
        self._asked_since = float("-inf")
        content = {}
        is_complete = self._chance.random() >= self.trouble / 2
        for name, table in self.tables.items():
            content[name] = self._content(table, order, begun, self._time.now)
            if is_complete:
                table.passes(content[name], begun)
            elif content[name]:
                self._tell("a page has drifted: one row is not in the list")
                content[name].remove(self._chance.choice(content[name]))
        return Fetched(self._payload(content, self._clock.at(asked), is_complete=is_complete))

    @property
    def _clock(self) -> Any:
        assert self.client is not None
        return self.client.vendor_clock

    def _job(self, ticket: Ticket) -> Job | None:
        return next((job for job in self._jobs if job.id == ticket.id), None)

    def _ticket(self, order: Order, job: Job, ordered_at: float) -> Ticket:
        assert self.client is not None
        return Ticket(
            job.id, order.identity, order.report, order.parameters, order.window, ordered_at,
            account=self.client.account,
        )  # fmt: skip

    def _payload(self, content: Mapping[str, list[Row]], ordered_at: float, *, is_complete: bool = True) -> Payload:
        self._files += 1
        path = self._folder / f"{self._files}.{self.subject.form}"
        path.write_text(self._written(content), encoding="utf-8")
        return Payload((Part(path),), ordered_at, is_complete)

    def _written(self, content: Mapping[str, list[Row]]) -> str:
        if self.subject.form == "sheets":
            parts = [
                {"report_name": "r", "sheet_name": name.removeprefix("admin_xls_report_"), "data": rows}
                for name, rows in content.items()
            ]
            return json.dumps({"reports": parts})
        (rows,) = content.values()
        if self.subject.form == "json":
            return json.dumps(rows)
        (table,) = self.tables.values()
        names = dict.fromkeys([table.key, "version", table.cursor or "version"])
        names |= dict.fromkeys(name for row in rows for name in row)
        out = io.StringIO()
        writer = csv.DictWriter(out, list(names))
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()


def _same(one: Order, other: Order) -> bool:
    def telling(order: Order) -> dict[str, Any]:
        return {name: value for name, value in order.parameters.items() if name not in ("force_update", "locale")}

    return one.report == other.report and telling(one) == telling(other)


def _over(window: Window | None) -> float | None:
    """When a window was over."""
    at = instant(window.end) if window is not None and window.end else None
    if at is None or window is None or window.end is None:
        return None
    return at.timestamp() + (DAY if len(window.end) == len("2026-01-01") else 0.0)
