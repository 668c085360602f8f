"""Sana: the Insights API. SQL is run for real, over two generated tables of the `analytics` schema.

The token endpoint reads a form with comma-separated scopes and answers in Sana's envelope, not in OAuth's words. A
status call does not renew a link: after `expiresAt` the report has to be ordered again ("rerun the report").
"""

from __future__ import annotations

import itertools
import json
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb

from ..core import Request, Response, Route, json_response
from ..data import DAY, Row, Table, first_name, hex_uuid, last_name, mix, records, utc_text
from ..downloads import Artifact
from ..formats import XLSX_TYPE, cell_text, write_csv, write_xlsx
from ..jobs import BuildRefused, Job
from ..tokens import Tokens
from ..world import Record, Vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

STATUS = {"queued": "pending", "running": "pending", "done": "successful", "aborted": "failed"}
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"
TABLES: dict[str, tuple[str, ...]] = {
    "user_course_instance_progress": (
        "user", "course", "start_date", "completion_date", "last_progress_date", "course_instance",
    ),
    "users": (
        "user", "user_type", "user_role", "user_origin", "user_registration_step", "user_creation_date",
        "user_disabled_date", "user_completion_date", "user_status", "user_last_active_date",
        "user_attribute_evangelist", "user_attribute_Cost Center",
    ),
}  # fmt: skip


@dataclass
class Switches:
    """Settings of the account and of what no page states.

    Args:
        link_renews: Whether a status call gives a fresh link.
        sql_errors: `split`: broken syntax is refused with 400, unknown names fail the job; `400` or `job`: always so.
        token_seconds: The life of a token.
    """

    client_id: str = "sana-client"
    client_secret: str = "sana-client-secret"
    access_token: str = "sana-static-token"
    token_seconds: float = 3600
    link_seconds: float = 1080
    link_renews: bool = False
    sql_errors: str = "split"


