"""The faults the sandbox can show, by name.

A fault is written `NAME[@VENDOR][:key=value[,key=value...]]`, e.g. `poll_500@canvas:nth=2,count=3` or
`link_expired@sana:count=always,status=410`. Keys all faults know: `report` (only this report), `nth` (skip the first
nth-1 chances, default 1), `count` (how often it strikes: a number or `always`). Without `@VENDOR` it strikes
everywhere.

Faults of a request: `<kind>_<effect>`. Default count: 1.

| kind | requests |
|---|---|
| `list` | lists of reports, accounts, terms |
| `order` | the request that orders a job (HapYak: the first request of a unique report) |
| `poll` | the request that asks for a job's status (HapYak: the repeated request) |
| `token` | the token endpoint |
| `page` | pages of data (TinQwise lists, Second Nature course-status) |
| `download` | requests for the report's bytes, on either host |
| `abort`, `delete` | Canvas abort and delete |
| `schema`, `trade` | a table's schema; the addresses of a job's objects (Instructure DAP) |
| `any` | every API request except control and downloads |

| effect | what happens |
|---|---|
| `400` `500` `502` `503` `504` | that status, with the vendor's body (502-504: a proxy's HTML page) |
| `reset` | the connection is reset before a byte is answered |
| `lost` | the request takes effect, but the connection is reset before the answer (orders!) |
| `timeout` | nothing is answered for `seconds` (30), then the connection closes |
| `401` | the token is refused as expired (`reason=expired`) or `revoked` or `invalid` |
| `403` | permission missing, with the vendor's JSON |
| `404` | the vendor's not-found body |
| `429` | too many requests, `Retry-After: retry_after` seconds (1) |
| `429_date` | the same with an HTTP-date, `retry_after` seconds ahead on the sandbox's clock |
| `429_bare` | the same without `Retry-After` |
| `throttle` | 403 with the plain text `403 Forbidden (Rate Limit Exceeded)`, `X-Rate-Limit-Remaining: 0.0` |
| `html` | 200 with a web page: the address is not the vendor's, or a login wall |
| `notjson` | 200, `application/json`, and a body that is not JSON |
| `empty` | 200 and no body |
| `redirect` | 302 to the same path on the other host |
| `moved` | `status` (302; 301, 303, 307, 308) to the same path on the same host |
| `informed` | the informational answer 103 a moment before the answer itself |

Faults of a job. They are drawn when the job is ordered.

| name | what happens | default count |
|---|---|---|
| `job_never` | the job never ends | always |
| `job_fails` | the job ends as failed (`words=...`); `count=1`, `2` or `always` | 1 |
| `job_fails_at_100` | the same; Canvas shows progress 100 all along | 1 |
| `job_slow` | ready after `polls` polls (8) instead of two | always |
| `job_unknown_status` | `polls` polls (2; `polls=always`) show `status` (`paused`) that no page names, then done | 1 |
| `job_aborted` | somebody aborts it (Canvas: `aborted`; elsewhere the vendor's failed status) | 1 |
| `job_deleted` | it disappears: polls answer 404 | 1 |
| `job_no_link` | complete, but without a link to the file | 1 |
| `job_no_file` | Canvas: `error`, no file generated | 1 |
| `job_restarts` | running, back to the first status, running, complete | 1 |

Faults of the report's bytes. They are drawn when the file is fetched; HapYak and Percipio send the file as
the answer itself.

| name | what happens | default count |
|---|---|---|
| `link_expired` | the link answers `status` (403; 401, 404, 410) | 1 |
| `link_500`, `link_503`, `link_reset` | that, in place of the file | 1 |
| `link_html` | a login page with status 200 | 1 |
| `link_json_error` | a JSON error with status 200 | 1 |
| `link_empty` | 200, `Content-Length: 0` | 1 |
| `link_truncated` | `Content-Length` is longer than the body; cut at the share `at` (0.5) | 1 |
| `link_cut_row` | no length, the connection closes inside a row | 1 |
| `link_cut_row_length` | cut inside a row, and `Content-Length` agrees with the cut body | 1 |
| `link_cut_behind_row` | cut behind a row, and `Content-Length` agrees with the cut body | 1 |
| `link_cut_quote` | no length, the connection closes inside a quoted field (inside a row where none is quoted) | 1 |
| `link_broken_midway` | the connection breaks at the share `at`; ranges are served, so it can be resumed | 1 |
| `link_broken_no_range` | the same, but the host ignores `Range` and starts again with 200 | 1 |
| `link_changed_midway` | broken midway, and the file has another `ETag` afterwards | 1 |
| `link_other_range` | broken midway, and the rest is answered by a range that begins earlier | 1 |
| `link_weak_etag` | broken midway, the `ETag` is weak, and the rest that is given is that of another file | 1 |
| `link_gzip` | `Content-Encoding: gzip` | always |
| `link_gzip_file` | the file itself is gzipped (`application/gzip`), no `Content-Encoding` | always |
| `link_broken_gzip` | `Content-Encoding: gzip`, and the stream ends early | 1 |
| `link_broken_zip` | a ZIP (of the report) without its end | 1 |
| `link_broken_xlsx` | an XLSX whose sheet is broken XML | 1 |
| `link_zip_bomb` | a ZIP whose one member unpacks to `mib` MiB (96) of one byte | 1 |
| `link_zip_many` | a ZIP of `members` members (1,100) | 1 |
| `link_bad_checksum` | a ZIP whose member has a wrong CRC-32 | 1 |
| `link_wrong_type` | `Content-Type: type` (`application/octet-stream`) | always |
| `link_no_type` | no `Content-Type`, no file name | always |
| `link_lower_headers` | all header names in lower case | always |
| `link_slow` | the body comes in `pieces` (5) pieces, `seconds` (0.05) apart | 1 |
| `link_no_length` | whole, but without a length: `Transfer-Encoding: chunked` | always |
| `report_empty` | the report has a header and no rows | always |
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

KINDS = ("list", "order", "poll", "token", "page", "download", "abort", "delete", "schema", "trade", "any")
EFFECTS = (
    "400", "500", "502", "503", "504", "reset", "lost", "timeout", "401", "403", "404",
    "429", "429_date", "429_bare", "throttle", "html", "notjson", "empty", "redirect",
    "moved", "informed",
)  # fmt: skip
ALWAYS = -1
JOB_FAULTS = {
    "job_never": ALWAYS, "job_fails": 1, "job_fails_at_100": 1, "job_slow": ALWAYS, "job_unknown_status": 1,
    "job_aborted": 1, "job_deleted": 1, "job_no_link": 1, "job_no_file": 1, "job_restarts": 1,
}  # fmt: skip
LINK_FAULTS = {
    "link_expired": 1, "link_500": 1, "link_503": 1, "link_reset": 1, "link_html": 1, "link_json_error": 1,
    "link_empty": 1, "link_truncated": 1, "link_cut_row": 1, "link_cut_row_length": 1, "link_cut_quote": 1,
    "link_cut_behind_row": 1,
    "link_broken_midway": 1, "link_broken_no_range": 1, "link_changed_midway": 1, "link_other_range": 1,
    "link_weak_etag": 1, "link_gzip": ALWAYS, "link_gzip_file": ALWAYS, "link_broken_gzip": 1, "link_broken_zip": 1,
    "link_broken_xlsx": 1, "link_zip_bomb": 1, "link_zip_many": 1, "link_bad_checksum": 1, "link_wrong_type": ALWAYS,
    "link_no_type": ALWAYS, "link_lower_headers": ALWAYS, "link_slow": 1, "link_no_length": ALWAYS,
}  # fmt: skip
REPORT_FAULTS = {"report_empty": ALWAYS}
REQUEST_FAULTS = {f"{kind}_{effect}": 1 for kind in KINDS for effect in EFFECTS}
FAULTS: dict[str, int] = {**REQUEST_FAULTS, **JOB_FAULTS, **LINK_FAULTS, **REPORT_FAULTS}


class UnknownFault(ValueError):
    """The name of a fault is not in the tables above."""


@dataclass
class Fault:
    """One switched-on fault and how often it has struck."""

    name: str
    vendor: str | None = None
    report: str | None = None
    nth: int = 1
    count: int = 1
    args: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    struck: int = 0

    @classmethod
    def parse(cls, spec: str) -> Fault:
        """Read `NAME[@VENDOR][:key=value,...]`.

        Raises:
            UnknownFault: No fault has that name.
        """
        head, _, tail = spec.partition(":")
        name, _, vendor = head.partition("@")
        if name not in FAULTS:
            raise UnknownFault(f"no fault is called {name!r}")
        args = dict(item.split("=", 1) for item in tail.split(",") if item)
        count = args.pop("count", str(FAULTS[name]))
        return cls(
            name,
            vendor or None,
            args.pop("report", None),
            int(args.pop("nth", "1")),
            ALWAYS if count == "always" else int(count),
            args,
        )

    def strikes(self, vendor: str, report: str | None) -> bool:
        """Whether this chance is one to strike at; counts the chance."""
        if self.vendor not in (None, vendor) or self.report not in (None, report):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.count != ALWAYS and self.struck >= self.count):
            return False
        self.struck += 1
        return True

    def number(self, key: str, default: float) -> float:
        return float(self.args.get(key, default))


class Faults:
    """The faults that are switched on, in order of switching; safe for many threads."""

    def __init__(self, specs: list[str] | None = None) -> None:
        self._lock = threading.Lock()
        self._active: list[Fault] = [Fault.parse(spec) for spec in specs or []]

    def add(self, spec: str) -> Fault:
        """Switch a fault on at run time."""
        fault = Fault.parse(spec)
        with self._lock:
            self._active.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._active.clear()

    def active(self) -> list[Fault]:
        with self._lock:
            return list(self._active)

    def draw(self, names: tuple[str, ...] | dict[str, int], vendor: str, report: str | None) -> Fault | None:
        """The first switched-on fault among `names` that strikes now."""
        with self._lock:
            return next((f for f in self._active if f.name in names and f.strikes(vendor, report)), None)

    def draw_request(self, kind: str, vendor: str, report: str | None) -> tuple[str, Fault] | None:
        """The effect (`500`, `reset`, ...) that strikes a request of this kind, if any."""
        kinds = (kind,) if kind == "download" else (kind, "any")
        names = tuple(f"{k}_{effect}" for k in kinds for effect in EFFECTS)
        fault = self.draw(names, vendor, report)
        return (fault.name.partition("_")[2], fault) if fault else None
