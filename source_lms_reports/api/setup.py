"""Sets up the report engine and the file readers as a platform file and the configuration say."""

from __future__ import annotations

import random
from typing import Literal, cast

from source_lms_reports.files.options import ReadOptions
from source_lms_reports.jobs.engine import Engine
from source_lms_reports.jobs.policy import Policy
from source_lms_reports.jobs.quota import Limit, Quota
from source_lms_reports.plan.stream import ReportStream
from source_lms_reports.platforms.model import Platform
from source_lms_reports.platforms.template import fill
from source_lms_reports.spec.settings import Settings

Format = Literal["auto", "csv", "xlsx", "json"]
#: How far the time between polls may grow, in cadences, where the user has set the cadence.
_LONGEST_IN_CADENCES = 8


def make_engine(platform: Platform, settings: Settings) -> Engine:
    """The report engine with the platform's cadence and limits."""
    cadence = settings.poll_interval or platform.policy.cadence
    policy = Policy(
        cadence=cadence,
        max_interval=max(cadence, min(platform.policy.max_interval, cadence * _LONGEST_IN_CADENCES)),
        wait_limit=settings.report_timeout,
        max_in_flight=settings.max_concurrent_reports,
        retry_base=min(2.0, cadence),
    )
    limits = [Limit(limit.count, limit.per_seconds) for limit in platform.quotas]
    can_find, can_abort = platform.find is not None, "abort" in platform.requests
    jitter = random.Random()  # noqa: S311 - spreads waits, hides nothing
    return Engine(policy, Quota(limits) if limits else None, jitter, can_find=can_find, can_abort=can_abort)


def read_options(platform: Platform, settings: Settings, stream: ReportStream) -> ReadOptions:
    """How the files of a stream's report are read."""
    spec, files = stream.report_spec, platform.files
    wanted = spec.file_format or str(fill(files.format, settings.context))
    return ReadOptions(
        format=cast(Format, wanted if wanted in ("csv", "xlsx", "json") else "auto"),
        delimiters=spec.delimiters or files.delimiters,
        encoding=files.encoding,
        records_path=tuple(str(step) for step in files.records),
        empty_markers=tuple(spec.empty_markers),
        headerless_members=tuple(spec.headerless_members),
        ends_with_line_end=files.ends_with_line_end,
    )
