"""Instructure's Data Access Platform (Canvas Data 2): tables as snapshots and increments, by jobs.

Traps: a client id with `#` in it; five orders and five lists a minute; an equal order within a day is the job that is
there already, perhaps complete (that of an increment only while nothing newer is there); several gzipped part files,
whose addresses are traded for and live fifteen minutes; null columns are left out; deleted rows have no `value`; an
increment without changes has no parts at all; a closed range misses rows that changed again behind it; the table is
refreshed at times of its own, so that `until` and `at` are the platform's and no clock's; `since` before what is kept,
or before a reload, is refused, on the order or by a failed job; a column is added between two runs; columns are called
like those that a client adds.

Instructure's own client reads it (`integration_tests/clients/test_instructure_dap.py`), all tables of `canvas` and
`canvas_logs`. What it showed beyond the pages:

- The error of a failed job has `type`, `uuid` and `message` and nothing else, so without the times that the same
  refusal of an order has. A 404 always has `id` and `kind`, a 400 `location` or the times.
- A schema has `$schema`; its columns may refer to `definitions` by `$ref`. `type` is one word and never `null`:
  whether a column may be null is told by `required` alone. Objects with `properties` have
  `additionalProperties: false`; an object without them is a map. `const`, `default`, `examples`, `title`,
  `description`, `minimum` and `maximum` may stand there.
- In TSV what a deleted row has not is `\\N`, as a null is: an empty field is an empty text.
- A table's key is one column. Fractions of a second may have up to nine digits.

The client cannot keep the tables of `catalog` and `new_quizzes` here, whose columns and values are unions (`oneOf`).
"""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..core import Request, Response, Route, json_response
from ..data import DAY, hex_uuid, mix, utc_text
from ..downloads import Artifact
from ..jobs import Job
from ..tokens import basic_credentials
from ..world import Record, Vendor
from .instructure_dap_data import INT, TABLES, TEXT, Line, TableSpec, Values, file_bytes, key_of, record, value_of

STATUS = {"queued": "waiting", "running": "running", "done": "complete", "failed": "failed", "aborted": "failed"}
FORMATS = ("jsonl", "csv", "tsv")
LIFE = DAY
ADDRESS_SECONDS = 900.0


@dataclass
class Switches:
    """Settings of the account and of what no page states.

    Args:
        orders_a_minute, lists_a_minute, schemas_a_minute, polls_a_minute, addresses_a_minute: The limits of the routes.
        retry_after: Whether a 429 names the seconds.
        parts: Part files of a job.
        refresh_seconds: A table takes changes in no sooner than this after the last time (really about four hours).
        kept_days: How far back `since` may go.
        restart_in_job: A range that cannot be given fails the job instead of the order.
        refused: `AccountDisabled`, `AccountNotOnboarded`, `AccountUnderMaintenance` or `RequestTypeForbidden`: every
            order is refused so.
        extra_tables: Further tables of `canvas`, all alike.
        at_once: Every job is complete when its order is answered.
        new_column: A column that `users` has from now on, null in the rows that are there.
    """

    client_id: str = "us-east-1#3f1c8a52-7a51-4ce0-8d4e-1b0c3c4a7f10"
    client_secret: str = "dap-client-secret"
    orders_a_minute: int = 5
    lists_a_minute: int = 5
    schemas_a_minute: int = 500
    polls_a_minute: int = 500
    addresses_a_minute: int = 200
    retry_after: bool = True
    parts: int = 2
    refresh_seconds: float = 0
    kept_days: float = 30
    token_seconds: float = 3600
    restart_in_job: bool = False
    refused: str = ""
    extra_tables: int = 0
    at_once: bool = False
    new_column: str = ""


@dataclass
class Stored:
    """The newest state of one row and when it was committed; `value` is None once it is deleted."""

    key: Values
    value: Values | None
    at: float

    def line(self, incremental: bool) -> Line:
        """The row as an answer has it."""
        action = None if not incremental else "D" if self.value is None else "U"
        return Line(self.key, self.value, utc_text(self.at), action)


