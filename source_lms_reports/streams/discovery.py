"""Finds out which streams an account has, and what their columns are."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from source_lms_reports.api.client import Client
from source_lms_reports.api.download import download
from source_lms_reports.api.refusal import Refusal, refusals_as_errors
from source_lms_reports.api.setup import flatten_of
from source_lms_reports.errors import ReportError
from source_lms_reports.files.opening import open_tables
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.payload import Payload
from source_lms_reports.files.spool import Spool
from source_lms_reports.plan.stream import ReportStream
from source_lms_reports.platforms.model import ListingSpec, SchemaSpec
from source_lms_reports.platforms.paths import value_at
from source_lms_reports.spec.settings import require_past_start
from source_lms_reports.streams.catalog import Reports, listed_name
from source_lms_reports.streams.naming import Origin, named
from source_lms_reports.streams.sampling import Sampled, Sampler
from source_lms_reports.streams.schema_columns import columns_of
from source_lms_reports.times import now_utc

LOGGER = logging.getLogger("airbyte")
_HEADER_BYTES = 1024 * 1024
_NOT_FOUND = 404
_SCHEMAS_AT_A_TIME = 4
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
    require_past_start(reports.settings, now_utc(client.vendor_now()))
    if listing is None and client.platform.ready is None:
        chosen = [stream for report in reports.restrict(list(declared)) for stream in declared[report]]
        return _with_samples(client, reports, chosen, spool)
    with refusals_as_errors():
        offered = reports.offered(client, "list")
    wanted = reports.restrict(offered.names)
    ready = [offered.ready[name] for name in wanted if name in offered.ready]
    if listing is None:
        return ready
    listed = offered.listed
    always = [report for report, streams in declared.items() if streams[0].report_spec.request]
    known = [
        stream
        for report in (*wanted, *always)
        for stream in declared.get(report, [])
        if _is_there(stream, listing, listed.get(report))
    ]
    unknown = [report for report in wanted if report not in declared and report in listed]
    if listing.sample == "order":
        columns = _from_orders(client, reports, listing, unknown, spool)
    elif listing.schema is not None:
        columns = _from_schemas(client, listing.schema, unknown)
    elif listing.sample == "none":
        columns = {Origin(one): {} for one in unknown}
    else:
        columns = {Origin(one): _from_last_run(client, listing, one, listed[one], spool) for one in unknown}
    known += ready
    return known + _named_streams(reports, columns, [stream.name for stream in known], listed)


def _named_streams(
    reports: Reports,
    columns: Mapping[Origin, Mapping[str, Any]],
    taken: Sequence[str],
    listed: Mapping[str, Any],
) -> list[ReportStream]:
    """The streams of listed reports, each under a name of its own."""
    listing = reports.platform.listing
    if listing is None:
        return []
    found: dict[Origin, ReportStream] = {}
    for one in named(columns, functools.partial(listed_name, reports.platform), taken):
        if one.rival:
            LOGGER.warning(
                f"{one.rival[0].upper()}{one.rival[1:]} and {one.origin} would have one name; the second is called "
                f"'{one.name}'."
            )
        found[one.origin] = reports.unlisted_stream(
            listing, one.name, one.origin, columns[one.origin], listed.get(one.origin.report)
        )
    return [found[origin] for origin in columns]


def _is_there(stream: ReportStream, listing: ListingSpec, item: Any) -> bool:
    """Whether the account has the output that feeds a stream, where that depends on the account."""
    named = value_at(item, listing.outputs)
    return not stream.part.if_listed or (isinstance(named, Mapping) and stream.part.output in named)


def _with_samples(client: Client, reports: Reports, streams: list[ReportStream], spool: Spool) -> list[ReportStream]:
    """The streams; where the platform file does not know all columns, with those of a sample."""
    unknown = [stream for stream in streams if stream.report_spec.sample]
    sampled = Sampler(client, reports.settings, spool).sample(unknown)
    return [_widened(stream, sampled.get(stream.report, [])) for stream in streams]


def _widened(stream: ReportStream, tables: list[Sampled]) -> ReportStream:
    known = stream.schema.get("properties", {})
    found = {name: one for table in tables for name, one in table.properties.items()}
    return dataclasses.replace(stream, schema={**stream.schema, "properties": {**found, **known}})


def _from_orders(
    client: Client, reports: Reports, listing: ListingSpec, unknown: list[str], spool: Spool
) -> dict[Origin, Mapping[str, Any]]:
    """The columns of listed reports: of each sheet, or of a report of a single table."""
    found: dict[Origin, Mapping[str, Any]] = {}
    for report, tables in sample_listed(client, reports, listing, unknown, spool).items():
        if len(tables) > 1:
            found |= {Origin(report, one.part or ""): one.properties for one in tables}
        else:
            found[Origin(report)] = tables[0].properties if tables else {}
    return found


def sample_listed(
    client: Client, reports: Reports, listing: ListingSpec, unknown: Sequence[str], spool: Spool
) -> dict[str, list[Sampled]]:
    """The tables of listed reports; none of one that cannot be sampled."""
    plain = [reports.unlisted_stream(listing, report, Origin(report)) for report in unknown]
    sampled = Sampler(client, reports.settings, spool).sample(plain)
    return {report: sampled.get(report, []) for report in unknown}


def _from_schemas(client: Client, spec: SchemaSpec, unknown: Sequence[str]) -> dict[Origin, Mapping[str, Any]]:
    """The columns of reports by the vendor's own schemas; none of one that has no schema.

    Raises:
        ReportError: The vendor does not tell them.
    """
    files = client.platform.files
    flatten = flatten_of(files.flatten) if files.flatten else None

    def ask(report: str) -> Mapping[str, Any]:
        call = client.prepare(spec.request, report=report)
        try:
            _, document = client.patience.through(lambda: client.ask(call, spec.request, report))
        except Refusal as refusal:
            if refusal.status != _NOT_FOUND:
                raise
            LOGGER.warning(f"Report {report} has no schema ({refusal.error.message}); its columns are left open.")
            return {}
        schema = value_at(document, spec.at)
        return columns_of(schema if isinstance(schema, Mapping) else {}, flatten)

    with refusals_as_errors(), ThreadPoolExecutor(_SCHEMAS_AT_A_TIME, "schema") as pool:
        return dict(zip(map(Origin, unknown), pool.map(ask, unknown), strict=True))


def _from_last_run(client: Client, listing: ListingSpec, report: str, item: Any, spool: Spool) -> Mapping[str, Any]:
    """The columns of a report that only this institution has: those of the file that its last good run made."""
    link = _link_of_last_run(client, report, value_at(item, listing.last_run))
    properties: Mapping[str, Any] = {}
    if link is not None:
        options = ReadOptions(delimiters=listing.template.delimiters or client.platform.files.delimiters)
        try:
            properties = dict.fromkeys(_header(client, link, spool, options), _TEXT)
        except (ReportError, Refusal) as error:
            LOGGER.warning(
                f"The columns of report {report} cannot be read from its last run ({error}); its schema is left open."
            )
    else:
        LOGGER.warning(f"Report {report} has no finished run to read its columns from; its schema is left open.")
    return properties


def _link_of_last_run(client: Client, report: str, last: Any) -> str | None:
    """The link to the file of the last run, or, where that has none, of the last one before it that has."""
    found = _link(client, last)
    if found is not None or not last or client.platform.find is None:
        return found
    try:
        call = client.prepare(client.platform.find.request, report=report)
        _, runs = client.patience.through(lambda: client.ask(call, "find", report))
    except Refusal as refusal:
        LOGGER.warning(f"The earlier runs of report {report} cannot be looked up. {refusal.error.message}")
        return None
    links = (_link(client, run) for run in (runs if isinstance(runs, list) else []))
    return next((link for link in links if link is not None), None)


def _link(client: Client, run: Any) -> str | None:
    """The link to a finished run's file."""
    job = client.platform.job
    link, status = value_at(run, job.links), str(value_at(run, job.status))
    return link if isinstance(link, str) and link and job.statuses.get(status) == "ready" else None


def _header(client: Client, link: str, spool: Spool, options: ReadOptions) -> list[str]:
    """The columns of a file, from its beginning where that is enough."""
    opened = functools.partial(client.opened, link)
    part = client.patience.through(lambda: download(opened, spool, client.vendor_now, _silent, _HEADER_BYTES))
    payload = Payload((part,))
    try:
        return list(dict.fromkeys(name for table in open_tables(payload, options) for name in table.columns))
    finally:
        payload.remove()


def _silent(*_: object) -> None:
    """Tell nobody about a sample's progress."""
