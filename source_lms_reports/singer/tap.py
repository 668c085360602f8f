"""Reads the selected streams, each in a thread of its own, and says what came of it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

from source_lms_reports.api.connect import connect
from source_lms_reports.api.refresh import SettingKeeper
from source_lms_reports.api.transport import Transport
from source_lms_reports.files.spool import Spool
from source_lms_reports.plan.stream import ReportStream, Selected, Wanted
from source_lms_reports.singer.bookmarks import Bookmarks
from source_lms_reports.singer.catalog import COPIES, Choice, choice_of_all, make_catalog, schema_of
from source_lms_reports.singer.messages import SingerEnvelope
from source_lms_reports.singer.outlet import Outlet
from source_lms_reports.singer.reading import StreamReading
from source_lms_reports.streams.catalog import Reports
from source_lms_reports.streams.checking import check
from source_lms_reports.streams.discovery import discover
from source_lms_reports.streams.selection import not_offered, select
from source_lms_reports.sync.progress import Progress
from source_lms_reports.sync.reader import StreamReader
from source_lms_reports.sync.sync import Sync, begin_sync

LOGGER = logging.getLogger("airbyte")


class _Countdown:
    """Calls `zero` when the last of so many threads has ended."""

    def __init__(self, count: int, zero: Callable[[], None]) -> None:
        self._count = count
        self._zero = zero
        self._guard = threading.Lock()

    def one_less(self) -> None:
        """A thread has ended."""
        with self._guard:
            self._count -= 1
            if not self._count:
                self._zero()


class Tap:
    """One connection.

    Args:
        config: The configuration as the user wrote it.
        spool: Where downloads are kept.
        keeper: Takes settings that the vendor renews.

    Raises:
        ConfigError: The configuration does not fit the specification.
    """

    def __init__(self, config: Mapping[str, Any], spool: Spool, keeper: SettingKeeper | None = None) -> None:
        self._spool = spool
        self._settings, self._client = connect(config, Transport(), keeper=keeper)
        self._reports = Reports(self._client.platform, self._settings)

    def check(self) -> None:
        """Prove the configuration.

        Raises:
            ReportError: It does not hold, or the vendor cannot be asked.
        """
        check(self._client, self._reports, self._spool)

    def discover(self) -> dict[str, Any]:
        """The catalog.

        Raises:
            ReportError: The vendor does not tell.
        """
        return make_catalog(discover(self._client, self._reports, self._spool))

    def read(self, choices: Sequence[Choice] | None, saved: Mapping[str, Mapping[str, Any]], out: BinaryIO) -> bool:
        """Write the messages of the chosen streams.

        Args:
            choices: What a catalog selects; None for everything that is offered.
            saved: Each stream's state.
            out: Takes the messages.

        Returns:
            Whether all that was wanted has come.

        Raises:
            ReportError: The vendor does not tell its streams.
            OSError: Nobody takes the messages any more.
        """
        found, missing = self._found(choices, saved)
        ended = threading.Event()
        outlet = Outlet(out, ended.set)
        bookmarks = Bookmarks(saved, outlet.put)
        bookmarks.repeat()
        sync = begin_sync(
            self._settings,
            self._client,
            [(wanted, stream) for _, wanted, stream in found],
            self._spool,
            bookmarks.change,
            progress=Progress(time.monotonic),
        )
        try:
            version = int(time.time() * 1000)
            choosing = {stream.name: choice for choice, _, stream in found}
            readings = [
                self._reading(sync, selected, choosing[selected.stream.name], outlet, version)
                for selected in sync.selected
            ]
            _run(readings, ended)
            outlet.close()
        finally:
            outlet.end()
            sync.stop()
        return self._tell(readings, missing)

    def _found(
        self, choices: Sequence[Choice] | None, saved: Mapping[str, Mapping[str, Any]]
    ) -> tuple[list[tuple[Choice, Wanted, ReportStream]], list[str]]:
        """The chosen streams that are offered, and the names of the others."""
        if choices is None:
            offered = discover(self._client, self._reports, self._spool)
            every = [choice_of_all(stream) for stream in offered]
            return [(one, _wanted(one, saved), stream) for one, stream in zip(every, offered, strict=True)], []
        if not choices:
            LOGGER.warning("The catalog selects no stream, so there is nothing to read.")
        by_name = {choice.name: choice for choice in choices}
        chosen = select(self._client, self._reports, [_wanted(one, saved) for one in by_name.values()])
        found = [(by_name[wanted.name], wanted, stream) for wanted, stream in chosen if stream is not None]
        return found, [wanted.name for wanted, stream in chosen if stream is None]

    def _reading(self, sync: Sync, selected: Selected, choice: Choice, outlet: Outlet, version: int) -> StreamReading:
        stream, keys = selected.stream, choice.key_of(selected.stream)
        if stream.cursor and choice.replication_key not in (stream.cursor, None):
            LOGGER.warning(
                f"Stream {stream.name}: The catalog names the replication key {choice.replication_key}. The stream "
                f"goes by {stream.cursor} all the same."
            )
        envelope = SingerEnvelope(
            stream.name,
            schema_of(stream, keys, choice.schema),
            keys=keys,
            bookmarks=[stream.cursor] if stream.cursor and selected.incremental else [],
            left_out=choice.left_out_of(stream),
            copies=COPIES,
            version=None if selected.incremental else version,
        )
        reader = StreamReader(sync, selected, outlet.gate, envelope)
        return StreamReading(reader, sync.keeper(stream.name), envelope, outlet)

    def _tell(self, readings: Sequence[StreamReading], missing: Sequence[str]) -> bool:
        if missing:
            LOGGER.error(not_offered(missing, self._client.platform.title).message)
        failed = [reading.stream for reading in readings if reading.has_failed]
        if failed:
            LOGGER.error(
                f"{len(failed)} of {len(readings)} streams failed: {', '.join(failed)}. The last STATE holds what was "
                "read; the next run goes on from there."
            )
        return not failed and not missing


def _wanted(choice: Choice, saved: Mapping[str, Mapping[str, Any]]) -> Wanted:
    return Wanted(
        name=choice.name,
        schema=choice.schema,
        cursor_field=choice.replication_key,
        incremental=not choice.is_full,
        state=saved.get(choice.name, {}),
    )


def _run(readings: Sequence[StreamReading], ended: threading.Event) -> None:
    """Read all streams at once: which of them reads is decided by what the vendor has ready."""
    if not readings:
        return
    left = _Countdown(len(readings), ended.set)
    for reading in readings:
        reading.start(left.one_less)
    ended.wait()
