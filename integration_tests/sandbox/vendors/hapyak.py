"""HapYak, today Brightcove Interactivity: the same GET until it answers 200.

202 while a report is made, then 200 with the report as the body; finished reports are answered from a cache for a day,
however stale. Quotas count unique reports, not requests. Output stops silently at the row cap. Columns and the JSON
shape are not public; the ones here are made up after the grain that the page tells. There are no status words: the
fault `job_unknown_status` answers 299, a failed report 500.
"""

from __future__ import annotations

import calendar
import itertools
import json
import math
import threading
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..core import Request, Response, Route, json_response
from ..data import DAY, Row, Table, hex_uuid, last_name, mix, records, utc_text
from ..downloads import Artifact
from ..formats import cell_text, write_csv, write_json_rows
from ..tokens import Tokens, basic_credentials
from ..world import Record, Vendor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ..jobs import Job

CACHE_SECONDS = DAY
FIRST_DAY = date(2024, 1, 1)
WINDOWS = ((60, "per_minute"), (3600, "per_hour"), (DAY, "per_day"))
SUMMARIES: dict[str, tuple[str, ...]] = {
    "project_engagement_summary_raw": (
        "project_id",
        "project_title",
        "plays",
        "interactions",
        "interaction_rate",
        "people",
    ),
    "user_engagement_summary_raw": ("user_id", "plays", "interactions", "minutes_watched"),
    "experience_engagement_summary_raw": ("experience_id", "project_id", "plays", "interactions"),
    "poll_widget_summary": ("widget_id", "question", "response_value", "response_count", "project_ids"),
    "signin_widget_summary": ("widget_id", "manual_count", "auto_count", "skip_count", "project_ids"),
}
DETAILS: dict[str, tuple[str, ...]] = {
    "user_stream_raw": ("event_time", "user_id", "action", "project_id", "value"),
    "project_stream_raw": ("event_time", "project_id", "action", "annotation_id", "value"),
    "experience_stream_raw": ("event_time", "experience_id", "action", "project_id"),
    "poll_widget_detail": ("event_time", "widget_id", "user_id", "response_value"),
    "signin_widget_detail": ("event_time", "widget_id", "user_id", "email", "mode"),
}
COLUMNS = {**SUMMARIES, **DETAILS}


@dataclass
class Switches:
    """Settings of the account and of what no page states.

    Args:
        row_cap: Rows beyond this are left out silently.
        per_minute, per_hour, per_day: Unique reports.
        retry_after: Whether a 429 says when to go on.
        json_shape: `array` or `wrapper` (`{"data": [...]}`).
        too_long: A range of more than six months is refused (`400`) or `cut` at its start.
        auth: The credentials the config shows: `api_key` or `brightcove_oauth`. Both are accepted.
        rows_per_day: Details of a day; `rows / 180` when None.
    """

    api_key: str = "hapyak-key-1e7bc263"
    client_id: str = "bc-client"
    client_secret: str = "bc-client-secret"
    account_id: str = "57838016001"
    row_cap: int = 500_000
    per_minute: int = 4
    per_hour: int = 20
    per_day: int = 100
    retry_after: bool = False
    json_shape: str = "array"
    too_long: str = "400"
    auth: str = "api_key"
    token_seconds: float = 300
    rows_per_day: int | None = None


