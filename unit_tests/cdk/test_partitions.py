"""A stream's windows as the CDK reads them: one after the other, and the failure of one named."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from source_lms_reports.cdk.failures import StreamFailed
from source_lms_reports.cdk.line_records import lines_in
from source_lms_reports.cdk.partitions import ReportPartition, ReportPartitions
from source_lms_reports.errors import EmptyPayload, ReportError
from source_lms_reports.jobs.ticket import Order, Window
from source_lms_reports.plan.stream import Slice
from source_lms_reports.sync.bundles import Lines
from source_lms_reports.sync.reader import StreamReader

PATIENCE = 20.0
FIRST, SECOND = (Slice(Order("r", {"day": day}), Window(day, day)) for day in ("2026-01-01", "2026-01-02"))


class Reader:
    """A stream of two windows.

    Args:
        rows: What each window holds; an error is raised.
    """

    stream = SimpleNamespace(name="s", report="r")

    def __init__(self, *rows: Any) -> None:
        self.rows = rows
        self.closed: list[Slice] = []
        self.left = 0

    def slices(self) -> Iterator[Slice]:
        for slice_ in (FIRST, SECOND):
            yield slice_
            if slice_ not in self.closed:
                return

    def read(self, _: Slice) -> Iterator[Any]:
        for row in self.rows:
            if isinstance(row, Exception):
                raise row
            yield row

    def close(self, slice_: Slice) -> None:
        self.closed.append(slice_)

    def leave(self) -> None:
        self.left += 1


def partitions(reader: Reader) -> ReportPartitions:
    return ReportPartitions(cast("StreamReader", reader))


def test_the_next_window_waits_for_the_end_of_the_one_before() -> None:
    reader, given = Reader({"a": 1}), list[ReportPartition]()
    arrived = threading.Semaphore(0)

    def generate() -> None:
        for partition in partitions(reader).generate():
            given.append(cast("ReportPartition", partition))
            arrived.release()

    generator = threading.Thread(target=generate, daemon=True)
    generator.start()
    for number, slice_ in enumerate((FIRST, SECOND), start=1):
        assert arrived.acquire(timeout=PATIENCE)
        assert len(given) == number  # the other one is not there yet
        assert given[-1].to_slice() == {"start": slice_.window.start, "end": slice_.window.end}  # type: ignore[union-attr]
        assert [record.data for record in given[-1].read()] == [{"a": 1}]
        given[-1].close()
    generator.join(PATIENCE)
    assert (reader.closed, reader.left) == ([FIRST, SECOND], 1)


@pytest.mark.parametrize("error", [EmptyPayload("Nothing came."), KeyError("a bug")])
def test_a_window_that_fails_is_the_last_one(error: Exception) -> None:
    reader = Reader(error)
    given = partitions(reader).generate()
    partition = next(iter(given))
    with pytest.raises((StreamFailed, KeyError)):
        list(partition.read())
    assert list(given) == []
    assert (reader.closed, reader.left) == ([], 1)


def test_a_failure_names_stream_report_and_window() -> None:
    partition = ReportPartition(cast("StreamReader", Reader(EmptyPayload("Nothing came."))), FIRST)
    with pytest.raises(StreamFailed) as caught:
        list(partition.read())
    assert caught.value.message == 'Stream "s" (report r, 2026-01-01 to 2026-01-01): Nothing came.'


def test_windows_that_cannot_be_told_are_a_failure_of_the_stream() -> None:
    reader = Reader()

    def slices() -> Iterator[Slice]:
        if not reader.left:
            raise ReportError("The terms cannot be listed.")
        yield FIRST

    reader.slices = slices  # type: ignore[method-assign]
    with pytest.raises(StreamFailed, match="The terms cannot be listed"):
        list(partitions(reader).generate())
    assert reader.left == 1


def test_a_bundle_of_lines_is_one_record() -> None:
    lines = Lines((b'{"type":"RECORD"}\n',), 1)
    partition = ReportPartition(cast("StreamReader", Reader(lines)), FIRST)
    (record,) = partition.read()
    assert lines_in(record.data) is lines


def test_a_partition_is_known_by_its_stream_and_order() -> None:
    reader = cast("StreamReader", Reader())
    assert hash(ReportPartition(reader, FIRST)) == hash(ReportPartition(reader, FIRST))
    assert hash(ReportPartition(reader, FIRST)) != hash(ReportPartition(reader, SECOND))
