"""The made-up platform of docs/adding-a-platform.md, as its documentation describes it."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

from unit_tests.project.docs.local_server import LocalHandler, LocalServer

KEY = "the-key-of-acme"
LEARNERS = "id,name,badge\n1,Ada,007\n2,Omar,NA\n"
HEADER = "id,learner,course,score,completed_at\n"
COMPLETIONS = [
    "11,1,Algebra,0.5,2026-01-05T10:00:00Z",
    "12,2,Algebra,n/a,2026-02-05T10:00:00Z",
    "13,1,History,1,2026-03-05T10:00:00Z",
]


class ExampleLms(LocalServer):
    """Answers as the page says. `leaks` tells where a key was shown that had no business there."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.leaks: list[str] = []

    def file(self, order: dict[str, Any]) -> str:
        """The CSV of an order."""
        if order["report"] == "learners":
            return LEARNERS
        since = order.get("from", "")
        return HEADER + "".join(f"{row}\n" for row in COMPLETIONS if row.rsplit(",", 1)[1] >= since)


class _Handler(LocalHandler, BaseHTTPRequestHandler):
    server: ExampleLms

    def do_GET(self) -> None:
        if self.path.startswith("/files/"):
            if self.headers["X-Api-Key"]:
                self.server.leaks.append(self.path)
            number = int(self.path.removeprefix("/files/").partition("?")[0])
            self.answer(200, self.server.file(self.server.orders[number]), "text/csv")
        elif self._may_go():
            self._api()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._may_go():
            self.server.orders.append(json.loads(body))
            self.answer(201, json.dumps({"id": f"e-{len(self.server.orders)}"}))

    def _api(self) -> None:
        if self.path == "/api/me":
            self.answer(200, '{"name": "Acme"}')
            return
        export = self.path.removeprefix("/api/exports/")
        is_first = self.server.is_first(export)
        number = int(export.removeprefix("e-")) - 1
        link = f"http://localhost:{self.server.server_port}/files/{number}?signature=0123456789abcdef"
        done = {"state": "done", "file": {"href": link}}
        self.answer(200, json.dumps({"state": "working"} if is_first else done))

    def _may_go(self) -> bool:
        if self.headers["X-Api-Key"] == KEY:
            return True
        self.answer(401, '{"error": "unknown key"}')
        return False
