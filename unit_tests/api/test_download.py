"""Downloads: what a link's answer means, and what its headers say about the file."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests_mock

from source_lms_reports.api.download import describe, download
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.api.transport import Transport
from source_lms_reports.errors import LinkExpired
from source_lms_reports.files.spool import Spool

LINK = "https://files.example/reports/users.csv?signature=abcdef0123456789"


def _ignore(*_: object) -> None:
    """Progress is nobody's business here."""


def _get(spool: Spool) -> Path:
    return download(Transport(), LINK, spool, 0.0, _ignore).path


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


@pytest.mark.parametrize(("status", "kind"), [(429, "throttled"), (503, "throttled"), (500, "transient")])
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
