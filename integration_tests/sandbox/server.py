"""Sockets: one loopback port for each vendor's API and one for the download host, HTTP/1.1 with keep-alive."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .core import FileBody, Request, Response, body_size
from .journal import Entry

PIECE = 1 << 18
_A_MOMENT = 0.1
Answerer = Callable[[Request], tuple[Response, Entry | None]]


class Host(ThreadingHTTPServer):
    """One listening port. `answer` turns a request into an answer and its journal entry."""

    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self,
        address: str,
        port: int,
        vendor: str,
        answer: Answerer,
        problems: list[str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__((address, port), Connection)
        self.clock = clock
        self.vendor = vendor
        self.answer = answer
        self.problems = problems
        self.closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, name=f"sandbox-{vendor}", daemon=True)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def track(self, connection: socket.socket, opened: bool) -> None:
        """Remember open connections, so that `stop` can end idle ones."""
        with self._open_lock:
            (self._open.add if opened else self._open.discard)(connection)
            if opened and self.closing.is_set():
                _quietly(lambda: connection.shutdown(socket.SHUT_RDWR))  # `stop` has not seen it

    def _serve(self) -> None:
        """Take connections. `serve_forever` would look fifty times a second whether it shall end; ten hosts do."""
        while not self.closing.is_set():
            self.handle_request()

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002 - the base class's
        """Whether a connection is answered: not the one that ends the waiting."""
        return not self.closing.is_set()

    def stop(self) -> None:
        """End the server and all connections."""
        self.closing.set()
        socket.create_connection((str(self.server_address[0]), self.port)).close()
        self._thread.join()
        with self._open_lock:
            for connection in self._open:
                _quietly(lambda c=connection: c.shutdown(socket.SHUT_RDWR))  # type: ignore[misc]
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's
        """Clients that go away are no error of the server."""
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            self.problems.append(traceback.format_exc())


def _quietly(action: Callable[[], Any]) -> None:
    try:
        action()
    except OSError:
        return


class Connection(BaseHTTPRequestHandler):
    """One client connection."""

    server: Host
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        self.server.track(self.request, True)
        super().setup()

    def finish(self) -> None:
        try:
            _quietly(super().finish)
        finally:
            self.server.track(self.request, False)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's
        """The journal is the log."""

    def answer_request(self) -> None:
        request = self._read()
        response, entry = self.server.answer(request)
        if entry is not None:
            entry.status = 0 if response.effect != "answer" else response.status
        try:
            sent = self._send(response)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
            request.mark("client-disconnected")
            return
        if entry is not None:
            entry.sent = sent

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = answer_request  # noqa: N815 - the base class's names

    def _read(self) -> Request:
        parts = urlsplit(self.path)
        return Request(
            vendor=self.server.vendor,
            host="files" if self.server.vendor == "files" else "api",
            method=self.command,
            path=parts.path,
            query=parse_qsl(parts.query, keep_blank_values=True),
            headers=list(self.headers.items()),
            body=self._body(),
            authority=self.headers.get("Host", ""),
        )

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _send(self, response: Response) -> int:
        if response.effect != "answer":
            if response.effect == "hang":
                self.server.closing.wait(response.pause)
            self._reset()
            return 0
        if response.informs:
            self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
            self.wfile.flush()
            self.server.closing.wait(_A_MOMENT)
        self.send_response_only(response.status)
        for name, value in self._headers(response):
            self.send_header(name.lower() if response.lower_case else name, value)
        self.end_headers()
        return self._send_body(response)

    def _headers(self, response: Response) -> Iterator[tuple[str, str]]:
        yield from response.headers
        yield "Date", self.date_time_string(self.server.clock())
        if response.delimiter == "length":
            yield (
                "Content-Length",
                str(body_size(response.body) if response.length is None else response.length),
            )
        elif response.delimiter == "chunked":
            yield "Transfer-Encoding", "chunked"
        else:
            self.close_connection = True
            yield "Connection", "close"

    def _send_body(self, response: Response) -> int:
        if self.command == "HEAD":
            self.wfile.flush()
            return 0
        sent = 0
        for piece in self._pieces(response):
            if response.delimiter == "chunked":
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            else:
                self.wfile.write(piece)
            sent += len(piece)
            if response.pause:
                self.wfile.flush()
                self.server.closing.wait(response.pause)
        if response.delimiter == "chunked":
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()
        if response.stop_after is not None:
            self.close_connection = True
        return sent

    def _pieces(self, response: Response) -> Iterator[bytes]:
        left = body_size(response.body) if response.stop_after is None else response.stop_after
        step = max(1, left // 5) if response.pause else PIECE
        if isinstance(response.body, bytes):
            yield from (response.body[at : min(at + step, left)] for at in range(0, left, step))
            return
        yield from _file_pieces(response.body, left, step)

    def _reset(self) -> None:
        self.close_connection = True
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        _quietly(self.request.close)


def _file_pieces(body: FileBody, left: int, step: int) -> Iterator[bytes]:
    with body.path.open("rb") as source:
        source.seek(body.start)
        while left > 0 and (piece := source.read(min(step, left))):
            left -= len(piece)
            yield piece


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Wait for something another thread does; for the tests of the sandbox itself."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        threading.Event().wait(0.005)
    return True


def json_lines(items: Iterator[Any]) -> Iterator[bytes]:
    """Items as JSON lines."""
    for item in items:
        yield json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
