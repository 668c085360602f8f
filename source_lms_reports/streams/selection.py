"""Finds the streams that a sync has selected, with as few questions to the vendor as possible."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from source_lms_reports.api.client import Client
from source_lms_reports.api.refusal import refusals_as_errors
from source_lms_reports.errors import ConfigError
from source_lms_reports.plan.stream import ReportStream, Wanted, snake_case
from source_lms_reports.streams.catalog import Reports, by_name


def select(client: Client, reports: Reports, wanted: Sequence[Wanted]) -> list[tuple[Wanted, ReportStream | None]]:
    """Each wanted stream with what it is; None where no stream has its name.

    The vendor is only asked for its list where a name is not declared. The columns of a stream that was found by
    discovery are those of the catalog: discovery is not repeated.

    Args:
        client: The vendor's API.
        reports: The connection's reports.
        wanted: The streams of the catalog.

    Raises:
        ReportError: The vendor does not tell its reports.
    """
    declared = by_name(reports.declared().values())
    listed: list[str] | None = None
    chosen: list[tuple[Wanted, ReportStream | None]] = []
    for one in wanted:
        if one.name in declared:
            chosen.append((one, _typed(declared[one.name], one.schema)))
            continue
        if listed is None:
            listed = _listed(client, reports)
        columns = dict(one.schema.get("properties") or {})
        if one.cursor_field:
            columns.setdefault(one.cursor_field, {})
        chosen.append((one, _among_listed(reports, one.name, listed, columns)))
    return chosen


def not_offered(names: Sequence[str], platform: str) -> ConfigError:
    """The error of streams that a catalog wants and the account does not have.

    Args:
        names: Theirs.
        platform: The platform's, as people write it.
    """
    listed = ", ".join(f"'{name}'" for name in names)
    return ConfigError(
        f"The stream {listed} is not offered by {platform}. Refresh the stream list (discover) and select again."
    )


def _listed(client: Client, reports: Reports) -> list[str]:
    with refusals_as_errors():
        return [report for report, _ in reports.listed(client, "list")]


def _typed(stream: ReportStream, schema: Mapping[str, Any]) -> ReportStream:
    """A declared stream with the columns that discovery found beyond its own."""
    found = schema.get("properties") or {}
    known = stream.schema.get("properties", {})
    return dataclasses.replace(stream, schema={**stream.schema, "properties": {**found, **known}})


def _among_listed(reports: Reports, name: str, listed: list[str], columns: Mapping[str, Any]) -> ReportStream | None:
    """The listed report that the name belongs to, and the part of it that the rest of the name tells."""
    listing = reports.platform.listing
    if listing is None:
        return None
    bases: dict[str, str] = {}
    for report in listed:  # of two reports with one name, discovery offers the first
        bases.setdefault(reports.listed_name(listing, report), report)
    if name in bases:
        return reports.unlisted_stream(listing, bases[name], properties=columns)
    for base in sorted(bases, key=len, reverse=True):
        if name.startswith(f"{base}_"):
            return reports.unlisted_stream(listing, bases[base], snake_case(name[len(base) + 1 :]), columns)
    return None
