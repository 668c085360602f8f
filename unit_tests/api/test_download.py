"""Downloads: what a link's answer means, and what its headers say about the file."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import requests_mock
import urllib3
from requests.adapters import HTTPAdapter

from source_lms_reports.api.download import describe, download
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.api.transport import Transport
from source_lms_reports.errors import LinkExpired
from source_lms_reports.files.spool import Spool

LINK = "https://files.example/reports/users.csv?signature=abcdef0123456789"


def _ignore(*_: object) -> None:
    """Progress is nobody's business here."""


def _get(spool: Spool) -> Path:
    transport = Transport()
    return download(lambda headers: transport.download(LINK, headers), spool, lambda: 0.0, _ignore).path


def test_given_a_good_link_when_downloaded_then_the_file_is_here_and_no_credentials_were_sent(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool, requests_mock.Mocker() as mock:
        mock.get(LINK, content=b"id\n1\n", headers={"Content-Type": "text/csv; charset=utf-8", "Content-Length": "5"})
        assert _get(spool).read_bytes() == b"id\n1\n"
        assert "Authorization" not in mock.last_request.headers


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_given_a_dead_link_when_downloaded_then_it_is_expired_and_no_file_is_left(tmp_path: Path, status: int) -> None:
    with Spool(tmp_path) as spool, requests_mock.Mocker() as mock:
        mock.get(LINK, status_code=status)
        with pytest.raises(LinkExpired) as caught:
            _get(spool)
        assert "signature" not in f"{caught.value.message} {caught.value.detail}"
        assert not list(tmp_path.rglob("report-*"))


@pytest.mark.parametrize(("status", "kind"), [(429, "throttled"), (503, "throttled"), (500, "throttled")])
def test_given_a_host_in_trouble_when_downloaded_then_it_refuses_for_now(
    tmp_path: Path, status: int, kind: str
) -> None:
    with Spool(tmp_path) as spool, requests_mock.Mocker() as mock:
        mock.get(LINK, status_code=status, headers={"Retry-After": "7"})
        with pytest.raises(Refusal) as caught:
            _get(spool)
        assert (caught.value.kind, caught.value.retry_after) == (kind, 7.0)


def test_given_a_redirect_to_plain_http_when_downloaded_then_it_is_not_followed(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool, requests_mock.Mocker() as mock:
        mock.get(LINK, status_code=302, headers={"Location": "http://elsewhere.example/users.csv"})
        with pytest.raises(LinkExpired, match="https is needed"):
            _get(spool)
        assert mock.call_count == 1


def test_given_a_redirect_to_another_host_when_downloaded_then_it_is_followed(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool, requests_mock.Mocker() as mock:
        mock.get(LINK, status_code=302, headers={"Location": "https://store.example/x?sig=1"})
        mock.get("https://store.example/x?sig=1", content=b"id\n")
        assert _get(spool).read_bytes() == b"id\n"


@pytest.mark.parametrize(
    ("headers", "name", "charset", "is_framed"),
    [
        ({"content-length": "1"}, "users.csv", None, True),
        ({"content-type": "text/csv; charset=ISO-8859-1"}, "users.csv", "ISO-8859-1", False),
        (
            {"content-disposition": 'attachment; filename="a b.csv"', "transfer-encoding": "chunked"},
            "a b.csv",
            None,
            True,
        ),
        ({"content-disposition": "attachment; filename*=UTF-8''b%C3%A4.csv"}, "bä.csv", None, False),
    ],
)
def test_what_headers_say_about_a_file(
    headers: dict[str, str], name: str, charset: str | None, is_framed: bool
) -> None:
    part = describe(Path("report-1"), headers, LINK)
    assert (part.name, part.charset, part.is_framed) == (name, charset, is_framed)


def test_given_a_length_that_is_none_when_downloaded_then_it_is_passed_over(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool, requests_mock.Mocker() as mock:
        mock.get(LINK, content=b"id\n1\n", headers={"Content-Length": "\u00b2"})
        assert _get(spool).read_bytes() == b"id\n1\n"


WHOLE = b"id,name\n1,Ada\n2,Bo\n"
CUT = WHOLE[:10]


@dataclass
class Host:
    """A download host: the first answer breaks off after ten bytes, the second is what the test says."""

    second: tuple[int, dict[str, str], bytes]
    etag: str = '"v1"'
    asked: list[dict[str, str]] = field(default_factory=list)

    @contextlib.contextmanager
    def opened(self, headers: Mapping[str, str]) -> Iterator[requests.Response]:
        self.asked.append(dict(headers))
        first = (200, {"ETag": self.etag, "Content-Length": str(len(WHOLE))}, CUT)
        status, told, body = first if len(self.asked) == 1 else self.second
        if len(self.asked) > 2:
            status, told, body = 200, {"ETag": self.etag, "Content-Length": str(len(WHOLE))}, WHOLE
        yield answered(status, told, body)


def answered(status: int, headers: dict[str, str], body: bytes) -> requests.Response:
    raw = urllib3.HTTPResponse(io.BytesIO(body), headers=headers, status=status, preload_content=False)
    response = HTTPAdapter().build_response(requests.Request("GET", LINK).prepare(), raw)
    response.url = LINK
    return response


def partial(
    begin: int, etag: str = '"v1"', body: bytes | None = None, **more: str
) -> tuple[int, dict[str, str], bytes]:
    rest = WHOLE[begin:] if body is None else body
    told = {"ETag": etag, "Content-Range": f"bytes {begin}-{begin + len(rest) - 1}/{begin + len(rest)}"}
    return 206, {**told, **more}, rest


def fetched(tmp_path: Path, host: Host) -> bytes:
    with Spool(tmp_path) as spool:
        return download(host.opened, spool, lambda: 0.0, _ignore).path.read_bytes()


def test_a_download_that_broke_goes_on_where_the_file_is_the_same(tmp_path: Path) -> None:
    host = Host(partial(10))

    assert fetched(tmp_path, host) == WHOLE
    assert host.asked == [{}, {"Range": "bytes=10-", "If-Range": '"v1"'}]


@pytest.mark.parametrize(
    "second",
    [
        partial(10, etag='"v2"'),
        partial(10, etag='W/"v1"'),
        partial(0),
        partial(5),
        partial(12),
        (206, {"ETag": '"v1"'}, WHOLE[10:]),
        (206, {"ETag": '"v1"', "Content-Type": "multipart/byteranges; boundary=x"}, b"--x"),
        (206, {"Content-Range": "bytes 10-19/20"}, WHOLE[10:]),
        (416, {"ETag": '"v1"', "Content-Range": "bytes */10"}, b""),
        (200, {"ETag": '"v2"'}, WHOLE),
    ],
)
def test_a_download_that_cannot_go_on_begins_anew(tmp_path: Path, second: tuple[int, dict[str, str], bytes]) -> None:
    host = Host(second)

    assert fetched(tmp_path, host) == WHOLE
    assert all("Range" not in headers for headers in host.asked[2:])


@pytest.mark.parametrize("etag", ["", 'W/"v1"', "v1", '"'])
def test_without_a_strong_etag_a_download_begins_anew(tmp_path: Path, etag: str) -> None:
    host = Host((200, {}, WHOLE), etag=etag)

    assert fetched(tmp_path, host) == WHOLE
    assert host.asked == [{}, {}]


def test_a_rest_that_ends_before_its_own_total_is_asked_for_again(tmp_path: Path) -> None:
    status, told, rest = partial(10)
    host = Host((status, told, rest[:4]))

    assert fetched(tmp_path, host) == WHOLE
    assert host.asked[2]["Range"] == "bytes=14-"


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (403, {}, b"403 Forbidden (Rate Limit Exceeded)"),
        (403, {"Retry-After": "7"}, b"<html>"),
        (429, {}, b""),
        (503, {}, b"<Error><Code>SlowDown</Code></Error>"),
    ],
)
def test_a_host_that_throttles_has_no_dead_link(
    tmp_path: Path, status: int, headers: dict[str, str], body: bytes
) -> None:
    with Spool(tmp_path) as spool, requests_mock.Mocker() as mock:
        mock.get(LINK, status_code=status, headers=headers, content=body)
        with pytest.raises(Refusal) as caught:
            _get(spool)
        assert caught.value.kind == "throttled"


def body(*pieces: bytes) -> requests.Response:
    """A body comes in as many pieces as the network makes of it."""

    class Pieces(io.RawIOBase):
        def __init__(self) -> None:
            self.left = list(pieces)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            piece = self.left.pop(0) if self.left else b""
            buffer[: len(piece)] = piece
            return len(piece)

    response = answered(200, {}, b"")
    response.raw = urllib3.HTTPResponse(Pieces(), headers={}, status=200, preload_content=False)
    return response


def sampled(tmp_path: Path, response: requests.Response, most: int) -> tuple[bytes, bool]:
    with Spool(tmp_path) as spool:
        part = download(lambda _: contextlib.nullcontext(response), spool, lambda: 0.0, _ignore, most)
        return part.path.read_bytes(), part.is_cut


def test_of_a_sample_as_many_rows_are_read_as_are_asked_for(tmp_path: Path) -> None:
    rows = [b"id,", b"na", b"me\n", *[b'1,"a', b'\nb"', b"\n"] * 100]
    content, is_cut = sampled(tmp_path, body(*rows), 250)
    assert is_cut
    assert content == b"id,name\n" + b'1,"a\nb"\n' * 30


def test_a_sample_that_is_no_longer_than_that_is_all_of_the_file(tmp_path: Path) -> None:
    assert sampled(tmp_path, body(b"id\n", b"1"), 250) == (b"id\n1", False)
    whole = b"id\n" + b"1\n" * 100
    assert sampled(tmp_path, answered(200, {"Content-Length": str(len(whole))}, whole), len(whole)) == (whole, False)


def test_a_sample_that_cannot_be_cut_is_read_to_its_end(tmp_path: Path) -> None:
    sheets = [b'{"reports": [{"data": [', *[b'{"id": 1},'] * 100, b'{"id": 2}]}]}']
    assert sampled(tmp_path, body(*sheets), 250) == (b"".join(sheets), False)


@pytest.mark.parametrize(
    ("others", "kind"), [(True, "throttled"), (False, "config")], ids=["others_are_to_be_read", "it_is_too_large"]
)
def test_a_full_disk_is_waited_for_where_there_will_be_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others: bool, kind: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3))
    response = answered(200, {"Content-Length": "5"}, b"id\n2\n")
    with Spool(tmp_path) as spool:
        if others:
            spool.new_file().write_bytes(b"id\n1\n")
        with pytest.raises(Refusal) as caught:
            download(lambda _: contextlib.nullcontext(response), spool, lambda: 0.0, _ignore)
        assert "it needs 0.0 KiB" in caught.value.error.message
        assert (caught.value.kind, caught.value.locked_out) == (kind, kind == "config")
        assert spool.use()[0] == (5 if others else 0)
