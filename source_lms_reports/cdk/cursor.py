"""The CDK's view of a stream's state."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from airbyte_cdk.models import AirbyteMessage
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import Record

from source_lms_reports.cdk.partitions import ReportPartition
from source_lms_reports.sync.keeper import StateKeeper


def state_message(stream: str, state: Mapping[str, Any]) -> AirbyteMessage:
    """The STATE message of `stream`."""
    states = ConnectorStateManager()
    states.update_state_for_stream(stream, None, _or_none(state))
    return states.create_state_message(stream, None)


class ReportCursor(Cursor):
    """Lets the CDK close partitions and see the state; what the state says is not decided here.

    Args:
        keeper: The stream's state.
    """

    def __init__(self, keeper: StateKeeper) -> None:
        self._keeper = keeper

    @property
    def state(self) -> MutableMapping[str, Any]:
        """The stream's state as it would be written now."""
        return _or_none(self._keeper.as_json())

    def observe(self, record: Record) -> None:
        """Nothing: what was emitted says nothing about what was read to the end."""

    def close_partition(self, partition: Partition) -> None:
        """Let the partition say what was read to the end."""
        if isinstance(partition, ReportPartition):
            partition.close()

    def ensure_at_least_one_state_emitted(self) -> None:
        """Write the state at the end of the stream, unless just that was written last."""
        self._keeper.ensure_written()

    def should_be_synced(self, record: Record) -> bool:
        """Always: rows are filtered before they become records."""
        return True


def _or_none(state: Mapping[str, Any]) -> MutableMapping[str, Any]:
    """A state, or the CDK's word for a stream without one."""
    return dict(state) or {NO_CURSOR_STATE_KEY: True}
