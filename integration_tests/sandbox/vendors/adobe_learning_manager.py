"""Adobe Learning Manager: the Jobs API.

Orders and answers are JSON:API (406 otherwise), and errors are told by words of their own: an unknown job is a 400.
Five jobs a day of a type, one at a time. A finished job names a signed address (`s3Url`), or, in the shape of September
2026 (`new_shape`), a path of the API itself, which wants the token. Headers of the transcript name the account's zone;
large reports come as a ZIP of several CSV files. How a sixth order is refused is on no page. Columns of the reports
that no page shows are made up. Faults and the journal call a report by its job type.
"""

from __future__ import annotations

import itertools
import json
import threading
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ..core import Request, Response, Route, json_response
from ..data import DAY, Row, Table, first_name, last_name, mix, records, utc_text
from ..downloads import Artifact
from ..formats import cell_text, write_csv, write_csv_zip
from ..tokens import Tokens
from ..world import Record, Vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..jobs import Job

TYPE = "application/vnd.api+json"
STREAMS = {
    "generateUsers": "users",
    "generateUserIncrementalReport": "users",
    "generateLearnerTranscript": "learner_transcripts",
    "generateTrainingReport": "trainings",
    "generateTrainingStatsReport": "training_stats",
    "generateFeedbackReport": "feedback",
    "generateGamificationTranscript": "gamification",
    "generateLoginAccessReport": "login_access",
    "generateSessionReport": "sessions",
    "generateUserGroupReport": "user_groups",
    "generateJobAidMetadataReport": "job_aids",
}
WINDOWED = ("feedback", "login_access", "sessions")
NEEDS_WINDOW = (
    "generateUserIncrementalReport",
    "generateFeedbackReport",
    "generateLoginAccessReport",
    "generateSessionReport",
)
ZONED = ("Enrollment Date", "Started Date", "Completion Date", "Date Achieved")
COLUMNS: dict[str, tuple[str, ...]] = {
    "users": (
        "internalUserID", "userEmail", "customerDefinedUniqueUserId", "name", "managerEmail", "userType", "state",
        "excludedFromGamification", "pointsEarned", "profile", "roles", "dateCreated", "lastLoginDate", "dateDeleted",
        "uiLocale", "contentLocale", "timeZoneCode", "userSource", "group", "AF_location", "lastSocialActivityDate",
    ),
    "learner_transcripts": (
        "Name", "Email", "LP/Certification/Course", "Type", "Instance", "Selection Criteria", "Enrollment Date",
        "Started Date", "Completion Date", "Training ID", "Training or Module Duration (mins)", "Status", "Progress %",
        "Quiz_score", "userState", "Manager Name", "location",
    ),
    "trainings": (
        "Catalog Name", "Training ID", "Training Unique ID", "Training Type", "Training Name", "Modules", "Format",
        "Status of Training", "Skills", "Author", "Enrollment Count", "Started Count", "Completion Count", "Tags",
    ),
    "training_stats": (
        "name", "email", "completedCourses", "incompleteCourses", "completedCertification",
        "incompleteCertification", "completedLearningProgram", "incompleteLearningProgram",
    ),
    "feedback": (
        "Type of Feedback", "User Name", "User Email", "Training Id", "Training Name", "Date of Feedback", "Question 1",
        "Answer 1",
    ),
    "gamification": (
        "Name", "Email/UUID", "Status", "Action", "Points", "Balance Points", "Rule/Task", "Type", "Name",
        "Instance Name", "Date Achieved",
    ),
    "login_access": ("User Name", "User Email", "Login Time"),
    "sessions": (
        "Start date and time", "End date and time", "Session Name", "Session ID", "Seat count", "Location",
        "Enrollment Count", "Completion Count", "Waitlist count",
    ),
    "user_groups": ("Group ID", "Group Name", "Users"),
    "job_aids": ("Job Aid ID", "Job Aid Name", "Status"),
}  # fmt: skip
OLD = {"queued": "Submitted", "running": "InProgress", "done": "Completed", "failed": "Failed", "aborted": "Failed"}
NEW = {"queued": "QUEUED", "running": "IN_PROGRESS", "done": "COMPLETED", "failed": "FAILED", "aborted": "FAILED"}


