"""Hands a renewed configuration to the platform that runs the connector, as a CONTROL message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airbyte_cdk.config_observation import create_connector_config_control_message
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER

from source_lms_reports.api.refresh import SettingKeeper
from source_lms_reports.platforms.paths import value_at
from source_lms_reports.spec.renewed import with_setting


class ControlKeeper(SettingKeeper):
    """Writes the configuration to stdout, at once and whatever waits for its turn there.

    Args:
        config: As the user wrote it.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.given = config
        #: As it was handed out last.
        self.config = config

    def latest(self, path: Sequence[str], known: str) -> str:
        """The value that was handed out last."""
        return str(value_at(self.config, path)) if self.config is not self.given else known

    def require_room(self, path: Sequence[str]) -> None:
        """Nothing: stdout is there, or nobody would have started this."""

    def keep(self, path: Sequence[str], value: str) -> None:
        """Print the configuration with the new value, and see it off.

        Raises:
            OSError: Nobody reads any more.
        """
        self.config = with_setting(self.config, path, value)
        message = create_connector_config_control_message(dict(self.config))
        with PRINT_BUFFER.lock:
            PRINT_BUFFER.write(f"{AirbyteEntrypoint.airbyte_message_to_string(message)}\n")
            PRINT_BUFFER.flush()
