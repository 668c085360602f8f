"""Canvas' report files: what the parameters of a run come down to, the tables, the bytes and the truth about them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from ..data import DAY, Table, hex_uuid, records
from ..downloads import Artifact
from ..formats import write_csv, write_csv_zip
from ..jobs import BuildRefused, Job
from .canvas_catalog import REPORT_TYPES, ReportType
from .canvas_data import CanvasData, Term, Wanted, course_id, course_sis

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ..world import Record, World

TRUE_WORDS = ("true", "1", "yes", "y", "on", "t")
SELECTABLE = ("provisioning_csv", "sis_export_csv")
OUTCOMES = ("outcome_results_csv", "student_assignment_outcome_map_csv", "outcome_export_csv")
NO_FILE = "Failed, the report failed to generate a file. Please try again."
TWO_WEEKS = 14 * DAY
TAGS = ("institutional_tag_categories", "institutional_tags", "institutional_tag_associations")
LONE_LINE_END = ("", Table([], ()))
CUSTOM_REPORTS = {
    "custom_attendance_csv": ReportType(
        "Attendance (Example University)",
        (("campus", False, "Campus code"),),
        {"custom_attendance": ("Campus Code", "Student ID", "Attended On", "Minutes", "Note")},
    ),
    "faculty_load_summary": ReportType("Faculty Load", (), {"faculty_load_summary": ("Faculty", "Load %", "Comment")}),
}
EVERY_REPORT = {**REPORT_TYPES, **CUSTOM_REPORTS}


@dataclass
class Switches:
    """Settings of the institution and of the user whose token is used.

    Args:
        offered: The report ids the account offers; all 20 and two custom ones when None.
        semicolon, bom: Feature options of the requesting user; they shape the outcome reports only.
        no_outcomes: Outcome reports have the one row `No outcomes found`.
        slow_slots: How many reports run at once, the others stay `created`; all when None.
        parallel_limit: More requests at once than this are throttled (403, plain text); no limit when None.
        no_verifier: `attachment.url` comes without its verifier (newer feature flags), and opens with the token only.
        file_scope: Whether the token may open files; matters where there is no verifier.
        paginate_reports: The list of reports is paged too, as documented (the code renders it whole).
        permission_status: 403 (newer) or 401 (older) when a permission is missing.
        custom_ran: Whether the first custom report has a finished last run.
        conflicts: An order of a run that is under way is answered 409 with that run, and starts nothing (newer).
        elevated_login: The account asks for a stronger login, which the token's user has not used: 403 everywhere.
        institutional_tags: The feature, which brings three more outputs of provisioning and SIS export.
        token_details: The report of access tokens has their ids, purposes and visible ends (newer).
        messages: A run says in `message` how it ended (newer); else only in its parameters.
        term_without_courses: One more term, with a grading period set and no courses.
    """

    token: str = "canvas-token"
    offered: list[str] | None = None
    integration_ids: bool = False
    grade_override: bool = False
    pronouns: bool = False
    temporary_enrollments: bool = False
    consortium: bool = False
    mastery_scales: bool = False
    token_status: bool = True
    semicolon: bool = False
    bom: bool = False
    no_outcomes: bool = False
    slow_slots: int | None = None
    parallel_limit: int | None = None
    no_verifier: bool = False
    file_scope: bool = True
    paginate_reports: bool = False
    permission_status: int = 403
    link_seconds: float = 900
    custom_ran: bool = True
    conflicts: bool = True
    elevated_login: bool = False
    institutional_tags: bool = False
    token_details: bool = True
    messages: bool = True
    term_without_courses: bool = False


class CanvasReports:
    """Makes report files from the institution's data, as its switches say."""

    def __init__(self, world: World, switches: Switches) -> None:
        self.world = world
        self.switches = switches
        self.data = CanvasData(world.rows, world.seed, world.anchor)

    @property
    def terms(self) -> list[Term]:
        """All terms of the institution."""
        empty = Term(15, "0026W", "Winter 2026", "active", None, None, 74)
        return [*self.data.terms, empty] if self.switches.term_without_courses else self.data.terms

    def outputs_of(self, report: str) -> list[str]:
        """The outputs of a report that this institution has."""
        names = list(EVERY_REPORT[report].outputs)
        return names if self.switches.institutional_tags else [name for name in names if name not in TAGS]

    def make(self, job: Job) -> Artifact:
        """Write the file of a run.

        Raises:
            BuildRefused: The run ends as `error`.
        """
        outputs = self._outputs(job.report, job.params)
        tables = [
            (name, table) for name, table in self._tables(job.report, job.params) if name in outputs or not outputs
        ]
        if not tables:
            raise BuildRefused(NO_FILE)
        stamp = datetime.fromtimestamp(self.world.clock.now(), timezone.utc).strftime("%d_%b_%Y")
        stem = f"{job.report.removesuffix('_csv')}_{stamp}_{job.number}"
        zipped = len(tables) > 1 or (job.report == "mgp_grade_export_csv" and tables != [LONE_LINE_END])
        key = json.dumps(
            ["canvas", job.report, job.params, job.empty, self._state_key(job)], sort_keys=True, default=str
        )
        path = self.world.cache.build(key, lambda target: self._write(target, job, tables, zipped))
        if zipped:
            return Artifact(path, "application/zip", f"{stem}.zip")
        return Artifact(path, "text/csv", f"{stem}-{hex_uuid(1, job.number, 7)[:6]}.csv")

    def _state_key(self, job: Job) -> list[Any]:
        """What the bytes of a file depend on besides its parameters."""
        versions = [self.world.overlay.version("canvas", stream) for stream in streams_of(job.report)]
        data = self.data
        day = job.created // DAY if job.report == "students_with_no_submissions_csv" else 0
        return [
            data.rows,
            data.seed,
            data.anchor,
            versions,
            repr(self.switches),
            day,
            job.number if any(versions) else 0,
        ]

    def _write(self, path: Path, job: Job, tables: list[tuple[str, Table]], zipped: bool) -> None:
        separator = ";" if self.switches.semicolon and job.report in OUTCOMES else ","
        bom = self.switches.bom and job.report in OUTCOMES
        if job.empty:
            tables = [(name, Table(table.columns, ())) for name, table in tables]
        if not zipped:
            write_csv(path, tables[0][1], separator, bom)
            return
        write_csv_zip(path, tables)

    def _outputs(self, report: str, params: dict[str, Any]) -> list[str]:
        """The outputs that are asked for."""
        names = self.outputs_of(report)
        if report in SELECTABLE:
            return [name for name in names if _true(params.get(name))] or ["<none>"]
        return [] if report == "mgp_grade_export_csv" else names

    def _tables(self, report: str, params: dict[str, Any]) -> Iterator[tuple[str, Table]]:
        """Every output of a report with these parameters, by member name."""
        wanted = self._wanted(report, params)
        if report == "mgp_grade_export_csv":
            yield from self._period_tables(str(params.get("enrollment_term_id") or ""), wanted)
        elif report in CUSTOM_REPORTS:
            yield self._custom_table(report)
        else:
            for output in REPORT_TYPES[report].outputs:
                yield output, self._table(report, output, params, wanted)

    def _period_tables(self, term_id: str, wanted: Wanted) -> Iterator[tuple[str, Table]]:
        """A member a term; a lone line end where a term has no courses, and where what names it is no plain id."""
        if term_id and not term_id.isdigit():
            yield LONE_LINE_END
            return
        for place, term in enumerate(self.terms):
            if term.status == "active" and (wanted.terms is None or place in wanted.terms):
                has_courses = place < len(self.data.terms)
                table = self.data.period_table(place, wanted, self._kept) if has_courses else LONE_LINE_END[1]
                yield term.name, self._changed("mgp_grade_export", table)

    def _custom_table(self, report: str) -> tuple[str, Table]:
        (output, columns), *_ = CUSTOM_REPORTS[report].outputs.items()
        rows: Iterator[Sequence[str | None]] = (
            (f"0{n % 3}", f"{n:06d}", f"2026-01-{n % 28 + 1:02d}", str(n % 90), None if n % 2 else "n/a")[
                : len(columns)
            ]
            for n in range(max(3, self.data.rows // 10))
        )
        return output, self._changed(output, Table(columns, rows))

    def _kept(self, columns: Sequence[str], also: frozenset[str] = frozenset()) -> list[int]:
        """The places of the columns that this institution's switches bring."""

        def on(column: str) -> bool:
            switch = column.partition(" ?")[2]
            if not switch:
                return True
            name = switch.removeprefix("!")
            return (name in also or bool(getattr(self.switches, name, False))) != switch.startswith("!")

        return [place for place, column in enumerate(columns) if on(column)]

    def _table(self, report: str, output: str, params: dict[str, Any], wanted: Wanted) -> Table:
        catalog = REPORT_TYPES[report].outputs[output]
        state = params.get("include_enrollment_state")
        also = frozenset({"enrollment_state"}) if _true(state) else frozenset()
        kept = self._kept(catalog, also)
        names = [column.split(" ?")[0].split(":")[0] for column in catalog]
        columns = [names[place] for place in kept]
        stream = stream_name(report, output)
        if self.switches.no_outcomes and report in OUTCOMES:
            return Table(columns, [("No outcomes found",)])
        rows = self.data.rows_of(report, output, wanted)
        if len(kept) < len(names):
            ragged = len(names)
            rows = ([row[place] for place in kept] + list(row[ragged:]) for row in rows)
        if self.switches.mastery_scales and report == "outcome_export_csv":
            rows = (row[: len(columns)] for row in rows)
        table = self._changed(stream, Table(columns, rows))
        if report == "sis_export_csv" and output == "enrollments" and self.switches.temporary_enrollments:
            return _shifted(table)
        return table

    def _changed(self, stream: str, table: Table) -> Table:
        return Table(table.columns, self.world.overlay.apply("canvas", stream, table.columns, table.rows))

    def term_places(self, text: str) -> frozenset[int] | None:
        """The places of the terms a parameter names; None when it names none that exists."""
        terms = self.terms
        if text == "active_terms":
            return frozenset(place for place, term in enumerate(terms) if term.status == "active")
        known = {str(term.id): place for place, term in enumerate(terms)}
        known |= {f"sis_term_id:{term.sis_id}": place for place, term in enumerate(terms) if term.sis_id}
        found = [known.get(part.strip()) for part in text.split(",")]
        return None if None in found else frozenset(place for place in found if place is not None)

    def _wanted(self, report: str, params: dict[str, Any]) -> Wanted:
        term = params.get("enrollment_term_id") or params.get("enrollment_term")
        course = params.get("course_id") or params.get("course")
        start, end = self._window(report, params)
        return Wanted(
            terms=self.term_places(str(term)) if term else None,
            course=self._course_place(str(course)) if course else None,
            include_deleted=_true(params.get("include_deleted")),
            created_by_sis=params.get("created_by_sis") not in (None, "", False),  # presence, not truth
            no_enrollments=_true(params.get("no_enrollments")),
            living_tokens=_true(params.get("exclude_deleted_and_expired")),
            start=start,
            end=end,
            states=_states(params.get("enrollment_state")) or _words(params.get("enrollment_states")),
            roles=_words(params.get("enrollment_filter")),
        )

    def _course_place(self, text: str) -> int:
        for course in range(self.data.courses):
            if text in (str(course_id(course)), f"sis_course_id:{course_sis(course)}"):
                return course
        raise BuildRefused(f"Couldn't find Course with 'id'={text}")

    def _window(self, report: str, params: dict[str, Any]) -> tuple[float | None, float | None]:
        start, end = (_moment(params.get(name)) for name in ("start_at", "end_at"))
        if report != "students_with_no_submissions_csv":
            return start, end
        if end is None:
            end = self.world.clock.now() if start is None else start + TWO_WEEKS
        return max(start or 0.0, end - TWO_WEEKS), end

    def truth(self, stream: str, **options: Any) -> Iterator[Record]:
        """Options: `parameters` (an object, as the run was ordered); for `students_with_no_submissions` also `windows`,
        a list of [start, end] texts (those of the runs that completed here when absent).
        """
        report, output = next(
            (report, output) for report, kind in EVERY_REPORT.items()
            for output in kind.outputs if stream_name(report, output) == stream
        )  # fmt: skip
        params = _object(options.get("parameters", {}))
        if report == "students_with_no_submissions_csv":
            yield from self._windows_truth(report, output, params, _object(options.get("windows")))
        elif report == "mgp_grade_export_csv":
            for member, table in self._tables(report, params):
                yield from records(table, _report_member=member)
        elif self.switches.no_outcomes and report in OUTCOMES:
            return
        else:
            tables = dict(self._tables(report, params))
            yield from records(tables[output])

    def _windows_truth(self, report: str, output: str, params: dict[str, Any], windows: Any) -> Iterator[Record]:
        if windows is None:
            runs = [job for job in self.world.jobs.of("canvas", report) if job.state == "done"]
            windows = [(job.params.get("start_at"), job.params.get("end_at")) for job in runs]
        for start, end in windows:
            asked = {**params, "start_at": start, "end_at": end}
            table = dict(self._tables(report, asked))[output]
            yield from records(table, _report_start=start, _report_end=end)


def stream_name(report: str, output: str) -> str:
    """The stream of an output (contract, section 2)."""
    return f"{report.removesuffix('_csv')}_{output}" if report in SELECTABLE else report.removesuffix("_csv")


def streams_of(report: str) -> list[str]:
    """The streams of a report."""
    return [stream_name(report, output) for output in EVERY_REPORT[report].outputs]


def _true(value: Any) -> bool:
    return str(value).strip().lower() in TRUE_WORDS


def _words(value: Any) -> frozenset[str] | None:
    if value in (None, "", []):
        return None
    words = value if isinstance(value, list) else str(value).split(",")
    return None if "all" in words else frozenset(words)


def _states(value: Any) -> frozenset[str] | None:
    """An array; a text is one word, whatever commas it holds."""
    return None if value in (None, "", []) else frozenset(value if isinstance(value, list) else [str(value)])


def _moment(value: Any) -> float | None:
    """Seconds since 1970; a time without an offset is the account's (mountain) time."""
    if value in (None, ""):
        return None
    try:
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError as error:
        raise BuildRefused(f"invalid date: {value}") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone(timedelta(hours=-7)))).timestamp()


def _object(value: Any) -> Any:
    """An option of `truth`: as it is, or JSON when it came over the control API."""
    return json.loads(value) if isinstance(value, str) else value


def _shifted(table: Table) -> Table:
    """The SIS export's defect with temporary enrollments: three headers for one value, so later cells shift left."""
    place = list(table.columns).index("temporary_enrollment_source_user_id")
    source = "temporary_enrollment_source_user_id"
    headers = [source, f"canvas_{source}", source]
    return Table([*table.columns[:place], *headers, *table.columns[place + 1 :]], table.rows)
