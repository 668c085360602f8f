"""Every failure of the connector, sorted by what its reader can do about it.

    ReportError
    ├── ConfigError              the user mends a setting, a credential or a permission
    │   ├── OrderRefused         the vendor does not take an order with these parameters
    │   └── ForeignReport        what came is another report than the stream's, by its columns
    └── TransientError           the vendor's fault or the network's: run the sync again
        ├── QuotaSpent           the vendor's long quota is used up: run again after the time named
        ├── JobFailed            the vendor failed the report for good (three orders)
        ├── JobOverdue           the vendor is still at it at the deadline; the ticket is kept
        ├── JobGone              the vendor has deleted a finished report while it was read
        ├── RestartNeeded        what has changed since the last sync cannot be had: the stream is read anew
        ├── LinkExpired          a download link died and could not be renewed
        ├── MachineFault         this machine gives no more memory, threads or open files
        │   └── DiskFault        it has no folder that can be written
        │       └── DiskFull     it has no room for a report, until others have been read
        └── PayloadError         what arrived is not a (whole) report
            ├── EmptyPayload
            ├── HtmlPayload
            ├── ErrorPayload
            ├── TruncatedPayload
            │   └── UnendedPayload
            ├── CorruptPayload
            ├── ArchiveLimitExceeded
            └── UnknownFormat

An exception outside this tree is a bug and ends as a ``system_error``.
"""

from __future__ import annotations

import contextlib
import copy
import errno
from collections.abc import Iterator
from typing import ClassVar, Literal

__all__ = [
    "ArchiveLimitExceeded",
    "ConfigError",
    "CorruptPayload",
    "DiskFault",
    "DiskFull",
    "EmptyPayload",
    "ErrorPayload",
    "FailureKind",
    "ForeignReport",
    "HtmlPayload",
    "JobFailed",
    "JobGone",
    "JobOverdue",
    "LinkExpired",
    "MachineFault",
    "OrderRefused",
    "PayloadError",
    "QuotaSpent",
    "ReportError",
    "RestartNeeded",
    "TransientError",
    "TruncatedPayload",
    "UnendedPayload",
    "UnknownFormat",
    "machine_fault",
    "machine_faults",
]

FailureKind = Literal["config_error", "transient_error", "system_error"]


class ReportError(Exception):
    """Root of the tree.

    Args:
        message: The user's words: stream, report and window where there are any, and the next step.
        detail: The engineer's words: status, body, identifiers. Redacted before it is printed.
    """

    failure_type: ClassVar[FailureKind] = "system_error"

    def __init__(self, message: str, detail: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail

    def in_context(self, prefix: str) -> ReportError:
        """The same error with `prefix` (stream, report, window) put before its message."""
        other = copy.copy(self)  # an error of another class may take other arguments
        other.message = f"{prefix}{self.message}"
        other.args = (other.message,)
        other.__cause__ = self.__cause__
        return other


class ConfigError(ReportError):
    """A setting, credential or permission that only the user can mend."""

    failure_type = "config_error"


class OrderRefused(ConfigError):
    """The vendor does not take an order with these parameters (HTTP 400 or 422)."""


class ForeignReport(ConfigError):
    """What came has not the columns of the stream's report."""


class TransientError(ReportError):
    """A fault of the vendor or the network; the next sync takes up where this one stopped."""

    failure_type = "transient_error"


class QuotaSpent(TransientError):
    """The vendor's hourly or daily report quota is used up."""


class JobFailed(TransientError):
    """The vendor ended the report job as failed, as often as we are willing to order it."""


class JobOverdue(TransientError):
    """The report job is still running when the sync's patience ends. Its ticket is kept."""


class JobGone(TransientError):
    """The vendor has deleted a finished report, or a part of it, while it was read: it is to be ordered anew."""


class RestartNeeded(TransientError):
    """The vendor cannot give what has changed since the last sync any more, only the whole of it."""


class LinkExpired(TransientError):
    """The download link is dead and renewing it did not help."""


class MachineFault(TransientError):
    """This machine gives no more memory, threads or open files. It says nothing about what came from the platform."""


class DiskFault(MachineFault):
    """This machine has no room for a report, or no folder that can be written. What is at the platform stays there."""


class DiskFull(DiskFault):
    """There is no room for a report. There may be when other reports that lie on the disk have been read."""


class PayloadError(TransientError):
    """What arrived is not a report, or not a whole one."""


class EmptyPayload(PayloadError):
    """Not one byte arrived."""


class HtmlPayload(PayloadError):
    """A web page (a login or error page) came where a report should be."""


class ErrorPayload(PayloadError):
    """A JSON error body came where a report should be."""


class TruncatedPayload(PayloadError):
    """The report ends early: inside a row, a quoted field, or before its announced length."""


class UnendedPayload(TruncatedPayload):
    """The last row seems whole, but the line end that the vendor always writes is missing: the last cell may be cut.

    The same bytes from a second download are taken as proof that nothing is.
    """


class CorruptPayload(PayloadError):
    """A ZIP, gzip, XLSX or JSON file that cannot be read."""


class ArchiveLimitExceeded(PayloadError):
    """An archive with too many members, too much content, or an absurd ratio."""


class UnknownFormat(PayloadError):
    """Bytes that are neither CSV, XLSX, JSON nor an archive of them."""


# What the machine refuses


def machine_fault(error: BaseException) -> MachineFault | None:
    """What is lacking, if an exception of Python's own tells that the machine refused something; else None."""
    detail = f"{type(error).__name__}: {error}"
    if isinstance(error, MemoryError):
        return MachineFault(
            "This machine gives the connector no more memory. Give it more, or lower `max_concurrent_reports`. A limit "
            "of the address space (ulimit -v) counts much that is never used: better lift it.",
            detail,
        )
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return MachineFault(
            "This machine lets the connector start no more threads. Raise its limit of processes (ulimit -u, or that "
            "of the container) to 256, or lift that of its address space (ulimit -v).",
            detail,
        )
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return MachineFault(
            "This machine lets the connector open no more files. Raise its limit (ulimit -n) to 256.", detail
        )
    return None


@contextlib.contextmanager
def machine_faults() -> Iterator[None]:
    """Around what may run out of something: it is told.

    Raises:
        MachineFault: The machine gives no more of it.
    """
    try:
        yield
    except (MemoryError, OSError, RuntimeError) as error:
        fault = machine_fault(error)
        if fault is None:
            raise
        raise fault from error
