"""What is read in the world: a platform's streams, and how its vendor understands an order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from source_lms_reports.plan.stream import Wanted
from source_lms_reports.times import instant
from unit_tests.connections import MINIMAL
from unit_tests.sync.world.tables import FORMS, Table, Version

Parameters = Mapping[str, Any]
Asks = Callable[[Parameters, Table, Version], bool]


@dataclass(frozen=True)
class Subject:
    """Streams of one platform.

    Attributes:
        platform: Its name.
        report: The vendor's id of the report.
        tables: The streams, and what they show.
        asks: Whether an order asks for a row.
        form: How files are written: `csv`; `json`; `sheets` (JSON with a part a stream).
        more: More of the configuration's `platform` part.
        shared: More of the rest of it.
        listed: The report is not declared but listed by the vendor.
        caches: Seconds for which the vendor answers the same order from what it has.
        refuses_windows: The report knows no time range.
        sums: Rows sum up a window: how many events each key has in it.
        most_rows: The vendor cuts off longer reports.
        page_rows: The vendor gives so many rows an order, by their keys, and the next order begins behind the last.
        lists_jobs: The vendor lists its jobs, so that one can be adopted.
        hides_plans: Orders ask for a span of time, so what is dated in the future is in none yet.
        backdates: How many of the changes are dated back, as far as a sync may still find them.
        rests: Seconds from one sync to the next at the end, when all must be read.
        vendor: Who plays the vendor: `jobs`; `telling` where its jobs say how far they reach; `shelves` of ready files.
    """

    platform: str
    report: str
    tables: Callable[[], dict[str, Table]]
    asks: Asks
    form: str = "csv"
    more: Mapping[str, Any] = field(default_factory=dict)
    shared: Mapping[str, Any] = field(default_factory=dict)
    listed: bool = False
    caches: float = 0.0
    refuses_windows: bool = False
    sums: bool = False
    most_rows: int = 0
    page_rows: int = 0
    lists_jobs: bool = False
    hides_plans: bool = False
    backdates: float = 0.12
    rests: float = 1_800.0
    vendor: str = "jobs"

    def config(self, **shared: Any) -> dict[str, Any]:
        """A configuration."""
        platform = {"name": self.platform, **MINIMAL[self.platform], **self.more}
        return {"platform": platform, "report_timeout_minutes": 30, **self.shared, **shared}

    def wanted(self, states: Mapping[str, Mapping[str, Any]]) -> list[Wanted]:
        """The streams as a catalog asks for them."""
        return [
            Wanted(name, _schema(table), table.cursor or None, incremental=True, state=states.get(name, {}))
            for name, table in self.tables().items()
        ]


def _schema(table: Table) -> dict[str, Any]:
    names = [table.key, "version", *([table.cursor] if table.cursor else [])]
    return {"properties": {name: {"type": ["null", "string"]} for name in names}}


def _everything(_parameters: Parameters, _table: Table, _version: Version) -> bool:
    return True


def _eportfolio(parameters: Parameters, _table: Table, version: Version) -> bool:
    """With the switch Canvas shows what is deleted, and nothing else."""
    is_deleted = version.row["workflow_state"] == "deleted"
    return bool(is_deleted == (parameters.get("include_deleted") == "true"))


def _between(start: float | None, end: float | None, version: Version) -> bool:
    """A vendor's time range: its end is not in it."""
    if start is None and end is None:
        return True
    moment = version.moment
    return moment is not None and (start is None or moment >= start) and (end is None or moment < end)


def _instants(parameters: Parameters, _table: Table, version: Version) -> bool:
    start, end = (instant(str(parameters.get(name) or "")) for name in ("start_at", "end_at"))
    return _between(start.timestamp() if start else None, end.timestamp() if end else None, version)


def _starts(parameters: Parameters, _table: Table, version: Version) -> bool:
    start, end = (instant(str(parameters.get(name) or "")) for name in ("start", "end"))
    return _between(start.timestamp() if start else None, end.timestamp() if end else None, version)


def _from_to(parameters: Parameters, table: Table, version: Version) -> bool:
    return _starts({"start": parameters.get("fromDate"), "end": parameters.get("toDate")}, table, version)


def _unix(parameters: Parameters, _table: Table, version: Version) -> bool:
    return _between(parameters.get("start_time"), parameters.get("end_time"), version)


def _days(parameters: Parameters, _table: Table, version: Version) -> bool:
    """HapYak's days: both ends are in it."""
    assert version.moment is not None
    day = FORMS["date"](version.moment)
    return bool(str(parameters["start"]) <= day <= str(parameters["end"]))


def _sql(parameters: Parameters, table: Table, version: Version) -> bool:
    """A column of times is compared as times, whatever literal they are compared with."""
    query = str(parameters["query"])
    found = re.search(r">= '([^']*)'", query)
    if found is None:
        return True
    text = version.row[table.cursor]
    if text is None:
        return "IS NULL" in query
    at, bound = instant(text), instant(found[1])
    assert bound is not None, "the vendor cannot read this"
    return at is not None and at >= bound


def _suffixed(parameters: Parameters, table: Table, version: Version) -> bool:
    """TinQwise's filters: both ends are in it; a row without a value is never found."""
    start, end = (parameters.get(f"{table.cursor}__{name}") for name in ("gte", "lte"))
    if not start and not end:
        return True
    at = instant(version.row[table.cursor] or "")
    first, last = (instant(text) if text else None for text in (start, end))
    return at is not None and (first is None or at >= first) and (last is None or at <= last)


