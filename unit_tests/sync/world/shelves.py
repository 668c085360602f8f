"""A vendor that has files ready: all rows now and then, what has changed more often, as Brightspace has its data sets.

A file shows the rows as they were at its moment, is listed some time later, and is taken off the list some time after
that. A file of changes has what has changed since the one before it. Rows that are deleted are in no file any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from source_lms_reports.api.refusal import Refusal
from source_lms_reports.jobs.actions import Fetch, Fetched, LinkDead, Outcome
from source_lms_reports.plan.ready import LINK
from unit_tests.sync.world.tables import FORMS, Row
from unit_tests.sync.world.vendor import DAY, NO_WORD, SimulatedVendor

HOUR = 3_600.0


@dataclass
class ReadyFile:
    """A file.

    Attributes:
        moment: When the vendor looked at its rows.
        listed: From when on it is listed.
        ended: From when on it is listed no more.
    """

    number: int
    is_full: bool
    moment: float
    listed: float
    ended: float
    rows: list[Row]


class ShelfVendor(SimulatedVendor):
    """One set of files."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        chance = self._chance
        self._full_every = chance.choice([DAY, 2 * DAY, 7 * DAY])
        self._changes_every = chance.choice([HOUR, DAY, DAY, 0.0])
        #: Changes are listed until a full file has them for certain: without that, no reader could have all.
        self._kept = self._full_every + chance.choice([1.0, 1.0, 7.0]) * DAY
        self._fulls_kept = chance.choice([1.0, 2.0, 4.0]) * self._kept
        self._made: list[ReadyFile] = []
        self._changed_since: float = float("-inf")
        self._deleted: set[str] = set()
        self._is_away = False

    # -- what it holds

    def prepare(self) -> None:
        for _ in range(self._chance.randint(0, 12)):
            self._work()
        self._make(is_full=True)
        self._keep_making(self._full_every * self._chance.random(), self._full_every, is_full=True)
        if self._changes_every:
            self._keep_making(self._changes_every * self._chance.random(), self._changes_every, is_full=False)

    def settle(self) -> None:
        self._time.advance(60)
        self._is_away = False
        for one in self._made:
            one.listed = min(one.listed, self._time.now)
        self._make(is_full=True, lag=0.0)
        if self._changes_every:
            self._make(is_full=False, lag=0.0)

    def held(self, name: str) -> dict[str, Row]:
        table = self.tables[name]
        return {
            key: {table.key: key, "version": versions[-1].row["version"]}
            for key, versions in table.versions.items()
            if key not in self._deleted
        }

    def _change(self) -> None:
        self._work()
        if self._chance.random() < 0.03:
            self._is_away = not self._is_away
            self._tell(f"the set is {'not ' if self._is_away else ''}listed")
        elif self._chance.random() < 0.01:
            self._begin_anew()

    def _work(self) -> None:
        ((_, table),) = self.tables.items()
        known = [key for key in table.versions if key not in self._deleted]
        key = self._chance.choice([*known, "", ""])
        if key and self._chance.random() < 0.1:
            self._deleted.add(key)
            self._tell(f"{key} is deleted")
            return
        if not key:
            self._keys += 1
            key = str(self._keys)
        self._tell(f"{table.put(key, self._time.now, self._time.now).row}")

    def _begin_anew(self) -> None:
        """All files are withdrawn, and there is a new one of all rows."""
        for one in self._made:
            one.ended = min(one.ended, self._time.now)
        self._tell("all files are withdrawn")
        self._changed_since = self._time.now
        self._make(is_full=True)

    # -- files

    def _keep_making(self, first: float, every: float, *, is_full: bool) -> None:
        def make() -> None:
            self._make(is_full=is_full)
            self._time.at(self._time.now + every, make)

        self._time.at(self._time.now + first, make)

    def _make(self, *, is_full: bool, lag: float | None = None) -> None:
        now = int(self._time.now * 1000) / 1000
        ((_, table),) = self.tables.items()
        since = float("-inf") if is_full else self._changed_since
        alive = {key: versions[-1] for key, versions in table.versions.items() if key not in self._deleted}
        rows = [{name: one.row[name] for name in (table.key, "version")} for one in alive.values() if one.since > since]
        if not is_full:
            self._changed_since = self._time.now
        if lag is None:  # files of changes come in order; one of all rows may come after changes that are newer than it
            lag = self._chance.choice([0.0, 0.2, 0.9]) * (DAY / 2 if is_full else self._changes_every)
        listed = now + lag
        ended = listed + (self._fulls_kept if is_full else self._kept)
        self._made.append(ReadyFile(len(self._made), is_full, now, listed, ended, rows))
        self._tell(f"a file of {'all' if is_full else 'changes'} is made, listed in {listed - now:.0f} s: {rows}")

    def _is_listed(self, one: ReadyFile) -> bool:
        return one.listed <= self._time.now < one.ended and not self._is_away

    def items(self, request: str) -> list[Any]:
        self._pass(1.0)
        if request == "data_sets":
            return []
        if request == "ready_sets":
            return [{"SchemaId": "s", "Full": {"Name": "Users"}}]
        if self._chance.random() < self.trouble / 2:
            raise Refusal("transient", NO_WORD)
        files = [one for one in self._made if self._is_listed(one)]
        return [
            {
                "BdsType": "Full" if one.is_full else "Differential",
                "QueuedForProcessingDate": FORMS["milliseconds"](one.moment + 0.0005),
                "DownloadLink": f"https://x.example/{one.number}",
            }
            for one in self._chance.sample(files, len(files))
        ]

    def _fetched(self, action: Fetch) -> Outcome:
        begun = self._clock.mark()
        number = int(str(action.order.parameters[LINK]).rpartition("/")[2])
        file = self._made[number]
        if not self._is_listed(file):
            return LinkDead("no such file")
        return Fetched(self._payload({"": file.rows}, self._clock.at(begun)))

    def _written(self, content: Mapping[str, list[Row]]) -> str:
        (rows,) = content.values()
        ((_, table),) = self.tables.items()
        return "".join(
            f"{row[table.key]},{row['version']}\n" for row in [{table.key: table.key, "version": "version"}, *rows]
        )
