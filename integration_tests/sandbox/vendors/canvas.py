"""Canvas: account reports, accounts, terms and files, as its API pages and source tell.

Traps shown on purpose:

- `progress` is 100 also for failed and aborted reports; `status` alone decides; `compiling` only in grade exports.
- Selectors and most switches read the text `false` as false; `created_by_sis` and `skip_message` are switched ON by it.
- `enrollment_state` is an array; a text is one state, whatever commas it holds.
- An order of what is under way is answered 409: the body is that run, whoever ordered it.
- The grading-period export knows a term by its plain id only; for anything else, and for a term without courses, its
  file is a lone line end.
- The server writes `locale` and `extra_text` back into `parameters`.
- `file_url` is a login page whatever is sent; `attachment.url` works by its verifier, or with newer flags by the token
  alone (`no_verifier`), and redirects to another host.
- Lists answer ten items and opaque `Link` addresses; there is no `last`.
- A report run that made no file is `error`; a range of more than two weeks is cut silently.
"""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..core import Pairs, Request, Response, Route, html_response, json_response
from ..data import hex_uuid, utc_text
from ..world import Record, Vendor, World
from .canvas_reports import EVERY_REPORT, NO_FILE, SELECTABLE, TAGS, CanvasReports, Switches, stream_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..jobs import Job, State
    from .canvas_catalog import ReportType
    from .canvas_data import CanvasData, Term

STATUS = {"queued": "created", "done": "complete", "failed": "error"}
GRADES = ("grade_export_csv", "mgp_grade_export_csv")
ACCOUNTS = {"1": (1, None, "Example University"), "2": (2, 1, "School of Medicine")}


