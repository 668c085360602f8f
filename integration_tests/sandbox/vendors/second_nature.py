"""Second Nature: the export report API (tickets) and the course status API.

Paths and shapes are those of the connector's contract, because no public page states them; behaviour follows the help
centre: temporary links, a cache that `force_update` skips, reports that refuse some filters, several sheets.
"""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..core import Request, Response, Route, json_response
from ..data import DAY, Row, Table, first_name, hex_uuid, last_name, mix, records, utc_text
from ..downloads import Artifact
from ..formats import XLSX_TYPE, cell_text, write_csv, write_csv_zip, write_json_rows, write_xlsx
from ..world import Record, Vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ..jobs import Job

FORMATS = ("xlsx", "csv", "json")
STATUS = {"queued": "pending", "running": "in_progress", "done": "complete", "aborted": "failed"}
COURSES = 4
STATE_COLUMNS = (
    "user_email", "updated_at", "completed_at", "score", "passed", "course_id", "external_course_id",
    "external_user_id",
)  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """A sheet: `time` is the column that the time range filters by (None: rows have a hidden time).

    Its rows are those of `of`, by default of its own name.
    """

    name: str
    columns: tuple[str, ...]
    time: str | None = None
    of: str = ""


@dataclass(frozen=True)
class Report:
    """A report; `wrapped`: its JSON has a `reports` array although there is one sheet."""

    sheets: tuple[Sheet, ...]
    time_filter: bool = True
    course_filter: bool = True
    wrapped: bool = False


REPORTS = {
    "admin-xls-report": Report(
        (
            Sheet(
                "Users",
                ("user_email", "full_name", "team", "external_user_id", "updated_at", "license_active", "sessions"),
                "updated_at",
            ),
            Sheet(
                "Course Progress",
                ("course_id", "course_name", "user_email", "progress", "completed_at", "updated_at"),
                "updated_at",
            ),
            Sheet("Simulations 2", ("simulation_id", "name", "score", "passed", "completed_at"), "completed_at"),
        )
    ),
    "course-completion-report": Report(
        (
            Sheet(
                "Completions",
                ("course_id", "user_email", "completed_at", "score", "passed", "attempts"),
                "completed_at",
            ),
        )
    ),
    "conversation-transcripts": Report(
        (
            Sheet(
                "Conversations",
                ("conversation_id", "user_email", "updated_at", "transcript", "tags", "scores"),
                "updated_at",
            ),
        ),
        wrapped=True,
    ),
    "license-usage": Report(
        (Sheet("Licenses", ("team", "seats", "used", "share")),), time_filter=False, course_filter=False
    ),
    "team-leaderboard": Report((Sheet("Leaderboard", ("rank", "user_email", "points"),),)),
}  # fmt: skip


@dataclass
class Switches:
    """Settings of the company and of what no page states.

    Args:
        list_shape: `array` of names, or `object` (`{"reports": [...]}`).
        single_shape: JSON of a one-sheet report: `array`, `ndjson`, `object` (`{"report_name", "data"}`) or `wrapper`.
        csv_packaging: Several CSV files as one `zip`, or as a list of `urls`.
        odd_headers: In CSV and XLSX, `Simulations 2` repeats a header and has one without a name.
        xlsx_dates: In XLSX, times are date cells.
        cache_seconds: How long a report is answered from the cache.
        per_minute: Requests a minute before 429 with `Retry-After`; no limit when None.
        create_status: What creating a ticket answers.
        odd_tickets: Ids of tickets hold characters that mean something in addresses: `4/a#b?c%2F ..`.
        paths: Where reports are listed, created and tracked below `/api/`; the last with `{ticket_id}`.
    """

    api_key: str = "sn-key-0123456789"
    list_shape: str = "array"
    single_shape: str = "array"
    csv_packaging: str = "zip"
    odd_headers: bool = False
    xlsx_dates: bool = False
    link_seconds: float = 600
    cache_seconds: float = 3600
    per_minute: int | None = None
    create_status: int = 201
    odd_tickets: bool = False
    paths: tuple[str, str, str] = ("reports/", "reports/", "reports/{ticket_id}/")