class HapYak(Vendor):
    """One account."""

    name = "hapyak"
    switches_type = Switches
    switches: Switches

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._tokens = Tokens(self.world.clock, "bc")
        self._orders: list[float] = []
        self._current: dict[str, Job] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def act(self, action: str, **args: Any) -> Any:
        """`have_ordered`: unique reports were ordered `ages` seconds ago."""
        if action != "have_ordered":
            return super().act(action, **args)
        self._orders = sorted(self.world.clock.now() - float(age) for age in args["ages"])
        return len(self._orders)

    def reset(self) -> None:
        self._tokens = Tokens(self.world.clock, "bc")
        self._orders.clear()
        self._current.clear()

    def config(self) -> dict[str, Any]:
        switches = self.switches
        login: dict[str, Any] = {"auth_type": "api_key", "api_key": switches.api_key}
        if switches.auth == "brightcove_oauth":
            login = {
                "auth_type": switches.auth,
                "client_id": switches.client_id,
                "client_secret": switches.client_secret,
            }
            login["account_id"] = switches.account_id
        base = {"base_url": f"{self.origin}/api/reports/v2", "token_url": f"{self.origin}/v4/access_token"}
        return {"name": "hapyak", "credentials": login, **base}

    @property
    def routes(self) -> Sequence[Route]:
        return (
            Route("POST", "/v4/access_token", self._token, "token"),
            Route("GET", "/api/reports/v2/{report}/?", self._report, self._kind),
        )

    def _kind(self, request: Request) -> str:
        """The first request of a unique report is the order, each further one a poll."""
        return "order" if self._standing(request) is None else "poll"

    # errors and credentials

    def error(self, status: int, reason: str = "") -> Response:
        words = {401: "Unauthorized", 403: "Forbidden", 404: "Unknown report", 429: "Report limit exceeded"}
        return json_response({"error": words.get(status, reason or "Internal error")}, status)

    def faulty(self, effect: str, *rest: Any) -> Response:
        if effect == "401":
            self._tokens.revoke_all()
        return super().faulty(effect, *rest)

    def _token(self, request: Request) -> Response:
        fields = dict([*request.query, *request.form])
        if basic_credentials(request) != (self.switches.client_id, self.switches.client_secret):
            body = {"error": "invalid_client", "error_description": "The client identifier provided is invalid"}
            return json_response(body, 401)
        if fields.get("grant_type") != "client_credentials":
            return json_response({"error": "unsupported_grant_type"}, 400)
        token = self._tokens.issue(frozenset({"reports"}), self.switches.token_seconds)
        seconds = int(self.switches.token_seconds)
        return json_response({"access_token": token, "token_type": "Bearer", "expires_in": seconds})

    def _refused(self, request: Request) -> Response | None:
        key = request.header("X-Hapyak-API-Key")
        if key is not None:
            if key == self.switches.api_key:
                return None
            return self.error(403 if key.endswith("-noperm") else 401)
        if self._tokens.grant(request) is None:
            return json_response([{"error_code": "UNAUTHORIZED", "message": "Permission denied."}], 401)
        if request.param("account_id") != self.switches.account_id:
            return json_response([{"error_code": "ILLEGAL_ACCOUNT", "message": "account_id is wrong or missing"}], 403)
        return None

    # the one endpoint

    def _key(self, request: Request) -> str:
        start, end = self._range(request)
        return json.dumps([request.args["report"], str(start), str(end), request.param("format") or "csv"])

    def _range(self, request: Request) -> tuple[date | None, date | None]:
        """The days asked for; `end` is today and `start` seven days before it unless given. None: not a day."""
        texts = request.param("start"), request.param("end")
        end = self.world.clock.utc().date() if texts[1] is None else _day(texts[1])
        if texts[0] is None:
            return (None if end is None else end - timedelta(days=7)), end
        return _day(texts[0]), end

    def _lives(self, job: Job) -> bool:
        """Whether a finished report still stands in the cache."""
        if job.state in ("failed", "aborted", "deleted"):
            return False
        return job.ended is None or self.world.clock.now() - job.ended < CACHE_SECONDS

    def _report(self, request: Request) -> Response:
        refused = self._refused(request) or self._bad_request(request)
        if refused is not None:
            return refused
        with self._lock:
            job = self._standing(request)
            if job is None:
                return self._over_quota(request) or self._accept(request)
        shown = self.world.jobs.poll(job)
        if job.state == "done" and job.artifact is not None:
            job.extra["delivered"] = True
            return self.world.downloads.direct(request, self.name, job.report, job.artifact)
        if job.finished:
            return json_response({"error": job.words or "The report could not be generated"}, 500)
        return json_response({"status": shown[1:]}, 299) if shown.startswith("?") else self._busy(request)

    def _standing(self, request: Request) -> Job | None:
        """The run that answers a request, if there is one."""
        job = self._current.get(self._key(request))
        return job if job is not None and self._lives(job) else None

    def _accept(self, request: Request) -> Response:
        key = self._key(request)
        self._current[key] = self._order(request, key)
        return self._busy(request)

    def _busy(self, request: Request) -> Response:
        """202; without `send_status=true` a 200 that is no report."""
        status = 202 if request.param("send_status") == "true" else 200
        return json_response({"status": "processing"}, status)

    def _bad_request(self, request: Request) -> Response | None:
        if request.args["report"] not in COLUMNS:
            return self.error(404)
        start, end = self._range(request)
        if start is None or end is None or start > end:
            return self.error(400, "start and end must be dates, YYYY-MM-DD")
        if (request.param("format") or "csv") not in ("csv", "json"):
            return self.error(400, "format must be csv or json")
        if end >= six_months_after(start) and self.switches.too_long == "400":
            return self.error(400, "The time range is limited to six months")
        return None

    def _over_quota(self, request: Request) -> Response | None:
        now = self.world.clock.now()
        self._orders = [at for at in self._orders if at > now - DAY]
        for seconds, name in WINDOWS:
            recent = [at for at in self._orders if at > now - seconds]
            if len(recent) >= int(getattr(self.switches, name)):
                request.mark(f"quota-exceeded:{name}")
                answer = self.error(429)
                wait = math.ceil(recent[0] + seconds - now)
                return answer.header("Retry-After", str(wait)) if self.switches.retry_after else answer
        self._orders.append(now)
        return None

    def _order(self, request: Request, key: str) -> Job:
        start, end = self._range(request)
        form = request.param("format") or "csv"
        params = {"start": str(start), "end": str(end), "format": form}
        number = f"{next(self._numbers)}:{key}"
        return self.world.jobs.order(self.name, request.args["report"], params, self._make, key=number)

    # files

    def _make(self, job: Job) -> Artifact:
        world, form = self.world, str(job.params["format"])
        version = world.overlay.version(self.name, job.report)
        made = [version, world.rows, world.seed, int(world.clock.now()), repr(self.switches), job.empty]
        key = json.dumps([self.name, job.report, job.params, *made])
        table = self._table(job.report, date.fromisoformat(job.params["start"]), date.fromisoformat(job.params["end"]))
        if job.empty:
            table = Table(table.columns, ())
        path = world.cache.build(key, lambda target: self._write(target, table, form))
        kind = "text/csv; charset=utf-8" if form == "csv" else "application/json"
        return Artifact(path, kind, f"{job.report}.{form}")

    def _write(self, path: Path, table: Table, form: str) -> None:
        if form == "csv":
            write_csv(path, table)
            return
        opening, closing = ("[", "]") if self.switches.json_shape == "array" else ('{"data": [', "]}")
        with path.open("w", encoding="utf-8") as target:
            target.write(opening)
            write_json_rows(target, table)
            target.write(closing)

    # data

    def _table(self, report: str, start: date, end: date) -> Table:
        """The report of whole days from `start` to `end`, cut at the row cap."""
        if self.switches.too_long == "cut":
            while end >= six_months_after(start):
                start += timedelta(days=1)
        rows = self._details(report, start, end) if report in DETAILS else self._summary(report, start, end)
        changed = self.world.overlay.apply(self.name, report, COLUMNS[report], rows)
        if report in DETAILS:
            low, high = str(start), str(end + timedelta(days=1))
            changed = (row for row in changed if low <= str(row[0]) < high)
        return Table(COLUMNS[report], islice(changed, self.switches.row_cap))

    def _details(self, report: str, start: date, end: date) -> Iterator[Row]:
        """Events in order of time, none in the future."""
        usual = self.switches.rows_per_day or max(1, self.world.rows // 180)
        now = self.world.clock.now()
        day = max(start, FIRST_DAY)
        while day <= min(end, self.world.clock.utc().date()):
            count = usual if day.weekday() < 5 else usual // 2
            midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.utc).timestamp()
            for number in range(count):
                at = midnight + (number + 0.5) * DAY / max(1, count)
                if at < now:
                    yield self._event(report, day.toordinal() * 100_000 + number, utc_text(at, micros=True))
            day += timedelta(days=1)

    def _event(self, report: str, number: int, at: str) -> Row:
        seed = self.world.seed
        user = None if mix(seed, number, 701) % 4 == 0 else f"{mix(seed, number, 702) % 500:06d}"
        project = 1000 + mix(seed, number, 703) % 20
        action = ("play", "bookmark view", "widget, submit", 'seek "chapter"')[mix(seed, number, 704) % 4]
        if report == "user_stream_raw":
            return at, user, action, project, last_name(seed, number)
        if report == "project_stream_raw":
            return at, project, action, None if number % 3 else number % 97, number % 2 == 0
        if report == "experience_stream_raw":
            return at, hex_uuid(1, number % 40, 705), action, project
        if report == "poll_widget_detail":
            return at, 70 + number % 9, user, ("Yes", "No, never", "NA")[number % 3]
        return at, 80 + number % 5, user, f"u{number % 500}@example.com", ("manual", "auto")[number % 2]

    def _summary(self, report: str, start: date, end: date) -> Iterator[Row]:
        """Aggregates of the window: other windows, other numbers."""
        days = (end - start).days + 1
        count = max(3, self.world.rows // 10)
        for number in range(count):
            plays = mix(self.world.seed, number, start.toordinal()) % 20 * days
            yield self._aggregate(report, number, plays)

    def _aggregate(self, report: str, number: int, plays: int) -> Row:
        projects = [1000 + number % 20, 1000 + number % 20, 1001 + number % 20]  # not de-duplicated
        if report == "project_engagement_summary_raw":
            rate = round(plays / (plays + 3), 4)
            return 1000 + number, f"Project {last_name(self.world.seed, number)}", plays, plays // 2, rate, plays // 3
        if report == "user_engagement_summary_raw":
            return f"{number:06d}" if number else None, plays, plays // 2, plays * 1.5
        if report == "experience_engagement_summary_raw":
            return hex_uuid(1, number, 705), 1000 + number % 20, plays, plays // 2
        texts = ",".join(map(str, projects))
        if report == "poll_widget_summary":
            return 70 + number // 3, "Agree?", ("Yes", "No, never", "NA")[number % 3], plays, texts
        return 80 + number, plays, plays * 2, None, texts

    # truth

    def streams(self) -> list[str]:
        return list(COLUMNS)

    def truth(self, stream: str, **options: Any) -> Iterator[Record]:
        """Options: `format` (`csv`: every value is text; `json`); `windows`, a list of [start, end] days (inclusive).
        Without `windows`: those delivered here so far, except windows of more than a day that were cut at the cap.
        """
        windows = options.get("windows")
        windows = json.loads(windows) if isinstance(windows, str) else windows
        if windows is None:
            windows = list(dict.fromkeys(self._delivered(stream)))
        convert = None if options.get("format", "csv") == "json" else cell_text
        for start, end in windows:
            table = self._table(stream, date.fromisoformat(str(start)), date.fromisoformat(str(end)))
            yield from records(table, convert, _report_start=str(start), _report_end=str(end))

    def _delivered(self, report: str) -> Iterator[tuple[str, str]]:
        for job in self.world.jobs.of(self.name, report):
            if not job.extra.get("delivered"):
                continue
            start, end = str(job.params["start"]), str(job.params["end"])
            table = self._table(report, date.fromisoformat(start), date.fromisoformat(end))
            if start == end or sum(1 for _ in table.rows) < self.switches.row_cap:
                yield start, end


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def six_months_after(start: date) -> date:
    """The same day six months later, or the last day of that month."""
    year, month = divmod(start.year * 12 + start.month - 1 + 6, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))
