"""Finds out the columns of reports by ordering each of them once."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from source_lms_reports.api.client import Client
from source_lms_reports.api.dispatch import Dispatcher
from source_lms_reports.api.setup import open_dispatcher, read_options
from source_lms_reports.errors import ReportError
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.parts import open_parts
from source_lms_reports.files.payload import Payload
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.ticket import Order
from source_lms_reports.plan.orders import ReportPlan
from source_lms_reports.plan.stream import ReportStream, Selected
from source_lms_reports.records.infer import infer_schema
from source_lms_reports.spec.settings import Settings
from source_lms_reports.times import now_utc

LOGGER = logging.getLogger("airbyte")
_MIB = 1024 * 1024
#: Discovery ends within this many seconds, whatever the vendor does.
_PATIENCE = 300.0
#: So many bytes of a CSV or a list of JSON hold the rows that types are told by; a workbook has to come as a whole.
_ENOUGH = 4 * _MIB


@dataclass(frozen=True)
class Sampled:
    """One table of a report: a sheet or member by its part's name, or the lone one, which has none."""

    part: str | None
    properties: Mapping[str, Any]


class Sampler:
    """Orders reports for their columns.

    Args:
        client: The vendor's API.
        settings: The configuration.
        spool: Where the samples are kept for a moment.
    """

    def __init__(self, client: Client, settings: Settings, spool: Spool) -> None:
        self._client = client
        self._settings = dataclasses.replace(settings, report_timeout=min(settings.report_timeout, _PATIENCE))
        self._spool = spool
        self._options: dict[str, ReadOptions] = {}

    def sample(self, streams: Sequence[ReportStream]) -> dict[str, list[Sampled]]:
        """The tables of each report, as many as could be had; a report that could not is named in a warning.

        Args:
            streams: One stream of each report.
        """
        orders = {stream.report: self._order(stream) for stream in streams}
        if not orders:
            return {}
        dispatcher = open_dispatcher(
            self._client,
            self._settings,
            self._spool,
            {stream.report: stream for stream in streams},
            self._options.__getitem__,
            on_event=_ignored,
            progress=_ignored,
            is_being_read=lambda: False,
            most=_ENOUGH,
        )
        try:
            for order in orders.values():
                dispatcher.submit(order)
            found = {report: self._tables(dispatcher, report, order) for report, order in orders.items()}
        finally:
            dispatcher.stop()
        return {report: tables for report, tables in found.items() if tables is not None}

    def _order(self, stream: ReportStream) -> Order:
        """The order of a sample: the last window that a first sync reads as well, so that it is made once."""
        spec = stream.report_spec
        spec = msgspec.structs.replace(spec, parameters={**spec.parameters, **spec.sample})
        stream = dataclasses.replace(stream, report_spec=spec)
        options = read_options(self._client.platform, self._settings, [stream])
        plan = ReportPlan([Selected(stream)], self._settings, now_utc(self._client.vendor_now()))
        windowed = spec.windows is not None and spec.windows.unit == "days"
        slices = plan.slices() if windowed else []
        order = slices[-1].order if slices else plan.order(None)
        format_of_sample = str(order.parameters.get("format", options.format))
        self._options[stream.report] = dataclasses.replace(options, format=format_of_sample)  # type: ignore[arg-type]
        return order

    def _tables(self, dispatcher: Dispatcher, report: str, order: Order) -> list[Sampled] | None:
        try:
            payload: Payload = dispatcher.wait(order.identity)
        except ReportError as error:
            LOGGER.warning(f"Report {report} cannot be sampled, so its schema is left open: {error.message}")
            return None
        try:
            options = self._options[report]
            tables = [Sampled(part, infer_schema(table)) for part, table in open_parts(payload, options)]
        except ReportError as error:
            LOGGER.warning(f"The sample of report {report} cannot be read, so its schema is left open: {error.message}")
            return None
        finally:
            payload.remove()
        columns = sum(len(table.properties) for table in tables)
        where = f", by its first {_ENOUGH // _MIB} MiB" if any(part.is_cut for part in payload.parts) else ""
        LOGGER.info(f"Sampled report {report}: {len(tables)} table(s), {columns} column(s){where}.")
        return tables


def _ignored(*_: object) -> None:
    """Samples leave no state, and nobody watches them."""
