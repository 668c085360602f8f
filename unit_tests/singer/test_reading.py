from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from source_lms_reports.errors import TransientError
from source_lms_reports.jobs.ticket import Window
from source_lms_reports.plan.stream import Slice
from source_lms_reports.singer.messages import SingerEnvelope
from source_lms_reports.singer.outlet import Outlet
from source_lms_reports.singer.reading import StreamReading
from source_lms_reports.sync.bundles import Lines

PATIENCE = 10
WINDOWS = [Window(day, day) for day in ("2024-01-01", "2024-01-02")]


class Reader:
    """A stream of two windows with a record each; the second one may fail."""

    def __init__(self, failure: Exception | None = None, *, is_complete: bool = True) -> None:
        self.stream = SimpleNamespace(name="s", report="r")
        self.is_complete = is_complete
        self.closed: list[Slice] = []
        self.left = False
        self._failure = failure

    def slices(self) -> Iterator[Slice]:
        return (Slice(cast("Any", None), window) for window in WINDOWS)

    def read(self, _: Slice) -> Iterator[Lines]:
        if self.closed and self._failure:
            raise self._failure
        yield Lines((b'{"type":"RECORD"}\n',), 1)

    def close(self, slice_: Slice) -> None:
        self.closed.append(slice_)

    def leave(self) -> None:
        self.left = True


def run(reader: Reader, *, is_over: bool = False) -> tuple[StreamReading, list[str], list[str]]:
    """The reading at its end, the types of the messages, and the states that were asked for."""
    out, ended = io.BytesIO(), threading.Event()
    written: list[str] = []
    keeper = SimpleNamespace(ensure_written=lambda: written.append("state"))
    outlet = Outlet(out)
    outlet.is_over = is_over
    envelope = SingerEnvelope("s", {"type": "object", "properties": {}}, version=1)
    reading = StreamReading(cast("Any", reader), cast("Any", keeper), envelope, outlet)
    reading.start(ended.set)
    assert ended.wait(PATIENCE)
    outlet.close()
    assert reader.left
    return reading, [json.loads(line)["type"] for line in out.getvalue().splitlines()], written


def test_at_the_end_of_all_windows_the_version_is_activated_and_the_state_is_written() -> None:
    reader = Reader()
    reading, types, written = run(reader)
    assert types == ["RECORD", "RECORD", "SCHEMA", "ACTIVATE_VERSION"]
    assert (reading.has_failed, written, len(reader.closed)) == (False, ["state"], 2)


def test_where_the_vendor_gave_less_than_there_is_nothing_is_activated() -> None:
    reading, types, _ = run(Reader(is_complete=False))
    assert types == ["RECORD", "RECORD", "SCHEMA"]
    assert not reading.has_failed


def test_a_failure_is_told_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    reading, types, written = run(Reader(TransientError("It did not come.", "HTTP 500")))
    assert types == ["RECORD"]
    assert (reading.has_failed, written) == (True, [])
    (told,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert told == 'Stream "s" (report r, 2024-01-02 to 2024-01-02): It did not come. (HTTP 500)'


@pytest.mark.parametrize("failure", [ValueError("its file is gone"), TransientError("It did not come.")])
def test_what_fails_while_the_sync_is_taken_down_is_no_news(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    reading, _, _ = run(Reader(failure), is_over=True)
    assert reading.has_failed
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_bug_ends_its_stream_only_and_is_told_with_its_place_in_the_code(caplog: pytest.LogCaptureFixture) -> None:
    reading, _, _ = run(Reader(ValueError("oops")))
    assert reading.has_failed
    (told,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert told.getMessage().startswith('Stream "s": An unexpected error occurred.')
    assert told.exc_info
