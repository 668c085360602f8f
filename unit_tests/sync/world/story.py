"""One story: syncs that are disturbed, then quiet ones, and what must be in the destination at the end."""

from __future__ import annotations

import dataclasses
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from source_lms_reports.api.client import Client
from source_lms_reports.api.connect import connect
from source_lms_reports.api.setup import make_engine
from source_lms_reports.api.transport import Transport
from source_lms_reports.api.vendor_clock import VendorClock
from source_lms_reports.errors import ReportError
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.events import Event, TicketOpened
from source_lms_reports.plan.stream import ReportStream, Slice
from source_lms_reports.plan.windows import unit_start
from source_lms_reports.spec.settings import Settings
from source_lms_reports.streams.catalog import Reports
from source_lms_reports.streams.selection import select
from source_lms_reports.sync.reader import StreamReader
from source_lms_reports.sync.sync import Sync, begin_sync
from source_lms_reports.times import instant, rfc3339, written_like
from unit_tests.sync.world.clockwork import Clockwork
from unit_tests.sync.world.dispatch import SimulatedDispatch
from unit_tests.sync.world.shelves import ShelfVendor
from unit_tests.sync.world.subjects import SUBJECTS, Subject
from unit_tests.sync.world.tables import FORMS, Row, Table, utc
from unit_tests.sync.world.telling import TellingVendor
from unit_tests.sync.world.vendor import DAY, SimulatedVendor

START = 1_772_409_600.0
"""2026-03-02, a Monday."""
VENDORS: dict[str, type[SimulatedVendor]] = {"jobs": SimulatedVendor, "telling": TellingVendor, "shelves": ShelfVendor}
_MOST_SYNCS = 6
_QUIET_SYNCS = 4


class Lost(AssertionError):
    """The destination is not what the vendor holds."""


class _KilledError(BaseException):
    """The process ends here and now."""


class _PlayedClient(Client):
    """A client that is asked for the time and for lists."""

    def __init__(self, plain: Client, vendor: SimulatedVendor, time: Clockwork) -> None:
        super().__init__(plain.platform, plain.context, {}, Transport(), time.ours)
        self.vendor_clock = VendorClock(plain.platform.title, time.ours, time.steady)
        self._vendor = vendor
        vendor.client = self

    def learn_vendor_time(self) -> None:
        self._vendor.tell_time()

    def items(self, name: str, phase: str, **extra: Any) -> list[Any]:  # noqa: ARG002 - the name is all
        return self._vendor.items(name)


