"""The CDK's concurrent read, with records counted where a message holds many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airbyte_cdk.models import AirbyteMessage
from airbyte_cdk.sources.concurrent_source.concurrent_read_processor import ConcurrentReadProcessor
from airbyte_cdk.sources.concurrent_source.concurrent_source import ConcurrentSource
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.partition_enqueuer import PartitionEnqueuer
from airbyte_cdk.sources.streams.concurrent.partition_reader import PartitionLogger, PartitionReader
from airbyte_cdk.sources.types import Record

from source_lms_reports.cdk.line_records import lines_in


class _RecordCountingProcessor(ConcurrentReadProcessor):
    """Counts the records of a bundle; the CDK counts messages, and says so in the log as if they were records."""

    def on_record(self, record: Record) -> Iterable[AirbyteMessage]:
        lines = lines_in(record.data)
        yield from super().on_record(record)
        if lines is not None:
            self._record_counter[record.stream_name] += lines.count - 1


def read_streams(source: ConcurrentSource, streams: list[AbstractStream]) -> Iterator[AirbyteMessage]:
    """The messages of a read: what `ConcurrentSource.read` does, with another processor.

    Args:
        source: The threads and the queue.
        streams: What is read.
    """
    source._logger.info("Starting syncing")
    logged = PartitionLogger(source._slice_logger, source._logger, source._message_repository)
    processor = _RecordCountingProcessor(
        streams,
        PartitionEnqueuer(source._queue, source._threadpool),
        source._threadpool,
        source._logger,
        source._slice_logger,
        source._message_repository,
        PartitionReader(source._queue, logged),
        max_concurrent_partition_generators=source._initial_number_partitions_to_generate,
    )
    yield from source._submit_initial_partition_generators(processor)
    yield from source._consume_from_queue(source._queue, processor)
    source._threadpool.check_for_errors_and_shutdown()
    source._logger.info("Finished syncing")
