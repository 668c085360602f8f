"""The vendor's side: a process that sends finished reports as fast as the loopback takes them.

It speaks three small APIs over the same files, so that each contender is spoken to in the way it expects:

- Second Nature's export API, which the connector reads: list, create, track, download;
- a plain job API for the low-code contenders: `POST /jobs`, `GET /jobs/<id>`, download;
- the Data Access Platform's API (see `dap`), which the connector and Instructure's own client read.

Every job is ready at the first look: the time a vendor takes is not what is measured here.
"""

from __future__ import annotations

import json
import os
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from benchmarks import dap

_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".gz": "application/gzip",
    ".json": "application/json",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class Server(ThreadingHTTPServer):
    """Serves the files of a folder.

    Args:
        folder: Holds reports by the name `<rows>.<format>`.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Lists, states and files."""
        path = urlsplit(self.path).path
        parts = path.strip("/").split("/")
        if parts[0] == "files":
            self._send_file(self._server.folder.joinpath(*parts[1:]))
        elif answer := self._dap(path, b""):
            self._send_json(answer)
        elif parts == ["api", "reports"]:
            self._send_json({"reports": sorted({f"rows-{file.stem}" for file in self._server.folder.iterdir()})})
        else:
            url = f"{self._server.url}/files/{parts[-1]}"
            self._send_json({"status": "complete", "report_url": url})

    def do_POST(self) -> None:
        """Orders: the ticket is the file's name."""
        asked = parse_qs(urlsplit(self.path).query)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if answer := self._dap(self.path, body):
            self._send_json(answer)
            return
        if asked:
            name = asked["file"][0]
        else:
            order = json.loads(body)
            name = f"{order['report_name'].removeprefix('rows-')}.{order['format']}"
        self._send_json({"ticket_id": name})

    def _dap(self, path: str, body: bytes) -> dict[str, Any] | None:
        return dap.answer(self._server.folder, self._server.url, path, body)

    @property
    def _server(self) -> Server:
        return cast("Server", self.server)

    def _send_json(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_file(self, path: Path) -> None:
        size = path.stat().st_size
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", _TYPES[path.suffix])
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.flush()
        with path.open("rb") as file:
            sent = 0
            while sent < size:
                sent += os.sendfile(self.connection.fileno(), file.fileno(), sent, size - sent)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Nothing: a log line would cost time."""


def main(folder: str) -> None:
    """Serve until stdin ends; the address is the first line on stdout."""
    server = Server(Path(folder))
    print(server.url, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
