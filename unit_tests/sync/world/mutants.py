"""Faults that the connector has had, or might have: put back one at a time, to see the world find them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from source_lms_reports.api.vendor_clock import VendorClock
from source_lms_reports.errors import RestartNeeded, TransientError
from source_lms_reports.files.payload import Payload
from source_lms_reports.jobs.ticket import Order
from source_lms_reports.plan import ready
from source_lms_reports.plan.orders import ReportPlan
from source_lms_reports.plan.ready import Chosen, ReadyFile
from source_lms_reports.plan.stream import Slice
from source_lms_reports.records.cursor_window import CursorWindow
from source_lms_reports.sync import sync
from source_lms_reports.sync.payload_rows import PayloadRows
from source_lms_reports.sync.reader import StreamReader
from source_lms_reports.sync.shared_orders import SharedOrders
from source_lms_reports.sync.state import OrderRead, Saved, StreamState, later_of, read_state
from source_lms_reports.times import at_epoch, instant, rfc3339


class Patch(Protocol):
    """What is used of pytest's MonkeyPatch; where the process ends with the fault, `setattr` alone will do."""

    def setattr(self, target: Any, name: str, value: Any) -> None:
        """Set an attribute."""


_YEARS = timedelta(days=365_000)
_END_OF_TIME = 4e9


def _rows_that_were_left_out_count(patch: Patch) -> None:
    """A sync up to an end date saves what it has seen behind it."""
    true_select = CursorWindow.select

    def select(self: CursorWindow, texts: list[str]) -> list[bool] | None:
        found = true_select(self, texts)
        for text in texts:
            at = instant(text)
            if at is not None and self._counts(at):
                self._observe(text, at)
        return found

    patch.setattr(CursorWindow, "select", select)
    patch.setattr(StreamState, "limit", lambda self, ordered_at, _: min(self._now, at_epoch(ordered_at)))


def _a_report_counts_up_to_the_sync(patch: Patch) -> None:
    """What changed after a job was ordered, and before the sync that reads it, is passed."""
    patch.setattr(StreamState, "limit", lambda self, *_: self._now)
    patch.setattr(StreamState, "_leaves_gap", lambda *_: False)


def _the_future_is_cut_to_now(patch: Patch) -> None:
    """One planned date moves the cursor to the start of the sync, and makes an instant of a date."""
    patch.setattr(StreamState, "limit", lambda self, *_: self._now + _YEARS)
    patch.setattr(StreamState, "_leaves_gap", lambda *_: False)
    true_reached = StreamState._reached

    def reached(self: StreamState, one: OrderRead, limit: datetime) -> str | None:
        found = true_reached(self, one, limit)
        at = instant(found) if found else None
        return found if self._kind == "window" or at is None or at <= self._now else rfc3339(self._now)

    patch.setattr(StreamState, "_reached", reached)


def _our_clock_is_believed(patch: Patch) -> None:
    """Windows end, and jobs are dated, by the clock of this machine."""
    patch.setattr(VendorClock, "now", lambda self: self._wall())


def _a_cursor_in_the_future_stays(patch: Patch) -> None:
    """After one sync with a wrong clock nothing is read until its date has come."""

    def read(state: Any, field: Any, now: datetime, account: str = "", **kind: Any) -> Saved:
        return read_state(state, field, now + _YEARS, account, **kind)

    patch.setattr(sync, "read_state", read)


def _the_state_runs_ahead_of_the_rows(patch: Patch) -> None:
    """The state moves when a report has come, before its rows are handed over."""
    true_rows = StreamReader._of_payload

    def rows(self: StreamReader, slice_: Slice, payload: Any) -> Iterator[Any]:
        found = list(true_rows(self, slice_, payload))
        self._keeper.order_read(self._read[slice_.order.identity], closes_window=slice_.closes_window)
        yield from found

    patch.setattr(StreamReader, "_of_payload", rows)


def _a_window_that_failed_is_passed(patch: Patch) -> None:
    """A report that could not be had counts as one without rows."""
    true_payload = SharedOrders.payload

    def payload(self: SharedOrders, identity: str) -> Payload:
        try:
            return true_payload(self, identity)
        except TransientError:
            return Payload((), _END_OF_TIME)

    patch.setattr(SharedOrders, "payload", payload)


def _a_list_that_does_not_add_up_counts(patch: Patch) -> None:
    """A list from which a row has dropped out is taken as whole."""
    true_read = StreamState.order_read

    def read(self: StreamState, one: OrderRead) -> None:
        true_read(self, dataclasses.replace(one, is_complete=True))

    patch.setattr(StreamState, "order_read", read)


