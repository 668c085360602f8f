"""Masks secrets in the texts for people that Airbyte messages hold, and in nothing else of them."""

from __future__ import annotations

import dataclasses
import json
import logging
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import AirbyteLogFormatter, is_platform_debug_log_enabled
from airbyte_cdk.models import AirbyteLogMessage, AirbyteMessage, Level, Type

from source_lms_reports.redaction import redact


def masked(message: AirbyteMessage) -> AirbyteMessage:
    """`message` with its texts for people masked: a log, an error, the answer of a check.

    Records, states, catalogs, stream statuses and configurations are for programs and stay as they are.
    """
    if message.type is Type.LOG and message.log is not None:
        return dataclasses.replace(message, log=_with_masked(message.log, "message", "stack_trace"))
    if message.type is Type.CONNECTION_STATUS and message.connectionStatus is not None:
        return dataclasses.replace(message, connectionStatus=_with_masked(message.connectionStatus, "message"))
    if message.type is Type.TRACE and message.trace is not None and message.trace.error is not None:
        error = _with_masked(message.trace.error, "message", "internal_message", "stack_trace")
        return dataclasses.replace(message, trace=dataclasses.replace(message.trace, error=error))
    return message


def _with_masked(part: Any, *fields: str) -> Any:
    texts = {name: getattr(part, name) for name in fields}
    return dataclasses.replace(part, **{name: redact(text) for name, text in texts.items() if text is not None})


def line_of(message: AirbyteMessage) -> str:
    """`message` as a line of JSON, masked and without the line end."""
    return AirbyteEntrypoint.airbyte_message_to_string(masked(message))


class MaskingFormatter(AirbyteLogFormatter):
    """Log records as lines of JSON without secrets, whatever stands in them."""

    def format(self, record: logging.LogRecord) -> str:
        """One log line."""
        level = cast("Level", self.level_mapping.get(record.levelno, Level.INFO))
        if level is not Level.DEBUG:
            return _log(level, logging.Formatter.format(self, record))
        extras = {name: redact(text) for name, text in self.extract_extra_args_from_record(record).items()}
        if is_platform_debug_log_enabled():
            return _log(level, f"{record.getMessage()} ///\nExtra logs: {json.dumps(extras)}")
        return json.dumps({"type": "DEBUG", "message": redact(record.getMessage()), "data": extras})


def _log(level: Level, text: str) -> str:
    return line_of(AirbyteMessage(type=Type.LOG, log=AirbyteLogMessage(level=level, message=text)))


def mask_logs() -> None:
    """Make every handler of the root logger mask secrets, and be silent where stdout takes nothing any more."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(MaskingFormatter("%(message)s"))
        handler.handleError = partial(_not_written, handler.handleError)  # type: ignore[method-assign]


def _not_written(tell: Callable[[logging.LogRecord], None], record: logging.LogRecord) -> None:
    """What keeps a log line from stdout keeps the next message from it too, and is told then; a bug is told here."""
    if not isinstance(sys.exc_info()[1], OSError):
        tell(record)
