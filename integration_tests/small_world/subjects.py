"""The streams whose vendors are played."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from integration_tests.connector import Json, catalog_of
from integration_tests.sandbox.data import mountain_text, utc_text

DAY = 86_400.0


@dataclass(frozen=True)
class Subject:
    """A stream whose vendor is played.

    Attributes:
        keys: The columns that tell its rows apart.
        version: A column for a text that differs in each version of a row.
        column: The column that bears the rows' time.
        cursor: The stream's cursor, where it is not that column.
        written: How the vendor writes a time.
        nulls: Whether rows may bear no time.
        events: Rows are never changed, and bear the moment at which they came.
        hides_plans: What is dated in the future is not in a report yet.
        precision: Seconds that the stream's times are told to: a later hour of today is today, and may be passed.
        more, shared: More of the configuration, in its `platform` part and beside it.
        table: The vendor's table, where it is not named as the stream.
        played: How: `rows` that bear times; `telling`, whose jobs say how far they reach; `shelves` of ready files.
    """

    platform: str
    stream: str
    keys: tuple[str, ...]
    version: str
    column: str
    cursor: str = ""
    written: Callable[[float], str] = utc_text
    nulls: bool = False
    events: bool = False
    hides_plans: bool = False
    precision: float = 1.0
    more: Mapping[str, Any] = field(default_factory=dict)
    shared: Mapping[str, Any] = field(default_factory=dict)
    table: str = ""
    played: str = "rows"

    @property
    def catalog(self) -> Json:
        """The stream as a catalog asks for it."""
        modes = {"supported_sync_modes": ["full_refresh", "incremental"]}
        cursor = [self.cursor or self.column]
        return catalog_of([{"name": self.stream, "json_schema": {}, **modes, "default_cursor_field": cursor}])


def _micros(epoch: float) -> str:
    return utc_text(epoch, micros=True)


_PROGRESS = "user_course_instance_progress"
_DAYS = (
    'SELECT "user", course, strftime(last_progress_date, \'%Y-%m-%d\') AS "day" '  # noqa: S608 - a constant
    f"FROM analytics.{_PROGRESS}"
)

SUBJECTS: dict[str, Subject] = {
    "canvas": Subject(
        "canvas", "last_user_access", ("user id",), "user name", "last access at", written=mountain_text, nulls=True
    ),
    "sana": Subject("sana", _PROGRESS, ("user",), "course", "last_progress_date", written=_micros, nulls=True),
    "sana, dates": Subject(
        "sana", "days", ("user",), "course", "day", written=_micros, nulls=True, precision=DAY,
        more={"queries": [{"name": "days", "query": _DAYS, "cursor_field": "day"}]}, table=_PROGRESS,
    ),
    "second nature": Subject(
        "second_nature", "conversation_transcripts", ("conversation_id",), "transcript", "updated_at",
        hides_plans=True, more={"reports": ["conversation-transcripts"]},
    ),
    "tinqwise": Subject("tinqwise", "modules", ("id",), "module_name", "modified_at", written=_micros),
    "hapyak": Subject(
        "hapyak", "user_stream_raw", ("event_time", "value"), "value", "event_time", cursor="_report_end", events=True,
        more={"reports": ["user_stream_raw"]}, shared={"start_date": "2026-02-24T00:00:00Z"},
    ),
    "dap": Subject(
        "instructure_dap", "users", ("id",), "name", "meta_ts", more={"tables": ["users"]}, played="telling"
    ),
    "brightspace": Subject(
        "brightspace", "bds_users", ("UserId",), "Version", "", cursor="_queued_for_processing_date",
        more={"data_sets": ["Users"]}, table="Users", played="shelves",
    ),
}  # fmt: skip
