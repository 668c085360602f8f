"""The command line's messages: batches written as ready lines, and nothing secret in any other message."""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER
from airbyte_cdk.models import AirbyteMessage, ConfiguredAirbyteCatalog, ConnectorSpecification, Type
from airbyte_cdk.sources import Source
from airbyte_cdk.sources.connector_state_manager import HashableStreamDescriptor

from source_lms_reports.cdk.failures import as_traced
from source_lms_reports.cdk.line_records import lines_in
from source_lms_reports.cdk.masking import mask_logs, masked
from source_lms_reports.errors import ConfigError
from source_lms_reports.process import output_faults
from source_lms_reports.redaction import REDACTOR
from source_lms_reports.spec.secret_values import secrets_of
from source_lms_reports.spec.validation import validate_config
from source_lms_reports.sync.bundles import BUNDLES_UNDER_WAY, Backpressure, Lines

_MEMORY_CHECK_ROWS = 5_000


class ReportEntrypoint(AirbyteEntrypoint):
    """The CDK's entrypoint, for sources that emit rows in batches.

    Args:
        source: The source. If it has an attribute `gate`, rows come in batches through it.
    """

    def __init__(self, source: Source) -> None:
        mask_logs()  # before the CDK's first line
        super().__init__(source)
        self._gate = Backpressure(BUNDLES_UNDER_WAY)
        if hasattr(source, "gate"):
            source.gate = self._gate

    def run(self, parsed_args: argparse.Namespace) -> Iterable[str]:
        """The messages of a command, as lines."""
        try:
            yield from super().run(parsed_args)
        finally:
            self._gate.close()

    @staticmethod
    def set_up_secret_filter(config: Any, connection_specification: Mapping[str, Any]) -> None:
        """Tell our masking the secrets of the configuration.

        Not the CDK's: it takes every text of a secret out of every line, be it a part of a stream's name.
        """
        for secret in secrets_of(config, connection_specification):
            REDACTOR.register(secret)

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: Any) -> None:
        """Refuse a configuration in plain words: the CDK's own would quote regular expressions and values.

        Raises:
            StreamFailed: The configuration does not fit the specification.
        """
        try:
            validate_config(config, source_spec.connectionSpecification)
        except ConfigError as error:
            raise as_traced(error) from error

    def check(self, source_spec: ConnectorSpecification, config: Any) -> Iterable[AirbyteMessage]:
        """The answer of a check. An error that ends it is printed by `run`; the CDK would tell it a second time."""
        for message in super().check(source_spec, config):
            if message.type is not Type.TRACE:
                yield masked(message)

    def read(
        self, source_spec: ConnectorSpecification, config: Any, catalog: ConfiguredAirbyteCatalog, state: list[Any]
    ) -> Iterable[AirbyteMessage]:
        """The messages of a sync that are not batches; batches go to stdout here, in their place among the others."""
        self.set_up_secret_filter(config, source_spec.connectionSpecification)
        if self.source.check_config_against_spec:
            self.validate_connection(source_spec, config)
        counts: defaultdict[HashableStreamDescriptor, float] = defaultdict(float)
        unchecked = 0
        for message in self.source.read(self.logger, config, catalog, state):
            lines = lines_in(message.record.data) if message.type is Type.RECORD and message.record else None
            if lines is None or message.record is None:
                yield self.handle_record_counts(masked(message), counts)
                unchecked += 1
            else:
                self._write(lines)
                counts[HashableStreamDescriptor(name=message.record.stream, namespace=None)] += lines.count
                unchecked += lines.count
            if unchecked >= _MEMORY_CHECK_ROWS:
                unchecked = 0
                yield from self._check_memory(counts)
        for message in self._emit_queued_messages(self.source):
            yield self.handle_record_counts(message, counts)

    def _emit_queued_messages(self, source: Source) -> Iterable[AirbyteMessage]:
        return map(masked, super()._emit_queued_messages(source))

    def _check_memory(self, counts: defaultdict[HashableStreamDescriptor, float]) -> Iterable[AirbyteMessage]:
        """Let the CDK's guard look at the memory; before it ends the sync, what is queued goes out."""
        try:
            self._memory_monitor.check_memory_usage()
        except Exception:
            for message in self._emit_queued_messages(self.source):
                yield self.handle_record_counts(message, counts)
            raise

    def _write(self, lines: Lines) -> None:
        try:
            with output_faults(), PRINT_BUFFER.lock:
                PRINT_BUFFER.flush()
                out = _binary_stdout()
                for text in lines.texts:  # not `writelines`, which goes on writing where SIGTERM has come
                    out.write(text)
        finally:
            self._gate.leave()


def _binary_stdout() -> Any:
    return sys.__stdout__.buffer if sys.__stdout__ is not None else sys.stdout.buffer
