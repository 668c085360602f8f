"""What the state of a stream may say: how far it has been read, and which report jobs it keeps. Pure.

Nothing else moves a cursor and nothing else drops a ticket. A cursor never passes

- a window that was not read to its end, nor anything behind one,
- the moment at which the report was ordered (of a resumed or adopted job: that job's own order), for what changed
  afterwards is not in it,
- the end date, the vendor's present, and a row that was not emitted.

A cursor that the vendor itself tells is taken letter by letter, once all rows of its job are handed over:
it is what the next order begins at, and neither our clock nor a row's value knows better.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from source_lms_reports.jobs.events import Closing
from source_lms_reports.jobs.policy import TICKET_LIFE
from source_lms_reports.jobs.ticket import Ticket, UnreadableTicket, Window
from source_lms_reports.plan.stream import CursorKind
from source_lms_reports.times import at_epoch, instant, is_date, shifted, written_like

TICKETS = "_report_tickets"
SECONDS = "_report_seconds"
ORDERS = "_report_orders"
#: What stands in a state beside the cursor.
_BESIDE = frozenset({TICKETS, SECONDS, ORDERS})
#: The order of reports that are made sooner costs nothing, so the state does not tell them.
_WORTH_TELLING = 5
#: More than any sync waits.
_MOST_SECONDS = 1e9
#: What lies further in the vendor's future was written by a wrong clock. Clocks that are right differ by less.
_TOLERANCE = timedelta(minutes=1)


@dataclass(frozen=True)
class Saved:
    """What an earlier sync left, as far as it counts in this one.

    Attributes:
        cursor: Where it ended; None for the start.
        tickets: Jobs that it left at the vendor.
        warnings: What of the state does not count, and why.
        seconds: How long the vendor made the stream's report; 0 where that is not known.
        orders: When the stream's report was ordered, in the vendor's epoch seconds.
    """

    cursor: str | None = None
    tickets: tuple[Ticket, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: int = 0
    orders: tuple[float, ...] = ()


def read_state(
    state: Mapping[str, Any],
    field: str | None,
    now: datetime,
    account: str = "",
    *,
    kind: CursorKind | None = "rows",
) -> Saved:
    """What counts of a stream's saved state.

    Args:
        state: As it was saved, perhaps by an earlier version or another hand.
        field: The cursor column; None where the stream is read in full, and only the jobs count.
        now: The vendor's time.
        account: Tells the vendor's address and account from others; jobs elsewhere do not count.
        kind: What the cursor is.
    """
    warnings: list[str] = []
    present = None if kind == "told" else now
    cursor = _read_cursor(state.get(field), field, present, kind == "window", warnings) if field else None
    if field:
        warnings += _other_cursors(state, field)
    raw = state.get(TICKETS) or []
    read = (_read_ticket(one, now, account, warnings) for one in (raw if isinstance(raw, list) else [raw]))
    tickets = tuple(ticket for ticket in read if ticket is not None)
    return Saved(cursor, tickets, tuple(warnings), _read_seconds(state.get(SECONDS)), _read_orders(state.get(ORDERS)))


def _read_orders(raw: Any) -> tuple[float, ...]:
    """Moments from a state. They only say how much of a quota is left, so what is none is passed over."""
    moments = (instant(one) for one in (raw if isinstance(raw, list) else []) if isinstance(one, str))
    return tuple(moment.timestamp() for moment in moments if moment is not None)


def _other_cursors(state: Mapping[str, Any], field: str) -> list[str]:
    """What is to be told of a state that knows other cursors than the stream's: `{"updated": "2026-03-01"}`."""
    others = [name for name in state if name not in _BESIDE and not name.startswith("__")]
    if not others or field in others:
        return []
    told = ", ".join(sorted(others)[:3])
    return [f"The state knows no cursor {field}, only {told}. It does not count: the stream is read from its start."]


