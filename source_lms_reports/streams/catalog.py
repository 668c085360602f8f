"""Which streams a connection has: the declared ones, the listed ones, and the user's own."""

from __future__ import annotations

import importlib.resources
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from source_lms_reports.api.client import Client
from source_lms_reports.api.ready import ready_sets
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.errors import ConfigError, TransientError
from source_lms_reports.files.parts import snake_case
from source_lms_reports.plan.columns import has_window_columns
from source_lms_reports.plan.stream import REPORT_END, REPORT_START, ReportStream
from source_lms_reports.platforms.model import ListingSpec, Platform, ReadySpec, ReportSpec, StreamSpec
from source_lms_reports.platforms.paths import value_at
from source_lms_reports.spec.settings import Settings
from source_lms_reports.streams.announced import as_announced
from source_lms_reports.streams.naming import Origin, marked
from source_lms_reports.streams.schema_columns import primary_key

LOGGER = logging.getLogger("airbyte")

OPEN_SCHEMA: Mapping[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "additionalProperties": True,
    "properties": {},
}


def open_schema(properties: Mapping[str, Any]) -> dict[str, Any]:
    """A schema with `properties` that allows more."""
    return {**OPEN_SCHEMA, "properties": dict(properties)}


def load_schema(platform: str, stream: str) -> Mapping[str, Any]:
    """The schema that the package brings for a stream, or an open one."""
    path = importlib.resources.files("source_lms_reports") / "schemas" / platform / f"{stream}.json"
    if not path.is_file():
        return OPEN_SCHEMA
    schema: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def listed_name(platform: Platform, origin: Origin) -> str:
    """What the stream of a listed report would be called if there were no other."""
    suffix = platform.listing.strip_suffix if platform.listing else ""
    base = snake_case(origin.report.removesuffix(suffix))
    return f"{base}_{origin.part}" if origin.part else base


@dataclass(frozen=True)
class Offered:
    """What the vendor lists for an account.

    Attributes:
        listed: The reports by their ids, with what the list says of them.
        ready: The streams of ready files, by the names of their sets.
    """

    listed: Mapping[str, Any]
    ready: Mapping[str, ReportStream]

    @property
    def names(self) -> list[str]:
        """All that a user may name."""
        return list(dict.fromkeys((*self.listed, *self.ready)))