def _what_the_vendor_has_kept_is_taken(patch: Patch) -> None:
    """A report that the vendor has kept is taken for one made now."""
    true_order = ReportPlan._order

    def order(self: ReportPlan, window: Any, given: Any, **_: Any) -> Order:
        return true_order(self, window, given, fresh=False)

    patch.setattr(ReportPlan, "_order", order)


def _one_order_vouches_for_another(patch: Patch) -> None:
    """Of several orders of a window the last one says how far it has been read."""

    def window_read(self: StreamState) -> None:
        done, self._read = self._read, []
        for one in done:
            self._tickets.pop(one.identity, None)
            self._cursor = later_of(self._cursor, self._reached(one, self.limit(one.ordered_at, one.window)))

    patch.setattr(StreamState, "window_read", window_read)


def _a_later_order_counts_as_far_as_the_first(patch: Patch) -> None:
    """Rows of an order that was placed long after the first one move the cursor, up to the first one's moment."""
    true_read = StreamState.window_read

    def window_read(self: StreamState) -> None:
        done, was_whole = [*self._read], not self._has_gap
        true_read(self)
        limit = min((self.limit(one.ordered_at, one.window) for one in done), default=self._now)
        if was_whole and all(one.is_complete for one in done):
            for one in done:
                self._cursor = later_of(self._cursor, self._reached(one, limit))

    patch.setattr(StreamState, "window_read", window_read)


def _today_is_closed(patch: Patch) -> None:
    """A day is read before it is over."""
    true_init = ReportPlan.__init__

    def init(self: ReportPlan, selected: Any, settings: Any, now: datetime, *more: Any, **named: Any) -> None:
        true_init(self, selected, settings, now + timedelta(days=1), *more, **named)

    patch.setattr(ReportPlan, "__init__", init)
    patch.setattr(StreamState, "limit", lambda self, *_: self._now + _YEARS)
    patch.setattr(StreamState, "_leaves_gap", lambda *_: False)


def _the_day_of_the_cursor_is_old(patch: Patch) -> None:
    """What changes later on the day up to which was read is not read again."""
    true_init = CursorWindow.__init__

    def init(self: CursorWindow, keep_from: datetime | None, *more: Any) -> None:
        true_init(self, keep_from and keep_from + timedelta(days=1), *more)

    patch.setattr(CursorWindow, "__init__", init)


def _the_state_moves_with_the_first_file(patch: Patch) -> None:
    """Of a report in several files the state moves when the first row is out."""
    true_rows = StreamReader._of_payload

    def rows(self: StreamReader, slice_: Slice, payload: Any) -> Iterator[Any]:
        for number, row in enumerate(true_rows(self, slice_, payload)):
            if number == 0:
                identity = slice_.order.identity
                read = OrderRead(identity, payload.ordered_at, slice_.window, reached=payload.reached)
                self._keeper.order_read(read, closes_window=True)
            yield row

    patch.setattr(StreamReader, "_of_payload", rows)


def _the_next_order_begins_at_our_time(patch: Patch) -> None:
    """What the job says of its end is not heard: the next range begins when this sync began."""
    true_take_word = StreamState._take_word

    def take_word(self: StreamState, done: Sequence[OrderRead]) -> None:
        true_take_word(self, [dataclasses.replace(one, reached=rfc3339(self._now)) for one in done])

    patch.setattr(StreamState, "_take_word", take_word)


def _a_range_that_is_refused_is_empty(patch: Patch) -> None:
    """An increment that cannot be had any more counts as one without changes."""
    true_payload = SharedOrders.payload

    def payload(self: SharedOrders, identity: str) -> Payload:
        try:
            return true_payload(self, identity)
        except RestartNeeded:
            return Payload((), _END_OF_TIME, reached="2026-03-31T00:00:00Z")

    patch.setattr(SharedOrders, "payload", payload)


def _deletes_are_left_out(patch: Patch) -> None:
    """A row that is no more is no record."""
    true_of_piece = PayloadRows._of_piece

    def of_piece(self: PayloadRows, *args: Any) -> Iterator[Any]:
        return (row for row in true_of_piece(self, *args) if not isinstance(row, dict) or row.get("meta_action") != "D")

    patch.setattr(PayloadRows, "_of_piece", of_piece)


def _one_page_is_enough(patch: Patch) -> None:
    """Where the vendor gives so many rows an order, what follows is not asked for."""
    patch.setattr(StreamReader, "_following", lambda *_: iter(()))


def _chosen(patch: Patch, change: Callable[[Chosen, list[ReadyFile], datetime | None], Chosen]) -> None:
    """Have other files be read than those that should be."""
    true_choose = ready.choose

    def choose(files: Iterable[ReadyFile], since: datetime | None, **more: Any) -> Chosen | None:
        listed = list(files)
        found = true_choose(listed, since, **more)
        return None if found is None else change(found, sorted(listed, key=lambda one: one.at), since)

    patch.setattr(ready, "choose", choose)