def _read_seconds(raw: Any) -> int:
    """A length of time from a state. It only says which report is ordered first, so what is none is passed over."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not 0 <= raw < _MOST_SECONDS:
        return 0
    return int(raw)


def _read_cursor(value: Any, field: str, now: datetime | None, is_window: bool, warnings: list[str]) -> str | None:
    if value in (None, ""):
        return None
    text = str(value).strip()
    if instant(text) is None:
        warnings.append(
            f"The state says {text[:40]!r} in the cursor {field}, which is no time. It does not count: the stream is "
            "read from its start."
        )
        return None
    if now is None:
        return text
    within = _not_after(text, now, is_window)
    if within != text and _not_after(text, now + _TOLERANCE, is_window) != text:
        warnings.append(
            f"The state says {text} in the cursor {field}, which is in the vendor's future: a clock was wrong when "
            f"that was written. The stream goes on from {within}. Rows that changed between that sync and now may be "
            "missing; to have them, set a lookback that reaches back to it, or refresh the stream."
        )
    return within


def _read_ticket(raw: Any, now: datetime, account: str, warnings: list[str]) -> Ticket | None:
    try:
        ticket = Ticket.from_state(raw)
    except UnreadableTicket as error:
        warnings.append(f"{error.message} ({error.detail})")
        return None
    if ticket.account and account and ticket.account != account:
        warnings.append(
            f"The report job {ticket.id} in the state was ordered at another address or account. It is left alone, and "
            "the report is ordered here."
        )
        return None
    if at_epoch(ticket.ordered_at) > now + _TOLERANCE:
        warnings.append(
            f"The report job {ticket.id} in the state was ordered in the vendor's future: a clock was wrong when that "
            "was written. The report is ordered anew."
        )
        return None
    return replace(ticket, ordered_at=min(ticket.ordered_at, now.timestamp()))


@dataclass(frozen=True)
class OrderRead:
    """One order that was read to its end.

    Attributes:
        identity: The order's.
        ordered_at: When the job that was read was ordered, in the vendor's epoch seconds.
        window: The time that it covers.
        greatest: The greatest cursor value of its rows that is not after `StreamState.limit`.
        is_complete: Whether the vendor gave all that it said there is, and all of it could be read.
        reached: How far it reaches by the vendor's word.
    """

    identity: str
    ordered_at: float
    window: Window | None = None
    greatest: str | None = None
    is_complete: bool = True
    reached: str | None = None


class StreamState:
    """The state of one stream in one sync.

    Args:
        field: The cursor column, where the stream is read incrementally; else None.
        saved: Where the last sync ended, and the jobs that it left.
        now: The vendor's time.
        end: The end date: nothing from here on is read.
        kind: What the cursor is.
        remembers: For so many seconds an order counts in the vendor's quota of this report; 0 where it has none.
    """

    def __init__(
        self,
        field: str | None,
        saved: Saved,
        now: datetime,
        end: datetime | None = None,
        *,
        kind: CursorKind | None = "rows",
        remembers: float = 0.0,
    ) -> None:
        self._field = field
        self._cursor = saved.cursor
        self._tickets = {ticket.identity: ticket for ticket in saved.tickets}
        self._now = now
        self._end = end
        self._kind = kind
        self._saved_seconds = saved.seconds
        self._seconds: float | None = None
        self._remembers = remembers
        self._orders = {at for at in saved.orders if now.timestamp() - remembers < at <= now.timestamp()}
        self._read: list[OrderRead] = []
        self._has_gap = False

    def as_json(self) -> dict[str, Any]:
        """The state as it is written; empty where there is nothing to say."""
        state: dict[str, Any] = {}
        if self._field and self._cursor is not None:
            state[self._field] = self._cursor
        if self._tickets:
            state[TICKETS] = [ticket.to_state() for ticket in self._tickets.values()]
        seconds = self._saved_seconds if self._seconds is None else round(self._seconds)
        if seconds >= _WORTH_TELLING:
            state[SECONDS] = seconds
        if self._orders:
            state[ORDERS] = [at_epoch(at).isoformat(timespec="milliseconds") for at in sorted(self._orders)]
        return state

    # -- jobs

    def ticket_opened(self, ticket: Ticket) -> None:
        """A job for this stream is at the vendor."""
        self._tickets[ticket.identity] = ticket
        if self._remembers and not ticket.adopted:
            self._orders.add(round(ticket.ordered_at, 3))

    def order_counts(self, ordered_at: float) -> bool:
        """The vendor may count an order of this stream's report, although it never answered it.

        Returns:
            Whether that changes the state.
        """
        if self._remembers:
            self._orders.add(round(ordered_at, 3))
        return bool(self._remembers)

    def ticket_closed(self, identity: str, reason: Closing) -> bool:
        """The report engine has done with the job.

        What was delivered is kept until its rows are handed over: a crash in between would lose it.

        Returns:
            Whether that changes the state.
        """
        return reason != "delivered" and self.ticket_dropped(identity)

    def ticket_dropped(self, identity: str) -> bool:
        """The job is of no use any more.

        Returns:
            Whether there was one.
        """
        return self._tickets.pop(identity, None) is not None

    def waited(self, seconds: float) -> None:
        """A report of this stream was at the vendor for so long. Of several, the longest counts in the next sync."""
        self._seconds = max(seconds, self._seconds or 0.0)

    def forget_all_but(self, wanted: Collection[str]) -> None:
        """Drop tickets that no order of this sync answers to and that are too old for a later one to take up."""
        oldest = self._now.timestamp() - TICKET_LIFE
        self._tickets = {key: one for key, one in self._tickets.items() if key in wanted or one.ordered_at > oldest}

    # -- the cursor

    def limit(self, ordered_at: float, window: Window | None) -> datetime:
        """How far the rows of an order may move the cursor: what lies behind that may be missing from them.

        Args:
            ordered_at: When the job that is read was ordered, in the vendor's epoch seconds.
            window: The time that it covers.
        """
        moments = (at_epoch(ordered_at), self._end, _end_of(window))
        return min(moment for moment in moments if moment is not None)

    def order_read(self, read: OrderRead) -> None:
        """All rows of an order are handed over. The cursor waits for the window's other orders."""
        self._read.append(read)

    def window_read(self) -> None:
        """All orders of a window were read: let go of their jobs, and move the cursor as far as all of them reach.

        A cursor of rows goes by the order that was placed first. The rows of a later one may be newer than a row that
        was dated back meanwhile and that the first one lacks:

            first order 10:00: a 09:00 | b is dated 09:30 | second order 11:00: c 09:45 -> 09:00, and b comes next time
        """
        done, self._read = self._read, []
        for one in done:
            self._tickets.pop(one.identity, None)
        self._has_gap = self._has_gap or not all(one.is_complete for one in done)
        if self._field is None or self._has_gap or not done:
            return
        if self._kind == "told":
            self._take_word(done)
            return
        limit = min(self.limit(one.ordered_at, one.window) for one in done)
        for one in done if self._kind == "window" else [min(done, key=lambda one: one.ordered_at)]:
            self._cursor = later_of(self._cursor, self._reached(one, limit))
        self._has_gap = any(map(self._leaves_gap, done))

    def _take_word(self, done: Sequence[OrderRead]) -> None:
        """Go on from where the vendor says that the jobs end: of several at the earliest, of one that is silent not."""
        told = [one.reached for one in done if one.reached is not None and instant(one.reached) is not None]
        if len(told) == len(done):
            self._cursor = min(told, key=_moment)

    def _leaves_gap(self, one: OrderRead) -> bool:
        """Whether something may be missing between an order and the windows behind it, so that they do not count.

        That is so where it was ordered before its window was over. And where an earlier sync has ordered it: meanwhile
        rows may have been dated back into its window, and a row of a later one would move the cursor past them.
        """
        end, ordered_at = _end_of(one.window), at_epoch(one.ordered_at)
        return (end is not None and end > ordered_at) or (self._kind != "window" and ordered_at < self._now)

    def _reached(self, one: OrderRead, limit: datetime) -> str | None:
        if self._kind == "window":
            return _not_after(one.window.end, limit, True) if one.window is not None and one.window.end else None
        at = instant(one.greatest) if one.greatest else None
        return one.greatest if at is not None and at <= limit else None


def _moment(cursor: str) -> datetime:
    return instant(cursor) or datetime.max.replace(tzinfo=timezone.utc)


def later_of(one: str | None, other: str | None) -> str | None:
    """The later of two cursors; the first one of equals. One that is none or no time is earlier than all others."""
    before, after = (instant(cursor) if cursor else None for cursor in (one, other))
    return other if after is not None and (before is None or after > before) else one


def _end_of(window: Window | None) -> datetime | None:
    return _ended_at(window.end) if window is not None and window.end else None


def _ended_at(end: str) -> datetime | None:
    """When a window was over: a date is in it to its last moment."""
    at = instant(end)
    return shifted(at, 1) if at is not None and is_date(end) else at


def _not_after(cursor: str, now: datetime, is_window: bool) -> str:
    """`cursor`, or the greatest value of its form that is not after `now`. The day of a window must be over by then."""
    if not is_window:
        at = instant(cursor)
        return cursor if at is None or at <= now else written_like(now, cursor)
    ended = _ended_at(cursor)
    if ended is None or ended <= now:
        return cursor
    return written_like(shifted(now, -1) if is_date(cursor) else now, cursor)
