"""Reads one stream to its end, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from source_lms_reports.errors import ReportError
from source_lms_reports.plan.stream import Slice
from source_lms_reports.singer.messages import SingerEnvelope
from source_lms_reports.singer.outlet import Outlet
from source_lms_reports.sync.bundles import BackpressureClosed, Lines
from source_lms_reports.sync.keeper import StateKeeper
from source_lms_reports.sync.place import place
from source_lms_reports.sync.reader import StreamReader

LOGGER = logging.getLogger("airbyte")


def with_detail(error: ReportError) -> str:
    """A failure in the user's words, with the engineer's behind them."""
    return f"{error.message} ({error.detail})" if error.detail else error.message


class StreamReading:
    """The reading of one stream. Its last words are a SCHEMA, even if no row came, and the end of earlier versions.

    Args:
        reader: Reads it.
        keeper: Has its state.
        envelope: Its messages.
        outlet: Takes them.
    """

    def __init__(self, reader: StreamReader, keeper: StateKeeper, envelope: SingerEnvelope, outlet: Outlet) -> None:
        self._reader = reader
        self._keeper = keeper
        self._envelope = envelope
        self._outlet = outlet
        self._count = 0
        #: Whether it has not come to its end.
        self.has_failed = True

    @property
    def stream(self) -> str:
        """The stream's name."""
        return self._reader.stream.name

    def start(self, ended: Callable[[], None]) -> None:
        """Read; `ended` is called at the end, good or bad."""
        threading.Thread(target=self._run, args=(ended,), name=self.stream, daemon=True).start()

    def _run(self, ended: Callable[[], None]) -> None:
        try:
            self._read()
        except BackpressureClosed:
            LOGGER.debug(f"Stream {self.stream}: broken off, as nobody takes its records any more.")
        except Exception:
            if not self._outlet.is_over:
                LOGGER.exception(
                    f"{place(self.stream)}An unexpected error occurred. Please report it with these lines."
                )
        finally:
            self._reader.leave()
            ended()

    def _read(self) -> None:
        slice_: Slice | None = None
        try:
            for slice_ in self._reader.slices():
                self._read_slice(slice_)
        except ReportError as error:
            if self._outlet.is_over:
                return
            window = slice_.window if slice_ else None
            where = place(self.stream, self._reader.stream.report, window)
            LOGGER.error(f"{where}{with_detail(error)}")  # noqa: TRY400 - the user's words, not where in the code
        else:
            self._end()
        LOGGER.info(f"Stream {self.stream}: {self._count:,} records.")

    def _read_slice(self, slice_: Slice) -> None:
        for lines in self._reader.read(slice_):
            if isinstance(lines, Lines):
                self._outlet.put(lines)
                self._count += lines.count
        self._reader.close(slice_)

    def _end(self) -> None:
        """All windows were read: the rows of earlier versions may go, if nothing is missing from this one."""
        self._outlet.put(self._envelope.before())
        if self._reader.is_complete:
            self._outlet.put(self._envelope.activation())
        self._keeper.ensure_written()
        self.has_failed = False
