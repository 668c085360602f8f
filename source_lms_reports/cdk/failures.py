"""Turns the connector's errors into the CDK's, with stream, report and window named."""

from __future__ import annotations

from airbyte_cdk.models import FailureType, StreamDescriptor
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_lms_reports.errors import ReportError
from source_lms_reports.jobs.ticket import Window
from source_lms_reports.redaction import redact
from source_lms_reports.sync.place import place


class StreamFailed(AirbyteTracedException):
    """One stream has failed; the others go on."""

    def __repr__(self) -> str:
        """The user's words: the CDK's closing message is made of them."""
        return self.message or ""


def as_traced(
    error: ReportError, stream: str | None = None, report: str = "", window: Window | None = None
) -> StreamFailed:
    """`error` as the CDK reports it.

    Args:
        error: Any error of the connector.
        stream: The stream it ended, if it ended one.
        report: The vendor's id of the stream's report.
        window: The window that was being read.
    """
    return StreamFailed(
        message=redact(place(stream, report, window) + error.message),
        internal_message=redact(error.detail) if error.detail else None,
        failure_type=FailureType(error.failure_type),
        exception=error,
        stream_descriptor=StreamDescriptor(name=stream) if stream else None,
    )
