"""The CDK's concurrent read, with records counted where a message holds many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airbyte_cdk.models import AirbyteMessage, FailureType
from airbyte_cdk.sources.concurrent_source.concurrent_read_processor import ConcurrentReadProcessor
from airbyte_cdk.sources.concurrent_source.concurrent_source import ConcurrentSource
from airbyte_cdk.sources.concurrent_source.stream_thread_exception import StreamThreadException
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.partition_enqueuer import PartitionEnqueuer
from airbyte_cdk.sources.streams.concurrent.partition_reader import PartitionLogger, PartitionReader
from airbyte_cdk.sources.types import Record
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_lms_reports.cdk.line_records import lines_in

#: The gravest first.
_GRAVITY = (FailureType.system_error, FailureType.config_error, FailureType.transient_error)


class _Processor(ConcurrentReadProcessor):
    """Counts the records of a bundle, and notes whose fault failures are.

    The CDK counts messages, and says so in the log as if they were records; and it calls every failed sync a
    configuration error.
    """

    failures: frozenset[FailureType] = frozenset()

    def on_exception(self, exception: StreamThreadException) -> Iterable[AirbyteMessage]:
        """See the CDK."""
        kind = getattr(exception.exception, "failure_type", FailureType.system_error)
        self.failures |= {kind}
        yield from super().on_exception(exception)

    def on_record(self, record: Record) -> Iterable[AirbyteMessage]:
        """See the CDK."""
        lines = lines_in(record.data)
        yield from super().on_record(record)
        if lines is not None:
            self._record_counter[record.stream_name] += lines.count - 1


def read_streams(source: ConcurrentSource, streams: list[AbstractStream]) -> Iterator[AirbyteMessage]:
    """The messages of a read: what `ConcurrentSource.read` does, with another processor.

    Args:
        source: The threads and the queue.
        streams: What is read.

    Raises:
        AirbyteTracedException: Streams have failed; it has the gravest of their types.
    """
    source._logger.info("Starting syncing")
    logged = PartitionLogger(source._slice_logger, source._logger, source._message_repository)
    processor = _Processor(
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
    try:
        yield from source._consume_from_queue(source._queue, processor)
    except AirbyteTracedException as error:
        error.failure_type = next((kind for kind in _GRAVITY if kind in processor.failures), error.failure_type)
        raise
    source._threadpool.check_for_errors_and_shutdown()
    source._logger.info("Finished syncing")