def _query(form: str, **shared: Any) -> Subject:
    query = {"name": "scores", "query": 'SELECT * FROM "t"', "cursor_field": "changed"}
    return Subject(
        "sana", "scores", lambda: {"scores": Table("key", "changed", form, nulls=True)}, _sql,
        more={"queries": [query]}, shared=shared,
    )  # fmt: skip


def _hapyak(report: str, **more: Any) -> Subject:
    key = "project" if more.get("sums") else "event"
    shared = {"start_date": "2026-02-20T00:00:00Z"}
    return Subject(
        "hapyak", report, lambda: {report: Table(key, events=True)}, _days, shared=shared, caches=86_400, **more
    )


def _listed(cursor: str, **more: Any) -> Subject:
    is_event = not cursor
    return Subject(
        "second_nature", "scores", lambda: {"scores": Table("key", cursor, events=is_event)}, _unix,
        form="json", listed=True, caches=86_400, hides_plans=True, **more,
    )  # fmt: skip


SUBJECTS: dict[str, Subject] = {
    "canvas: two orders": Subject(
        "canvas", "eportfolio_report_csv",
        lambda: {"eportfolio_report": Table("eportfolio_id", "updated_at", nulls=True)}, _eportfolio,
        more={"include_deleted": True}, lists_jobs=True, backdates=0.5,
    ),
    "canvas: a column": Subject(
        "canvas", "last_enrollment_activity_csv",
        lambda: {"last_enrollment_activity": Table("user id", "last activity at", "ruby")}, _everything,
        lists_jobs=True,
    ),
    "canvas: a lookback": Subject(
        "canvas", "last_enrollment_activity_csv",
        lambda: {"last_enrollment_activity": Table("user id", "last activity at", "offset")}, _everything,
        shared={"lookback_days": 2}, lists_jobs=True,
    ),
    "canvas: windows": Subject(
        "canvas", "students_with_no_submissions_csv",
        lambda: {"students_with_no_submissions": Table("user id", events=True)}, _instants,
        shared={"start_date": "2026-02-01T00:00:00Z"}, lists_jobs=True,
    ),
    "sana: declared": Subject(
        "sana", "user_course_instance_progress",
        lambda: {"user_course_instance_progress": Table("user", "last_progress_date", nulls=True)}, _sql,
    ),
    "sana: dates": _query("date"),
    "sana: minutes": _query("minute"),
    "sana: fractions": _query("fraction"),
    "sana: dates with a lookback": _query("date", lookback_days=3),
    "second nature: a column": _listed("modified_at"),
    "second nature: windows": _listed(""),
    "second nature: no time range": _listed("", refuses_windows=True),
    "second nature: a column and no time range": _listed("updated_at", refuses_windows=True),
    "second nature: two sheets": Subject(
        "second_nature", "admin-xls-report",
        lambda: {
            "admin_xls_report_users": Table("key", "modified_at"),
            "admin_xls_report_courses": Table("key", "updated_at", "date"),
        }, _unix, form="sheets", listed=True, caches=86_400, hides_plans=True,
    ),
    "second nature: lists": Subject(
        "second_nature", "course_user_state",
        lambda: {"course_user_state": Table("user_email", "updated_at", nulls=True)}, _everything, form="json",
    ),
    "tinqwise: a filter": Subject(
        "tinqwise", "modules", lambda: {"modules": Table("id", "modified_at", "fraction")}, _suffixed, form="json",
    ),
    "tinqwise: epochs": Subject(
        "tinqwise", "skills", lambda: {"skills": Table("id", "modified_at", "epoch")}, _suffixed, form="json",
    ),
    "tinqwise: no filter": Subject(
        "tinqwise", "programmes",
        lambda: {"programmes": Table("programme_uuid", "completed_at", nulls=True)}, _everything, form="json",
    ),
    "adobe: windows": Subject(
        "adobe_learning_manager", "feedback", lambda: {"feedback": Table("Training Id", events=True)}, _from_to,
        shared={"start_date": "2026-02-01T00:00:00Z"},
    ),
    "adobe: what has changed": Subject(
        "adobe_learning_manager", "users", lambda: {"users": Table("internalUserID")}, _from_to,
        page_rows=6, backdates=0.0, rests=86_400.0,
    ),
    "percipio: windows": Subject(
        "percipio", "learning_activity", lambda: {"learning_activity": Table("userUuid", events=True)}, _starts,
        form="json", shared={"start_date": "2026-02-01T00:00:00Z"},
    ),
    "dap: a table": Subject(
        "instructure_dap", "users", lambda: {"users": Table("id", "meta_ts", "milliseconds")}, _everything,
        form="jsonl", vendor="telling",
    ),
    "brightspace: ready files": Subject(
        "brightspace", "BDS Users",
        lambda: {"bds_users": Table("UserId", "_queued_for_processing_date")}, _everything, vendor="shelves",
    ),
    "hapyak: days": _hapyak("user_stream_raw"),
    "hapyak: halves": _hapyak("user_stream_raw", most_rows=12),
    "hapyak: sums of days": _hapyak("user_engagement_summary_raw", sums=True, more={
        **MINIMAL["hapyak"], "summary_window": "day"}),
    "hapyak: sums of weeks": _hapyak("user_engagement_summary_raw", sums=True, more={
        **MINIMAL["hapyak"], "summary_window": "week"}),
}  # fmt: skip
