"""The made-up platform of docs/adding-a-platform.md, as its documentation describes it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "the-key-of-acme"
LEARNERS = "id,name,badge\n1,Ada,007\n2,Omar,NA\n"
HEADER = "id,learner,course,score,completed_at\n"
COMPLETIONS = [
    "11,1,Algebra,0.5,2026-01-05T10:00:00Z",
    "12,2,Algebra,n/a,2026-02-05T10:00:00Z",
    "13,1,History,1,2026-03-05T10:00:00Z",
]


class ExampleLms(ThreadingHTTPServer):
    """Answers as the page says. `orders` and `leaks` tell what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.orders: list[dict[str, Any]] = []
        self.looks: dict[str, int] = {}
        self.leaks: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def file(self, order: dict[str, Any]) -> str:
        """The CSV of an order."""
        if order["report"] == "learners":
            return LEARNERS
        since = order.get("from", "")
        return HEADER + "".join(f"{row}\n" for row in COMPLETIONS if row.rsplit(",", 1)[1] >= since)


class _Handler(BaseHTTPRequestHandler):
    server: ExampleLms

    def do_GET(self) -> None:
        if self.path.startswith("/files/"):
            if self.headers["X-Api-Key"]:
                self.server.leaks.append(self.path)
            number = int(self.path.removeprefix("/files/").partition("?")[0])
            self._answer(200, self.server.file(self.server.orders[number]), "text/csv")
        elif self._may_go():
            self._api()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._may_go():
            self.server.orders.append(json.loads(body))
            self._answer(201, json.dumps({"id": f"e-{len(self.server.orders)}"}))

    def _api(self) -> None:
        if self.path == "/api/me":
            self._answer(200, '{"name": "Acme"}')
            return
        export = self.path.removeprefix("/api/exports/")
        looks = self.server.looks[export] = self.server.looks.get(export, 0) + 1
        number = int(export.removeprefix("e-")) - 1
        link = f"http://localhost:{self.server.server_port}/files/{number}?signature=0123456789abcdef"
        done = {"state": "done", "file": {"href": link}}
        self._answer(200, json.dumps(done if looks > 1 else {"state": "working"}))

    def _may_go(self) -> bool:
        if self.headers["X-Api-Key"] == KEY:
            return True
        self._answer(401, '{"error": "unknown key"}')
        return False

    def _answer(self, status: int, body: str, kind: str = "application/json") -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class' name
        """Say nothing."""


@contextmanager
def example_lms() -> Iterator[ExampleLms]:
    """The platform, while it runs."""
    server = ExampleLms()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
