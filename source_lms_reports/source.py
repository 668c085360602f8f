"""The source: the shared manifest, the chosen platform's file, and the four commands."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    ConfiguredAirbyteCatalog,
    FailureType,
    Status,
    SyncMode,
)
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.cursor import CursorField
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_lms_reports.api.client import Client
from source_lms_reports.api.connect import connect
from source_lms_reports.api.transport import Transport
from source_lms_reports.cdk import inputs
from source_lms_reports.cdk.concurrent_read import read_streams
from source_lms_reports.cdk.control import ControlKeeper
from source_lms_reports.cdk.cursor import ReportCursor, state_message
from source_lms_reports.cdk.failures import as_traced
from source_lms_reports.cdk.message_repository import OrderedMessageRepository
from source_lms_reports.cdk.partitions import ReportPartitions
from source_lms_reports.errors import ReportError
from source_lms_reports.files.spool import Spool
from source_lms_reports.plan.stream import Selected, Wanted
from source_lms_reports.spec.input_file import read_config, require_once
from source_lms_reports.spec.manifest import assemble_manifest
from source_lms_reports.spec.settings import Settings
from source_lms_reports.streams.catalog import Reports
from source_lms_reports.streams.checking import check
from source_lms_reports.streams.discovery import discover
from source_lms_reports.streams.selection import not_offered, select
from source_lms_reports.sync.bundles import Backpressure
from source_lms_reports.sync.reader import StreamReader
from source_lms_reports.sync.sync import Sync, begin_sync
from source_lms_reports.times import now_utc


class SourceLmsReports(ConcurrentDeclarativeSource):
    """Reads the reports of one learning platform.

    Args:
        catalog: The streams to read, if known.
        config: The configuration; may come later, through `configure`.
        state: Where the last sync ended, if known.
    """

    def __init__(
        self,
        catalog: ConfiguredAirbyteCatalog | None = None,
        config: Mapping[str, Any] | None = None,
        state: list[AirbyteStateMessage] | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("source_config", None)
        super().__init__(catalog, config, state, source_config=assemble_manifest(), **kwargs)
        #: Set by an entrypoint that takes rows in batches; without it rows are plain records.
        self.gate: Backpressure | None = None
        self._spool = Spool()
        self._states = OrderedMessageRepository(self._concurrent_source._queue, self._message_repository)
        self._transport: Transport | None = None
        self._keeper: ControlKeeper | None = None

    def configure(self, config: Mapping[str, Any], temp_dir: str) -> Mapping[str, Any]:
        """Take the configuration, if it was not known before.

        The CDK would keep a copy on disk; it holds secrets, and a process that is killed would leave them there.
        """
        if not self._config:
            self._config = self._migrate_and_transform_config(None, config) or {}
            self._config_for_validation = self._config
        return self._config or config

    @staticmethod
    def read_config(config_path: str) -> MutableMapping[str, Any]:
        """The configuration in a file."""
        return read_config(config_path)

    @classmethod
    def read_catalog(cls, catalog_path: str) -> ConfiguredAirbyteCatalog:
        """The configured catalog in a file; see `cdk.inputs`, as for the next one."""
        return inputs.read_catalog(catalog_path)

    @classmethod
    def read_state(cls, state_path: str) -> list[AirbyteStateMessage]:
        """The states in a file."""
        return inputs.read_state(state_path)

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Whether the platform can be reached with this configuration; if not, what to mend."""
        try:
            settings, client = self._connect(config)
            check(client, Reports(client.platform, settings), self._spool)
        except ReportError as error:
            if error.failure_type != FailureType.config_error.value:
                raise as_traced(error) from error
            return AirbyteConnectionStatus(status=Status.FAILED, message=as_traced(error).message)
        return AirbyteConnectionStatus(status=Status.SUCCEEDED)

    def discover(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteCatalog:
        """The streams that the platform offers, with their columns."""
        return AirbyteCatalog(streams=[stream.as_airbyte_stream() for stream in self.streams(config)])

    def streams(self, config: Mapping[str, Any]) -> list[AbstractStream]:
        """The streams that the platform offers.

        Raises:
            StreamFailed: The platform does not tell.
        """
        try:
            settings, client = self._connect(config)
            found = discover(client, Reports(client.platform, settings), self._spool)
            now = now_utc(client.vendor_now())
            sync = Sync(settings, client, list(map(Selected, found)), self._spool, self._write_state, now)
            return self._as_streams(sync)
        except ReportError as error:
            raise as_traced(error) from error

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """The records, states and logs of one sync."""
        try:
            settings, client = self._connect(config)
            chosen = select(client, Reports(client.platform, settings), _wanted(catalog, state))
            found = [(wanted, stream) for wanted, stream in chosen if stream is not None]
            missing = [wanted.name for wanted, stream in chosen if stream is None]
            sync = begin_sync(settings, client, found, self._spool, self._write_state)
        except ReportError as error:
            raise as_traced(error) from error
        streams = self._as_streams(sync)
        failure: AirbyteTracedException | None = None
        if streams:
            try:
                yield from read_streams(self._concurrent_source, streams)
            except AirbyteTracedException as error:
                failure = error
            finally:
                sync.stop()
        if missing:
            raise as_traced(not_offered(missing, client.platform.title)) from failure
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Remove what is left on disk."""
        self._spool.remove()

    def _connect(self, config: Mapping[str, Any]) -> tuple[Settings, Client]:
        self._transport = self._transport or Transport()
        given = self._config or config
        if self._keeper is None or self._keeper.given != given:
            self._keeper = ControlKeeper(given)
        return connect(self._keeper.config, self._transport, keeper=self._keeper)

    def _as_streams(self, sync: Sync) -> list[AbstractStream]:
        return [self._as_stream(sync, one) for one in sync.selected]

    def _as_stream(self, sync: Sync, one: Selected) -> DefaultStream:
        stream = one.stream
        return DefaultStream(
            partition_generator=ReportPartitions(StreamReader(sync, one, self.gate)),
            name=stream.name,
            json_schema=stream.schema,
            primary_key=stream.part.primary_key,
            cursor_field=CursorField(stream.cursor) if stream.cursor else None,
            logger=logging.getLogger(f"airbyte.{stream.name}"),
            cursor=ReportCursor(sync.keeper(stream.name)),
        )

    def _write_state(self, stream: str, state: Mapping[str, Any]) -> None:
        self._states.emit_message(state_message(stream, state))


def _wanted(catalog: ConfiguredAirbyteCatalog, state: list[AirbyteStateMessage] | None) -> list[Wanted]:
    """The streams of a catalog with their states.

    Raises:
        ConfigError: A stream stands in it twice; the CDK would wait for the second one for ever.
    """
    require_once([one.stream.name for one in catalog.streams])
    states = ConnectorStateManager(state=state)
    return [
        Wanted(
            name=one.stream.name,
            schema=one.stream.json_schema or {},
            cursor_field=one.cursor_field[0] if one.cursor_field else None,
            incremental=one.sync_mode is SyncMode.incremental,
            state=states.get_stream_state(one.stream.name, None),
        )
        for one in catalog.streams
    ]
