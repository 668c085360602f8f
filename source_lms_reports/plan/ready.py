"""Which of the files that a vendor has ready are read, and in which order. Pure.

    full 1st, changes 2nd, changes 3rd, full 4th, changes 5th
    the first sync, or a full refresh                  -> 4th (and 5th, where it is incremental)
    incremental, the state says the 2nd                -> 3rd, 5th
    incremental, the state is older than all changes   -> 4th, 5th: something may be missing in between

    full 1st, changes 5th (the 2nd, 3rd and 4th are gone)
    incremental, the state says the 2nd                -> 5th, and the state stays: the next full file has the rest

Full files may be listed for longer than changes, so an old one proves nothing. A set whose first changes are listed has
none from before its full file; whether they join on to it is told by how often changes are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from source_lms_reports.errors import TransientError
from source_lms_reports.jobs.ticket import Order, Window
from source_lms_reports.plan.orders import ReportPlan
from source_lms_reports.plan.stream import Selected, Slice
from source_lms_reports.plan.windows import min_or_none
from source_lms_reports.spec.settings import Settings
from source_lms_reports.times import instant, shifted

LINK = "link"
"""The parameter of an order by which its file is known."""


@dataclass(frozen=True)
class ReadyFile:
    """A file as the vendor lists it.

    Attributes:
        moment: When the vendor looked at its data, as it writes it.
        is_full: Whether it holds all rows; otherwise what has changed since the file before.
        link: Where it is to be had.
    """

    moment: str
    is_full: bool
    link: str

    @property
    def at(self) -> datetime:
        """The moment."""
        found = instant(self.moment)
        if found is None:
            raise ValueError(f"{self.moment!r} is no time")
        return found


@dataclass(frozen=True)
class Chosen:
    """The files that are read, in order.

    Attributes:
        files: The files.
        has_gap: Whether files that were never read are gone, so that all rows are read again.
        is_held: Whether such are gone and no file has all rows since, so that the state must not pass the changes.
    """

    files: tuple[ReadyFile, ...]
    has_gap: bool = False
    is_held: bool = False


def choose(
    files: Iterable[ReadyFile], since: datetime | None, *, incremental: bool, apart: timedelta = timedelta.max
) -> Chosen | None:
    """What is to be read.

    Args:
        files: What is listed, in any order.
        since: The moment of the last file that was read; None where there is none.
        incremental: Whether changes are read behind the full file.
        apart: Two files of changes lie no further apart than this.

    Returns:
        The files; None where all rows are needed and no file has them.
    """
    ordered = sorted(dict.fromkeys(files), key=lambda one: (one.at, not one.is_full))
    fulls = [one for one in ordered if one.is_full]
    changes = [one for one in ordered if not one.is_full]
    if incremental and since is not None:
        later = [one for one in changes if one.at > since]
        if len(later) < len(changes):
            return Chosen(tuple(later))
        if fulls and fulls[-1].at <= since:
            return Chosen(tuple(later), is_held=_is_apart(since, later, apart))
    if not fulls:
        return None
    newest = fulls[-1]
    later = [one for one in changes if one.at > newest.at] if incremental else []
    return Chosen(
        (newest, *later),
        has_gap=bool(changes) and incremental and since is not None,
        is_held=len(later) == len(changes) and _is_apart(newest.at, later, apart),
    )


def _is_apart(since: datetime, later: Sequence[ReadyFile], apart: timedelta) -> bool:
    """Whether files of changes are missing between `since` and those that are listed, as far as can be told."""
    return bool(later) and later[0].at - since > apart


class ReadyPlan(ReportPlan):
    """The files of one set, each an order of its own.

    Args:
        selected: The streams of the set.
        settings: The configuration.
        now: The time of the sync.
        files: What is listed.
        apart: Two files of changes lie no further apart than this.

    Raises:
        TransientError: No file has all rows.
    """

    def __init__(
        self,
        selected: Sequence[Selected],
        settings: Settings,
        now: datetime,
        files: Iterable[ReadyFile],
        apart: timedelta = timedelta.max,
    ) -> None:
        super().__init__(selected, settings, now, direct=True)
        incremental = any(one.incremental for one in selected)
        cursors = [instant(one.cursor_value) if one.cursor_value else None for one in selected]
        since = min_or_none(cursors)
        if since is not None:
            since = shifted(since, -settings.lookback_days)
        in_time = [one for one in files if settings.end is None or one.at < settings.end]
        chosen = choose(in_time, since, incremental=incremental, apart=apart)
        if chosen is None:
            raise TransientError(
                f"There is no full file of {selected[0].stream.report} yet, and without one not all rows can be read. "
                "Run the sync again when the platform has made one."
            )
        self.chosen = chosen

    def slices(self) -> list[Slice]:
        """An order a file, in the order of time. The state moves behind the last of those of one moment."""
        names = tuple(one.stream.name for one in self._selected)
        files = self.chosen.files
        found: list[Slice] = []
        for number, file in enumerate(files):
            window = Window(None, file.moment)
            order = Order(self._first.report, {LINK: file.link}, window, names, direct=True)
            is_last = number + 1 == len(files) or files[number + 1].at > file.at
            found.append(Slice(order, window, closes_window=is_last and (file.is_full or not self.chosen.is_held)))
        return found