class Canvas(Vendor):
    """One institution with a root account (1) and a sub-account (2)."""

    name = "canvas"
    switches_type = Switches
    switches: Switches

    def __init__(self, world: World, settings: dict[str, Any]) -> None:
        super().__init__(world, settings)
        self.reports = CanvasReports(world, self.switches)
        self._custom_run_seeded = False
        self._guard = threading.Lock()
        self._parallel = 0

    @property
    def data(self) -> CanvasData:
        """The institution."""
        return self.reports.data

    def config(self) -> dict[str, Any]:
        return {"name": "canvas", "base_url": self.origin, "access_token": self.switches.token}

    def reset(self) -> None:
        self._custom_run_seeded = False

    @property
    def routes(self) -> Sequence[Route]:
        account = "/api/v1/accounts/{account}"
        return (
            Route("GET", f"{account}/?", self._api(self._account), "list"),
            Route("GET", f"{account}/terms/?", self._api(self._terms), "list"),
            Route("GET", f"{account}/reports/?", self._api(self._reports), "list"),
            Route("POST", f"{account}/reports/{{report}}/?", self._api(self._start), "order"),
            Route("GET", f"{account}/reports/{{report}}/?", self._api(self._history), "list"),
            Route("GET", f"{account}/reports/{{report}}/{{id}}/?", self._api(self._show), "poll"),
            Route("DELETE", f"{account}/reports/{{report}}/{{id}}/?", self._api(self._delete), "delete"),
            Route("PUT", f"{account}/reports/{{report}}/{{id}}/abort/?", self._api(self._abort), "abort"),
            Route("GET", "/api/v1/files/{file}/?", self._api(self._file), "other"),
            Route("GET", "/files/{file}/download", self._download, "download"),
            Route(
                "GET",
                "/accounts/{account}/files/{file}/download",
                lambda _: html_response("Log in to Canvas"),
            ),
        )

    # errors, credentials, headers

    def error(self, status: int, reason: str = "") -> Response:
        challenge = {"WWW-Authenticate": 'Bearer realm="canvas-lms"'}
        if status == 401 and reason == "noscope":
            return json_response({"errors": [{"message": "Insufficient scopes on access token."}]}, 401)
        if status == 401:
            words = {"revoked": "Revoked access token.", "invalid": "Invalid access token."}
            wrong = {"message": words.get(reason, "Expired access token.")}
            if reason not in words:
                wrong["expired_at"] = utc_text(self.world.clock.now() - 60)
            return json_response({"errors": [wrong]}, 401, challenge)
        if status == 403:
            body = {
                "status": "unauthorized",
                "errors": [{"message": "user not authorized to perform that action"}],
            }
            return json_response(body, self.switches.permission_status)
        if status == 404:
            return json_response({"errors": [{"message": "The specified resource does not exist."}]}, 404)
        if status == 429:
            return Response(429, [("Content-Type", "text/plain")], b"429 Too Many Requests (Rate Limit Exceeded)\n")
        if status == 500:
            fault = {"message": "An error occurred.", "error_code": "internal_server_error"}
            return json_response({"errors": [fault], "error_report_id": 42}, 500)
        return json_response({"errors": [{"message": reason or "bad request"}]}, status)

    def _api(self, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            with self._counting() as parallel:
                if self.switches.parallel_limit is not None and parallel > self.switches.parallel_limit:
                    request.mark("quota-exceeded:parallel")
                    return self.throttled()
                response = self._unauthorized(request) or handler(request)
            return response.header("X-Request-Cost", "0.0271").header("X-Rate-Limit-Remaining", "599.9")

        return answer

    @contextmanager
    def _counting(self) -> Iterator[int]:
        """How many requests are being answered at once, this one included."""
        with self._guard:
            self._parallel += 1
            now = self._parallel
        try:
            yield now
        finally:
            with self._guard:
                self._parallel -= 1

    def _unauthorized(self, request: Request) -> Response | None:
        """The refusal, unless the token is good. Tokens may end in expired, revoked, noscope, noperm."""
        header = request.header("Authorization") or ""
        token = (
            header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else request.param("access_token")
        )
        if not token:
            body = {"status": "unauthenticated", "errors": [{"message": "user authorization required"}]}
            return json_response(body, 401, {"WWW-Authenticate": 'Bearer realm="canvas-lms"'})
        if token == self.switches.token:
            return self.error(403) if self.switches.elevated_login and "/reports" in request.path else None
        ending = token.rpartition("-")[2]
        if ending == "noperm":
            return None if request.path.rstrip("/").endswith(("/self", "/1")) else self.error(403)
        return self.error(401, ending if ending in ("expired", "revoked", "noscope") else "invalid")

    # accounts and terms

    def _account_id(self, text: str) -> str | None:
        found = {"self": "1", "sis_account_id:0000-A": "2"}.get(text, text)
        return found if found in ACCOUNTS else None

    def _account(self, request: Request) -> Response:
        key = self._account_id(request.args["account"])
        if key is None:
            return self.error(404)
        number, parent, name = ACCOUNTS[key]
        about = {
            "workflow_state": "active",
            "default_time_zone": "America/Denver",
            "uuid": hex_uuid(1, number, 5),
        }
        return json_response(
            {"id": number, "name": name, "parent_account_id": parent, "root_account_id": parent, **about}
        )

    def _terms(self, request: Request) -> Response:
        if self._account_id(request.args["account"]) is None:
            return self.error(404)
        terms = [_term_json(term) for term in self.reports.terms if term.status == "active"]
        page, links = self._page(request, terms)
        return json_response({"enrollment_terms": page}, headers=links)

    def _page(self, request: Request, items: list[Any]) -> tuple[list[Any], dict[str, str]]:
        """One page, and its `Link` header: opaque addresses, no `last`."""
        size = min(100, max(1, int(request.param("per_page") or 10)))
        token = request.param("page") or "1"
        first = 0
        if token.startswith("bookmark:"):
            first = int(json.loads(base64.urlsafe_b64decode(token[9:])))
        elif token != "1":
            return [], {}
        links = [("current", first), ("first", 0)]
        links += [("next", first + size)] if first + size < len(items) else []
        links += [("prev", max(0, first - size))] if first else []
        header = ",".join(f'<{self._page_url(request, size, at)}>; rel="{rel}"' for rel, at in links)
        return items[first : first + size], {"Link": header}

    def _page_url(self, request: Request, size: int, first: int) -> str:
        bookmark = "bookmark:" + base64.urlsafe_b64encode(str(first).encode()).decode()
        kept = [(k, v) for k, v in request.query if k not in ("page", "per_page", "access_token")]
        query = urlencode([*kept, ("page", bookmark), ("per_page", str(size))])
        return f"{self.origin}{request.path}?{query}"

    # reports

    @property
    def report_types(self) -> dict[str, ReportType]:
        """The types this account offers."""
        return {k: v for k, v in EVERY_REPORT.items() if self.switches.offered is None or k in self.switches.offered}

    def _seed_custom(self) -> None:
        if not self._custom_run_seeded and self.switches.custom_ran and "custom_attendance_csv" in self.report_types:
            self._custom_run_seeded = True
            self.act("seed_run", report="custom_attendance_csv", status="complete", age_minutes=3 * 24 * 60)

    def _reports(self, request: Request) -> Response:
        account = self._account_id(request.args["account"])
        if account is None:
            return self.error(404)
        self._seed_custom()
        wanted = [value for key, value in request.query if key in ("include[]", "include")]
        items = [self._report_type_json(account, name, wanted) for name in self.report_types]
        items.sort(key=lambda item: str(item["title"]))
        if not self.switches.paginate_reports:
            return json_response(items)
        page, links = self._page(request, items)
        return json_response(page, headers=links)

    def _report_type_json(self, account: str, name: str, include: list[str]) -> dict[str, Any]:
        kind = self.report_types[name]
        params = {n: {"required": required, "description": text} for n, required, text in kind.params}
        if name in SELECTABLE and not self.switches.institutional_tags:
            params = {n: about for n, about in params.items() if n not in TAGS}
        last = next(iter(self._runs(account, name)), None)
        found = {
            "report": name,
            "title": kind.title,
            "parameters": params or None,
            "last_run": last and self._run_json(last),
        }
        if "description_html" in include:
            found["description_html"] = f"<p>{kind.title}</p>"
        if "parameters_html" in include:  # the docs say params_html, the code tests this
            found["parameters_html"] = "<p>" + ", ".join(params) + "</p>"
        return found

    def _runs(self, account: str, report: str) -> list[Job]:
        """The runs of one type, newest first, without deleted ones."""
        runs = [
            job for job in self.world.jobs.of("canvas", report) if job.account == account and job.state != "deleted"
        ]
        return runs[::-1]

    def _start(self, request: Request) -> Response:
        account = self._account_id(request.args["account"])
        if account is None or request.args["report"] not in self.report_types:
            return self.error(404)
        params = _parameters(request)
        term = params.get("enrollment_term_id") or params.get("enrollment_term")
        if term and self.reports.term_places(str(term)) is None:
            return json_response({"error": f"invalid enrollment_term_id '{term}'"}, 400)
        under_way = self._under_way(account, request.args["report"], params) if self.switches.conflicts else None
        if under_way is not None:
            request.mark("conflict")
            place = f"{self.origin}{request.path.rstrip('/')}/{under_way.number}"
            return json_response(self._run_json(under_way), 409, {"Location": place})
        job = self.world.jobs.order(
            "canvas", request.args["report"], params, self.reports.make, account=account, owner="me"
        )
        if self.switches.slow_slots is not None:
            job.extra["queued"] = True
        return json_response(self._run_json(job))

    def _under_way(self, account: str, report: str, params: dict[str, Any]) -> Job | None:
        """A run of the last twelve hours that has not ended, of the same report with the very same parameters."""
        since = self.world.clock.now() - 12 * 3600
        runs = (run for run in self._runs(account, report) if not run.finished and run.created >= since)
        return next((run for run in runs if run.params == params), None)

    def _history(self, request: Request) -> Response:
        account = self._account_id(request.args["account"])
        if account is None or request.args["report"] not in self.report_types:
            return self.error(404)
        self._seed_custom()
        page, links = self._page(request, self._runs(account, request.args["report"]))
        return json_response([self._run_json(job) for job in page], headers=links)

    def _find(self, request: Request) -> Job | None:
        job = self.world.jobs.find("canvas", request.args["id"])
        fits = job and job.report == request.args["report"] and job.account == self._account_id(request.args["account"])
        return job if fits and job and job.state != "deleted" else None

    def _show(self, request: Request) -> Response:
        job = self._find(request)
        if job is None:
            return self.error(404)
        if not self._waits_for_slot(job):
            self.world.jobs.poll(job)
        return self.error(404) if job.state == "deleted" else json_response(self._run_json(job))

    def _waits_for_slot(self, job: Job) -> bool:
        """Whether the strand of the root account is full; the jobs ahead go on by themselves."""
        slots = self.switches.slow_slots
        if slots is None:
            return False
        ahead = [other for other in self.world.jobs.running("canvas") if other.number < job.number]
        for other in ahead[:slots]:
            self.world.jobs.poll(other)
        return len(ahead) >= slots

    def _delete(self, request: Request) -> Response:
        job = self._find(request)
        if job is None:
            return self.error(404)
        self.world.jobs.end(job, "deleted")
        return json_response(self._run_json(job))

    def _abort(self, request: Request) -> Response:
        job = self._find(request)
        if job is None or job.finished:
            return self.error(404)
        self.world.jobs.end(job, "aborted")
        return json_response(self._run_json(job))

    def _status(self, job: Job) -> str:
        if job.shown.startswith("?"):
            return job.shown[1:]
        following = job.script[min(job.polls, len(job.script) - 1)]
        if job.report in GRADES and job.state == "running" and following == "done":
            return "compiling"
        return STATUS.get(job.shown, job.shown)

    def _run_json(self, job: Job) -> dict[str, Any]:
        done = job.state == "done" and (job.fault is None or job.fault.name != "job_no_link")
        times = {f"{n}_at": None if at is None else utc_text(at) for n, at in
                 (("created", job.created), ("started", job.started), ("ended", job.ended))}  # fmt: skip
        since = job.started if job.started is not None else job.created
        until = job.ended if job.ended is not None else self.world.clock.now()
        found = {
            "id": job.number, "report": job.report, "status": self._status(job), **times,
            "run_time": round(until - since, 3), "parameters": self._shown_parameters(job),
            "progress": self._progress(job), "current_line": self._current_line(job),
            "file_url": f"{self.origin}/accounts/{job.account}/files/{_file_id(job)}/download" if done else None,
            "user": {"id": 1, "display_name": "Account Admin"}, **self._message(job),
        }  # fmt: skip
        return {**found, "attachment": self._attachment(job)} if done else found

    def _message(self, job: Job) -> dict[str, Any]:
        if not self.switches.messages:
            return {}
        title = EVERY_REPORT[job.report].title if job.report in EVERY_REPORT else job.report
        if not job.finished:
            return {"message": None}
        if job.state != "failed":
            return {"message": f"{title} report successfully generated with the following settings. Account: Example;"}
        return {"message": f"Generating the report, {title}, failed. {job.words or NO_FILE}"}

    def _progress(self, job: Job) -> int:
        at_once = job.fault is not None and job.fault.name == "job_fails_at_100"
        return 100 if job.finished or (at_once and job.polls) else min(99, 30 * job.polls)

    def _current_line(self, job: Job) -> int | None:
        """Updated every 1000 lines."""
        if job.state == "queued":
            return None
        return self.data.rows // 1000 * 1000 if job.state == "done" else job.polls * 1000

    def _shown_parameters(self, job: Job) -> dict[str, Any]:
        found = dict(job.params)
        if job.state != "queued":
            found["locale"] = "en"
        if job.finished:
            found["extra_text"] = job.words or (NO_FILE if job.state == "failed" else "Term: All Terms;")
        return found

    def _attachment(self, job: Job) -> dict[str, Any] | None:
        artifact = job.artifact
        if artifact is None:
            return None
        number, made = _file_id(job), utc_text(job.ended or job.created)
        query = "download_frd=1" + ("" if self.switches.no_verifier else f"&verifier={self._verifier(job)}")
        zipped = artifact.content_type == "application/zip"
        return {
            "id": number, "uuid": self._verifier(job), "folder_id": None, "display_name": artifact.filename,
            "filename": artifact.filename, "upload_status": "success", "content-type": artifact.content_type,
            "url": f"{self.origin}/files/{number}/download?{query}", "size": artifact.size, "created_at": made,
            "updated_at": made, "unlock_at": None, "locked": False, "hidden": False, "lock_at": None,
            "hidden_for_user": False, "thumbnail_url": None, "modified_at": made,
            "mime_class": "zip" if zipped else "file", "media_entry_id": None, "category": "uncategorized",
            "locked_for_user": False,
        }  # fmt: skip

    def _verifier(self, job: Job) -> str:
        return hex_uuid(self.world.seed, job.number, 900).replace("-", "")

    # files

    def _job_of_file(self, request: Request) -> Job | None:
        text = request.args["file"]
        job = self.world.jobs.find("canvas", str(int(text) - 900_000)) if text.isdigit() else None
        return job if job is not None and job.artifact is not None else None

    def _file(self, request: Request) -> Response:
        job = self._job_of_file(request)
        if job is None:
            return self.error(404)
        return json_response(self._attachment(job))

    def _download(self, request: Request) -> Response:
        """No API path. What is refused for want of a verifier or a token ends at the login page, status 200."""
        job = self._job_of_file(request)
        if job is None or job.artifact is None:
            return html_response("Log in to Canvas")
        if request.param("verifier") != self._verifier(job):
            refusal = self._refuse_token(request)
            if refusal is not None:
                return refusal
        elif request.header("Authorization") is not None:
            request.mark("credentials-with-signature")
        request.report = job.report
        url = self.world.downloads.issue("canvas", job.report, job.artifact, self.switches.link_seconds)
        return Response(
            302, [("Location", url), ("Content-Type", "text/html")], b"<html><body>redirected</body></html>"
        )

    def _refuse_token(self, request: Request) -> Response | None:
        """Without a verifier a token opens a file, where the institution's flags and the key's scopes let it."""
        if not self.switches.no_verifier or request.header("Authorization") is None:
            return html_response("Log in to Canvas")
        return self._unauthorized(request) or (None if self.switches.file_scope else self.error(401, "noscope"))

    # tests

    def streams(self) -> list[str]:
        return sorted(
            stream_name(report, output) for report in self.report_types for output in self.reports.outputs_of(report)
        )

    def truth(self, stream: str, **options: Any) -> Iterator[Record]:
        """See `CanvasReports.truth`."""
        return self.reports.truth(stream, **options)

    def act(self, action: str, **args: Any) -> Any:
        """`seed_run`: put a run into the history.

        Args (of `seed_run`): `report`; `status` (`created`, `running`, `complete`, `error`, `aborted`, or another
            word); `parameters`; `age_minutes` since it was created (and ended, if it has); `account` ("1"); `owner`;
            `polls`: for a running one, the poll on which it completes (never when 0).
        """
        if action != "seed_run":
            raise KeyError(action)
        return self._run_json(self._seed_run(**args))

    def _seed_run(
        self, report: str, status: str = "complete", parameters: dict[str, Any] | None = None, age_minutes: float = 5,
        account: str = "1", owner: str = "me", polls: int = 1, ended_minutes: float | None = None,
    ) -> Job:  # fmt: skip
        job = self.world.jobs.order(
            "canvas", report, dict(parameters or {}), self.reports.make, account=account, owner=owner, origin="seeded",
            created=self.world.clock.now() - age_minutes * 60,
        )  # fmt: skip
        states: dict[str, State] = {
            "complete": "done",
            "error": "failed",
            "aborted": "aborted",
            "created": "queued",
        }
        job.fault, job.state = None, states.get(status, "running")
        job.shown = job.state if status in states or status == "running" else f"?{status}"
        job.script = ["running"] * (polls - 1) + ["done"] if polls else [job.shown]
        job.started = None if status == "created" else job.created + 5
        if job.finished:
            job.ended = self.world.clock.now() - 60 * (age_minutes if ended_minutes is None else ended_minutes)
        return job


def _term_json(term: Term) -> dict[str, Any]:
    start, end = (None if at is None else utc_text(at) for at in (term.start, term.end))
    return {
        "id": term.id, "name": term.name, "sis_term_id": term.sis_id, "start_at": start, "end_at": end,
        "workflow_state": term.status, "grading_period_group_id": term.set_id, "created_at": "2019-01-01T00:00:00Z",
    }  # fmt: skip


def _file_id(job: Job) -> int:
    return job.number + 900_000


def _parameters(request: Request) -> dict[str, Any]:
    """The run's parameters as Rails reads them: form values stay text, JSON keeps its types."""
    data = request.json
    if isinstance(data, dict):
        return dict(data.get("parameters") or {})
    return _nested([*request.query, *request.form])


def _nested(pairs: Pairs) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if not key.startswith("parameters["):
            continue
        name, _, rest = key.removeprefix("parameters[").partition("]")
        if rest == "[]":
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found