@dataclass
class Kept:
    """A table as the platform keeps it: its rows, what they were made from, up to when all is in, the last change."""

    rows: dict[str, Stored] = field(default_factory=dict)
    made_from: tuple[Any, ...] | None = None
    until: float = 0.0
    changed_at: float = 0.0
    reloaded_at: float = 0.0


class InstructureDap(Vendor):
    """One institution."""

    name = "instructure_dap"
    switches_type = Switches
    switches: Switches

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self.reset()

    def reset(self) -> None:
        self._kept: dict[str, Kept] = {}
        self._uses: dict[str, list[float]] = {}
        self._ordered: dict[str, str] = {}
        self._objects: dict[str, Artifact] = {}
        self._tokens: dict[str, float] = {}

    def config(self) -> dict[str, Any]:
        login = {"client_id": self.switches.client_id, "client_secret": self.switches.client_secret}
        return {"name": self.name, "base_url": self.origin, **login}

    @property
    def routes(self) -> Sequence[Route]:
        table = "/dap/query/{namespace}/table"
        return (
            Route("POST", "/ids/auth/login", self._login, "token"),
            Route("GET", table, self._api("lists", self._list), "list"),
            Route("GET", table + "/{report}/schema", self._api("schemas", self._schema), "schema"),
            Route("POST", table + "/{report}/data", self._api("orders", self._order), "order"),
            Route("GET", "/dap/job/{job}", self._api("polls", self._job), "poll"),
            Route("POST", "/dap/object/url", self._api("addresses", self._addresses), "trade"),
        )

    def identify(self, request: Request) -> str | None:
        """The table of the request; of a trade, that of its first object."""
        asked = request.json if request.kind == "trade" else None
        first = asked[0] if isinstance(asked, list) and asked else {}
        key = request.args.get("job") or str(first.get("id", "") if isinstance(first, dict) else "")
        job = self._job_of(key)
        return job.report if job is not None else request.report

    def _job_of(self, name: str) -> Job | None:
        """The job of a job's or an object's id."""
        return self.world.jobs.find(self.name, name.partition("/")[0])

    # errors and credentials

    def error(self, status: int, reason: str = "", **more: Any) -> Response:
        words = {
            401: ("AuthenticationError", "The access token is missing, wrong or has ended."),
            403: ("AccountDisabled", "The account may not use this service."),
            404: ("NotFoundError", "There is no such thing."),
            429: ("RateLimitExceeded", "Too many requests."),
            500: ("ProcessingError", "The query could not be processed."),
        }
        name, message = words.get(status, ("ValidationError", reason))
        needed: dict[int, dict[str, Any]] = {
            404: {"id": "", "kind": "route"},
            400: {"location": {"line": 1, "column": 1, "character": 1}},
        }
        return self._error(status, name, reason or message, **{**needed.get(status, {}), **more})

    def _error(self, status: int, name: str, message: str, **more: Any) -> Response:
        return json_response({"error": self._words(name, message) | more}, status)

    def _words(self, name: str, message: str) -> dict[str, Any]:
        return {"type": name, "uuid": hex_uuid(self.world.seed, next(self._numbers), 701), "message": message}

    def faulty(self, effect: str, *rest: Any) -> Response:
        if effect == "401":
            self._tokens.clear()
        return super().faulty(effect, *rest)

    def _login(self, request: Request) -> Response:
        if dict(request.form).get("grant_type") != "client_credentials":
            return self.error(400, "grant_type must be client_credentials")
        if basic_credentials(request) != (self.switches.client_id, self.switches.client_secret):
            return self.error(401, "The API key is unknown or has expired.")
        now, life = self.world.clock.now(), self.switches.token_seconds
        claims = {"exp": int(now + life), "iat": int(now), "jti": str(next(self._numbers))}
        token = _jwt(claims)
        self._tokens[token] = now + life
        return json_response({"access_token": token, "expires_in": int(life), "scope": "dap", "token_type": "Bearer"})

    def _api(self, limit: str, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            token = (request.header("Authorization") or "").removeprefix("Bearer ")
            if self._tokens.get(token, 0.0) <= self.world.clock.now():
                return self.error(401)
            return self._throttled(limit) or handler(request)

        return answer

    def _throttled(self, limit: str) -> Response | None:
        """429 above a route's limit in any sixty seconds."""
        now, count = self.world.clock.now(), getattr(self.switches, f"{limit}_a_minute")
        with self._lock:
            uses = [use for use in self._uses.get(limit, []) if use > now - 60]
            if len(uses) < count:
                self._uses[limit] = [*uses, now]
                return None
            wait = max(1, int(uses[0] + 60 - now) + 1)
        answer = self.error(429)
        return answer.header("Retry-After", str(wait)) if self.switches.retry_after else answer

    # tables

    def tables(self, namespace: str) -> dict[str, TableSpec]:
        """The tables of a namespace."""
        found = dict(TABLES.get(namespace, {}))
        if namespace == "canvas":
            extra = TableSpec({"id": INT}, {"name": TEXT})
            found |= {f"extra_{number:02d}": extra for number in range(self.switches.extra_tables)}
            if self.switches.new_column:
                found["users"] = found["users"].with_column(self.switches.new_column)
        return found

    def _list(self, request: Request) -> Response:
        tables = self.tables(request.args["namespace"])
        if not tables:
            return self.error(404, kind="namespace", id=request.args["namespace"])
        return json_response({"tables": list(tables)})

    def _spec(self, request: Request) -> TableSpec | None:
        return self.tables(request.args["namespace"]).get(request.args["report"])

    def _no_table(self, request: Request) -> Response:
        return self.error(404, kind="table", id=request.args["report"])

    def _schema(self, request: Request) -> Response:
        spec = self._spec(request)
        if spec is None:
            return self._no_table(request)
        return json_response({"schema": spec.schema(), "version": self._version(request.args["report"])})

    def _version(self, table: str) -> int:
        return 2 if table == "users" and self.switches.new_column else 1

    # jobs

    def _order(self, request: Request) -> Response:
        spec, body, table = self._spec(request), request.json, request.args["report"]
        if spec is None:
            return self._no_table(request)
        fault = _fault_of(body)
        if fault:
            return self.error(400, fault)
        if self.switches.refused:
            return self._error(403, self.switches.refused, f"Refused: {self.switches.refused}.")
        refusal = self._restart(table, _epoch(body.get("since")))
        if refusal is not None and not self.switches.restart_in_job:
            return json_response({"error": refusal}, 400)
        with self._lock:
            self._commit(table, spec)
            job = self._known(table, body) or self._new(table, spec, body, refusal)
        while self.switches.at_once and not job.finished:
            self.world.jobs.poll(job)
        return json_response(self._job_json(job))

    def _restart(self, table: str, since: float | None) -> dict[str, Any] | None:
        """Why an increment from `since` on cannot be given."""
        if since is None:
            return None
        now, kept = self.world.clock.now(), self._kept.get(table, Kept())
        earliest = max(now - self.switches.kept_days * DAY, kept.reloaded_at)
        if earliest <= since <= now + 60:
            return None
        kind = "SnapshotRequiredError" if since < kept.reloaded_at else "OutOfRangeError"
        words = (
            f"The `since` parameter ({utc_text(since)}) precedes the earliest data available ({utc_text(earliest)})."
            if since < earliest
            else f"The `since` parameter ({utc_text(since)}) lies in the future."
        )
        return {**self._words(kind, words), "since": utc_text(earliest), "until": utc_text(now)}

    def _known(self, table: str, body: dict[str, Any]) -> Job | None:
        """The job of an equal order of the last day."""
        job = self.world.jobs.find(self.name, self._ordered.get(_text([table, body]), ""))
        if job is None or job.state in ("failed", "aborted", "deleted") or self._is_dead(job):
            return None
        if job.fault is not None and job.fault.name == "job_no_link":
            return None
        return job if job.extra["until"] >= self._newest_of_interest(table, body) else None

    def _newest_of_interest(self, table: str, body: dict[str, Any]) -> float:
        """A job that ended before this is no answer to the order any more."""
        kept = self._kept[table]
        return kept.changed_at if "since" in body and "until" not in body else kept.reloaded_at

    def _new(self, table: str, spec: TableSpec, body: dict[str, Any], refusal: dict[str, Any] | None) -> Job:
        key = hex_uuid(self.world.seed, next(self._numbers), 703)
        until = min(self._commit(table, spec), _epoch(body.get("until")) or float("inf"))
        facts = {"until": until, "refusal": refusal, "version": self._version(table)}
        make = self._maker(table, spec, body, until)
        job = self.world.jobs.order(self.name, table, body, make, key=key, extra=facts)
        if refusal is not None:
            job.script = ["running", "failed"]
        self._ordered[_text([table, body])] = key
        return job

    def _maker(self, table: str, spec: TableSpec, body: dict[str, Any], until: float) -> Callable[[Job], Artifact]:
        """Writes the part files of the rows as they are now."""
        since = _epoch(body.get("since"))
        lines = list(self.lines(table, since, until))

        def write(job: Job, name: str, some: list[Line]) -> Artifact:
            content = file_bytes(spec, body["format"], body.get("mode"), some, since is not None)

            def to(path: Path) -> None:
                path.write_bytes(gzip.compress(content, 1))

            path = self.world.cache.build(_text([self.name, job.key, name, self.world.seed, job.created]), to)
            return Artifact(path, "application/gzip", f"{name}.{body['format']}.gz")

        def make(job: Job) -> Artifact:
            count = 0 if job.empty else min(self.switches.parts, len(lines))
            parts = {}
            for number in range(count):
                name = f"part-{number:05d}-{hex_uuid(1, number, 704)}"
                parts[f"{job.key}/{name}"] = write(job, name, lines[number::count])
            self._objects |= parts
            job.extra["objects"] = list(parts)
            return next(iter(parts.values())) if parts else write(job, "empty", [])

        return make

    def _is_dead(self, job: Job) -> bool:
        return self.world.clock.now() >= job.created + LIFE

    def _job(self, request: Request) -> Response:
        job = self._job_of(request.args["job"])
        if job is None or self._is_dead(job) or self.world.jobs.poll(job) == "deleted":
            return self.error(404, id=request.args["job"], kind="job")
        return json_response(self._job_json(job))

    def _job_json(self, job: Job) -> dict[str, Any]:
        status = job.shown[1:] if job.shown.startswith("?") else STATUS.get(job.shown, job.shown)
        facts: dict[str, Any] = {"id": job.key, "status": status, "expires_at": utc_text(job.created + LIFE)}
        if status == "complete":
            return facts | self._result(job)
        if status == "failed":
            refusal = job.extra["refusal"] or self._words("ProcessingError", job.words or "The query died.")
            facts["error"] = {name: refusal[name] for name in ("type", "uuid", "message")}
        return facts

    def _result(self, job: Job) -> dict[str, Any]:
        until = _milliseconds(job.extra["until"])
        span = {"since": job.params["since"], "until": until} if "since" in job.params else {"at": until}
        facts = {"objects": [{"id": name} for name in job.extra["objects"]], **span}
        if job.fault is not None and job.fault.name == "job_no_link":
            del facts["objects"]
        return {"schema_version": job.extra["version"], **facts}

    def _addresses(self, request: Request) -> Response:
        asked = request.json
        if not isinstance(asked, list) or not all(isinstance(one, dict) and "id" in one for one in asked):
            return self.error(400, "an array of objects with an id is required")
        gone = next((one["id"] for one in asked if not self._has(one["id"])), None)
        if gone is not None:
            return self.error(404, kind="object", id=gone)
        return json_response({"urls": {one["id"]: {"url": self._address(one["id"])} for one in asked}})

    def _has(self, name: str) -> bool:
        job = self._job_of(name)
        return name in self._objects and job is not None and not self._is_dead(job)

    def _address(self, name: str) -> str:
        job = self._job_of(name)
        report = job.report if job is not None else None
        return self.world.downloads.issue(self.name, report, self._objects[name], ADDRESS_SECONDS)

    # data and truth

    def act(self, action: str, **args: Any) -> Any:
        """`reload`: the table was loaded anew, so what is older needs a snapshot. `changed_at`: its last change."""
        if action not in ("reload", "changed_at"):
            raise KeyError(action)
        with self._lock:
            if action == "changed_at":
                return self._kept.get(args["table"], Kept()).changed_at
            self._kept.setdefault(args["table"], Kept()).reloaded_at = self.world.clock.now()
            return None

    def _commit(self, table: str, spec: TableSpec) -> float:
        """Take in what has changed in the table, if it is time; returns the moment before which all is in."""
        with self._lock:
            kept, now = self._kept.setdefault(table, Kept()), self.world.clock.now()
            if kept.made_from is None or now >= kept.until + self.switches.refresh_seconds:
                source = (self.world.overlay.version(self.name, table), tuple(spec.value))
                if kept.made_from != source:
                    self._take_in(kept, table, spec, now)
                kept.made_from, kept.until = source, now + 0.001
            return kept.until

    def _take_in(self, kept: Kept, table: str, spec: TableSpec, now: float) -> None:
        seen = set()
        for number, (key, value) in enumerate(self._rows(table, spec)):
            name = _text(key)
            seen.add(name)
            old = kept.rows.get(name)
            if old is None or old.value != value:
                at = self._made_at(number) if kept.made_from is None and number < self.world.rows else now
                kept.rows[name] = Stored(key, value, at)
                kept.changed_at = max(kept.changed_at, at)
        for name, old in kept.rows.items():
            if name not in seen and old.value is not None:
                kept.rows[name], kept.changed_at = Stored(old.key, None, now), now

    def _made_at(self, number: int) -> float:
        return float(self.world.anchor - mix(self.world.seed, number, 711) % (20 * DAY))

    def _rows(self, table: str, spec: TableSpec) -> Iterator[tuple[Values, Values]]:
        columns = [*spec.key, *spec.value]
        made = (self._row(spec, number) for number in range(self.world.rows))
        for row in self.world.overlay.apply(self.name, table, columns, made):
            cells = dict(zip(columns, row, strict=True))
            key = {name: cells.pop(name) for name in spec.key}
            yield key, {name: value for name, value in cells.items() if value is not None}

    def _row(self, spec: TableSpec, number: int) -> tuple[Any, ...]:
        value = value_of(spec, self.world.seed, number)
        if self.switches.new_column in value:
            value[self.switches.new_column] = None
        return (*key_of(spec, self.world.seed, number).values(), *value.values())

    def lines(self, table: str, since: float | None, until: float) -> Iterator[Line]:
        """The rows of an answer: all that are there, or those whose newest state lies in the range."""
        with self._lock:
            rows = list(self._kept[table].rows.values())
        for row in rows:
            wanted = row.value is not None if since is None else since <= row.at
            if wanted and row.at < until:
                yield row.line(since is not None)

    def streams(self) -> list[str]:
        return list(self.tables("canvas"))

    def truth(self, stream: str, **options: Any) -> Iterator[Record]:
        """The rows of a snapshot; with `since` (a time) those of the increment from there, deletes and all."""
        spec = self.tables(options.get("namespace", "canvas"))[stream]
        until = self._commit(stream, spec)
        for line in self.lines(stream, _epoch(options.get("since")), until):
            yield record(spec, line.key, line.value, line.ts, line.action)


def _fault_of(body: Any) -> str:
    """What is wrong with an order; empty when nothing is."""
    if not isinstance(body, dict) or body.get("format") not in FORMATS:
        return f"format must be one of {', '.join(FORMATS)}"
    if body.get("mode") not in (None, "expanded", "condensed"):
        return "mode must be expanded or condensed"
    wrong = [name for name in ("since", "until") if name in body and _epoch(body[name]) is None]
    if wrong or ("until" in body and "since" not in body):
        return "since and until must be times with a zone, until only beside since"
    unknown = sorted(set(body) - {"format", "mode", "since", "until"})
    return f"unknown fields: {unknown}" if unknown else ""


def _epoch(text: Any) -> float | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment.astimezone(timezone.utc).timestamp() if moment.tzinfo else None


def _milliseconds(at: float) -> str:
    """Never rounded up: `since` is inclusive, so that a moment too early only repeats rows."""
    return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _jwt(claims: dict[str, Any]) -> str:
    """A token of the shape of a JWT; nothing checks its signature."""
    parts = (json.dumps({"alg": "HS256", "typ": "JWT"}).encode(), json.dumps(claims).encode(), b"signature-of-dap")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
