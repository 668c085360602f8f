"""Skillsoft Percipio: report requests, whose poll answers with the report itself.

A poll is answered with a JSON object while the report is made and with the rows (an array, or CSV) as soon as it is
there. Rows leave out fields without a value; what customers call their users' attributes comes beside the documented
fields. A report whose file shall also go to SFTP is refused, for this organization has no SFTP server. Error bodies,
and which date a window filters by (here: the last access), are on no page.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..core import Request, Response, Route, json_response
from ..data import DAY, Row, Table, first_name, hex_uuid, last_name, mix
from ..downloads import Artifact
from ..formats import write_csv
from ..world import Record, Vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ..jobs import Job

COLLECTIONS = ("Compliance", "Leadership", "Data & AI")
WINDOWED = ("learning_activity", "content_access", "entitlements")
COLUMNS: dict[str, tuple[str, ...]] = {
    "learning_activity": (
        "userId", "userUuid", "firstName", "lastName", "emailAddress", "audience", "contentUuid", "contentId",
        "contentTitle", "contentType", "languageCode", "status", "completedDate", "firstAccess", "lastAccess",
        "duration", "durationHms", "estimatedDuration", "estimatedDurationHms", "totalAccesses", "%OfVideoOrBook",
        "firstScore", "lastScore", "highScore", "assessmentAttempts", "Cost Centre",
    ),
    "content_access": (
        "collection", "channelTitle", "contentId", "contentTitle", "contentType", "uniqueUserAccesses",
        "totalAccesses", "timesAccessed", "totalDuration", "avgDuration", "totalCompletions",
    ),
    "entitlements": (
        "collection", "userId", "firstName", "lastName", "emailAddress", "entitledByAudience", "consumed",
    ),
    "collections_content": (
        "collection", "channelTitle", "contentId", "contentTitle", "contentType", "status", "description",
    ),
}  # fmt: skip
STATUS = {"queued": "PENDING", "running": "IN_PROGRESS", "failed": "FAILED", "aborted": "FAILED"}


@dataclass
class Switches:
    """Settings of the organization and of what no page states.

    Args:
        id_name: What the answer to a poll calls the id: `reportId` or `id`.
        completed_first: So many polls of a finished report answer with an object whose status is COMPLETED.
        bare_failures: A failed report has an `error` and no status.
        bare_words: How a report is, is told by its word alone, without an object around it.
        form: The format that reports come in, whatever was ordered: `JSON`, `CSV`, or as ordered (empty).
        has_sftp: Whether a report's file can also go to an SFTP server.
        nothing_first: So many polls of a report that is being made answer with an empty array.
        one_job: A report that is ordered again is answered with its first job, whatever it is ordered with.
    """

    access_token: str = "percipio-token-0123456789"
    organization_id: str = "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9"
    id_name: str = "reportId"
    completed_first: int = 0
    bare_failures: bool = False
    bare_words: bool = False
    form: str = ""
    has_sftp: bool = False
    one_job: bool = False
    nothing_first: int = 0


class Percipio(Vendor):
    """One organization with three collections."""

    name = "percipio"
    switches_type = Switches
    switches: Switches

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._numbers = itertools.count()

    def config(self) -> dict[str, Any]:
        switches = self.switches
        login = {"organization_id": switches.organization_id, "access_token": switches.access_token}
        return {"name": "percipio", **login, "base_url": self.origin}

    @property
    def routes(self) -> Sequence[Route]:
        base = "/reporting/v1/organizations/{organization}/report-requests/"
        return (
            Route("POST", f"{base}{{kind}}", self._allowed(self._order), "order"),
            Route("GET", f"{base}{{id}}", self._allowed(self._poll), self._kind),
        )

    def _kind(self, request: Request) -> str:
        """A look at what is no report request is a check of the token."""
        return "poll" if self.world.jobs.find(self.name, request.args["id"]) else "list"

    def identify(self, request: Request) -> str | None:
        if request.kind == "order":
            return request.args["kind"].replace("-", "_")
        job = self.world.jobs.find(self.name, request.args.get("id", ""))
        return job.report if job else None

    # errors and credentials

    def error(self, status: int, reason: str = "") -> Response:
        words = {401: "unauthorized", 403: "forbidden", 404: "not found", 429: "too many requests"}
        return json_response({"error": words.get(status, reason or "internal server error")}, status)

    def _allowed(self, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            token = (request.header("Authorization") or "").removeprefix("Bearer ")
            if token != self.switches.access_token:
                return self.error(403 if token.endswith("-noperm") else 401)
            is_ours = request.args["organization"] == self.switches.organization_id
            return handler(request) if is_ours else self.error(404)

        return answer

    # report requests

    def _order(self, request: Request) -> Response:
        report, asked = request.args["kind"].replace("-", "_"), request.json
        if report not in COLUMNS:
            return self.error(404)
        if not isinstance(asked, dict):
            return self.error(400, "malformed body")
        refusal = self._refused(report, asked)
        if refusal:
            return self.error(400, refusal)
        before = self.world.jobs.of(self.name, report)
        if self.switches.one_job and before:
            return json_response({"id": before[0].key, "status": "PENDING"}, 202)
        key = hex_uuid(self.world.seed, next(self._numbers), 801)
        self.world.jobs.order(self.name, report, asked, self._make, key=key)
        return json_response({"id": key, "status": "PENDING"}, 202)

    def _refused(self, report: str, asked: dict[str, Any]) -> str:
        """Why a report is not made; empty where it is."""
        if asked.get("isFileRequiredInSftp", True) is not False and not self.switches.has_sftp:
            return "no SFTP is configured for the organization"
        if asked.get("formatType", "JSON") not in ("JSON", "CSV", "TXT"):
            return "formatType is not valid"
        names = [asked.get("collectionName"), asked.get("collection")]
        if report == "collections_content" and not names[0]:
            return "collectionName is required"
        unknown = {one for name in names if name for one in name.split(",")} - {"ALL", *COLLECTIONS}
        if unknown:
            return f"unknown collection {min(unknown)}"
        return self._refused_window(report, asked)

    @staticmethod
    def _refused_window(report: str, asked: dict[str, Any]) -> str:
        window = [asked.get("start"), asked.get("end")]
        if report not in WINDOWED and any((*window, asked.get("timeFrame"))):
            return "the report takes no window"
        if any(window) and asked.get("timeFrame"):
            return "start and end cannot be combined with timeFrame"
        if any(window) and not all(window):
            return "start and end belong together"
        if all(window):
            try:
                return "" if _epoch(str(window[0])) < _epoch(str(window[1])) else "end must be after start"
            except (TypeError, ValueError):
                return "start and end are ISO date-times"
        return ""

    def _poll(self, request: Request) -> Response:
        job = self.world.jobs.find(self.name, request.args["id"])
        shown = self.world.jobs.poll(job) if job else "deleted"
        if job is None or shown == "deleted":
            return self.error(404)
        if job.state == "failed":
            return self._failure(job)
        if job.polls <= self.switches.nothing_first:
            return json_response([])
        if job.state == "done" and job.artifact is not None and not self._is_announced(job):
            job.extra["delivered"] = True
            return self.world.downloads.direct(request, self.name, job.report, job.artifact)
        status = shown[1:] if shown.startswith("?") else STATUS.get(shown, "COMPLETED")
        if self.switches.bare_words:
            return Response(200, [("Content-Type", "text/plain")], status.encode())
        return json_response({self.switches.id_name: job.key, "status": status})

    def _is_announced(self, job: Job) -> bool:
        """Whether the report is said to be there instead of being given."""
        if job.fault is not None and job.fault.name == "job_no_link":
            return True
        told = int(job.extra.get("told", 0))
        job.extra["told"] = told + 1
        return told < self.switches.completed_first

    def _failure(self, job: Job) -> Response:
        words = {"error": job.words or "the report could not be generated"}
        return json_response(words if self.switches.bare_failures else {"id": job.key, "status": "FAILED", **words})

    # files

    def _make(self, job: Job) -> Artifact:
        world, form = self.world, self.switches.form or str(job.params.get("formatType", "JSON"))
        made = [world.overlay.version(self.name, job.report), world.rows, world.seed, world.anchor, form, job.empty]
        key = json.dumps([self.name, job.report, job.params, *made], sort_keys=True)
        rows = () if job.empty else self._rows(job.report, job.params)
        path = world.cache.build(key, lambda target: self._write(target, job.report, rows, form))
        kind = "application/json" if form == "JSON" else "text/csv"
        return Artifact(path, kind, f"{job.key}.{form.lower()}")

    @staticmethod
    def _write(path: Path, report: str, rows: Any, form: str) -> None:
        if form != "JSON":
            write_csv(path, Table(COLUMNS[report], rows))
            return
        with path.open("w", encoding="utf-8") as target:
            target.write("[")
            for place, row in enumerate(rows):
                target.write(("," if place else "") + json.dumps(_record(COLUMNS[report], row), ensure_ascii=False))
            target.write("]")

    # data

    def _rows(self, report: str, asked: Mapping[str, Any]) -> Iterator[Row]:
        make = {
            "learning_activity": self._activity, "content_access": self._access, "entitlements": self._entitlement,
            "collections_content": self._content,
        }[report]  # fmt: skip
        start, end = (_epoch(asked[name]) if asked.get(name) else None for name in ("start", "end"))
        names = (asked.get("collectionName") or asked.get("collection") or "ALL").split(",")
        made = (make(number) for number in range(self.world.rows))
        for row in self.world.overlay.apply(self.name, report, COLUMNS[report], made):
            at = _epoch(row[14]) if report == "learning_activity" and row[14] else None
            if report == "learning_activity" and start is not None and end is not None:
                if at is None or not start <= at < end:
                    continue
            elif report != "learning_activity" and "ALL" not in names and row[0] not in names:
                continue
            yield row

    def _activity(self, number: int) -> Row:
        seed = self.world.seed
        at = self.world.anchor - mix(seed, number, 811) % (600 * DAY) - 1
        kind = ("Course", "Video", "Book", "Channel")[number % 4]
        done = number % 3 == 0
        score = mix(seed, number, 812) % 101 if kind == "Course" and number % 8 else None
        seconds = mix(seed, number, 813) % 5000
        return (
            f"{number:06d}", hex_uuid(seed, number, 821), first_name(seed, number), last_name(seed, number),
            f"user{number}@example.com" if number % 7 else None, "All staff", hex_uuid(1, number % 50, 822),
            f"bs_adg{number % 50:02d}_a23_enus", f"Course {number % 50}", kind, "en-US",
            ("Completed", "Started", "Watched", None, "Reviewed")[number % 5],
            f"{_text(at)[:10]}T00:00:00.000Z" if done else None, _text(at - 3 * DAY), _text(at),
            seconds, _hms(seconds), 3600, _hms(3600), number % 9 + 1,
            round(mix(seed, number, 814) % 1000 / 10, 1) if kind in ("Video", "Book") else None,
            score, score, score, number % 4 if score is not None else None,
            f"00{number % 12}" if number % 2 else None,
        )  # fmt: skip

    def _item(self, number: int) -> tuple[str, str, str, str, str]:
        kind = ("Course", "Video", "Book", "Channel")[number % 4]
        channel = f"Channel {number % 5}"
        return COLLECTIONS[number % 3], channel, f"bs_adg{number:02d}_a23_enus", f"Course {number}", kind

    def _access(self, number: int) -> Row:
        count, seconds = mix(self.world.seed, number, 815) % 90, mix(self.world.seed, number, 816) % 9000
        times = _hms(seconds), _hms(seconds // max(count, 1))
        return (*self._item(number), count // 2, count, count, *times, count // 3 or None)

    def _entitlement(self, number: int) -> Row:
        seed = self.world.seed
        name = first_name(seed, number), last_name(seed, number)
        used = ("Yes", "No")[number % 2]
        return COLLECTIONS[number % 3], f"{number:06d}", *name, f"u{number}@example.com", "All staff", used

    def _content(self, number: int) -> Row:
        status = ("Published", "Retired", "PendingRetirement")[number % 3]
        return (*self._item(number), status, None if number % 4 else f"About course {number}")

    # truth

    def streams(self) -> list[str]:
        return list(COLUMNS)

    def truth(self, stream: str, **options: Any) -> Iterator[Record]:
        """Fields without a value are absent. Options: `windows`, a list of [start, end] as they were sent
        (default: those delivered here, in order); `collections`, a comma list. Numbers are those of the JSON.
        """
        names = {"collection": options.get("collections"), "collectionName": options.get("collections")}
        if stream != "learning_activity":
            yield from (_record(COLUMNS[stream], row) for row in self._rows(stream, names))
            return
        windows = options.get("windows")
        windows = json.loads(windows) if isinstance(windows, str) else windows
        for start, end in dict.fromkeys(self._delivered()) if windows is None else windows:
            for row in self._rows(stream, {"start": start, "end": end}):
                yield {**_record(COLUMNS[stream], row), "_report_start": start, "_report_end": end}

    def _delivered(self) -> Iterator[tuple[str, str]]:
        for job in self.world.jobs.of(self.name, "learning_activity"):
            if job.extra.get("delivered"):
                yield job.params["start"], job.params["end"]


def _record(columns: Sequence[str], row: Row) -> Record:
    return {name: value for name, value in zip(columns, row, strict=True) if value is not None}


def _text(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _hms(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
