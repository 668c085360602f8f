"""Finds the streams that a sync has selected, with as few questions to the vendor as possible."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from source_lms_reports.api.client import Client
from source_lms_reports.api.refusal import refusals_as_errors
from source_lms_reports.errors import ConfigError
from source_lms_reports.files.spool import Spool
from source_lms_reports.plan.stream import ReportStream, Wanted
from source_lms_reports.platforms.model import ListingSpec
from source_lms_reports.streams.catalog import Reports, by_name, listed_name
from source_lms_reports.streams.discovery import sample_listed
from source_lms_reports.streams.naming import Origin, marked_origin, named

LOGGER = logging.getLogger("airbyte")


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
    lookup: _Lookup | None = None
    if any(report not in reports.platform.reports for report in reports.with_parameters()):
        lookup = _Lookup(client, reports, list(declared))
    reports.require_parameters(lookup.listed if lookup else list(reports.platform.reports))
    chosen: list[tuple[Wanted, ReportStream | None]] = []
    for one in wanted:
        origin = marked_origin(one.schema)
        if one.name in declared and (origin is None or origin.report in reports.platform.reports):
            chosen.append((one, _typed(declared[one.name], one.schema)))
            continue
        lookup = lookup or _Lookup(client, reports, list(declared))
        chosen.append((one, lookup.stream(one, origin)))
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


def _typed(stream: ReportStream, schema: Mapping[str, Any]) -> ReportStream:
    """A declared stream with the columns that discovery found beyond its own."""
    found = schema.get("properties") or {}
    known = stream.schema.get("properties", {})
    return dataclasses.replace(stream, schema={**stream.schema, "properties": {**found, **known}})


class _Lookup:
    """Finds streams among the reports that the vendor lists.

    Args:
        client: The vendor's API; asked for its list once.
        reports: The connection's reports.
        taken: Names of declared streams.

    Raises:
        ReportError: The vendor does not tell its reports.
    """

    def __init__(self, client: Client, reports: Reports, taken: Sequence[str]) -> None:
        self._client = client
        self._reports = reports
        with refusals_as_errors():
            offered = reports.offered(client, "list")
        self.listed = list(offered.listed)
        self._items = offered.listed
        self._ready = {stream.name: stream for stream in offered.ready.values()}
        self._listed = [report for report in self.listed if report not in reports.platform.reports]
        taken = [*taken, *self._ready]
        self._plain = functools.partial(listed_name, reports.platform)
        self._wholes = {one.name: one.origin for one in named(map(Origin, self._listed), self._plain, taken)}
        self._by_base: dict[str, list[str]] = {}
        for one in self._wholes.values():
            self._by_base.setdefault(self._plain(one), []).append(one.report)

    def stream(self, one: Wanted, origin: Origin | None) -> ReportStream | None:
        """The stream that a catalog means.

        Args:
            one: As the catalog has it.
            origin: What it says of its origin, if anything.
        """
        listing = self._reports.platform.listing
        ready = self._ready.get(one.name)
        if ready is not None and (origin is None or origin.report == ready.report):
            return _typed(ready, one.schema)
        if listing is None:
            return None
        columns = dict(one.schema.get("properties") or {})
        if origin is None:
            origin = self._by_name(listing, one.name, columns)
        elif origin.report not in self._listed:
            origin = None
        if one.cursor_field:
            columns.setdefault(one.cursor_field, {})
        if origin is None:
            return None
        return self._reports.unlisted_stream(listing, one.name, origin, columns, self._items.get(origin.report))

    def _by_name(self, listing: ListingSpec, name: str, columns: Mapping[str, Any]) -> Origin | None:
        """What a stream without a word on its origin is, as catalogs had it before that was written."""
        candidates = [*self._whole(name), *self._parts(listing, name)]
        if len(candidates) > 1 and columns:
            return self._by_columns(listing, name, candidates, columns)
        return candidates[0] if candidates else None

    def _whole(self, name: str) -> list[Origin]:
        return [self._wholes[name]] if name in self._wholes else []

    def _parts(self, listing: ListingSpec, name: str) -> list[Origin]:
        """The parts of reports that the name may mean; the report with the longest name first."""
        if listing.sample != "order":
            return []
        ends = [at for at, char in enumerate(name) if char == "_"]
        return [
            Origin(report, name[end + 1 :]) for end in reversed(ends) for report in self._by_base.get(name[:end], ())
        ]

    def _by_columns(
        self, listing: ListingSpec, name: str, candidates: Sequence[Origin], columns: Mapping[str, Any]
    ) -> Origin:
        """The candidate whose sample has most of the columns."""
        ids = list(dict.fromkeys(one.report for one in candidates))
        with Spool() as spool:
            sampled = sample_listed(self._client, self._reports, listing, ids, spool)
        fits: dict[Origin, int] = {}
        for origin in candidates:
            tables = [one for one in sampled[origin.report] if not origin.part or one.part == origin.part]
            fits[origin] = max((sum(column in one.properties for column in columns) for one in tables), default=-1)
        best = max(candidates, key=fits.__getitem__)
        others = ", ".join(str(one) for one in candidates if one is not best and fits[one] >= 0)
        if others:
            LOGGER.warning(
                f"Stream {name}: this may be {best} or {others}; by the columns in the catalog the first is read. "
                "Refresh the stream list (discover), which writes down what is meant."
            )
        return best