@dataclass
class Switches:
    """Settings of the account and of what no page states.

    Args:
        token_seconds: The life of an access token; the same one comes back while it lives.
        new_shape: Jobs in the shape of September 2026.
        zone: The account's, as headers name it.
        zip_rows: A report of more rows is a ZIP of two CSV files.
        page_size: The most users of an incremental order.
        per_day: Orders a day of a job type.
        refusal: The HTTP status of a sixth order, and of one while another of the type is in progress.
    """

    client_id: str = "alm-client"
    client_secret: str = "alm-client-secret"
    refresh_token: str = "alm-refresh-token-0123456789"
    token_seconds: float = 604_800
    new_shape: bool = False
    zone: str = "Asia/Calcutta"
    link_seconds: float = 604_800
    zip_rows: int = 500_000
    page_size: int = 500_000
    per_day: int = 5
    refusal: int = 400


class AdobeLearningManager(Vendor):
    """One account."""

    name = "adobe_learning_manager"
    switches_type = Switches
    switches: Switches

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.reset()
        self._numbers = itertools.count(43118)
        self._lock = threading.Lock()

    def reset(self) -> None:
        self._tokens = Tokens(self.world.clock, "alm")
        self._token = ""
        self._orders: list[tuple[str, float]] = []

    def config(self) -> dict[str, Any]:
        switches = self.switches
        login = {"client_id": switches.client_id, "client_secret": switches.client_secret}
        return {"name": self.name, **login, "refresh_token": switches.refresh_token, "base_url": self.origin}

    @property
    def routes(self) -> Sequence[Route]:
        return (
            Route("POST", "/oauth/token/refresh", self._refresh, "token"),
            Route("GET", "/primeapi/v2/account", self._allowed(self._account), "list"),
            Route("POST", "/primeapi/v2/jobs", self._allowed(self._order), "order"),
            Route("GET", "/primeapi/v2/jobs/{id}", self._allowed(self._poll), "poll"),
            Route("GET", "/primeapi/v2/jobs/{id}/download", self._signed_in(self._download), "download"),
        )

    def identify(self, request: Request) -> str | None:
        if request.kind == "order":
            return str(_attributes(request).get("jobType"))
        job = self.world.jobs.find(self.name, request.args.get("id", ""))
        return job.report if job else None

    # errors and credentials

    def error(self, status: int, reason: str = "") -> Response:
        if status == 429:
            return json_response({"message": "429 Too many requests"}, 429)
        codes = {401: "UNAUTHORIZED_ACCESS", 403: "FORBIDDEN", 404: "NOT_FOUND", 400: "BAD_REQUEST"}
        body = {"status": codes.get(status, "SERVER_ERROR"), "title": "Bad request. Check url, params and headers"}
        return json_response({**body, "source": {"info": reason or "refused"}}, status)

    def faulty(self, effect: str, *rest: Any) -> Response:
        if effect == "401":
            self._token = ""
            self._tokens.revoke_all()
        return super().faulty(effect, *rest)

    def _refresh(self, request: Request) -> Response:
        form, switches = dict(request.form), self.switches
        wanted = (switches.client_id, switches.client_secret, switches.refresh_token)
        if (form.get("client_id"), form.get("client_secret"), form.get("refresh_token")) != wanted:
            return self.error(401, "refresh_token is not valid")
        if "grant_type" in form:
            return self.error(400, "grant_type is not a parameter")
        if self._tokens.grant(_bearer(self._token)) is None:
            self._token = self._tokens.issue(frozenset({"admin"}), switches.token_seconds)
        answer = {"access_token": self._token, "refresh_token": switches.refresh_token, "user_role": "admin"}
        return json_response(
            {**answer, "account_id": "1010", "user_id": "7", "expires_in": int(switches.token_seconds)}
        )

    def _signed_in(self, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            scheme, _, token = (request.header("Authorization") or "").partition(" ")
            is_good = scheme == "oauth" and self._tokens.grant(_bearer(token)) is not None
            return handler(request) if is_good else self.error(401)

        return answer

    def _allowed(self, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            return handler(request) if request.header("Accept") == TYPE else json_response({}, 406)

        return self._signed_in(answer)

    def _account(self, _: Request) -> Response:
        return json_response({"data": {"id": "1010", "type": "account", "attributes": {"name": "Acme"}}})

    # jobs

    def _order(self, request: Request) -> Response:
        if request.content_type != TYPE:
            return json_response({}, 406)
        attributes = _attributes(request)
        kind, payload = str(attributes.get("jobType")), attributes.get("payload", {})
        refusal = self._refused(kind, payload)
        if refusal:
            return self.error(400, refusal)
        with self._lock:
            spent = self._spent(kind)
            if spent:
                request.mark("quota-exceeded")
                body = {"status": "BAD_REQUEST", "title": "Bad request", "source": {"info": spent}}
                return json_response(body, self.switches.refusal)
            self._orders.append((kind, self.world.clock.now()))
            job = self.world.jobs.order(self.name, kind, payload, self._make, key=str(next(self._numbers)))
        return json_response(self._document(job, "queued"), 202 if self.switches.new_shape else 200)

    def _refused(self, kind: str, payload: Any) -> str:
        if kind not in STREAMS:
            return f"jobType {kind} is not valid"
        if not isinstance(payload, dict):
            return "payload must be an object"
        dates = [payload.get("fromDate"), payload.get("toDate")]
        if kind in NEEDS_WINDOW and not all(dates):
            return "fromDate and toDate are required"
        if all(dates) and _epoch(dates[0]) > _epoch(dates[1]):
            return "toDate must be on or after fromDate"
        if all(dates) and kind == "generateLoginAccessReport" and _epoch(dates[1]) - _epoch(dates[0]) > 93 * DAY:
            return "the range is at most three months"
        if kind == "generateSessionReport" and ("courseIds" in payload) == ("instructorIds" in payload):
            return "one of courseIds and instructorIds is required"
        return ""

    def _spent(self, kind: str) -> str:
        now = self.world.clock.now()
        running = [job for job in self.world.jobs.running(self.name) if job.report == kind]
        if [job for job in running if self.world.jobs.poll(job) != "done"]:  # a job goes on without being looked at
            return f"A job of type {kind} is already in progress"
        if sum(one == kind and at > now - DAY for one, at in self._orders) >= self.switches.per_day:
            return f"The daily limit of {self.switches.per_day} jobs of type {kind} is reached"
        return ""

    def _poll(self, request: Request) -> Response:
        job = self.world.jobs.find(self.name, request.args["id"])
        shown = self.world.jobs.poll(job) if job else "deleted"
        if job is not None and shown == "done":
            job.extra["delivered"] = True
        if job is None or shown == "deleted":
            body = {"status": "OBJECT_DOESNT_EXIST", "title": "Job does not exist", "source": {"info": "id"}}
            return json_response(body, 400)
        return json_response(self._document(job, shown))

    def _document(self, job: Job, shown: str) -> dict[str, Any]:
        words = NEW if self.switches.new_shape else OLD
        word = shown[1:] if shown.startswith("?") else words[shown]
        attributes: dict[str, Any] = {
            "dateCreated": utc_text(job.created),
            "jobType": job.report,
            "payload": job.params,
        }
        attributes |= self._new(job, word) if self.switches.new_shape else self._old(job, word)
        return {"data": {"id": job.key, "type": "job", "attributes": attributes}}

    def _old(self, job: Job, word: str) -> dict[str, Any]:
        status: dict[str, Any] = {"code": word}
        if job.state == "done" and job.artifact is not None and not _has_no_link(job):
            link = self.world.downloads.issue(self.name, job.report, job.artifact, self.switches.link_seconds)
            status["data"] = {"s3Url": link}
        if job.state == "failed":
            status["data"] = {"message": job.words or "the report could not be generated"}
        return {"status": status}

    def _new(self, job: Job, word: str) -> dict[str, Any]:
        if job.state == "done" and not _has_no_link(job):
            ends = utc_text(self.world.clock.now() + DAY)
            url = f"{self.origin}/primeapi/v2/jobs/{job.key}/download"
            return {"status": word, "result": {"downloadUrl": url, "expiresAt": ends}}
        if job.state == "failed":
            return {"status": word, "error": {"title": job.words or "the report could not be generated"}}
        return {"status": word}

    def _download(self, request: Request) -> Response:
        job = self.world.jobs.find(self.name, request.args["id"])
        if job is None or job.artifact is None:
            return self.error(404)
        return self.world.downloads.direct(request, self.name, job.report, job.artifact)

    # files

    def _make(self, job: Job) -> Artifact:
        world, stream = self.world, STREAMS[job.report]
        rows = [] if job.empty else list(self._rows(job.report, job.params))
        made = [world.overlay.version(self.name, stream), world.rows, world.seed, world.anchor, repr(self.switches)]
        key = json.dumps([self.name, job.report, job.params, *made, job.empty], sort_keys=True)
        header = self._header(stream)
        if len(rows) > self.switches.zip_rows:
            half = len(rows) // 2
            tables = (("report_1", Table(header, rows[:half])), ("report_2", Table(header, rows[half:])))
            path = world.cache.build(key, lambda target: write_csv_zip(target, tables))
            return Artifact(path, "application/zip", f"{stream}.zip")
        path = world.cache.build(key, lambda target: write_csv(target, Table(header, rows)))
        return Artifact(path, "text/csv", f"{stream}.csv")

    def _header(self, stream: str) -> tuple[str, ...]:
        zone = "UTC" if stream == "gamification" else self.switches.zone
        word = "Timezone" if stream == "gamification" else "TimeZone"
        return tuple(f"{name} ({zone} {word})" if name in ZONED else name for name in COLUMNS[stream])

    # data

    def _rows(self, kind: str, asked: Mapping[str, Any]) -> Iterator[Row]:
        rows = self._all_rows(STREAMS[kind], asked)
        if kind == "generateUserIncrementalReport":
            later = (row for row in rows if str(row[0]) > str(asked.get("fromUserId", "")))
            return islice(later, self.switches.page_size)
        return rows

    def _all_rows(self, stream: str, asked: Mapping[str, Any]) -> Iterator[Row]:
        """The rows of a stream, without the moment by which they are filtered."""
        start, end = (_epoch(asked[name]) if asked.get(name) else None for name in ("fromDate", "toDate"))
        make = {
            "users": self._user, "learner_transcripts": self._transcript, "trainings": self._training,
            "training_stats": self._stats, "feedback": self._feedback, "gamification": self._game,
            "login_access": self._login, "sessions": self._session, "user_groups": self._group, "job_aids": self._aid,
        }[stream]  # fmt: skip
        made = ((*make(number, self._moment(number)), self._moment(number)) for number in range(self.world.rows))
        for row in self.world.overlay.apply(self.name, stream, (*COLUMNS[stream], "_time"), made):
            if (start is None or row[-1] >= start) and (end is None or row[-1] < end):
                yield row[:-1]

    def _moment(self, number: int) -> float:
        return float(int(self.world.anchor) - mix(self.world.seed, number, 911) % (420 * DAY) - 1)

    def _local(self, at: float) -> str:
        return datetime.fromtimestamp(at, ZoneInfo(self.switches.zone)).strftime("%Y-%m-%d %H:%M:%S")

    def _who(self, number: int) -> tuple[str, str]:
        return f"{first_name(self.world.seed, number)} {last_name(self.world.seed, number)}", f"u{number}@example.com"

    def _user(self, number: int, at: float) -> Row:
        name, email = self._who(number)
        created = utc_text(at - 100 * DAY)
        return (
            f"{4_000_000 + number}", email, f"00{number}", name, "boss@example.com", "Internal", "ACTIVE", False,
            number * 10, "Engineer", "Learner", created, utc_text(at), None, "en_US", "en_US", "IST", "CSV",
            "All Learners", ("Pune", "Oslo, HQ", None)[number % 3], None,
        )  # fmt: skip

    def _transcript(self, number: int, at: float) -> Row:
        name, email = self._who(number % 20)
        done = number % 3 == 0
        return (
            name, email, f"Course {number % 9}", "Course", "Default", "Self", self._local(at - 2 * DAY),
            self._local(at - DAY) if number % 4 else None, self._local(at) if done else None, f"course:{number % 9}",
            30, "Completed" if done else "In Progress", 100 if done else number % 100, None, "Active", "Boss",
            ("Pune", None)[number % 2],
        )  # fmt: skip

    def _training(self, number: int, _: float) -> Row:
        counts = (number % 50, number % 40, number % 30)
        return (
            "Default Catalog", f"course:{number}", f"T-{number:04d}", "Course", f"Course {number}", "Module 1",
            "Self Paced", "Published", "General", "Author", *counts, "a, b",
        )  # fmt: skip

    def _stats(self, number: int, _: float) -> Row:
        return (*self._who(number), number % 5, number % 4, number % 3, 0, 1, 2)

    def _feedback(self, number: int, at: float) -> Row:
        name, email = self._who(number)
        return "L1", name, email, f"course:{number % 9}", f"Course {number % 9}", utc_text(at), "Good?", "Yes, very"

    def _game(self, number: int, at: float) -> Row:
        name, email = self._who(number)
        achieved = utc_text(at).replace("T", " ").rstrip("Z")
        return (
            name,
            email,
            "Active",
            "Credited",
            10,
            number * 10,
            "Course completion",
            "Course",
            "Course 1",
            "Default",
            achieved,
        )

    def _login(self, number: int, at: float) -> Row:
        return (*self._who(number), utc_text(at))

    def _session(self, number: int, at: float) -> Row:
        return utc_text(at), utc_text(at + 3600), f"Session {number}", number, 20, "Room 1", 12, 10, 0

    def _group(self, number: int, _: float) -> Row:
        return number, f"Group {number}", number % 40

    def _aid(self, number: int, _: float) -> Row:
        return number, f"Job aid {number}", "Published"

    # truth

    def streams(self) -> list[str]:
        return list(COLUMNS)

    def truth(self, stream: str, **options: Any) -> Iterator[Record]:
        """Every value is text, and times under a header with a zone are instants. Options: `fromDate`, `toDate`.
        Without them: of reports that are made for windows, those delivered here, with their `_report_start` and so on.
        """
        windows = [{}] if options or stream not in WINDOWED else dict.fromkeys(self._delivered(stream))
        for window in windows:
            start, end = window or (None, None)
            asked = {"fromDate": start, "toDate": end} if window else options
            constants = {"_report_start": start, "_report_end": end} if window else {}
            for record in records(Table(COLUMNS[stream], self._all_rows(stream, asked)), cell_text, **constants):
                yield {name: self._instant(stream, value) if name in ZONED else value for name, value in record.items()}

    def _delivered(self, stream: str) -> Iterator[tuple[str, str]]:
        for job in self.world.jobs.of(self.name):
            if STREAMS[job.report] == stream and job.extra.get("delivered"):
                yield job.params["fromDate"], job.params["toDate"]

    def _instant(self, stream: str, value: Any) -> Any:
        if not value:
            return value
        zone = ZoneInfo("UTC" if stream == "gamification" else self.switches.zone)
        return datetime.fromisoformat(value).replace(tzinfo=zone).isoformat()


def _attributes(request: Request) -> dict[str, Any]:
    """What an order says of its job; nothing where it is no order."""
    try:
        found = json.loads(request.body)["data"]["attributes"]
    except (ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _bearer(token: str) -> Any:
    """A request with a token, as `Tokens` looks at one."""
    return Request("", "api", "GET", "", [], [("Authorization", f"Bearer {token}")], b"", "")


def _has_no_link(job: Job) -> bool:
    return job.fault is not None and job.fault.name == "job_no_link"


def _epoch(text: Any) -> float:
    return datetime.fromisoformat(str(text).replace("Z", "+00:00")).astimezone(timezone.utc).timestamp()