class Story:
    """One story.

    Args:
        seed: Makes all choices.
        subject: Who is read; one of `SUBJECTS`, by the seed if None.
        tell: Told what happens.
    """

    def __init__(self, seed: int, subject: str | None = None, tell: Callable[[str], None] = lambda _: None) -> None:
        self.chance = random.Random(seed)
        drawn = self.chance.choice(sorted(SUBJECTS))
        self.name = subject or drawn
        self.subject: Subject = SUBJECTS[self.name]
        self.syncs = 0
        self.time = Clockwork(self.chance, START, self.chance.choice([300.0, 3_600.0, 6 * 3_600.0]))
        if self.subject.most_rows or self.subject.page_rows:
            self.time.pace = 8 * 3_600.0
        self._told = tell
        self._folder = Path(tempfile.mkdtemp(prefix="world-"))
        self.vendor = VENDORS[self.subject.vendor](self.subject, self.time, self._folder, self._tell)
        self.states: dict[str, Mapping[str, Any]] = {}
        self.landed: dict[str, dict[str, Row]] = {name: {} for name in self.vendor.tables}
        self._messages: list[tuple[str, str, Any]] = []
        self._steps_left = 0
        self._went_on = False
        self._failed = False
        self._began = START

    def play(self) -> None:
        """Play the story.

        Raises:
            Lost: Something is not in the destination that should be, or the other way round.
        """
        try:
            self.vendor.prepare()
            for _ in range(self.chance.randint(1, _MOST_SYNCS)):
                self._disturbed()
                if self.chance.random() < 0.1 and self.subject.vendor == "jobs":
                    self._misdate()
                longest = self.chance.choice([0.5, 60.0, 1_000.0, 3_600.0, DAY, 3 * DAY])
                self.time.advance(longest * self.chance.random())
            self._quiet()
            self._compare()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _tell(self, words: str) -> None:
        self._told(f"{rfc3339(utc(self.time.now))}  {words}")

    # -- syncs

    def _disturbed(self) -> None:
        chance = self.chance
        self.vendor.trouble = chance.choice([0.0, 0.0, 0.1, 0.4])
        self.vendor.slow = chance.choice([0.0, 0.5])
        self.time.skew = chance.choice([0.0, 0.0, chance.uniform(-9_000, 9_000), 40 * DAY, -3 * DAY])
        more: dict[str, Any] = {}
        if chance.random() < 0.25:
            more["end_date"] = rfc3339(utc(self.time.now - chance.uniform(-1, 10) * DAY))
        self._steps_left = chance.randint(1, 40) if chance.random() < 0.4 else 10**9
        killed = not self._sync(more)
        commits = len(self._messages)
        if killed and chance.random() < 0.5:
            commits = chance.randint(0, commits)  # what the platform had not written yet when it all ended
        self._commit(commits)

    def _misdate(self) -> None:
        """All is read, by a version that believes a clock a month ahead. The next sync comes before anybody works."""
        self._quiet()
        for name, table in self.vendor.tables.items():
            field = table.cursor or "_report_end"
            if field in self.states[name]:
                ahead = utc(self.time.now + self.chance.uniform(1, 40) * DAY)
                self.states[name] = {**self.states[name], field: written_like(ahead, str(self.states[name][field]))}
        self.time.skew = 0.0
        self._tell(f"a wrong clock has dated the states: {self.states}")
        self._sync({})
        self._commit(len(self._messages))
        for table in self.vendor.tables.values():
            table.passed = max(table.passed, self.time.now)  # pulled back to now: what is dated before it, is passed
        self.time.is_still = False

    def _quiet(self) -> None:
        """Nobody works, nothing fails, until a sync has ordered all that it reads."""
        self.time.is_still = True
        self.vendor.trouble = self.vendor.slow = self.time.skew = 0.0
        self._steps_left = 10**9
        self._tell("quiet")
        self.vendor.settle()
        for _ in range(_QUIET_SYNCS):
            self.time.advance(self.subject.rests)
            self._went_on = False
            ended = self._sync({})
            self._commit(len(self._messages))
            if ended and not self._failed and not self._went_on:
                return
        raise Lost(f"{_QUIET_SYNCS} quiet syncs, and none could read all anew")

    def _sync(self, more: Mapping[str, Any]) -> bool:
        """One process. Returns whether it came to its end."""
        self.syncs += 1
        self._messages = []
        self._failed = False
        self._began = self.time.now - 5  # what we know of the vendor's time is a little behind it
        start = self.subject.shared.get("start_date", "1970-01-01")
        if str(more.get("end_date", "9999")) <= str(start):
            more = {}
        self._tell(f"sync {self.syncs}: {dict(more)}, our clock is {self.time.skew:+.0f} s, states {self.states}")
        settings, plain = connect(self.subject.config(**more), Transport(), self.time.ours)
        client = _PlayedClient(plain, self.vendor, self.time)
        self.vendor.before_each = self._step
        spool = Spool(self._folder)
        try:
            sync = self._begin(settings, client, spool)
            self._read(sync)
        except _KilledError:
            self._tell("killed")
            return False
        finally:
            spool.remove()
        sync.stop()
        return True

    def _begin(self, settings: Settings, client: Client, spool: Spool) -> Sync:
        wanted = self.subject.wanted(self.states)
        found = select(client, Reports(client.platform, settings), wanted)
        pairs = [(one, self._adapted(stream)) for one, stream in found if stream is not None]
        assert len(pairs) == len(wanted)
        jitter = random.Random(self.chance.random())
        engine = make_engine(client.platform, settings, client.vendor_clock.at, jitter)

        def open_dispatch(on_event: Callable[[Event], None]) -> SimulatedDispatch:
            def heard(event: Event) -> None:
                self._went_on = self._went_on or (isinstance(event, TicketOpened) and event.how != "ordered")
                on_event(event)

            return SimulatedDispatch(engine, self.vendor, heard, self.time.steady, self.time)

        return begin_sync(
            settings, client, pairs, spool, self._write_state, clock=self.time.ours, open_dispatch=open_dispatch
        )

    def _adapted(self, stream: ReportStream) -> ReportStream:
        windows, subject = stream.report_spec.windows, self.subject
        if windows is None or not (subject.most_rows or subject.page_rows):
            return stream
        windows = msgspec.structs.replace(windows, split_at_rows=subject.most_rows)
        if subject.page_rows and windows.follow_up is not None:
            follow_up = msgspec.structs.replace(windows.follow_up, rows=subject.page_rows)
            windows = msgspec.structs.replace(windows, follow_up=follow_up)
        spec = msgspec.structs.replace(stream.report_spec, windows=windows)
        return dataclasses.replace(stream, report_spec=spec)

    def _read(self, sync: Sync) -> None:
        """All streams, their windows in any order among each other."""
        readers = [StreamReader(sync, one, None) for one in sync.selected]
        going = {reader.stream.name: (reader, reader.slices()) for reader in readers}
        while going:
            name = self.chance.choice(sorted(going))
            reader, slices = going[name]
            try:
                slice_ = next(slices, None)
                if slice_ is not None:
                    self._read_slice(reader, slice_)
                    continue
            except ReportError as error:
                self._failed = True
                self._tell(f"{name} fails: {error.message}")
            del going[name]
            reader.leave()
            sync.keeper(name).ensure_written()

    def _read_slice(self, reader: StreamReader, slice_: Slice) -> None:
        for row in reader.read(slice_):
            assert isinstance(row, dict)
            self._emit("record", reader.stream.name, row)
        reader.close(slice_)

    def _write_state(self, stream: str, state: Mapping[str, Any]) -> None:
        self._emit("state", stream, state)

    def _emit(self, kind: str, stream: str, what: Any) -> None:
        self._step()
        self._messages.append((kind, stream, what))
        if kind == "state":
            self._tell(f"state of {stream}: {what}")

    def _step(self) -> None:
        self._steps_left -= 1
        if self._steps_left < 0:
            raise _KilledError

    # -- what lands

    def _commit(self, count: int) -> None:
        """The destination writes the first messages, and the platform keeps the last state among them."""
        self._tell(f"{count} of {len(self._messages)} messages land")
        for kind, stream, what in self._messages[:count]:
            if kind == "state":
                self.states[stream] = what
            elif what.get("_ab_cdc_deleted_at"):
                self.landed[stream].pop(self._key(stream, what), None)
            else:
                self.landed[stream][self._key(stream, what)] = what

    def _key(self, stream: str, row: Row) -> str:
        key = str(row[self.vendor.tables[stream].key])
        return f"{key} {row['_report_start']} {row['_report_end']}" if self.subject.sums else key

    def _compare(self) -> None:
        for name, table in self.vendor.tables.items():
            held = self._held(name, table)
            landed = {key: _plain(row) for key, row in self.landed[name].items()}
            lost = {key: row for key, row in held.items() if landed.get(key) != row}
            invented = {
                key: row for key, row in landed.items() if key not in held and not self.vendor.may_come(name, key)
            }
            if lost or invented:
                raise Lost(
                    f"{self.name}, {name}: lost {[(row, landed.get(key)) for key, row in lost.items()][:3]}, "
                    f"invented {list(invented.values())[:3]}"
                )

    def _held(self, name: str, table: Table) -> dict[str, Row]:
        """The rows that must be there."""
        held = self._sums(table) if self.subject.sums else self.vendor.held(name)
        return self._held_by_time(table) if held is None else {key: _plain(row) for key, row in held.items()}

    def _held_by_time(self, table: Table) -> dict[str, Row]:
        """The rows that must be there: for days that have not ended they need not."""
        today = int(self._began // DAY) * DAY if self.subject.platform == "hapyak" else float("inf")
        start = instant(str(self.subject.shared.get("start_date", "1970-01-01")))
        assert start is not None
        first = start.timestamp() if table.events else float("-inf")
        return {
            str(one.row[table.key]): _plain(one.row)
            for one in table.latest()
            if one.moment is None
            or (self._is_asked_for(one.moment) if not table.events else first <= one.moment < today)
        }

    def _is_asked_for(self, moment: float) -> bool:
        """Whether the vendor gives a row with this time: windows end now, so a planned one comes when its time has."""
        return not self.subject.hides_plans or moment < self.time.now - 3_600

    def _sums(self, table: Table) -> dict[str, Row]:
        """What the windows that have ended sum up."""
        unit = str(self.subject.more["summary_window"])
        start = instant(str(self.subject.shared["start_date"]))
        assert start is not None
        first, last = unit_start(start, unit), unit_start(utc(self._began), unit)
        length = timedelta(days=7 if unit == "week" else 1)
        counted: Counter[tuple[str, str, str]] = Counter()
        for one in table.latest():
            assert one.moment is not None
            begin = unit_start(utc(one.moment), unit)
            if first <= begin < last:
                end = begin + length - timedelta(days=1)
                days = FORMS["date"](begin.timestamp()), FORMS["date"](end.timestamp())
                unit_of = (f"p{one.row[table.key][-1]}", *days)
                counted[unit_of] += 1
        return {" ".join(key): {table.key: key[0], "version": str(count)} for key, count in counted.items()}


def _plain(row: Row) -> Row:
    """A row's own columns, all as texts."""
    return {
        name: str(value)
        for name, value in row.items()
        if value not in (None, "") and not name.startswith("_") and name != "meta_action"
    }
