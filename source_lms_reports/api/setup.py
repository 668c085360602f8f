"""Sets up what fetches reports as a platform file and the configuration say: engine, executor, threads, files."""

from __future__ import annotations

import logging
import random
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast, get_args

from source_lms_reports.api.calls import OrderCalls, Progress
from source_lms_reports.api.client import Client
from source_lms_reports.api.dispatch import Dispatcher
from source_lms_reports.api.executor import ActionExecutor, PagesExecutor, RepeatExecutor, TicketExecutor
from source_lms_reports.api.fetching import Fetcher
from source_lms_reports.files.options import Deletes, Flatten, Format, ReadOptions
from source_lms_reports.files.spool import Spool
from source_lms_reports.jobs.engine import Engine
from source_lms_reports.jobs.events import Event
from source_lms_reports.jobs.policy import Policy, places_for
from source_lms_reports.jobs.quota import Limit, Quota, Quotas, ReportQuotas
from source_lms_reports.plan.stream import ReportStream
from source_lms_reports.platforms.model import FlattenSpec, Platform, ReportSpec
from source_lms_reports.platforms.template import fill
from source_lms_reports.spec.settings import Settings

LOGGER = logging.getLogger("airbyte")
_MIB = 1024 * 1024
#: How far the time between polls may grow, in cadences, where the user has set the cadence.
_LONGEST_IN_CADENCES = 8
#: A quota that comes back within so many seconds is waited for, however short a sync waits for a job.
_LEAST_PATIENCE = 300.0


def open_dispatcher(
    client: Client,
    settings: Settings,
    spool: Spool,
    streams: Mapping[str, ReportStream],
    options: Callable[[str], ReadOptions],
    on_event: Callable[[Event], None],
    progress: Progress,
    is_being_read: Callable[[], bool],
    most: int | None = None,
    ordered: Mapping[str, Iterable[float]] | None = None,
) -> Dispatcher:
    """All that fetches the reports of a sync. It starts with its first order; the caller has to stop it.

    Args:
        client: The vendor's API.
        settings: The configuration.
        spool: Where downloads are kept.
        streams: A stream of each report, in the order in which they are to begin.
        options: How a report's files are read.
        on_event: Told of everything that happens to an order.
        progress: Told the bytes of downloads.
        is_being_read: Whether rows are being made of what lies on disk.
        most: So many bytes of a report are enough, where its first rows say what is wanted; None for all of it.
        ordered: When earlier syncs have ordered each report, in the vendor's epoch seconds.
    """
    reports = {report: stream.report_spec for report, stream in streams.items()}
    items = {report: stream.item for report, stream in streams.items()}
    executor = make_executor(client, spool, reports, options, progress, most, items)
    queues = [stream.name for stream in streams.values()]
    places = _Places(spool, is_being_read)
    engine = make_engine(client.platform, settings, client.vendor_clock.at, queues=queues, places=places)
    for report, moments in (ordered or {}).items():
        engine.recall(report, moments, time.monotonic())
    return Dispatcher(engine, executor, on_event)


class _Places:
    """How many jobs may be under way for the room on disk. Told once where that holds reports back."""

    def __init__(self, spool: Spool, is_being_read: Callable[[], bool]) -> None:
        self._spool = spool
        self._is_being_read = is_being_read
        self._is_told = False

    def __call__(self) -> int:
        unread, free = self._spool.use()
        places = places_for(unread, free, is_being_read=self._is_being_read())
        if places < sys.maxsize and not self._is_told:
            self._is_told = True
            LOGGER.info(
                f"Reports of {unread / _MIB:,.0f} MiB lie on disk unread, and {free / _MIB:,.0f} MiB are left. Further "
                "ones are ordered as these are read."
            )
        return places


