"""The CDK's read with records counted, and failures called by their kind."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.concurrent_source.concurrent_source import ConcurrentSource
from airbyte_cdk.sources.message import InMemoryMessageRepository
from airbyte_cdk.sources.streams.concurrent.cursor import FinalStateCursor
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.partition_generator import PartitionGenerator
from airbyte_cdk.sources.types import Record
from airbyte_cdk.sources.utils.slice_logger import DebugSliceLogger
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_lms_reports.cdk.concurrent_read import read_streams
from source_lms_reports.cdk.failures import as_traced
from source_lms_reports.cdk.line_records import as_record_data
from source_lms_reports.errors import ConfigError, TransientError
from source_lms_reports.sync.bundles import Lines

LOGGER = logging.getLogger("airbyte.test_concurrent_read")


class One(Partition, PartitionGenerator):
    """A stream's only partition: some data, then perhaps a fault."""

    def __init__(self, name: str, data: list[Any], fault: Exception | None = None) -> None:
        self._name, self._data, self._fault = name, data, fault

    def generate(self) -> Iterable[Partition]:
        yield self

    def read(self) -> Iterable[Record]:
        yield from (Record(as_record_data(one), self._name) for one in self._data)
        if self._fault is not None:
            raise self._fault

    def to_slice(self) -> Mapping[str, Any] | None:
        return {}

    def stream_name(self) -> str:
        return self._name

    def __hash__(self) -> int:
        return hash(self._name)


def read(*parts: One) -> None:
    repository = InMemoryMessageRepository()
    source = ConcurrentSource.create(4, 2, LOGGER, DebugSliceLogger(), repository)
    streams = [
        DefaultStream(
            part, part.stream_name(), {}, [], None, LOGGER, FinalStateCursor(part.stream_name(), None, repository)
        )
        for part in parts
    ]
    for _ in read_streams(source, list(streams)):
        pass


def test_the_log_counts_records_of_bundles_and_plain_ones(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, LOGGER.name):
        read(One("bundles", [Lines((b"",), 40), Lines((b"",), 2)]), One("plain", [{"a": 1}, {"a": 2}]), One("none", []))
    for words in ("Read 42 records from bundles", "Read 2 records from plain", "Read 0 records from none"):
        assert words in caplog.text


TRANSIENT, CONFIG = as_traced(TransientError("Later.")), as_traced(ConfigError("Mend it."))


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        ([TRANSIENT], FailureType.transient_error),
        ([TRANSIENT, CONFIG], FailureType.config_error),
        ([CONFIG, KeyError("x"), TRANSIENT], FailureType.system_error),
    ],
)
def test_a_failed_read_has_the_gravest_type_of_its_streams(faults: list[Exception], kind: FailureType) -> None:
    with pytest.raises(AirbyteTracedException) as raised:
        read(*(One(f"s{number}", [], fault) for number, fault in enumerate(faults)), One("good", [{"a": 1}]))
    assert raised.value.failure_type is kind
