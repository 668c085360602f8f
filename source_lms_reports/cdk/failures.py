"""Turns the connector's errors into the CDK's, with stream, report and window named."""

from __future__ import annotations

from airbyte_cdk.models import FailureType, StreamDescriptor
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_lms_reports.errors import ReportError
from source_lms_reports.jobs.ticket import Window
from source_lms_reports.redaction import redact


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
        message=redact(where(stream, report, window) + error.message),
        internal_message=redact(error.detail) if error.detail else None,
        failure_type=FailureType(error.failure_type),
        exception=error,
        stream_descriptor=StreamDescriptor(name=stream) if stream else None,
    )


def where(stream: str | None, report: str = "", window: Window | None = None) -> str:
    """`Stream "x" (report y, 2024-01-01 to 2024-01-14): ` as far as it is known."""
    if stream is None:
        return ""
    facts = ", ".join(filter(None, [f"report {report}" if report else "", str(window or "")]))
    named = f" ({facts})" if facts else ""
    return f'Stream "{stream}"{named}: '