def make_executor(
    client: Client,
    spool: Spool,
    reports: Mapping[str, ReportSpec],
    options: Callable[[str], ReadOptions],
    progress: Progress,
    most: int | None = None,
    items: Mapping[str, Mapping[str, Any]] | None = None,
) -> ActionExecutor:
    """What does the engine's actions, by the platform's pattern."""
    calls = OrderCalls(client, spool, reports, progress, most, items)
    patterns = {"ticket": TicketExecutor, "repeat": RepeatExecutor, "pages": PagesExecutor, "files": PagesExecutor}
    return patterns[client.platform.pattern](calls, Fetcher(calls, options))


def make_engine(
    platform: Platform,
    settings: Settings,
    epoch_at: Callable[[float], float],
    jitter: random.Random | None = None,
    queues: Sequence[str] = (),
    places: Callable[[], int] = lambda: sys.maxsize,
) -> Engine:
    """The report engine with the platform's cadence and limits.

    Args:
        platform: The platform file.
        settings: The configuration.
        epoch_at: The vendor's epoch seconds at a time of the steady clock.
        jitter: Spreads the waits; by chance if None.
        queues: The streams in the order in which they are to begin.
        places: How many jobs may be under way for the room on disk.
    """
    limits = [Limit(limit.count, limit.per_seconds) for limit in platform.quotas]
    can_find, can_abort = platform.find is not None, "abort" in platform.requests
    jitter = jitter or random.Random()  # noqa: S311 - spreads waits, hides nothing
    quotas = _make_quotas(platform, lambda: Quota(limits, patience=max(settings.report_timeout, _LEAST_PATIENCE)))
    policy = make_policy(platform, settings)
    seams = {"can_find": can_find, "can_abort": can_abort}
    return Engine(policy, quotas, jitter, epoch_at=epoch_at, **seams, queues=queues, places=places)


def _make_quotas(platform: Platform, make: Callable[[], Quota]) -> Quotas:
    if not platform.quotas:
        return None
    return ReportQuotas(make) if platform.quotas[0].per == "report" else make()


def make_policy(platform: Platform, settings: Settings) -> Policy:
    """The vendor's patience; the user's interval between two looks replaces its cadence, the early look included."""
    cadence = None if platform.policy.cadence == "unstated" else platform.policy.cadence
    policy = Policy(
        cadence=cadence,
        max_interval=platform.policy.max_interval,
        wait_limit=settings.report_timeout,
        max_in_flight=settings.max_concurrent_reports,
        one_a_report=platform.policy.one_a_report,
        names_jobs=platform.pattern == "ticket",
    )
    own = settings.poll_interval
    if own is None:
        return policy
    longest = max(own, min(policy.max_interval, own * _LONGEST_IN_CADENCES))
    base = min(policy.retry_base, own)
    return replace(policy, cadence=own, looks_early=False, max_interval=longest, retry_base=base)


def read_options(platform: Platform, settings: Settings, streams: Sequence[ReportStream]) -> ReadOptions:
    """How the files of a report are read, given its streams, at least one."""
    spec, files = streams[0].report_spec, platform.files
    wanted = spec.file_format or str(fill(files.format, settings.context))
    return ReadOptions(
        format=cast(Format, wanted if wanted in get_args(Format) else "auto"),
        delimiters=spec.delimiters or files.delimiters,
        encoding=files.encoding,
        records_path=tuple(str(step) for step in files.records),
        empty_markers=tuple(spec.empty_markers),
        headerless_members=tuple(spec.headerless_members),
        may_be_blank=spec.may_be_blank,
        columns=frozenset(name for stream in streams for name in stream.schema.get("properties", {})),
        ends_with_line_end=files.ends_with_line_end,
        flatten=flatten_of(files.flatten) if files.flatten else None,
        zoned_headers=files.zoned_headers,
    )


def flatten_of(spec: FlattenSpec) -> Flatten:
    """How rows are made flat by a platform file's word."""
    told = spec.deletes
    deletes = Deletes(told.member, told.column, told.value, told.at) if told else None
    return Flatten(spec.members, spec.key, tuple(spec.reserved), deletes)
