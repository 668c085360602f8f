"""Finds out which streams an account has, and what their columns are."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Mapping
from typing import Any

from source_lms_reports.api.client import Client
from source_lms_reports.api.download import download, download_beginning
from source_lms_reports.api.refusal import Refusal, refusals_as_errors
from source_lms_reports.errors import ReportError
from source_lms_reports.files.opening import open_tables
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.payload import Payload
from source_lms_reports.files.spool import Spool
from source_lms_reports.plan.stream import ReportStream
from source_lms_reports.platforms.model import ListingSpec
from source_lms_reports.platforms.paths import value_at
from source_lms_reports.streams.catalog import Reports
from source_lms_reports.streams.sampling import Sampled, Sampler

LOGGER = logging.getLogger("airbyte")
_HEADER_BYTES = 1024 * 1024
_TEXT = {"type": ["null", "string"]}


def discover(client: Client, reports: Reports, spool: Spool) -> list[ReportStream]:
    """The streams of a connection.

    Args:
        client: The vendor's API.
        reports: The connection's reports.
        spool: Where samples are kept for a moment.

    Raises:
        ReportError: The vendor does not tell.
    """
    client.patience = client.patience.shortened()
    declared = reports.declared()
    listing = client.platform.listing
    if listing is None:
        chosen = [stream for report in reports.restrict(list(declared)) for stream in declared[report]]
        return _with_samples(client, reports, chosen, spool)
    with refusals_as_errors():
        listed = dict(reports.listed(client, "list"))
    wanted = reports.restrict(list(listed))
    always = [report for report, streams in declared.items() if streams[0].report_spec.request]
    known = [stream for report in (*wanted, *always) for stream in declared.get(report, [])]
    unknown = [report for report in wanted if report not in declared]
    if listing.sample == "order":
        return _unique(known + _from_order(client, reports, listing, unknown, spool))
    return _unique(known + [_from_last_run(client, reports, listing, one, listed[one], spool) for one in unknown])


def _with_samples(client: Client, reports: Reports, streams: list[ReportStream], spool: Spool) -> list[ReportStream]:
    """The streams; where the platform file does not know all columns, with those of a sample."""
    unknown = [stream for stream in streams if stream.report_spec.sample]
    sampled = Sampler(client, reports.settings, spool).sample(unknown)
    return [_widened(stream, sampled.get(stream.report, [])) for stream in streams]


def _widened(stream: ReportStream, tables: list[Sampled]) -> ReportStream:
    known = stream.schema.get("properties", {})
    found = {name: one for table in tables for name, one in table.properties.items()}
    return dataclasses.replace(stream, schema={**stream.schema, "properties": {**found, **known}})


def _from_order(
    client: Client, reports: Reports, listing: ListingSpec, unknown: list[str], spool: Spool
) -> list[ReportStream]:
    """Streams of listed reports: one a sheet, or one for a report of a single table."""
    plain = {report: reports.unlisted_stream(listing, report) for report in unknown}
    sampled = Sampler(client, reports.settings, spool).sample(list(plain.values()))
    found: list[ReportStream] = []
    for report, stream in plain.items():
        tables = sampled.get(report, [])
        if len(tables) > 1:
            parts = [reports.unlisted_stream(listing, report, one.name or "", one.properties) for one in tables]
            found.extend(parts)
        elif tables:
            found.append(reports.unlisted_stream(listing, report, properties=tables[0].properties))
        else:
            found.append(stream)
    return found


def _unique(streams: list[ReportStream]) -> list[ReportStream]:
    """The streams without those whose name another one has already, each of which is named."""
    found: dict[str, ReportStream] = {}
    for stream in streams:
        if stream.name in found:
            LOGGER.warning(
                f"The reports {found[stream.name].report} and {stream.report} would both be called "
                f"'{stream.name}'; the second is left out."
            )
        else:
            found[stream.name] = stream
    return list(found.values())


def _from_last_run(
    client: Client, reports: Reports, listing: ListingSpec, report: str, item: Any, spool: Spool
) -> ReportStream:
    """A report that only this institution has: its columns are those of the file that its last run made."""
    job, run = client.platform.job, value_at(item, listing.last_run)
    link = value_at(run, job.links)
    properties: Mapping[str, Any] = {}
    if isinstance(link, str) and job.statuses.get(str(value_at(run, job.status))) == "ready":
        options = ReadOptions(delimiters=listing.template.delimiters or client.platform.files.delimiters)
        try:
            properties = dict.fromkeys(_header(client, link, spool, options), _TEXT)
        except (ReportError, Refusal) as error:
            LOGGER.warning(
                f"The columns of report {report} cannot be read from its last run ({error}); its schema is left open."
            )
    else:
        LOGGER.warning(f"Report {report} has no finished run to read its columns from; its schema is left open.")
    return reports.unlisted_stream(listing, report, properties=properties)


def _header(client: Client, link: str, spool: Spool, options: ReadOptions) -> list[str]:
    """The columns of a file, from its beginning where that is enough."""
    opened = functools.partial(client.opened, link)
    part = client.patience.through(lambda: download_beginning(opened, spool, client.vendor_now, _HEADER_BYTES))
    if part.path.read_bytes()[:2] == b"PK":
        part.path.unlink()
        part = client.patience.through(lambda: download(opened, spool, client.vendor_now, _silent))
    payload = Payload((part,))
    try:
        return list(dict.fromkeys(name for table in open_tables(payload, options) for name in table.columns))
    finally:
        payload.remove()


def _silent(*_: object) -> None:
    """Tell nobody about a sample's progress."""
