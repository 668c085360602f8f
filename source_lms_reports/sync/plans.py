"""The plans of one sync: one a report, made when the first of its streams asks."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from source_lms_reports.api.client import Client
from source_lms_reports.api.ready import ready_files
from source_lms_reports.api.refusal import refusals_as_errors
from source_lms_reports.errors import ConfigError, ReportError
from source_lms_reports.plan.orders import ReportPlan, user_parameters
from source_lms_reports.plan.ready import ReadyPlan
from source_lms_reports.plan.stream import ReportStream, Selected
from source_lms_reports.platforms.model import EachSpec, ReadySpec
from source_lms_reports.platforms.paths import value_at
from source_lms_reports.platforms.template import fill
from source_lms_reports.spec.settings import Settings
from source_lms_reports.times import earlier, rfc3339

LOGGER = logging.getLogger("airbyte")


class Plans:
    """Makes each report's plan once; one that cannot be made is told to each of its streams.

    Args:
        settings: The configuration.
        client: The vendor's API, for the lists that some reports are ordered by.
        groups: The selected streams by report.
        now: The vendor's time.
    """

    def __init__(
        self, settings: Settings, client: Client, groups: Mapping[str, Sequence[Selected]], now: datetime
    ) -> None:
        self._settings = settings
        self._client = client
        self._groups = groups
        self._now = now
        self._made: dict[str, ReportPlan | ReportError] = {}
        self._guards = {report: threading.Lock() for report in groups}

    def of(self, stream: ReportStream) -> ReportPlan:
        """The plan of the stream's report.

        Raises:
            ReportError: The vendor would not tell what is needed to make it.
        """
        with self._guards[stream.report]:
            if stream.report not in self._made:
                try:
                    self._made[stream.report] = self._make(self._groups[stream.report])
                except ReportError as error:
                    self._made[stream.report] = error
            plan = self._made[stream.report]
        if isinstance(plan, ReportError):
            raise plan
        return plan

    def _make(self, group: Sequence[Selected]) -> ReportPlan:
        stream = group[0].stream
        ready = self._client.platform.ready
        if ready is not None and stream.moment:
            return self._of_ready(group, ready)
        direct = self._client.platform.pattern == "pages" or bool(stream.report_spec.request)
        self._tell_start(group)
        return ReportPlan(group, self._settings, self._now, self._each(stream), direct)

    def _tell_start(self, group: Sequence[Selected]) -> None:
        """Tell how far back a first sync goes where nobody has said."""
        windows = group[0].stream.report_spec.windows
        begins = any(one.cursor_value is None for one in group)
        if windows is not None and windows.default_start and begins and self._settings.start is None:
            start = rfc3339(earlier(self._now, windows.default_start))
            LOGGER.info(
                f"Report {group[0].stream.report}: without a start date it is read from {start} on. Set `start_date` "
                "for another one."
            )

    def _of_ready(self, group: Sequence[Selected], ready: ReadySpec) -> ReadyPlan:
        stream = group[0].stream
        with refusals_as_errors():
            files = ready_files(self._client, ready, stream.item, stream.report)
        apart = self._now - earlier(self._now, ready.changes_apart)
        plan = ReadyPlan(group, self._settings, self._now, files, apart)
        if plan.chosen.has_gap:
            LOGGER.warning(
                f"Stream {stream.name}: the platform has no file any more that joins on to the last sync, so the "
                "newest full file is read again. Rows that were deleted meanwhile stay in the destination; refresh the "
                "stream to be rid of them."
            )
        if plan.chosen.is_held:
            LOGGER.warning(
                f"Stream {stream.name}: files of changes between the last sync and those that are listed are gone, and "
                "there is no newer full file. What is listed is read, and the state stays, so that the next full file "
                "is read whole."
            )
        return plan

    def _each(self, stream: ReportStream) -> list[str] | None:
        """The items that the report is ordered for, one order each; None where there is no such list."""
        each = stream.report_spec.each
        if each is None:
            return None
        own = user_parameters(self._settings, stream).get(each.parameter)
        given = str(own or fill(each.unless, self._settings.context) or "")
        if given and re.fullmatch(each.plain or ".*", given):
            return [given]
        prefix = _prefix(each, given, stream.report)
        with refusals_as_errors():
            items = self._client.items(each.request, each.request, report=stream.report)
        if prefix:
            items = _known_as(each, items, prefix, given, stream.report)
        return [str(value_at(item, each.value)) for item in items]


def _prefix(each: EachSpec, given: str, report: str) -> str:
    """What the user's value begins with that is not an item's own but another name of one; empty where none is given.

    Raises:
        ConfigError: It is neither.
    """
    prefix = next((one for one in each.known_as if given.startswith(one)), "")
    if given and not prefix:
        forms = "".join(f", or {one}<ID>" for one in each.known_as)
        raise ConfigError(
            f"The report {report} is ordered by one plain id as {each.parameter}, and '{given}' is none. Enter the "
            f"number itself{forms}."
        )
    return prefix


def _known_as(each: EachSpec, items: list[Any], prefix: str, given: str, report: str) -> list[Any]:
    """The items that have the user's value as their other name.

    Raises:
        ConfigError: There is none.
    """
    names = [value_at(item, each.known_as[prefix]) for item in items]
    found = [
        item
        for item, name in zip(items, names, strict=True)
        if name not in (None, "") and str(name) == given.removeprefix(prefix)
    ]
    if not found:
        raise ConfigError(
            f"None of the vendor's {each.request} is known as '{given}', for which the report {report} is ordered. "
            f"Check {each.parameter} in the configuration."
        )
    return found