class SecondNature(Vendor):
    """One company with four courses."""

    name = "second_nature"
    switches_type = Switches
    switches: Switches

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._cached: dict[str, tuple[float, Artifact | list[Artifact]]] = {}
        self._hits: list[float] = []
        self._tickets = itertools.count(1)

    def reset(self) -> None:
        self._cached.clear()
        self._hits.clear()

    def config(self) -> dict[str, Any]:
        return {"name": "second_nature", "api_key": self.switches.api_key, "base_url": f"{self.origin}/api"}

    @property
    def routes(self) -> Sequence[Route]:
        paths = [path.replace("{ticket_id}", "{ticket}") for path in self.switches.paths]
        return (
            Route("GET", f"/api/{paths[0]}", self._api(self._list), "list"),
            Route("POST", f"/api/{paths[1]}", self._api(self._create), "order"),
            Route("GET", f"/api/{paths[2]}", self._api(self._track), "poll"),
            Route("GET", "/api/course-status/", self._api(self._course_list), "page"),
            Route("GET", "/api/course-status/{course}/", self._api(self._course_state), "page"),
        )

    def identify(self, request: Request) -> str | None:
        if request.kind == "order" and isinstance(request.json, dict):
            return str(request.json.get("report_name"))
        job = self.world.jobs.find(self.name, request.args.get("ticket", ""))
        return job.report if job else None

    # errors and credentials

    def error(self, status: int, reason: str = "") -> Response:
        words = {
            401: "Invalid token.",
            403: "You do not have permission to perform this action.",
            404: "Not found.",
            429: "Request was throttled. Expected available in 1 second.",
            500: "Internal server error.",
        }
        answer = json_response({"detail": reason if status == 400 else words.get(status, reason)}, status)
        return answer.header("WWW-Authenticate", "Token") if status == 401 else answer

    def _api(self, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            return self._refused(request) or handler(request)

        return answer

    def _refused(self, request: Request) -> Response | None:
        header = request.header("Authorization")
        if header is None:
            body = {"detail": "Authentication credentials were not provided."}
            return json_response(body, 401, {"WWW-Authenticate": "Token"})
        key = header.removeprefix("Token ")
        if header == f"Token {self.switches.api_key}":
            return self._throttled(request)
        return self.error(403 if header.startswith("Token ") and key.endswith("-noperm") else 401)

    def _throttled(self, request: Request) -> Response | None:
        limit, now = self.switches.per_minute, self.world.clock.now()
        if limit is None:
            return None
        self._hits = [at for at in self._hits if at > now - 60]
        if len(self._hits) >= limit:
            request.mark("quota-exceeded")
            return self.error(429).header("Retry-After", str(math.ceil(self._hits[0] + 60 - now)))
        self._hits.append(now)
        return None

    # export reports

    def _list(self, _request: Request) -> Response:
        names = list(REPORTS)
        return json_response({"reports": names} if self.switches.list_shape == "object" else names)

    def _create(self, request: Request) -> Response:
        asked = request.json
        if not isinstance(asked, dict):
            return self.error(400, "JSON parse error")
        refusal = self._refuse_order(asked)
        if refusal is not None:
            return refusal
        key = json.dumps({k: v for k, v in asked.items() if k != "force_update"}, sort_keys=True)
        number = next(self._tickets)
        ticket = f"{number}/a#b?c%2F .." if self.switches.odd_tickets else hex_uuid(self.world.seed, number, 301)
        kept = self._cached.get(key)
        fresh = kept is not None and kept[0] > self.world.clock.now() - self.switches.cache_seconds
        job = self.world.jobs.order(self.name, asked["report_name"], asked, self._make, key=ticket)
        if fresh and kept is not None and not asked.get("force_update") and job.fault is None:
            request.mark("answered-from-cache")
            job.extra["files"], job.script, job.build = kept[1], ["done"], None
        else:
            job.extra["cache_key"] = key
        return json_response({"ticket_id": ticket}, self.switches.create_status)

    def _refuse_order(self, asked: dict[str, Any]) -> Response | None:
        report = REPORTS.get(str(asked.get("report_name")))
        course = asked.get("course_id")
        if report is None or (course is not None and course not in self.course_ids):
            return self.error(404)
        if asked.get("format", "xlsx") not in FORMATS:
            return self.error(400, f'"{asked["format"]}" is not a valid choice.')
        times = [asked[name] for name in ("start_time", "end_time") if name in asked]
        if any(isinstance(at, bool) or not isinstance(at, int) for at in times):
            return self.error(400, "start_time and end_time must be UNIX timestamps.")
        if (times and not report.time_filter) or (course is not None and not report.course_filter):
            return self.error(400, f"{asked['report_name']} does not support this filter.")
        return None

    def _track(self, request: Request) -> Response:
        job = self.world.jobs.find(self.name, request.args["ticket"])
        if job is None:
            return self.error(404)
        shown = self.world.jobs.poll(job)
        if shown == "deleted":
            return self.error(404)
        status = shown[1:] if shown.startswith("?") else STATUS.get(shown, shown)
        body: dict[str, Any] = {"ticket_id": job.key, "status": status, "report_url": None}
        if job.state == "failed" and job.words:
            body["error"] = job.words
        if job.state == "done" and (job.fault is None or job.fault.name != "job_no_link"):
            body["report_url"] = self._link(job)
        return json_response(body)

    def _link(self, job: Job) -> Any:
        """The link or links: one set a ticket, made when the report is first seen complete."""
        if "links" not in job.extra:
            self._remember(job)
            files = job.extra["files"]
            each = [
                self.world.downloads.issue(self.name, job.report, file, self.switches.link_seconds)
                for file in (files if isinstance(files, list) else [files])
            ]
            job.extra["links"] = each if isinstance(files, list) else each[0]
        return job.extra["links"]

    def _remember(self, job: Job) -> None:
        if "files" not in job.extra:
            job.extra["files"] = job.extra.get("many") or job.artifact
        if "cache_key" in job.extra:
            self._cached[job.extra["cache_key"]] = (self.world.clock.now(), job.extra["files"])

    # files

    def _make(self, job: Job) -> Artifact:
        form = job.params.get("format", "xlsx")
        sheets = [
            (sheet.name, self._table(job.report, sheet, job.params, form)) for sheet in REPORTS[job.report].sheets
        ]
        if job.empty:
            sheets = [(name, Table(table.columns, ())) for name, table in sheets]
        world, versions = self.world, [self.world.overlay.version(self.name, stream) for stream in self.streams()]
        about = [versions, world.rows, world.seed, world.anchor, repr(self.switches), job.empty]
        key = json.dumps([self.name, job.params, *about], sort_keys=True)
        if form == "csv" and len(sheets) > 1 and self.switches.csv_packaging == "urls":
            many = [self._csv(f"{key}{name}", name, table) for name, table in sheets]
            job.extra["many"] = many
            return many[0]
        return self._file(key, job.report, form, sheets)

    def _file(self, key: str, report: str, form: str, sheets: list[tuple[str, Table]]) -> Artifact:
        if form == "xlsx":
            path = self.world.cache.build(key, lambda target: write_xlsx(target, sheets))
            return Artifact(path, XLSX_TYPE, f"{report}.xlsx")
        if form == "json":
            path = self.world.cache.build(key, lambda target: self._write_json(target, report, sheets))
            return Artifact(path, "application/json", f"{report}.json")
        if len(sheets) == 1:
            return self._csv(key, report, sheets[0][1])
        path = self.world.cache.build(key, lambda target: write_csv_zip(target, sheets))
        return Artifact(path, "application/zip", f"{report}.zip")

    def _csv(self, key: str, name: str, table: Table) -> Artifact:
        path = self.world.cache.build(key, lambda target: write_csv(target, table, newline="\r\n"))
        return Artifact(path, "text/csv", f"{name.replace(' ', '%20')}.csv")

    def _write_json(self, path: Path, report: str, sheets: list[tuple[str, Table]]) -> None:
        shape = "reports" if len(sheets) > 1 or REPORTS[report].wrapped else self.switches.single_shape
        with path.open("w", encoding="utf-8") as target:
            if shape == "ndjson":
                write_json_rows(target, sheets[0][1], "\n")
                return
            heads = [json.dumps({"report_name": report, "sheet_name": name})[:-1] for name, _ in sheets]
            opening, closing = {"array": ("[", "]"), "object": ('{"report_name": "x", "data": [', "]}")}.get(
                shape, ("", "")
            )
            if shape in ("reports", "wrapper"):
                target.write('{"reports": [')
                for place, (head, (_, table)) in enumerate(zip(heads, sheets, strict=True)):
                    target.write(("," if place else "") + head + ', "data": [')
                    write_json_rows(target, table)
                    target.write("]}")
                target.write("]}")
                return
            target.write(opening)
            write_json_rows(target, sheets[0][1])
            target.write(closing)

    # data

    @property
    def course_ids(self) -> list[str]:
        return [hex_uuid(self.world.seed, course, 401) for course in range(COURSES)]

    def _time(self, number: int, salt: int) -> float:
        return self.world.anchor - mix(self.world.seed, number, salt) % (400 * DAY)

    def _rows(self, sheet: str) -> Iterator[tuple[float | None, int, Row]]:
        """Every row with the time it is filtered by and the course it belongs to."""
        make = {
            "Users": self._user, "Course Progress": self._progress, "Simulations 2": self._simulation,
            "Completions": self._completion, "Conversations": self._conversation, "Licenses": self._license,
            "Leaderboard": self._leader,
        }[sheet]  # fmt: skip
        small = {"Licenses": 3, "Leaderboard": min(self.world.rows, 10)}
        for number in range(small.get(sheet, self.world.rows)):
            at, row = make(number)
            yield at, number % COURSES, row

    def _email(self, number: int) -> str:
        return f"user{number}@example.com"

    def _user(self, number: int) -> tuple[float | None, Row]:
        seed, at = self.world.seed, self._time(number, 411)
        name = f"{first_name(seed, number)} {last_name(seed, number)}"
        team = ("Sales, EMEA", "Support", None)[number % 3]
        return at, (
            self._email(number),
            name,
            team,
            f"{number:06d}",
            utc_text(at),
            number % 4 != 0,
            mix(seed, number, 412) % 90,
        )

    def _progress(self, number: int) -> tuple[float | None, Row]:
        at, course = self._time(number, 413), number % COURSES
        done = utc_text(at - DAY) if number % 3 == 0 else None
        share = 100.0 if done else mix(self.world.seed, number, 414) % 1000 / 10
        return at, (self.course_ids[course], f"Course {course}", self._email(number), share, done, utc_text(at))

    def _simulation(self, number: int) -> tuple[float | None, Row]:
        at = self._time(number, 415) if number % 6 else None
        score = None if at is None else mix(self.world.seed, number, 416) % 101
        passed = None if score is None else score > 60
        return at, (hex_uuid(1, number, 417), f"Pitch\n{number}", score, passed, at and utc_text(at))

    def _completion(self, number: int) -> tuple[float | None, Row]:
        at = self._time(number, 418) if number % 7 else None
        score = mix(self.world.seed, number, 419) % 1000 / 10 if at else None
        course = self.course_ids[number % COURSES]
        return at, (
            course,
            self._email(number),
            at and utc_text(at),
            score,
            bool(at and score and score > 60),
            number % 4,
        )

    def _conversation(self, number: int) -> tuple[float | None, Row]:
        at = self._time(number, 420)
        text = f'Hi, I\'m "{last_name(self.world.seed, number)}".\nNice to meet you; let us begin.'
        tags = ["demo", f"tag,{number % 3}"][: number % 3]
        scores = {"tone": number % 10, "pace": None}
        return at, (hex_uuid(1, number, 421), self._email(number), utc_text(at), text, tags, scores)

    def _license(self, number: int) -> tuple[float | None, Row]:
        return None, (("Sales, EMEA", "Support", "No team")[number], 50, 10 * number, 0.2 * number)

    def _leader(self, number: int) -> tuple[float | None, Row]:
        return self._time(number, 422), (number + 1, self._email(number), 1000 - number)

    def _table(self, report: str, sheet: Sheet, params: dict[str, Any], form: str) -> Table:
        stream = stream_name(report, sheet.name)
        rows = self._changed_rows(sheet, stream, params)
        columns: tuple[str, ...] = sheet.columns
        if form != "json":
            rows = (self._flat(sheet, row, form) for row in rows)
            if self.switches.odd_headers and sheet.name == "Simulations 2":
                columns = ("simulation_id", "name", "score", "", "score")
        return Table(columns, rows)

    def _flat(self, sheet: Sheet, row: Row, form: str) -> Row:
        """Cells for CSV and XLSX: nested values as JSON text; in XLSX times may be date cells."""
        cells = [json.dumps(value) if isinstance(value, (dict, list)) else value for value in row]
        if form == "xlsx" and self.switches.xlsx_dates and sheet.time:
            place = sheet.columns.index(sheet.time)
            cells[place] = cells[place] and _naive(str(cells[place]))
        return cells

    def _changed_rows(self, sheet: Sheet, stream: str, params: dict[str, Any]) -> Iterator[Row]:
        """The rows a ticket asks for. With a time range, rows without a time are left out."""
        start, end, course = (params.get(name) for name in ("start_time", "end_time", "course_id"))
        wide = ((*row, at, self.course_ids[place]) for at, place, row in self._rows(sheet.of or sheet.name))
        place = None if sheet.time is None else sheet.columns.index(sheet.time)
        columns = (*sheet.columns, "_time", "_course")
        for row in self.world.overlay.apply(self.name, stream, columns, wide):
            at = row[-2] if place is None else (row[place] and _epoch(str(row[place])))
            if course is not None and row[-1] not in (None, course):
                continue
            if (start is not None or end is not None) and at is None:
                continue
            if (start is not None and at < start) or (end is not None and at > end):
                continue
            yield row[:-2]

    # course status

    def _course_list(self, _request: Request) -> Response:
        return json_response(list(records(self._courses())))

    def _course_state(self, request: Request) -> Response:
        if request.args["course"] not in self.course_ids:
            return self.error(404)
        low, high = (_number(request.param(name)) for name in ("completed_from", "completed_until"))
        outer = request.param("include_external_user_id") == "true"
        states = records(self._course_states(request.args["course"], outer))
        return json_response([row for row in states if _completed_within(row["completed_at"], low, high)])

    def _courses(self) -> Table:
        columns = ("course_id", "external_course_id")
        rows = ((course, f"00{number}") for number, course in enumerate(self.course_ids))
        return Table(columns, self.world.overlay.apply(self.name, "course_status", columns, rows))

    def _course_states(self, course: str | None, outer: bool) -> Table:
        """The users of a course (of all courses in turn when None); `outer`: with their external ids."""
        changed = self.world.overlay.apply(self.name, "course_user_state", STATE_COLUMNS, self._state_rows())
        place = STATE_COLUMNS.index("course_id")
        rows = (row for row in changed if course in (None, row[place]))
        return Table(STATE_COLUMNS, rows) if outer else Table(STATE_COLUMNS[:-1], (row[:-1] for row in rows))

    def _state_rows(self) -> Iterator[Row]:
        for course, key in enumerate(self.course_ids):
            for number in range(course, self.world.rows, COURSES):
                _, (_, email, done, score, passed, _) = self._completion(number)
                changed = utc_text(self._time(number, 413))
                yield email, changed, done, score, passed, key, f"00{course}", f"{number:06d}"

    # truth

    def _sheet_of(self, stream: str) -> tuple[str, Sheet]:
        return next((r, s) for r, about in REPORTS.items() for s in about.sheets if stream_name(r, s.name) == stream)

    def streams(self) -> list[str]:
        return [stream_name(report, sheet.name) for report, about in REPORTS.items() for sheet in about.sheets]

    def truth(self, stream: str, **options: Any) -> Iterator[Record]:
        """Options: `format` (`json`; `csv`: every value is text; `xlsx`: numbers and booleans as the cells have them),
        `start_time`, `end_time`, `course_id` as in a ticket. No `_report_*` columns. `course_status` and
        `course_user_state` (option `include_external_user_id`) are the sibling API's.
        """
        if stream == "course_status":
            return records(self._courses())
        if stream == "course_user_state":
            return records(self._course_states(None, bool(options.get("include_external_user_id"))))
        report, sheet = self._sheet_of(stream)
        form = options.pop("format", "json")
        params = {key: int(value) if key.endswith("_time") else value for key, value in options.items()}
        table = self._table(report, sheet, params, form)
        convert = {"csv": cell_text, "xlsx": _xlsx_value}.get(form)
        return records(table, convert)


def stream_name(report: str, sheet: str) -> str:
    """Snake case of the report, and of the sheet where there are several."""
    words = report if len(REPORTS[report].sheets) == 1 else f"{report} {sheet}"
    return words.lower().replace("-", "_").replace(" ", "_")


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _completed_within(done: str | None, low: float | None, high: float | None) -> bool:
    """With a time filter, only users who completed in the window (both ends included)."""
    if low is None and high is None:
        return True
    if done is None:
        return False
    at = _epoch(done)
    return (low is None or at >= low) and (high is None or at <= high)


def _naive(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=None)


def _epoch(text: str) -> float:
    return _naive(text).replace(tzinfo=timezone.utc).timestamp()


def _xlsx_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