class Reports:
    """The reports of one connection.

    Args:
        platform: The platform file.
        settings: The configuration.
    """

    def __init__(self, platform: Platform, settings: Settings) -> None:
        self.platform = platform
        self.settings = settings

    def declared(self) -> dict[str, list[ReportStream]]:
        """The streams of the platform file and of the configuration, by report."""
        found = {report: self._streams(report, spec) for report, spec in self.platform.reports.items()}
        return {**found, **self._configured()}

    def wanted(self) -> list[str]:
        """The reports that the user restricts the connection to; empty for all."""
        return list(self.settings.platform.get(self.platform.only) or [])

    def restrict(self, offered: Sequence[str]) -> list[str]:
        """The offered reports that the user wants.

        Raises:
            ConfigError: The user wants one that is not offered, or has parameters for one that is not read.
        """
        wanted = self.wanted()
        unknown = [report for report in wanted if report not in offered]
        if unknown:
            names = ", ".join(f"'{name}'" for name in unknown)
            raise ConfigError(
                f"The account does not offer the report {names}. Check `{self.platform.only}` in the configuration "
                f"for typing errors; offered are: {', '.join(sorted(offered)) or 'none'}."
            )
        self.require_parameters(offered)
        return self._kept(offered)

    def _kept(self, offered: Sequence[str]) -> list[str]:
        wanted = self.wanted()
        return [report for report in offered if not wanted or report in wanted]

    def with_parameters(self) -> list[str]:
        """The reports that the user has parameters for."""
        return [str(one["report"]) for one in self.settings.platform.get("report_parameters") or []]

    def require_parameters(self, offered: Sequence[str]) -> None:
        """Refuse parameters of the user's that can have no effect.

        Raises:
            ConfigError: The user has parameters for a report that is not offered, or that `reports` leaves out.
        """
        kept = self._kept(offered)
        stray = next((report for report in self.with_parameters() if report not in kept), None)
        if stray is not None:
            raise ConfigError(
                f"`report_parameters` names the report '{stray}', which is not among the reports of this connection, "
                f"so it has no effect. The reports are: {', '.join(sorted(kept)) or 'none'}."
            )

    def listed(self, client: Client, phase: str) -> list[tuple[str, Any]]:
        """The reports that the vendor lists for this account, as ids with what the vendor says about them.

        Raises:
            Refusal: The list could not be had, or names its reports otherwise than this connector knows.
        """
        listing = self.platform.listing
        if listing is None:
            return []
        items = client.items(listing.request, phase)
        pairs = [(item if isinstance(item, str) else value_at(item, listing.id), item) for item in items]
        if any(isinstance(name, (dict, list)) for name, _ in pairs):
            error = TransientError(
                f"The list of reports of {self.platform.title} has an entry without a name where one should be. "
                "Run the sync again later.",
                detail=str(items)[:300],
            )
            raise Refusal("transient", error)
        return [(str(name), item) for name, item in pairs if name not in ("", None)]

    def offered(self, client: Client, phase: str) -> Offered:
        """All that the vendor lists for this account.

        Of a platform that has both reports and ready files, one may be closed to the credentials: the other is offered.

        Raises:
            Refusal: The lists could not be had.
        """
        if self.platform.ready is None:
            return Offered(self._listed_once(client, phase), {})
        listed, closed = _unless_closed(lambda: self._listed_once(client, phase))
        ready, none_ready = _unless_closed(lambda: self._ready(client, phase))
        if none_ready is not None and (closed is not None or self.platform.listing is None):
            raise closed or none_ready
        for refusal, what in ((closed, "reports"), (none_ready, "ready files")):
            if refusal is not None:
                LOGGER.warning(f"The {what} of {self.platform.title} are left out. {refusal.error.message}")
        return Offered(listed, ready)

    def _listed_once(self, client: Client, phase: str) -> dict[str, Any]:
        """The listed reports by their ids. Of two that differ in all but the id the last one counts; that is told."""
        found: dict[str, Any] = {}
        for report, item in self.listed(client, phase):
            if found.get(report, item) != item:
                LOGGER.warning(
                    f"The list of {self.platform.title} has two reports that are called {report}; the last one is read."
                )
            found[report] = item
        return found

    def _ready(self, client: Client, phase: str) -> dict[str, ReportStream]:
        """The streams of ready files, by the names of their sets."""
        ready = self.platform.ready
        if ready is None:
            return {}
        return {name: self._ready_stream(ready, name, item) for name, item in ready_sets(client, ready, phase).items()}

    def _ready_stream(self, ready: ReadySpec, name: str, item: Mapping[str, Any]) -> ReportStream:
        report = f"{ready.prefix}{name}"
        stream = snake_case(report)
        part = StreamSpec(primary_key=ready.keys.get(stream, []), cursor=ready.column)
        spec = ReportSpec(streams={stream: part})
        schema = load_schema(self.platform.name, stream)
        moment = {"type": ["null", "string"], "format": "date-time", "airbyte_type": "timestamp_with_timezone"}
        schema = {**schema, "properties": {ready.column: moment, **schema.get("properties", {})}}
        return ReportStream(stream, report, spec, part, marked(schema, Origin(report)), item, ready.column)

    def unlisted_stream(
        self,
        listing: ListingSpec,
        name: str,
        origin: Origin,
        properties: Mapping[str, Any] | None = None,
        item: Any = None,
    ) -> ReportStream:
        """A stream of a listed report that the platform file does not know.

        Args:
            listing: The platform's listing.
            name: The stream's name.
            origin: What it is made of.
            properties: What is known of the columns.
            item: What the list says of the report.
        """
        item = item if isinstance(item, Mapping) else {}
        template = as_announced(listing.template, listing.announced, item)
        cursor = next((column for column in listing.cursors if column in (properties or {})), "")
        windows = template.windows
        if not cursor and windows is not None and windows.constants:
            cursor = REPORT_END  # no column of the report's own tells when a row changed
        stream = StreamSpec(
            output=origin.part,
            cursor=cursor,
            primary_key=primary_key(properties or {}),
        )
        spec = msgspec.structs.replace(template, streams={name: stream})
        known = load_schema(self.platform.name, name).get("properties", {}) if listing.sample == "none" else {}
        schema = with_window_columns(spec, stream, open_schema({**(properties or {}), **known}))
        return ReportStream(
            name, origin.report, spec, stream, marked(schema, origin), item, jobs_tell=bool(self.platform.job.cursor)
        )

    def _streams(self, report: str, spec: ReportSpec, item: Mapping[str, Any] | None = None) -> list[ReportStream]:
        def schema(name: str, stream: StreamSpec) -> Mapping[str, Any]:
            return with_window_columns(spec, stream, load_schema(self.platform.name, name))

        return [
            ReportStream(
                name, report, spec, stream, schema(name, stream), item or {}, jobs_tell=bool(self.platform.job.cursor)
            )
            for name, stream in spec.streams.items()
        ]

    def _configured(self) -> dict[str, list[ReportStream]]:
        configured = self.platform.configured
        if configured is None:
            return {}
        found: dict[str, list[ReportStream]] = {}
        for item in self.settings.platform.get(configured.items) or []:
            name = snake_case(str(item["name"]))
            if name in found or name in self.platform.reports:
                raise ConfigError(
                    f"Two streams would be called '{name}'. Give the entries of `{configured.items}` different names."
                )
            stream = StreamSpec(
                primary_key=list(item.get("primary_key") or []), cursor=str(item.get("cursor_field") or "")
            )
            spec = msgspec.structs.replace(configured.template, streams={name: stream})
            found[name] = self._streams(name, spec, item)
        return found


def _unless_closed(ask: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], Refusal | None]:
    """What the vendor lists; nothing, and the refusal, where the list is closed to these credentials, or not served."""
    try:
        return ask(), None
    except Refusal as refusal:
        if not refusal.is_closed:
            raise
        return {}, refusal


def with_window_columns(spec: ReportSpec, stream: StreamSpec, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """`schema` with the columns that tell windows apart, where the stream has them."""
    if spec.windows is None or not has_window_columns(spec.windows, stream):
        return schema
    is_date = spec.windows.unit == "days"
    kind = {"format": "date"} if is_date else {"format": "date-time", "airbyte_type": "timestamp_with_timezone"}
    columns = {name: {"type": ["null", "string"], **kind} for name in (REPORT_START, REPORT_END)}
    return {**schema, "properties": {**columns, **schema.get("properties", {})}}


def by_name(reports: Iterable[list[ReportStream]]) -> dict[str, ReportStream]:
    """Streams by their names."""
    return {stream.name: stream for streams in reports for stream in streams}