class Sana(Vendor):
    """One account."""

    name = "sana"
    switches_type = Switches
    switches: Switches

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._tokens = Tokens(self.world.clock, "sana")
        self._lock = threading.Lock()
        self._database: tuple[list[int], duckdb.DuckDBPyConnection] | None = None
        self._numbers = itertools.count(1)

    def reset(self) -> None:
        self._tokens = Tokens(self.world.clock, "sana")

    def close(self) -> None:
        if self._database is not None:
            self._database[1].close()

    def config(self) -> dict[str, Any]:
        switches = self.switches
        login = {
            "auth_type": "client_credentials",
            "client_id": switches.client_id,
            "client_secret": switches.client_secret,
        }
        return {"name": "sana", "base_url": self.origin, "credentials": login}

    @property
    def routes(self) -> Sequence[Route]:
        return (
            Route("POST", "/api/token", self._token, "token"),
            Route("POST", "/api/v1/reports/query", self._api("write", self._query), "order"),
            Route("GET", "/api/v1/reports/jobs/{job}", self._api("read", self._job), "poll"),
        )

    def identify(self, request: Request) -> str | None:
        """The first table that the query names."""
        job = self.world.jobs.find(self.name, request.args.get("job", ""))
        if job is not None:
            return job.report
        if request.kind == "order" and isinstance(request.json, dict):
            return _report_of(str(request.json.get("query")))
        return None

    # errors and credentials

    def error(self, status: int, reason: str = "") -> Response:
        words = {
            401: ("unauthorized", "The access token is invalid or has expired."),
            403: ("forbidden", "The client lacks the scope or the permission."),
            404: ("not_found", "Not found."),
            429: ("rate_limited", "Too many requests."),
            500: ("internal_error", "Something went wrong."),
        }
        code, message = words.get(status, ("bad_request", reason))
        return json_response({"data": None, "links": None, "error": {"code": code, "message": message}}, status)

    def faulty(self, effect: str, *rest: Any) -> Response:
        if effect == "401":
            self._tokens.revoke_all()
        return super().faulty(effect, *rest)

    def _token(self, request: Request) -> Response:
        form = dict(request.form)
        if not form:
            return self.error(400, "The body must be form-encoded.")
        if form.get("grant_type") != "client_credentials":
            return self.error(400, "unsupported grant_type")
        if (form.get("client_id"), form.get("client_secret")) != (self.switches.client_id, self.switches.client_secret):
            return self.error(401)
        scopes = frozenset(form.get("scope", "").split(","))
        if not scopes <= {"read", "write"}:
            return self.error(400, f"unknown scope {form.get('scope')!r}")
        token = self._tokens.issue(scopes, self.switches.token_seconds)
        data = {"accessToken": token, "tokenType": "bearer", "expiresIn": int(self.switches.token_seconds)}
        return json_response({"data": data, "links": None, "error": None})

    def _api(self, scope: str, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            if request.header("Authorization") == f"Bearer {self.switches.access_token}":
                return handler(request)
            refused = self._tokens.refusal(request, scope)
            return self.error(refused) if refused else handler(request)

        return answer

    # jobs

    def _query(self, request: Request) -> Response:
        asked = request.json
        if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
            return self.error(400, "query is required")
        if asked.get("format") not in ("csv", "xlsx"):
            return self.error(400, "format must be csv or xlsx")
        wrong = self._syntax_error(asked["query"])
        if wrong is not None and self.switches.sql_errors != "job":
            return self.error(400, wrong)
        key = hex_uuid(self.world.seed, next(self._numbers), 501)
        report = _report_of(asked["query"])
        job = self.world.jobs.order(self.name, report, asked, self._make, key=key)
        return json_response(self._job_json(job))

    def _syntax_error(self, query: str) -> str | None:
        try:
            statements = duckdb.extract_statements(query)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                return "Only one SELECT statement is allowed."
            if self.switches.sql_errors == "400":
                with self._connection().cursor() as cursor:
                    cursor.execute(f"DESCRIBE {statements[0].query}")
        except duckdb.Error as error:
            return str(error)
        return None

    def _job(self, request: Request) -> Response:
        job = self.world.jobs.find(self.name, request.args["job"])
        if job is None or self.world.jobs.poll(job) == "deleted":
            return self.error(404)
        return json_response(self._job_json(job))

    def _job_json(self, job: Job) -> dict[str, Any]:
        status = job.shown[1:] if job.shown.startswith("?") else STATUS.get(job.shown, job.shown)
        times = {n: None if at is None else utc_text(at, micros=True) for n, at in
                 (("createdAt", job.created), ("startedAt", job.started), ("finishedAt", job.ended))}  # fmt: skip
        hidden = job.fault is not None and job.fault.name == "job_no_link"
        link = self._link(job) if job.state == "done" and not hidden else None
        words = {"code": "query_failed", "message": job.words or "The report could not be generated."}
        error = words if job.state == "failed" else None
        return {"data": {"jobId": job.key, "status": status, **times, "link": link}, "links": None, "error": error}

    def _link(self, job: Job) -> dict[str, str] | None:
        if job.artifact is None:
            return None
        if "link" not in job.extra or self.switches.link_renews:
            url = self.world.downloads.issue(self.name, job.report, job.artifact, self.switches.link_seconds)
            ends = utc_text(self.world.clock.now() + self.switches.link_seconds, micros=True)
            job.extra["link"] = {"url": url, "expiresAt": ends.replace("Z", "923Z")}  # nine digits, as the page shows
        link: dict[str, str] = job.extra["link"]
        return link

    # SQL

    def _make(self, job: Job) -> Artifact:
        form, query = job.params["format"], job.params["query"]
        if job.empty:
            query = f"SELECT * FROM (\n{_statement(query)}\n) AS nothing WHERE false"  # noqa: S608 - clients send SQL
        key = json.dumps(
            [self.name, query, form, self._versions(), self.world.rows, self.world.seed, self.world.anchor]
        )
        try:
            path = self.world.cache.build(key, lambda target: self._write(target, query, form))
        except duckdb.Error as error:
            raise BuildRefused(str(error)) from error
        return Artifact(path, "text/csv" if form == "csv" else XLSX_TYPE, f"report-{job.number}.{form}")

    def _write(self, path: Path, query: str, form: str) -> None:
        with self._connection().cursor() as cursor:
            if form == "csv":
                plain = _statement(query)
                cursor.execute(f"COPY (\n{plain}\n) TO '{path}' (FORMAT csv, HEADER, TIMESTAMPFORMAT '{TIME_FORMAT}')")
                return
            table = self._result(cursor, query)
            write_xlsx(path, [("Report", Table(table.columns, ([_text(v) for v in row] for row in table.rows)))])

    def _result(self, cursor: duckdb.DuckDBPyConnection, query: str) -> Table:
        answer = cursor.execute(query)
        columns = [column[0] for column in answer.description or ()]
        return Table(columns, iter(answer.fetchone, None))

    def _versions(self) -> list[int]:
        return [self.world.overlay.version(self.name, table) for table in TABLES]

    def _connection(self) -> duckdb.DuckDBPyConnection:
        """The database, loaded anew when a test changed the rows."""
        with self._lock:
            versions = self._versions()
            if self._database is None or self._database[0] != versions:
                self.close()
                self._database = (versions, self._load(versions))
            return self._database[1]

    def _load(self, versions: list[int]) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        connection.execute("CREATE SCHEMA analytics")
        for name, columns in TABLES.items():
            key = json.dumps([self.name, name, versions, self.world.rows, self.world.seed, self.world.anchor])
            source = self.world.cache.build(key, partial(self._write_table, name))
            types = {column: "TIMESTAMP" if column.endswith("_date") else "VARCHAR" for column in columns}
            connection.execute(
                f'CREATE TABLE analytics."{name}" AS SELECT * FROM read_csv(?, header=true, columns={types}, '  # noqa: S608
                f"quote='\"', escape='\"', delim=',', nullstr='', timestampformat='{TIME_FORMAT}', parallel=false, "
                "new_line='\\n')",
                [str(source)],
            )
        return connection

    def _write_table(self, name: str, path: Path) -> None:
        write_csv(path, self._rows(name))

    # data and truth

    def _rows(self, table: str) -> Table:
        rows = map(self._progress if table == "user_course_instance_progress" else self._user, range(self.world.rows))
        return Table(TABLES[table], self.world.overlay.apply(self.name, table, TABLES[table], rows))

    def _time(self, number: int, salt: int) -> float:
        return self.world.anchor - mix(self.world.seed, number, salt) % (400 * DAY) - number % 1000 / 1000

    def _progress(self, number: int) -> Row:
        at = self._time(number, 511)
        done = utc_text(at, micros=True) if number % 3 == 0 else None
        last = None if number % 11 == 7 else utc_text(at, micros=True)
        course = f"Course {number % 12}, part {number % 3}"
        instance = None if number % 5 else hex_uuid(1, number % 12, 512)
        return f"user{number // 12}@example.com", course, utc_text(at - 9 * DAY, micros=True), done, last, instance

    def _user(self, number: int) -> Row:
        seed, at = self.world.seed, self._time(number, 513)
        name = f"{first_name(seed, number)} {last_name(seed, number)}"
        return (
            f"{name} {number}", "human", ("learner", "admin")[number % 9 == 0], "scim", "completed",
            utc_text(at - 300 * DAY, micros=True), utc_text(at, micros=True) if number % 17 == 3 else None, None,
            "disabled" if number % 17 == 3 else "active", utc_text(at, micros=True) if number % 6 else None,
            ("yes", "no", None)[number % 3], f"{number % 40:04d}",
        )  # fmt: skip

    def streams(self) -> list[str]:
        return list(TABLES)

    def truth(self, stream: str, **options: Any) -> Iterator[Record]:
        """All values are text. For a configured query give `query`: the vendor's own answer to it is the truth."""
        query = options.get("query")
        if query is None:
            yield from records(self._rows(stream), cell_text)
            return
        with self._connection().cursor() as cursor:
            yield from records(self._result(cursor, query), _text)


def _statement(query: str) -> str:
    """The one statement of a query, as the database tells it from what stands behind."""
    return duckdb.extract_statements(query)[0].query.rstrip().rstrip(";")


def _report_of(query: str) -> str:
    found = [(query.find(table), table) for table in TABLES if table in query]
    return min(found)[1] if found else "query"


def _text(value: Any) -> Any:
    """A value of the database as the CSV writes it."""
    if value is None:
        return None
    return value.strftime(TIME_FORMAT) if hasattr(value, "strftime") else cell_text(value)
