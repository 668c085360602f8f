"""What the vendor holds: rows with all that they ever were."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from source_lms_reports.times import instant

Row = dict[str, Any]


def utc(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, tz=timezone.utc)


#: The ways in which vendors write a time. Each cuts, none rounds.
FORMS: dict[str, Callable[[float], Any]] = {
    "instant": lambda epoch: utc(epoch).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "fraction": lambda epoch: utc(epoch).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    "milliseconds": lambda epoch: utc(epoch).isoformat(timespec="milliseconds")[:-6] + "Z",
    "ruby": lambda epoch: utc(epoch).strftime("%Y-%m-%d %H:%M:%S UTC"),
    "offset": lambda epoch: utc(epoch).astimezone(timezone(timedelta(hours=-6))).isoformat(timespec="seconds"),
    "minute": lambda epoch: utc(epoch).strftime("%Y-%m-%d %H:%M"),
    "date": lambda epoch: utc(epoch).strftime("%Y-%m-%d"),
    "epoch": lambda epoch: str(int(epoch)),
}


@dataclass(frozen=True)
class Version:
    """A row as it was from some moment on.

    Attributes:
        since: When the vendor had it, in epoch seconds.
        moment: The time that it bears; None for a row that bears none.
        row: What a report shows of it.
    """

    since: float
    moment: float | None
    row: Row


@dataclass
class Table:
    """The rows of one stream.

    Args:
        key: The column that tells rows apart.
        cursor: The column that bears the rows' time; empty where no column does.
        form: How that time is written.
        events: Rows are never changed, and a window that was read is not looked at again.
        nulls: Whether rows may bear no time.
    """

    key: str
    cursor: str = ""
    form: str = "instant"
    events: bool = False
    nulls: bool = False
    versions: dict[str, list[Version]] = field(default_factory=dict)
    #: How far a cursor may rightly have come, in epoch seconds.
    passed: float = float("-inf")

    def put(self, key: str, since: float, moment: float | None, **more: Any) -> Version:
        """A new row, or a new version of one."""
        versions = self.versions.setdefault(key, [])
        row = {self.key: key, **more, "version": str(len(versions))}
        if self.cursor:
            row[self.cursor] = None if moment is None else FORMS[self.form](moment)
        versions.append(Version(since, moment, row))
        return versions[-1]

    def as_of(self, key: str, at: float) -> Version | None:
        """What a row was at some moment."""
        versions = self.versions[key]
        place = bisect_right(versions, at, key=lambda version: version.since)
        return versions[place - 1] if place else None

    def latest(self) -> Iterator[Version]:
        """The rows as they are."""
        return (versions[-1] for versions in self.versions.values())

    def passes(self, rows: list[Row], ordered_at: float) -> None:
        """A report has these rows: a cursor may come as far as the greatest of their times that is not after it."""
        texts = [str(row[self.cursor]) for row in rows if row.get(self.cursor)]
        moments = [at.timestamp() for at in map(instant, texts) if at is not None]
        self.passed = max([self.passed, *(one for one in moments if one <= ordered_at)])