def _changes_always_join_on(patch: Patch) -> None:
    """Behind a first sync no full file is read again, whatever is gone from the list."""

    def change(found: Chosen, listed: list[ReadyFile], since: datetime | None) -> Chosen:
        later = tuple(one for one in listed if since is not None and not one.is_full and one.at > since)
        return found if since is None or not later else Chosen(later)

    _chosen(patch, change)


def _an_old_full_file_proves_that_nothing_is_missing(patch: Patch) -> None:
    """Changes join on where any file is as old as the state, although full ones are listed for longer."""

    def change(found: Chosen, listed: list[ReadyFile], since: datetime | None) -> Chosen:
        changes = tuple(one for one in listed if not one.is_full)
        if since is None or not changes or all(one.at > since for one in listed):
            return found
        return Chosen(tuple(one for one in changes if one.at > since))

    _chosen(patch, change)


def _the_newest_changes_come_first(patch: Patch) -> None:
    """Files are read as they are listed, the newest first."""
    _chosen(patch, lambda found, *_: dataclasses.replace(found, files=found.files[::-1]))


def _one_file_of_changes_is_enough(patch: Patch) -> None:
    """Of all changes since the last sync the newest file is read."""
    _chosen(patch, lambda found, *_: dataclasses.replace(found, files=found.files[-1:]))


@dataclass(frozen=True)
class Mutant:
    """A fault that is put back.

    Attributes:
        put_back: Puts it back.
        subject: One that shows it.
        seed: A story that showed it when this was written, so that the search is short.
    """

    put_back: Callable[[Patch], None]
    subject: str
    seed: int = 0


MUTANTS: dict[str, Mutant] = {
    "rows behind the end date count": Mutant(_rows_that_were_left_out_count, "canvas: a column"),
    "a report counts up to the sync that reads it": Mutant(_a_report_counts_up_to_the_sync, "canvas: a column"),
    "an adopted job counts up to the sync that reads it": Mutant(
        _a_report_counts_up_to_the_sync, "canvas: two orders", seed=42
    ),
    "a date is cut to an instant": Mutant(_the_future_is_cut_to_now, "sana: dates"),
    "a planned date moves the cursor to now": Mutant(_the_future_is_cut_to_now, "tinqwise: no filter"),
    "windows end by our clock": Mutant(_our_clock_is_believed, "second nature: windows"),
    "a day is closed by our clock": Mutant(_our_clock_is_believed, "hapyak: days"),
    "rows count by our clock": Mutant(_our_clock_is_believed, "tinqwise: a filter"),
    "a cursor in the future stays": Mutant(_a_cursor_in_the_future_stays, "canvas: windows"),
    "the state runs ahead of the rows": Mutant(_the_state_runs_ahead_of_the_rows, "sana: declared"),
    "a window that failed is passed": Mutant(_a_window_that_failed_is_passed, "canvas: windows"),
    "a list that does not add up counts": Mutant(_a_list_that_does_not_add_up_counts, "tinqwise: epochs", seed=42),
    "what the vendor has kept is taken": Mutant(_what_the_vendor_has_kept_is_taken, "second nature: no time range"),
    "one order vouches for another": Mutant(_one_order_vouches_for_another, "canvas: two orders"),
    "a later order counts as far as the first": Mutant(
        _a_later_order_counts_as_far_as_the_first, "canvas: two orders", seed=146
    ),
    "today is closed": Mutant(_today_is_closed, "hapyak: sums of days"),
    "the day of the cursor is old": Mutant(_the_day_of_the_cursor_is_old, "sana: dates"),
    "the state moves with the first file": Mutant(_the_state_moves_with_the_first_file, "dap: a table"),
    "the next order begins at our time": Mutant(_the_next_order_begins_at_our_time, "dap: a table"),
    "a range that is refused is empty": Mutant(_a_range_that_is_refused_is_empty, "dap: a table"),
    "deletes are left out": Mutant(_deletes_are_left_out, "dap: a table"),
    "one page is enough": Mutant(_one_page_is_enough, "adobe: what has changed"),
    "an old full file proves that nothing is missing": Mutant(
        _an_old_full_file_proves_that_nothing_is_missing, "brightspace: ready files", seed=623
    ),
    "changes always join on": Mutant(_changes_always_join_on, "brightspace: ready files"),
    "the newest changes come first": Mutant(_the_newest_changes_come_first, "brightspace: ready files"),
    "one file of changes is enough": Mutant(_one_file_of_changes_is_enough, "brightspace: ready files"),
}
