from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from source_lms_reports.api import trickle
from source_lms_reports.api.download import download
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.api.transport import Call, ConnectionFault, Transport
from source_lms_reports.errors import TruncatedPayload
from source_lms_reports.files.spool import Spool

FORMS = [
    (b"Content-Length: 9999\r\n", b"%s"),
    (b"Transfer-Encoding: chunked\r\n", b"1\r\n%s\r\n"),
    (b"Connection: close\r\n", b"%s"),
]


@contextmanager
def trickling(header: bytes, piece: bytes) -> Iterator[str]:
    """A host whose answers bring a byte now and then, and never end."""
    over = threading.Event()

    def answer(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.recv(65_536)
            client.sendall(b"HTTP/1.1 200 OK\r\n" + header + b"\r\n")
            while not over.wait(0.01):
                client.sendall(piece % b"7")

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        over.set()
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(("header", "piece"), FORMS)
def test_an_answer_that_would_never_end_is_given_up(header: bytes, piece: bytes) -> None:
    with trickling(header, piece) as url, pytest.raises(ConnectionFault, match="took too long to answer"):
        Transport().send(Call("GET", url, timeout=0.1))


@pytest.mark.parametrize(("header", "piece"), FORMS)
def test_a_download_that_would_never_end_is_given_up(
    header: bytes, piece: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trickle, "SECONDS", 0.1)
    with trickling(header, piece) as url, Spool(tmp_path) as spool, pytest.raises((TruncatedPayload, Refusal)):
        download(lambda headers: Transport().download(url, headers), spool, lambda: 0.0, lambda *_: None)
