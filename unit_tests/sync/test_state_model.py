"""Whatever syncs do to a state: what the vendor holds is in the destination, or the next sync reads it.

Windows are ordered, read, failed, timed out, adopted and read in part; processes are killed and begin again from any
state that was written. Beside it stands a model of the vendor's rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from source_lms_reports.jobs.events import Closing
from source_lms_reports.jobs.policy import TICKET_LIFE
from source_lms_reports.jobs.ticket import Order, Ticket
from source_lms_reports.sync.state import TICKETS, OrderRead, StreamState, read_state

START = 1_772_366_400.0
"""Noon of 2026-03-01."""
CLOSINGS: list[Closing] = ["failed", "gone", "link dead", "bad payload", "refused", "too old"]
KEYS = st.integers(0, 3)
FORMS = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d", "%Y-%m-%d %H:%M")
HERE = "here"


def _utc(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, tz=timezone.utc)


@dataclass
class Job:
    """A report at the vendor, with the rows that it had when it was ordered: later ones are missing from it."""

    ticket: Ticket
    rows: Mapping[int, tuple[int, float | None]]


class AnyState(RuleBasedStateMachine):
    """Rows are versions of a few keys; each version bears a time, or none."""

    @initialize(form=st.sampled_from(FORMS))
    def open(self, form: str) -> None:
        self.form = form
        self.now = START
        self.rows: dict[int, tuple[int, float | None]] = {}
        self.landed: dict[int, int] = {}
        self.jobs: dict[str, Job] = {}
        self.saved: dict[str, Any] = {}
        self.written: dict[str, Any] = {}
        self.state: StreamState | None = None
        self.keep_from: datetime | None = None
        self.end: float | None = None
        self.kept: dict[str, Ticket] = {}
        self.pending: list[Job] = []
        self.reached = float("-inf")
        self.serial = 0

    # -- the vendor

    @rule(key=KEYS, back=st.sampled_from([0.0, 0.0, 0.5, 1.0]))
    def change(self, key: int, back: float) -> None:
        """A row changes now. It may be dated back, as far as no cursor has rightly come."""
        version = self.rows.get(key, (0, None))[0] + 1
        latest_order = max((job.ticket.ordered_at for job in self.jobs.values()), default=float("-inf"))
        earliest = max(self.reached, latest_order, self.now - 3 * 86_400)
        self.rows[key] = version, self.now - back * (self.now - earliest)

    @rule(key=KEYS, ahead=st.sampled_from([30, 3_600, 40_000, 4_000_000]))
    def plan_ahead(self, key: int, ahead: int) -> None:
        """A row is dated in the future."""
        self.rows[key] = self.rows.get(key, (0, None))[0] + 1, self.now + ahead

    @rule(key=KEYS)
    def undate(self, key: int) -> None:
        self.rows[key] = self.rows.get(key, (0, None))[0] + 1, None

    @rule(seconds=st.sampled_from([1, 40, 3_600, 50_000, 200_000]))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    # -- a sync

    @precondition(lambda self: self.state is None)
    @rule(behind=st.floats(0, 2), end=st.none() | st.floats(-3, 0.5))
    def begin(self, behind: float, end: float | None) -> None:
        """What is known of the vendor's time is a little behind it."""
        now = _utc(self.now - behind).replace(microsecond=0)
        self.end = None if end is None else self.now + end * 86_400
        found = read_state(self.saved, "at", now, HERE)
        assert found.warnings == ()
        self.keep_from = None if found.cursor is None else self.meaning(found.cursor)
        self.state = StreamState("at", found, now, None if self.end is None else _utc(self.end))
        self.written = dict(self.saved)
        self.kept = {ticket.identity: ticket for ticket in found.tickets}
        self.pending = []

    @precondition(lambda self: self.state is not None)
    @rule(number=st.integers(0, 2))
    def plan(self, number: int) -> None:
        """Jobs that nobody asks for any more are forgotten when they are a day old."""
        assert self.state is not None
        wanted = Order("report", {"number": number}).identity
        self.state.forget_all_but([wanted])
        oldest = int(self.now) - TICKET_LIFE - 3
        self.kept = {key: one for key, one in self.kept.items() if key == wanted or one.ordered_at > oldest}
        held = self.tickets()
        assert set(self.kept) - set(held) <= {key for key, one in self.kept.items() if one.ordered_at < oldest + 9}
        self.kept = held

    @precondition(lambda self: self.state is not None)
    @rule(number=st.integers(0, 2), others_age=st.none() | st.floats(0, 900))
    def order(self, number: int, others_age: float | None) -> None:
        """Order a report, or adopt what somebody else has ordered before."""
        assert self.state is not None
        self.serial += 1
        adopted = others_age is not None
        asked = Order("report", {"number": number})
        ticket = Ticket(str(self.serial), asked.identity, "report", asked.parameters, None, self.now, adopted, {}, HERE)
        if others_age is not None:
            self.now += others_age
        self.jobs[ticket.identity] = Job(ticket, dict(self.rows))
        self.state.ticket_opened(ticket)
        self.kept[ticket.identity] = ticket
        self.write()

    @precondition(lambda self: self.state is not None and self.jobs)
    @rule(data=st.data(), reason=st.sampled_from(CLOSINGS))
    def lose(self, data: st.DataObject, reason: Closing) -> None:
        """A job fails, or its report cannot be had."""
        assert self.state is not None
        identity = data.draw(st.sampled_from(sorted(self.jobs)))
        if identity not in {job.ticket.identity for job in self.pending}:
            del self.jobs[identity]
            self.kept.pop(identity, None)
            if self.state.ticket_closed(identity, reason):
                self.write()

    @precondition(lambda self: self.state is not None and self.jobs)
    @rule(data=st.data(), drops=st.booleans(), lands=st.floats(0, 1))
    def read(self, data: st.DataObject, drops: bool, lands: float) -> None:
        """Hand over the rows of a report, or of the first part of one that the process dies in."""
        assert self.state is not None
        waiting = {job.ticket.identity for job in self.pending}
        free = sorted((set(self.jobs) & set(self.kept)) - waiting)
        if not free:
            return
        job = self.jobs[data.draw(st.sampled_from(free))]
        self.state.ticket_closed(job.ticket.identity, "delivered")
        rows = dict(list(job.rows.items())[1:] if drops else job.rows)
        emitted = {key: row for key, row in rows.items() if self.is_asked_for(row[1])}
        if lands < 0.2:
            self.kill(keep=1.0)
            return
        self.landed |= {key: version for key, (version, _) in emitted.items()}
        limit = self.state.limit(job.ticket.ordered_at, None)
        counted = [self.text(moment) for _, moment in emitted.values() if moment is not None]
        counted = [text for text in counted if self.meaning(text) <= limit]
        greatest = max(counted, default=None)
        is_complete = not (drops and job.rows)
        self.state.order_read(OrderRead(job.ticket.identity, job.ticket.ordered_at, None, greatest, is_complete))
        if greatest is not None and is_complete:
            self.reached = max(self.reached, self.meaning(greatest).timestamp())
        self.pending.append(job)

    @precondition(lambda self: self.state is not None and self.pending)
    @rule()
    def close(self) -> None:
        """All orders of a window are read."""
        assert self.state is not None
        self.state.window_read()
        for job in self.pending:
            del self.jobs[job.ticket.identity]
            del self.kept[job.ticket.identity]
        self.pending = []
        self.write()

    @precondition(lambda self: self.state is not None)
    @rule()
    def end_well(self) -> None:
        self.saved = self.written
        self.state = None

    @precondition(lambda self: self.state is not None)
    @rule(keep=st.floats(0, 1))
    def kill(self, keep: float) -> None:
        """The process dies. The platform may have kept what was written, or not."""
        self.saved = self.written if keep > 0.3 else self.saved
        self.state = None

    @rule(data=st.data(), steps=st.lists(st.integers(0, 7), max_size=9), drops=st.booleans())
    def sync(self, data: st.DataObject, steps: list[int], drops: bool) -> None:
        """Much at once, so that it happens often: jobs are ordered, people work, time passes, reports are read."""
        if self.state is None:
            self.begin(data.draw(st.floats(0, 2)), data.draw(st.none() | st.floats(-1, 0.1)))
        self.order(0, None)
        for step in steps:
            match step:
                case 0 | 1:
                    self.change(step, 0.0)
                case 2:
                    self.plan_ahead(step, 3_600)
                case 3 | 4:
                    self.wait((1, 3_600)[step - 3])
                case 5:
                    self.order(1, None)
                case 6:
                    self.read(data, drops, 1.0)
                case _ if self.pending:
                    self.close()
        self.read(data, False, 1.0)
        if self.pending:
            self.close()
        self.end_well()

    # -- what must hold

    @invariant()
    def what_is_not_there_is_read_by_the_next_sync(self) -> None:
        cursor = self.saved.get("at")
        for key, (version, moment) in self.rows.items():
            if self.landed.get(key) != version and moment is not None and cursor is not None:
                assert self.meaning(self.text(moment)) >= self.meaning(cursor), (key, version, moment, cursor)

    @invariant()
    def the_cursor_keeps_its_form_and_lies_in_the_past(self) -> None:
        for state in (self.saved, self.written):
            if "at" in state:
                assert self.text(self.meaning(state["at"]).timestamp()) == state["at"]
                assert self.meaning(state["at"]).timestamp() <= self.now

    @precondition(lambda self: self.state is not None)
    @invariant()
    def the_state_has_the_jobs_that_are_open_and_no_others(self) -> None:
        assert self.tickets() == self.kept

    # -- inside

    def tickets(self) -> dict[str, Ticket]:
        assert self.state is not None
        return {one.identity: one for one in map(Ticket.from_state, self.state.as_json().get(TICKETS, []))}

    def write(self) -> None:
        assert self.state is not None
        self.written = json.loads(json.dumps(self.state.as_json()))

    def is_asked_for(self, moment: float | None) -> bool:
        if moment is None:
            return True
        at = self.meaning(self.text(moment))
        return (self.keep_from is None or at >= self.keep_from) and (self.end is None or at.timestamp() < self.end)

    def text(self, moment: float) -> str:
        return _utc(moment).strftime(self.form)

    def meaning(self, text: str) -> datetime:
        return datetime.strptime(text, self.form).replace(tzinfo=timezone.utc)


TestAnyState = AnyState.TestCase
TestAnyState.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
