"""What the stand-ins for made-up platforms share: a server on this machine, and how it answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar


class LocalServer(ThreadingHTTPServer):
    """A platform. `orders` tells what was ordered.

    Args:
        handler: Answers as the platform does.
    """

    daemon_threads = True

    def __init__(self, handler: type[LocalHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.orders: list[dict[str, Any]] = []
        self.looks: dict[str, int] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def is_first(self, what: str) -> bool:
        """Whether something is asked for the first time."""
        self.looks[what] = self.looks.get(what, 0) + 1
        return self.looks[what] == 1


class LocalHandler(BaseHTTPRequestHandler):
    """Answers in silence."""

    def answer(self, status: int, body: str, kind: str = "application/json") -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class' name
        """Say nothing."""


ServerT = TypeVar("ServerT", bound=LocalServer)


@contextmanager
def serving(server: ServerT) -> Iterator[ServerT]:
    """The server, while it runs."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
