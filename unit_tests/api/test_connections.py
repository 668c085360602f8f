from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from source_lms_reports.api.transport import Call, ConnectionFault, Transport

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n%s"
HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"


@contextmanager
def host(*answers: bytes) -> Iterator[tuple[str, list[str]]]:
    """A host that gives these answers in turn, byte for byte, and the targets that it was asked for."""
    targets: list[str] = []

    def serve() -> None:
        waiting = list(answers)
        with suppress(OSError):  # the client goes when it has seen enough
            while waiting:
                client, _ = listening.accept()
                with client, client.makefile("rb") as lines:
                    while waiting and (line := lines.readline()):
                        targets.append(line.split()[1].decode("latin-1"))
                        while lines.readline().strip():
                            pass
                        client.sendall(waiting.pop(0))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", targets


@pytest.mark.parametrize(
    "hints",
    [HINT, HINT * 3, b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 199 X\r\n\r\n"],
)
def test_what_only_informs_is_no_answer_and_shifts_none(hints: bytes) -> None:
    with host(hints + WHOLE % b"one", WHOLE % b"two") as (url, _):
        transport = Transport()
        answers = [transport.send(Call("GET", url)) for _ in range(2)]

    assert [(answer.status, answer.text) for answer in answers] == [(200, "one"), (200, "two")]


def test_information_without_end_is_no_answer() -> None:
    with host(HINT * 1_000) as (url, _), pytest.raises(ConnectionFault):
        Transport().send(Call("GET", url))


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("/a%2fb?k=%2f%7E%3d&l=~(a)*!'", "/a%2fb?k=%2f%7E%3d&l=~(a)*!'"),
        ("//a?b=&c#d", "//a?b=&c"),
        ("?a=%2f", "/?a=%2f"),
        # what is not well formed is mended as before
        ("/a b?c=|%2f", "/a%20b?c=%7C%2F"),
        ("/ä?b=100%", "/%C3%A4?b=100%25"),
        ("/a/../b?c=%2f", "/b?c=%2F"),
    ],
)
def test_a_link_is_asked_for_letter_by_letter(link: str, target: str) -> None:
    with host(WHOLE % b"one") as (url, targets), Transport().download(f"{url}{link}") as response:
        assert response.content == b"one"

    assert targets == [target]


def test_a_link_behind_a_redirect_is_asked_for_letter_by_letter() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /b%2fc\r\nContent-Length: 0\r\n\r\n"
    with host(moved, WHOLE % b"one") as (url, targets), Transport().download(f"{url}/a") as response:
        assert response.content == b"one"

    assert targets == ["/a", "/b%2fc"]
