"""An Airbyte source for the reporting APIs of learning platforms.

The rooms, each of which imports only what stands below it:

    run         the console script and its start-up
    source      spec, check, discover, read
    cdk/        Airbyte's protocol: entrypoint, partitions, cursor, failures
    singer/     Singer's protocol: the tap; it knows nothing of cdk/
    sync/       one read: shares orders, reads streams, moves the state
    streams/    which streams an account has, and their columns; checks a connection
    api/        speaks to the vendor: order, poll, download
    plan/       which orders a sync needs, over which windows
    records/    rows to typed batches of RECORD lines
    spec/       what a user may set, and what was set
    jobs/       decides what to order, when to look again, when to give up
    files/      bytes to proven tables
    platforms/  one YAML file a vendor, and the model of such a file
    process     how a process ends: signals, exit codes
    times       instants and lengths of time
    redaction   masks secrets
    errors      every failure, by what its reader can do about it
    version     the version

A row goes up: files, records, sync, cdk or singer, stdout. An order goes down: plan, jobs (decides), api (does).
`docs/architecture.md` has the way of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_lms_reports.source import SourceLmsReports

__all__ = ["SourceLmsReports"]


def __getattr__(name: str) -> Any:
    """Import the source on first use, so that `spec` and small modules do not pay for it."""
    if name == "SourceLmsReports":
        from source_lms_reports.source import SourceLmsReports

        return SourceLmsReports
    raise AttributeError(name)
