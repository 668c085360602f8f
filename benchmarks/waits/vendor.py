"""A vendor whose reports take a given time, as a process.

`python -m benchmarks.waits.vendor SECONDS,SECONDS,... LISTED`

It speaks three APIs: Canvas' account reports (one report for each time), a plain job API over the same times for a
low-code connector, and Second Nature's list of so many reports, all of which are cached and ready at the first look.
It notes of each job when it was ordered, when it was ready, how often it was looked at, and when it was fetched.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

REPORT = "report_{:02d}_csv"
_CSV, _JSON = b"id,name\n1,Ada\n2,Grace\n", b'[{"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}]'
_ACCOUNT = ["api", "v1", "accounts", "self", "reports"]


@dataclass
class Job:
    """One job; times are of a clock that never goes back.

    Args:
        seconds: What it takes.
    """

    number: int
    report: str
    seconds: float
    ordered: float
    looks: int = 0
    fetched: float | None = None

    @property
    def is_ready(self) -> bool:
        """Whether its time is over."""
        return time.monotonic() >= self.ordered + self.seconds


class Vendor(ThreadingHTTPServer):
    """The server.

    Args:
        seconds: What each of Canvas' reports takes.
        listed: How many reports Second Nature lists.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, seconds: list[float], listed: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seconds = {REPORT.format(number): one for number, one in enumerate(seconds)}
        self.listed = listed
        self.jobs: list[Job] = []
        self._guard = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def order(self, report: str) -> Job:
        """A new job."""
        with self._guard:
            job = Job(len(self.jobs), report, self.seconds.get(report, 0.0), time.monotonic())
            self.jobs.append(job)
            return job


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Lists, states and files."""
        parts = urlsplit(self.path).path.strip("/").split("/")
        match parts:
            case ["_facts"]:
                self._send([asdict(job) for job in self.vendor.jobs])
            case ["files", number]:
                job = self.vendor.jobs[int(number)]
                job.fetched = time.monotonic()
                if job.report in self.vendor.seconds:
                    self._send_bytes(_CSV, "text/csv")
                else:
                    self._send_bytes(_JSON, "application/json")
            case ["jobs", number]:
                self._send(self._plain(self._looked_at(number)))
            case [*path, _, number] if path == _ACCOUNT:
                self._send(self._canvas(self._looked_at(number)))
            case [*path, _] if path == _ACCOUNT:
                self._send([])
            case path if path == _ACCOUNT:
                self._send([{"report": name, "title": name, "last_run": None} for name in self.vendor.seconds])
            case ["api", "reports"]:
                self._send({"reports": [f"export-{number:03d}" for number in range(self.vendor.listed)]})
            case _:
                self._send({"status": "complete", "report_url": f"{self.vendor.url}/files/{parts[-1]}"})

    def do_POST(self) -> None:
        """Orders."""
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if parts.path.startswith("/api/v1/"):
            self._send(self._canvas(self.vendor.order(parts.path.split("/")[-1])))
        elif parts.path == "/jobs":
            self._send({"ticket_id": self.vendor.order(parse_qs(parts.query)["file"][0]).number})
        else:
            self._send({"ticket_id": str(self.vendor.order(json.loads(body)["report_name"]).number)})

    @property
    def vendor(self) -> Vendor:
        """The server."""
        return cast("Vendor", self.server)

    def _looked_at(self, number: str) -> Job:
        job = self.vendor.jobs[int(number)]
        job.looks += 1
        return job

    def _plain(self, job: Job) -> dict[str, Any]:
        url = f"{self.vendor.url}/files/{job.number}"
        return {"status": "complete" if job.is_ready else "running", "report_url": url}

    def _canvas(self, job: Job) -> dict[str, Any]:
        facts = {"id": job.number, "report": job.report, "status": "running", "progress": 50, "parameters": {}}
        if job.is_ready:
            url = f"{self.vendor.url}/files/{job.number}?verifier=x"
            facts |= {"status": "complete", "progress": 100, "attachment": {"url": url}}
        return facts

    def _send(self, answer: Any) -> None:
        self._send_bytes(json.dumps(answer).encode(), "application/json")

    def _send_bytes(self, body: bytes, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Nothing."""


def main(seconds: str, listed: str) -> None:
    """Serve until the process is ended; the address is the first line on stdout."""
    vendor = Vendor([float(one) for one in seconds.split(",") if one], int(listed))
    print(vendor.url, flush=True)
    vendor.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
