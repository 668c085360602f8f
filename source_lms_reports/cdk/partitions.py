"""A stream's windows as partitions of the CDK, read strictly one after the other."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator
from airbyte_cdk.sources.types import Record

from source_lms_reports.cdk.failures import as_traced
from source_lms_reports.cdk.line_records import as_record_data
from source_lms_reports.errors import ReportError
from source_lms_reports.plan.stream import Slice
from source_lms_reports.sync.reader import StreamReader


class ReportPartition(Partition):
    """One order of a stream.

    Args:
        reader: Reads the stream.
        slice_: The order.
    """

    def __init__(self, reader: StreamReader, slice_: Slice) -> None:
        self._reader = reader
        self._slice = slice_
        self._ended = threading.Event()

    def read(self) -> Iterable[Record]:
        """The records of the order, or batches of them.

        Raises:
            StreamFailed: The report could not be had, or not to its end.
        """
        try:
            yield from self._records()
        except BaseException:
            self._ended.set()
            raise

    def _records(self) -> Iterator[Record]:
        try:
            for data in self._reader.read(self._slice):
                yield Record(data=as_record_data(data), stream_name=self.stream_name())
        except ReportError as error:
            stream = self._reader.stream
            raise as_traced(error, stream.name, stream.report, self._slice.window) from error

    def close(self) -> None:
        """All records are handed over: the window is read."""
        try:
            self._reader.close(self._slice)
        finally:
            self._ended.set()

    def wait(self) -> None:
        """Wait until the partition has ended, well or not."""
        self._ended.wait()

    def to_slice(self) -> Mapping[str, Any] | None:
        """The window, for logs."""
        window = self._slice.window
        return {"start": window.start, "end": window.end} if window else {}

    def stream_name(self) -> str:
        """The stream's name."""
        return self._reader.stream.name

    def __hash__(self) -> int:
        """By stream and order."""
        return hash((self.stream_name(), self._slice.order.identity))


class ReportPartitions(PartitionGenerator):
    """Gives out a stream's partitions: the next one when the one before has ended.

    Args:
        reader: Reads the stream.
    """

    def __init__(self, reader: StreamReader) -> None:
        self._reader = reader

    def generate(self) -> Iterable[Partition]:
        """The partitions, in the order of time.

        Raises:
            StreamFailed: They cannot be told.
        """
        try:
            for slice_ in self._reader.slices():
                partition = ReportPartition(self._reader, slice_)
                yield partition
                partition.wait()
        except ReportError as error:
            raise as_traced(error, self._reader.stream.name, self._reader.stream.report) from error
        finally:
            self._reader.leave()
