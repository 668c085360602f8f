"""D2L Brightspace: Advanced Data Sets (ordered) and Brightspace Data Sets (ready files) of the Data Hub.

Refresh tokens work once. A job tells nothing but a number, and has no link: its file is opened by its id, with the
bearer token. GUIDs are this instance's own. Headers of Advanced Data Sets are lower-case words. Ready files come as
full ones and differentials, over two generations of routes; a minor version of a set adds a column at the end.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import uuid
import zipfile
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from ..core import Request, Response, Route, html_response, json_response
from ..data import DAY, first_name, hex_uuid, last_name, mix, utc_text
from ..downloads import Artifact
from ..formats import cell_text
from ..jobs import Job
from ..tokens import Tokens, basic_credentials
from ..world import Record, Vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

STATUS = {"queued": 0, "running": 1, "done": 2, "failed": 3, "aborted": 3, "deleted": 4}
ADS_SCOPES = (
    "reporting:dataset:list", "reporting:dataset:fetch", "reporting:job:create", "reporting:job:list",
    "reporting:job:fetch", "reporting:job:download",
)  # fmt: skip
BDS_SCOPES = ("datasets:bds:read", "datahub:dataexports:read", "datahub:dataexports:download")
PARENT, ROLES, START, END = "parentOrgUnitId", "roles", "startDate", "endDate"
FILTER_TYPES = {START: 1, END: 1, PARENT: 2, ROLES: 3}
DATED = (START, END)
USAGE = (
    "course offering id", "course offering code", "course offering name", "parent department name",
    "parent department code", "user id", "username", "org defined id", "first name", "last name", "is active",
    "role id", "role name", "content completed", "content required", "checklist completed", "quiz completed",
    "total quiz attempts", "discussion post created", "discussion post replies", "discussion post read",
    "number of assignment submissions", "number of logins to the system", "last visited date", "last system login",
    "last discussion post date", "last assignment submission date", "total time spent in content",
    "last quiz attempt date", "last scorm completion date", "last scorm visit date",
)  # fmt: skip
INTEGERS = {
    "course offering id", "user id", "role id", "content completed", "content required", "checklist completed",
    "quiz completed", "total quiz attempts", "discussion post created", "discussion post replies",
    "discussion post read", "number of assignment submissions", "number of logins to the system",
}  # fmt: skip
ADS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Learner Usage": ((PARENT, ROLES), USAGE),
    "All Grades": ((PARENT,), ("user id", "org defined id", "username", "grade item id", "points numerator")),
    "Final Grades": (DATED, ("user id", "org defined id", "course offering id", "final grade", "last modified")),
    "Enrollments and Withdrawals": (DATED, ("user id", "course offering id", "action", "event date")),
}
STREAM_NAMES = {
    "learner_usage": "Learner Usage",
    "all_grades": "All Grades",
    "final_grades": "Final Grades",
    "enrollments_and_withdrawals": "Enrollments and Withdrawals",
}
BDS: dict[str, tuple[tuple[str, ...], dict[str, type]]] = {
    "Users": (
        ("UserId", "UserName", "OrgDefinedId", "FirstName", "MiddleName", "LastName", "IsActive", "Organization",
         "ExternalEmail", "SignupDate", "FirstLoginDate", "Version", "OrgRoleId", "LastAccessed"),
        {"UserId": int, "IsActive": bool, "Version": int, "OrgRoleId": int},
    ),
    "Grade Results": (
        ("GradeObjectId", "OrgUnitId", "UserId", "PointsNumerator", "PointsDenominator", "WeightedNumerator",
         "WeightedDenominator", "IsReleased", "IsDropped", "LastModified", "LastModifiedBy", "Comments",
         "PrivateComments", "IsExempt", "GradeText", "GradeReleasedDate", "Version"),
        {"GradeObjectId": int, "OrgUnitId": int, "UserId": int, "PointsNumerator": float, "PointsDenominator": float,
         "WeightedNumerator": float, "WeightedDenominator": float, "IsReleased": bool, "IsDropped": bool,
         "LastModifiedBy": int, "IsExempt": bool, "Version": int},
    ),
    "Organizational Units": (
        ("OrgUnitId", "Organization", "Type", "Name", "Code", "StartDate", "EndDate", "IsActive", "CreatedDate",
         "IsDeleted", "DeletedDate", "RecycledDate", "Version", "OrgUnitTypeId"),
        {"OrgUnitId": int, "IsActive": bool, "IsDeleted": bool, "Version": int, "OrgUnitTypeId": int},
    ),
    "Organizational Unit Ancestors": (("OrgUnitId", "AncestorOrgUnitId"), {"OrgUnitId": int, "AncestorOrgUnitId": int}),
}  # fmt: skip
#: The one refresh token that works again and again: for configurations in files that nobody keeps.
LASTING_TOKEN = "d2l-refresh-of-saved-configurations"
#: The set that has full files only.
NO_CHANGES = "Organizational Unit Ancestors"
#: The column that a minor version adds at the end. No schema knows it.
ADDED = "Pronouns"


@dataclass
class Switches:
    """Settings of the instance.

    Args:
        granted: The scopes that the user has consented to.
        rotates: Whether each refresh token works once.
        token_seconds: The life of an access token.
        newer, older: Whether the routes of each generation of ready files are served.
        page_size: The most entries of a page of a list.
        redirects: Whether the address of a ready file leads to a signed one at another host.
    """

    client_id: str = "d2l-client"
    client_secret: str = "d2l-client-secret"
    granted: str = " ".join((*ADS_SCOPES, *BDS_SCOPES))
    rotates: bool = True
    token_seconds: float = 3600
    versions: str = "1.43 1.49"
    newer: bool = True
    older: bool = True
    page_size: int = 2
    redirects: bool = False


@dataclass
class ReadyFile:
    """A file of a set: its rows as texts, under the columns of its version. They are made when somebody asks."""

    number: int
    of: str
    full: bool
    moment: float
    columns: tuple[str, ...]
    make: Callable[[], list[tuple[str, ...]]] = field(repr=False)
    version: str = "9.0"

    @property
    def rows(self) -> list[tuple[str, ...]]:
        return self.make()

    @property
    def queued(self) -> str:
        """When the data was looked at."""
        return utc_text(self.moment, micros=True)[:-4] + "Z"


class Brightspace(Vendor):
    """One instance."""

    name = "brightspace"
    switches_type = Switches
    switches: Switches

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        #: What a client holds outlives the run of a test.
        self.refresh_token = _refresh_token()
        self._spent: set[str] = set()
        self.reset()

    def reset(self) -> None:
        self._tokens = Tokens(self.world.clock, "d2l")
        self._numbers = itertools.count(1)
        self._file_numbers = itertools.count(1)
        self._windows: dict[str, list[tuple[str, str]]] = {}
        self._files: list[ReadyFile] = []
        for of in BDS:
            self._begin(of)

    def _begin(self, of: str) -> None:
        """Two full files a week apart, and, but for ancestors, a differential each day since the first."""
        today = self.world.anchor - self.world.anchor % DAY
        self._publish(of, True, today - 10 * DAY, partial(self._everybody, of, 0))
        for day in range(9, 0, -1):
            if day == 3:
                self._publish(of, True, today - 3 * DAY, partial(self._everybody, of, 1))
            elif of != NO_CHANGES:
                self._publish(of, False, today - day * DAY, partial(self._rows, of, [(day, 10 - day)]))

    def config(self) -> dict[str, Any]:
        return {
            "name": "brightspace",
            "base_url": self.origin,
            "client_id": self.switches.client_id,
            "client_secret": self.switches.client_secret,
            "refresh_token": self.refresh_token,
            "token_url": f"{self.origin}/core/connect/token",
            "org_unit_id": "6606",
            "role_ids": ["578", "595"],
        }

    @property
    def routes(self) -> Sequence[Route]:
        base = "/d2l/api/lp/{version}"
        read, fetch = "datahub:dataexports:read", "datahub:dataexports:download"
        return (
            Route("POST", "/core/connect/token", self._token, "token"),
            Route("GET", f"{base}/dataExport/list", self._api("reporting:dataset:list", self._list), "list"),
            Route("POST", f"{base}/dataExport/create", self._api("reporting:job:create", self._create), "order"),
            Route("GET", f"{base}/dataExport/jobs/{{job}}", self._api("reporting:job:fetch", self._job), "poll"),
            Route("GET", f"{base}/dataExport/download/{{job}}",
                  self._api("reporting:job:download", self._download), "download"),
            Route("GET", f"{base}/datasets/bds", self._api("datasets:bds:read", self._sets), "list"),
            Route("GET", f"{base}/datasets/bds/{{set}}/extracts",
                  self._api("datasets:bds:read", self._extracts), "list"),
            Route("GET", f"{base}/datasets/bds/{{set}}/plugins/{{plugin}}/extracts/{{file}}",
                  self._api(fetch, self._file), "download"),
            Route("GET", f"{base}/dataExport/bds", self._api(read, self._older), "list"),
            Route("GET", f"{base}/dataExport/bds/{{plugin}}/{{file}}", self._api(fetch, self._file), "download"),
        )  # fmt: skip

    def identify(self, request: Request) -> str | None:
        """The set that a request is about."""
        job = self.world.jobs.find(self.name, request.args.get("job", ""))
        if job is not None:
            return job.report
        if request.kind == "order" and isinstance(request.json, dict):
            return self._name_of(str(request.json.get("DataSetId")))
        if (number := request.args.get("file", "")).isdigit():
            return next((f"BDS {one.of}" for one in self._files if one.number == int(number)), None)
        return None

    # errors and credentials

    def error(self, status: int, reason: str = "") -> Response:
        words = {401: "Invalid token", 403: "Insufficient scope to call the API action", 404: "Resource Not Found"}
        if status == 404:
            return html_response("Resource not found", 404)
        return json_response({"Message": reason or words.get(status, "Error")}, status)

    def faulty(self, effect: str, *rest: Any) -> Response:
        if effect == "401":
            self._tokens.revoke_all()
        return super().faulty(effect, *rest)

    def _token(self, request: Request) -> Response:
        form = dict(request.form)
        if basic_credentials(request) != (self.switches.client_id, self.switches.client_secret):
            return json_response({"error": "invalid_client"}, 401)
        if form.get("grant_type") != "refresh_token":
            return json_response({"error": "unsupported_grant_type"}, 400)
        lasts = form.get("refresh_token") == LASTING_TOKEN
        if not lasts and form.get("refresh_token") != self.refresh_token:
            request.mark("spent-refresh-token" if form.get("refresh_token") in self._spent else "no-refresh-token")
            return json_response({"error": "invalid_grant"}, 400)
        if self.switches.rotates and not lasts:
            self._spent.add(self.refresh_token)
            self.refresh_token = _refresh_token()
        asked = set(form.get("scope", self.switches.granted).split())
        scopes = frozenset(asked & set(self.switches.granted.split()))
        answer = {
            "access_token": self._tokens.issue(scopes, self.switches.token_seconds),
            "refresh_token": LASTING_TOKEN if lasts else self.refresh_token,
            "expires_in": int(self.switches.token_seconds),
            "token_type": "Bearer",
            "scope": " ".join(sorted(scopes)),
        }
        return json_response(answer)

    def _api(self, scope: str, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            if request.args["version"] not in self.switches.versions.split():
                return self.error(404)
            refused = self._tokens.refusal(request, scope)
            return self.error(refused) if refused else handler(request)

        return answer

    # Advanced Data Sets

    def _guid(self, name: str) -> str:
        return hex_uuid(self.world.seed, sorted(ADS).index(name), 602)

    def _name_of(self, guid: str) -> str | None:
        return next((name for name in ADS if self._guid(name) == guid), None)

    def _list(self, request: Request) -> Response:  # noqa: ARG002 - a handler
        return json_response([self._described(name) for name in ADS])

    def _described(self, name: str) -> dict[str, Any]:
        filters = [
            {"Name": one, "Type": FILTER_TYPES[one], "Description": None, "DefaultValue": None} for one in ADS[name][0]
        ]
        about = {"DataSetId": self._guid(name), "Name": name, "Description": f"The set {name}."}
        return {**about, "Category": "AdvancedDataSets", "Filters": filters}

    def _create(self, request: Request) -> Response:
        asked = request.json
        name = self._name_of(str(asked.get("DataSetId"))) if isinstance(asked, dict) else None
        if name is None:
            return self.error(404)
        filters = asked.get("Filters")
        if not isinstance(filters, list):
            return self.error(400, "Filters is required")
        if not all(isinstance(one, dict) and set(one) == {"Name", "Value"} for one in filters):
            return self.error(400, "a filter is a Name and a Value")
        values = {one["Name"]: one["Value"] for one in filters}
        if not all(isinstance(value, str) for value in values.values()):
            return self.error(400, "the Value of a filter is text")
        if set(values) != set(ADS[name][0]):
            return self.error(400, f"the filters of {name} are {', '.join(ADS[name][0]) or 'none'}")
        if any(not values[one].endswith(".000Z") for one in DATED if one in values):
            return self.error(400, "a date has milliseconds and Z")
        key = hex_uuid(self.world.seed, next(self._numbers), 603)
        job = self.world.jobs.order(self.name, name, values, self._make, key=key)
        return json_response(self._job_json(job))

    def _job(self, request: Request) -> Response:
        job = self.world.jobs.find(self.name, request.args["job"])
        if job is None:
            return self.error(404)
        self.world.jobs.poll(job)
        return json_response(self._job_json(job))

    def _job_json(self, job: Job) -> dict[str, Any]:
        shown = 7 if job.shown.startswith("?") else STATUS[job.shown]
        return {
            "ExportJobId": job.key,
            "DataSetId": self._guid(job.report),
            "Name": job.report,
            "SubmitDate": utc_text(job.created, micros=True)[:-4] + "Z",
            "Status": shown,
            "Category": "AdvancedDataSets",
        }

    def _download(self, request: Request) -> Response:
        job = self.world.jobs.find(self.name, request.args["job"])
        if job is None or job.artifact is None:
            return self.error(404)
        window = (job.params.get(START, ""), job.params.get(END, ""))
        if window not in self._windows.setdefault(job.report, []):
            self._windows[job.report].append(window)
        return self.world.downloads.direct(request, self.name, job.report, job.artifact)

    def _make(self, job: Job) -> Artifact:
        rows = [] if job.empty else list(self._ads_rows(job.report, job.params.get(START, ""), job.params.get(END, "")))
        key = json.dumps([self.name, job.report, rows])
        path = self.world.cache.build(key, partial(_write, job.report, ADS[job.report][1], rows))
        return Artifact(path, "application/zip", f"{job.report}.zip")

    def _ads_rows(self, name: str, start: str, end: str) -> Iterator[tuple[str, ...]]:
        columns = ADS[name][1]
        rows = ([*self._ads_row(name, number)] for number in range(self.world.rows))
        for row in self.world.overlay.apply(self.name, name, columns, rows):
            texts = tuple(cell_text(value) for value in row)
            if not start or start <= texts[-1].replace("Z", ".000Z") < end:
                yield texts

    def _ads_row(self, name: str, number: int) -> Iterator[Any]:
        seed = self.world.seed
        at = utc_text(self.world.anchor - mix(seed, number, 611) % (600 * DAY))
        known = {
            "user id": 3000 + number, "org defined id": f"{number:06d}", "username": f"user{number}",
            "first name": first_name(seed, number), "last name": last_name(seed, number),
            "is active": ("True", "False")[number % 7 == 3], "course offering id": 6700 + number % 12,
            "course offering name": f"Course {number % 12}, part {number % 3}", "final grade": f"{number % 100}.50",
            "action": ("Enroll", "Unenroll")[number % 5 == 4], "last modified": at, "event date": at,
            "last visited date": at if number % 3 else None, "grade item id": 900 + number,
            "points numerator": f"{number % 10}.123456789", "role name": "Learner", "role id": 578,
            "total time spent in content": f"0{number % 10}:10:00",
        }  # fmt: skip
        for column in ADS[name][1]:
            yield known.get(column, number % 9 if column in INTEGERS else None)

    # Brightspace Data Sets

    def _set_id(self, of: str) -> str:
        return hex_uuid(self.world.seed, sorted(BDS).index(of), 604)

    def _plugin(self, of: str, full: bool) -> str:
        return hex_uuid(self.world.seed, sorted(BDS).index(of) * 2 + full, 605)

    def _has_changes(self, of: str) -> bool:
        return any(one.of == of and not one.full for one in self._files)

    def _sets(self, request: Request) -> Response:
        if not self.switches.newer:
            return self.error(404)
        found = [
            {
                "SchemaId": self._set_id(of),
                "Full": self._plugin_json(of, True),
                "Differential": self._plugin_json(of, False) if self._has_changes(of) else None,
                "ExtractsLink": f"{self.origin}{request.path}/{self._set_id(of)}/extracts",
            }
            for of in BDS
        ]
        return self._page(request, found)

    def _address(self, of: str) -> str:
        return f"{self.origin}/d2l/api/lp/1.49/datasets/bds/{self._set_id(of)}"

    def _plugin_json(self, of: str, full: bool) -> dict[str, str]:
        name = of if full else f"{of} Differential"
        link = (
            f"{self.origin}/d2l/api/lp/1.49/datasets/bds/{self._set_id(of)}/plugins/{self._plugin(of, full)}/extracts"
        )
        return {"PluginId": self._plugin(of, full), "Name": name, "Description": f"{name}.", "ExtractsLink": link}

    def _extracts(self, request: Request) -> Response:
        of = next((of for of in BDS if self._set_id(of) == request.args["set"]), None)
        if of is None or not self.switches.newer:
            return self.error(404)
        newest_first = sorted((one for one in self._files if one.of == of), key=lambda one: -one.moment)
        return self._page(request, [self._extract_json(one) for one in newest_first])

    def _extract_json(self, file: ReadyFile) -> dict[str, Any]:
        plugin = self._plugin(file.of, file.full)
        link = f"{self._address(file.of)}/plugins/{plugin}/extracts/{file.number}"
        return {
            "SchemaId": self._set_id(file.of), "PluginId": plugin, "BdsType": "Full" if file.full else "Differential",
            "CreatedDate": utc_text(file.moment + 3600), "DownloadLink": link, "DownloadSize": 1000,
            "Version": file.version, "QueuedForProcessingDate": file.queued,
        }  # fmt: skip

    def _page(self, request: Request, found: list[Any]) -> Response:
        at, size = int(request.param("bookmark", "0") or 0), self.switches.page_size
        more = f"{self.origin}{request.path}?bookmark={at + size}" if at + size < len(found) else None
        return json_response({"Next": more, "Objects": found[at : at + size]})

    def _older(self, request: Request) -> Response:
        if not self.switches.older:
            return self.error(404)
        found = [self._older_json(of, full) for of in BDS for full in (True, False) if full or self._has_changes(of)]
        page = int(request.param("page", "1") or 1)
        size = min(int(request.param("pageSize", "20") or 20), self.switches.page_size)
        address = f"{self.origin}{request.path}?page={{}}&pageSize={size}"
        return json_response(
            {
                "NextPageUrl": address.format(page + 1) if page * size < len(found) else None,
                "PrevPageUrl": address.format(page - 1) if page > 1 else None,
                "BrightspaceDataSets": found[(page - 1) * size : page * size],
            }
        )

    def _older_json(self, of: str, full: bool) -> dict[str, Any]:
        files = sorted((one for one in self._files if (one.of, one.full) == (of, full)), key=lambda one: -one.moment)
        entries = [
            {
                "PluginId": self._plugin(of, full), "Name": of if full else f"{of} Differential", "Description": "",
                "FullDataSet": full, "CreatedDate": utc_text(one.moment + 3600),
                "DownloadLink": f"{self.origin}/d2l/api/lp/1.49/dataExport/bds/{self._plugin(of, full)}/{one.number}",
                "DownloadSize": 1000, "Version": one.version, "QueuedForProcessingDate": one.queued,
                "CurrentlyAvailable": True, "PreviousDataSets": None,
            }
            for one in files
        ]  # fmt: skip
        return {**entries[0], "PreviousDataSets": entries[1:]}

    def _file(self, request: Request) -> Response:
        file = next((one for one in self._files if str(one.number) == request.args["file"]), None)
        if file is None:
            return self.error(404)
        rows = file.rows
        key = json.dumps([self.name, file.of, file.number, file.columns, rows])
        path = self.world.cache.build(key, partial(_write, file.of, file.columns, rows))
        artifact = Artifact(path, "application/zip", f"{file.of}.zip")
        if self.switches.redirects:
            link = self.world.downloads.issue(self.name, f"BDS {file.of}", artifact, 900)
            return Response(302, [("Location", link)])
        return self.world.downloads.direct(request, self.name, f"BDS {file.of}", artifact)

    def _row(self, of: str, number: int, version: int) -> tuple[str, ...]:
        """A row as text; its last columns tell how often it was changed."""
        at = utc_text(self.world.anchor - mix(self.world.seed, number, 621) % (300 * DAY), micros=True)
        known = {
            "UserId": 3000 + number, "UserName": f"user{number}", "OrgDefinedId": f"{number:06d}",
            "FirstName": first_name(self.world.seed, number), "LastName": last_name(self.world.seed, number),
            "IsActive": str(number % 7 != 3), "SignupDate": at, "Version": version, "OrgRoleId": 578,
            "GradeObjectId": 900 + number, "OrgUnitId": 6700 + number, "PointsNumerator": f"{number % 10}.123456789",
            "PointsDenominator": "10.000000000", "IsReleased": "True", "LastModified": at,
            "Comments": "Well,\n\"done\"", "AncestorOrgUnitId": 6606, "Organization": "My School",
            "Type": "Course Offering",
            "CreatedDate": at,
            "Name": f"Course {number}", "Code": f"{number:04d}", "IsDeleted": str(number % 5 == 4 and version > 1),
            "DeletedDate": at if number % 5 == 4 and version > 1 else None, "OrgUnitTypeId": 3,
        }  # fmt: skip
        return tuple(cell_text(known.get(column)) for column in BDS[of][0])

    def _everybody(self, of: str, version: int) -> list[tuple[str, ...]]:
        return self._rows(of, [(number, version) for number in range(self.world.rows)])

    def _rows(
        self, of: str, changes: Sequence[tuple[int, int]], added: Sequence[str] | None = None
    ) -> list[tuple[str, ...]]:
        """Rows by their numbers and versions; `added` are the values of the column that a minor version adds."""
        rows = [self._row(of, number, version) for number, version in changes]
        return rows if added is None else [(*row, one) for row, one in zip(rows, added, strict=True)]

    def _publish(
        self, of: str, full: bool, moment: float, make: Callable[[], list[tuple[str, ...]]], wider: bool = False
    ) -> ReadyFile:
        columns, version = ((*BDS[of][0], ADDED), "9.1") if wider else (BDS[of][0], "9.0")
        file = ReadyFile(next(self._file_numbers), of, full, moment, columns, make, version)
        self._files.append(file)
        return file

    # tests

    def act(self, action: str, **args: Any) -> Any:
        """`publish` makes a file of a set, `expire` ends files.

        Both take `of`, `full` and `days` after the anchor, or the `moment`;
        `publish` also `rows` (pairs of a row's number and its
        version) and `added` (values of the new column).
        """
        today = self.world.anchor - self.world.anchor % DAY
        moment = float(args.get("moment", today + float(args.get("days", 0)) * DAY))
        if action == "publish":
            added = args.get("added")
            make = partial(self._rows, args["of"], args["rows"], added)
            return self._publish(args["of"], bool(args.get("full")), moment, make, added is not None).queued
        if action == "expire":
            kinds = [args["full"]] if "full" in args else [True, False]
            self._files = [
                one for one in self._files if one.of != args["of"] or one.full not in kinds or one.moment >= moment
            ]
            return None
        raise KeyError(action)

    def streams(self) -> list[str]:
        return [*STREAM_NAMES, *(f"bds_{of.lower().replace(' ', '_')}" for of in BDS)]

    def truth(self, stream: str, **options: Any) -> Iterator[Record]:
        """Of windowed sets the rows of the windows that were delivered; of ready ones those of the newest full file.

        With `incremental`, those of the differentials behind it follow.
        """
        if stream in STREAM_NAMES:
            yield from self._ads_truth(STREAM_NAMES[stream])
            return
        of = next(of for of in BDS if f"bds_{of.lower().replace(' ', '_')}" == stream)
        files = sorted((one for one in self._files if one.of == of), key=lambda one: one.moment)
        newest = [one for one in files if one.full][-1]
        later = [one for one in files if not one.full and one.moment > newest.moment]
        for file in [newest, *later] if options.get("incremental") else [newest]:
            for row in file.rows:
                values = {
                    column: _typed(text, BDS[of][1].get(column, str))
                    for column, text in zip(file.columns, row, strict=True)
                }
                yield {"_queued_for_processing_date": file.queued, **values}

    def _ads_truth(self, name: str) -> Iterator[Record]:
        columns = ADS[name][1]
        kinds = dict.fromkeys(INTEGERS, int) if name == "Learner Usage" else {}
        for start, end in sorted(self._windows.get(name, [("", "")])):
            window = {"_report_start": start.replace(".000Z", "Z"), "_report_end": end.replace(".000Z", "Z")}
            for row in self._ads_rows(name, start, end):
                values = {
                    column: _typed(text, kinds.get(column, str)) for column, text in zip(columns, row, strict=True)
                }
                yield {**(window if start else {}), **values}


def _refresh_token() -> str:
    """One that no other instance has: tests remember which are spent."""
    return f"d2l-refresh-{uuid.uuid4().hex}"


def _typed(text: str, kind: type) -> Any:
    if text == "":
        return None
    return text == "True" if kind is bool else kind(text)


def _write(name: str, columns: Sequence[str], rows: Sequence[Sequence[str]], path: Path) -> None:
    """A ZIP of one CSV, in UTF-8 with a byte order mark."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([columns, *rows])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(f"{name}.csv", text.getvalue().encode("utf-8-sig"))
