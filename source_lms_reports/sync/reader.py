"""Reads one stream: goes from order to order, and reads others instead where one cannot give what was asked for."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from source_lms_reports.errors import (
    JobGone,
    MachineFault,
    OrderRefused,
    ReportError,
    RestartNeeded,
    TransientError,
    machine_faults,
)
from source_lms_reports.files.opening import count_rows, last_value
from source_lms_reports.files.payload import Payload
from source_lms_reports.plan.orders import ReportPlan
from source_lms_reports.plan.stream import ReportStream, Selected, Slice
from source_lms_reports.plan.windows import halves
from source_lms_reports.records.envelope import Envelope
from source_lms_reports.sync.bundles import Backpressure, Lines
from source_lms_reports.sync.payload_rows import PayloadRows, Row
from source_lms_reports.sync.state import OrderRead
from source_lms_reports.sync.sync import Sync

LOGGER = logging.getLogger("airbyte")


class StreamReader:
    """One stream of one sync.

    Args:
        sync: What all streams share.
        selected: The stream, and where the last sync left it.
        gate: Bounds the batches under way; None where plain records are wanted.
        envelope: How records are written; by default as Airbyte's.
    """

    def __init__(
        self, sync: Sync, selected: Selected, gate: Backpressure | None, envelope: Envelope | None = None
    ) -> None:
        self._sync = sync
        self._selected = selected
        self._keeper = sync.keeper(selected.stream.name)
        self._rows = PayloadRows(sync, selected, gate, envelope, self._warn)
        self._read: dict[str, OrderRead] = {}
        self._closed: Slice | None = None
        self._told: set[str] = set()
        #: Whether the vendor gave all rows that there are, as far as was read.
        self.is_complete = True

    @property
    def stream(self) -> ReportStream:
        """The stream."""
        return self._selected.stream

    def slices(self) -> Iterator[Slice]:
        """The stream's orders in the order of time. Those to come are placed ahead.

        The next one is given when the one before has been closed, and none behind one that was not: the state is one
        mark in time, so there must be no gap behind it.

        Raises:
            ReportError: They cannot be told.
        """
        with machine_faults():
            yield from self._slices()

    def _slices(self) -> Iterator[Slice]:
        plan = self._sync.plan(self.stream)
        slices = plan.slices()
        self._keeper.forget_all_but([slice_.order.identity for slice_ in slices])
        ahead = self._sync.orders_ahead
        for number, slice_ in enumerate(slices):
            for coming in slices[number : number + ahead]:
                self._sync.orders.submit(coming)
            yield slice_
            if self._closed is not slice_:
                return

    def read(self, slice_: Slice) -> Iterator[Row | Lines]:
        """The rows of one order, as batches or as plain records.

        Raises:
            ReportError: The report could not be had, or not to its end.
        """
        with machine_faults():
            yield from self._of_order(self._sync.plan(self.stream), slice_)

    def close(self, slice_: Slice) -> None:
        """All rows of `slice_` have been handed over."""
        identity = slice_.order.identity
        self._sync.orders.release(identity, self.stream.name)
        read = self._read.pop(identity, None)
        if read is None:  # other orders were read instead of it, and have said how far
            self._keeper.ticket_dropped(identity)
        else:
            self._keeper.order_read(read, closes_window=slice_.closes_window)
        self._closed = slice_

    def leave(self) -> None:
        """The stream has ended, well or not: let go of all that was ordered for it."""
        self._sync.orders.leave(self.stream.name)

    def _of_order(self, plan: ReportPlan, slice_: Slice) -> Iterator[Row | Lines]:
        try:
            found = self._found(plan, slice_)
        except RestartNeeded as error:
            plan = self._restarted(plan, error)
            found = plan.slices()
        if isinstance(found, Payload):
            yield from self._of_payload(slice_, found)
            yield from self._following(plan, slice_, found)
        else:
            yield from self._instead(plan, slice_, found)

    def _found(self, plan: ReportPlan, slice_: Slice) -> Payload | list[Slice]:
        """What the order has brought, or the orders that are to be read instead of it."""
        try:
            payload = self._sync.orders.payload(slice_.order.identity)
        except OrderRefused as error:
            return [self._whole(plan, slice_, error)]
        return self._split(plan, slice_, payload) or payload

    def _restarted(self, plan: ReportPlan, error: RestartNeeded) -> ReportPlan:
        """The plan of a first sync, as the changes since the last one cannot be had.

        Raises:
            RestartNeeded: This is a first one.
        """
        anew = plan.restarted()
        if anew is None:
            raise error
        text = (
            f"The changes since {self._selected.cursor_value} cannot be had any more, so all of it is read anew, in "
            "this sync. Rows that were deleted at the vendor meanwhile are not told, and stay in the destination: "
            f"clear the stream there and read it again to be rid of them. {error.message}"
        )
        self._warn([text])
        return anew

    def _of_payload(self, slice_: Slice, payload: Payload) -> Iterator[Row | Lines]:
        try:
            limit = self._keeper.limit(payload.ordered_at, slice_.window)
            read = yield from self._rows.read(slice_, payload, limit)
        except MachineFault:  # it says nothing about what came
            raise
        except ReportError as error:
            # What came is of no use, and reading it again in the next sync would be none either. Of files that come one
            # by one another one may be whole by then.
            if isinstance(error, JobGone) or not payload.comes_in_pieces:
                self._keeper.ticket_dropped(slice_.order.identity)
            raise
        self.is_complete = self.is_complete and read.is_complete
        self._read[read.identity] = read

    def _instead(self, plan: ReportPlan, slice_: Slice, parts: list[Slice]) -> Iterator[Row | Lines]:
        """The rows of other orders, which together are those of `slice_`."""
        self._sync.orders.release(slice_.order.identity, self.stream.name)
        for part in parts:
            self._sync.orders.submit(part)
        for part in parts:
            yield from self._of_order(plan, part)
            self.close(part)

    def _following(self, plan: ReportPlan, slice_: Slice, payload: Payload) -> Iterator[Row | Lines]:
        """The rows of the order by which a result goes on that the vendor has cut off, if it has.

        Raises:
            TransientError: It would begin where this one did, and so never end.
        """
        windows = self.stream.report_spec.windows
        spec = windows.follow_up if windows else None
        options = self._sync.options(self.stream.report)
        is_asked = slice_.window is not None and slice_.window.start is not None
        if spec is None or not is_asked or count_rows(payload, options) < spec.rows:
            return
        last = last_value(payload, options, spec.column)
        if not last or last == slice_.parameters.get(spec.parameter):
            raise TransientError(
                f"The report {self.stream.report} holds {spec.rows:,} rows, the vendor's limit for one order, and its "
                f"last row has no '{spec.column}' from which to go on. The next sync asks again; if it stays so, ask "
                "the vendor."
            )
        LOGGER.info(
            f"Stream {self.stream.name}: the report holds {spec.rows:,} rows, the vendor's limit for one order; "
            f"ordering what follows {last}."
        )
        part = plan.following(slice_, {spec.parameter: last})
        self._sync.orders.submit(part)
        yield from self._of_order(plan, part)
        self.close(part)

    def _whole(self, plan: ReportPlan, slice_: Slice, refusal: OrderRefused) -> Slice:
        """The whole report, where one that refuses a window may be read so.

        Raises:
            OrderRefused: It may not.
        """
        spec = self.stream.report_spec.windows
        optional = spec is not None and spec.optional
        whole: Slice | None = plan.whole(slice_) if optional else None
        if whole is None:
            raise refusal
        text = f"The report {self.stream.report} is refused with a time range, so all of it is read, in each sync. "
        self._warn([f"{text}Rows that have not changed come again."])
        return whole

    def _split(self, plan: ReportPlan, slice_: Slice, payload: Payload) -> list[Slice] | None:
        """The halves of a window whose result the vendor has cut off, or None."""
        spec = self.stream.report_spec.windows
        if spec is None or not spec.split_at_rows or slice_.window is None:
            return None
        if count_rows(payload, self._sync.options(self.stream.report)) < spec.split_at_rows:
            return None
        two = halves(slice_.window)
        if two is None:
            LOGGER.warning(
                f"Stream {self.stream.name}: the report of {slice_.window.start} holds {spec.split_at_rows:,} rows, "
                f"the vendor's limit "
                "for one report. Rows beyond it were left out by the vendor, and a day is the shortest window."
            )
            self.is_complete = False
            return None
        LOGGER.info(
            f"Stream {self.stream.name}: {slice_.window.start} to {slice_.window.end} holds more rows than the "
            f"vendor gives at a time "
            f"({spec.split_at_rows:,}); asking again in halves."
        )
        return plan.parts(slice_, two)

    def _warn(self, messages: list[str]) -> None:
        """Tell what is odd about the data; what every window has in common is told once."""
        for message in dict.fromkeys(messages):
            if message in self._told:
                continue
            self._told.add(message)
            LOGGER.warning(f"Stream {self.stream.name}: {message}")
