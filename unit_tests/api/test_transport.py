from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3
from requests_mock import Mocker

from source_lms_reports.api.addresses import same_host
from source_lms_reports.api.auth import HeaderAuth
from source_lms_reports.api.transport import Call, ConnectionFault, Transport
from source_lms_reports.errors import ConfigError, LinkExpired
from unit_tests.fuzz.answers import Canned

API = "https://lms.example.com"
AUTH = HeaderAuth("Authorization", "Bearer secret-word")


UNTRUSTED = ssl.SSLCertVerificationError(1, "x")
UNTRUSTED.verify_code = 18  # self-signed


def authorization(mock: Mocker, at: int = -1) -> str | None:
    value: str | None = mock.request_history[at].headers.get("Authorization")
    return value


def because(error: Exception, cause: Exception) -> Exception:
    """An error with what led to it."""
    error.__cause__ = cause
    return error


def unreachable(cause: OSError) -> Exception:
    """The error of a connection that could not be made, as `requests` gives it."""
    connection: Any = None
    refused = urllib3.exceptions.NewConnectionError(connection, "x")
    if isinstance(cause, socket.gaierror):
        refused = urllib3.exceptions.NameResolutionError("x", connection, cause)
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(connection, "x", because(refused, cause)))


@pytest.fixture
def mock() -> Iterator[Mocker]:
    with Mocker() as started:
        yield started


def test_an_answer_is_read_whole(mock: Mocker) -> None:
    mock.get(f"{API}/a", text="yes", headers={"X-One": "1"}, status_code=404)

    answer = Transport().send(Call("GET", f"{API}/a", query={"page": "2"}, auth=AUTH))

    assert (answer.status, answer.text, answer.headers["x-one"]) == (404, "yes", "1")
    assert mock.last_request is not None
    assert mock.last_request.qs == {"page": ["2"]}
    assert authorization(mock) is not None


def test_a_redirect_on_the_host_is_followed_with_credentials(mock: Mocker) -> None:
    mock.get(f"{API}/a", status_code=302, headers={"Location": "/b?c=1"})
    mock.get(f"{API}/b", text="there")

    assert Transport().send(Call("GET", f"{API}/a", auth=AUTH)).text == "there"
    assert authorization(mock) is not None


@pytest.mark.parametrize(
    "target", ["https://other.example.com/b", "https://lms.example.com:8443/b", "http://lms.example.com:81/b"]
)
def test_a_redirect_of_an_api_call_to_another_host_is_refused(mock: Mocker, target: str) -> None:
    mock.get(f"{API}/a", status_code=302, headers={"Location": target})

    with pytest.raises(ConfigError, match="another host"):
        Transport().send(Call("GET", f"{API}/a", auth=AUTH))
    assert mock.call_count == 1


def test_the_body_of_a_redirect_is_not_read() -> None:
    transport = Transport()
    redirect = (302, {"Location": "/b", "Content-Encoding": "deflate", "Content-Length": "9"}, b"junk")
    transport._session.mount("https://", Canned([redirect, (200, {}, b"there")]))

    assert transport.send(Call("GET", f"{API}/a")).text == "there"


@pytest.mark.parametrize("target", ["https://[bad", "https://lms.example.com:port/b"])
def test_a_redirect_to_an_address_that_is_none_is_not_followed(mock: Mocker, target: str) -> None:
    mock.get(f"{API}/a", status_code=302, headers={"Location": target})

    with pytest.raises((ConfigError, ConnectionFault)):
        Transport().send(Call("GET", f"{API}/a", auth=AUTH))
    with pytest.raises((ConfigError, ConnectionFault)), Transport().download(f"{API}/a"):
        pass


def test_a_download_follows_to_another_host_without_credentials(mock: Mocker) -> None:
    mock.get(f"{API}/file?verifier=1", status_code=302, headers={"Location": "https://files.example.com/f?sig=2"})
    mock.get("https://files.example.com/f", text="id\n1\n")

    with Transport().download(f"{API}/file?verifier=1") as response:
        assert response.text == "id\n1\n"
    assert [request.headers.get("Authorization") for request in mock.request_history] == [None, None]


def test_a_netrc_file_adds_no_credentials(mock: Mocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine files.example.com login somebody password netrc-word\n")
    monkeypatch.setenv("NETRC", str(netrc))
    mock.get("https://files.example.com/f", text="x")

    with Transport().download("https://files.example.com/f"):
        assert authorization(mock) is None


def test_cookies_of_one_answer_do_not_go_into_the_next_request(mock: Mocker) -> None:
    mock.get(f"{API}/a", text="x")
    transport = Transport()
    transport._session.cookies.set("session", "abc", domain="lms.example.com", path="/")

    transport.send(Call("GET", f"{API}/a"))

    assert mock.request_history[-1].headers.get("Cookie") is None


@pytest.mark.parametrize(
    ("error", "words", "maybe_received"),
    [
        (requests.exceptions.ConnectTimeout("x"), "does not accept connections", False),
        (requests.exceptions.ReadTimeout("x"), "took too long to answer", True),
        (requests.exceptions.SSLError("x"), "certificate of lms.example.com is not trusted", True),
        (unreachable(ConnectionRefusedError(111, "x")), "refuses connections", False),
        (unreachable(OSError(101, "x")), "The connection to lms.example.com broke", False),
        (unreachable(socket.gaierror(-2, "x")), "is unknown", False),
        (because(requests.exceptions.SSLError("x"), UNTRUSTED), "is not trusted", False),
        (requests.ConnectionError("reset by peer"), "The connection to lms.example.com broke", True),
    ],
)
def test_a_missing_answer_says_why(mock: Mocker, error: Exception, words: str, maybe_received: bool) -> None:
    mock.get(f"{API}/a", exc=error)

    with pytest.raises(ConnectionFault, match=words) as caught:
        Transport().send(Call("GET", f"{API}/a"))
    assert caught.value.maybe_received is maybe_received


def test_a_port_that_nobody_listens_at_refuses() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionFault, match="refuses connections") as caught:
            Transport().send(Call("GET", f"http://127.0.0.1:{closed.getsockname()[1]}/"))
    assert caught.value.maybe_received is False


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    "body", [{"json": {"report": "x"}}, {"form": {"a": "b"}}, {"multipart": [("a", "b")]}], ids=str
)
def test_a_redirected_order_stays_an_order(mock: Mocker, status: int, body: dict[str, Any]) -> None:
    mock.post(f"{API}/orders", status_code=status, headers={"Location": "/orders/"})
    mock.post(f"{API}/orders/", text="ordered")

    assert Transport().send(Call("POST", f"{API}/orders", auth=AUTH, **body)).text == "ordered"
    first, second = mock.request_history
    assert second.method == "POST"
    assert len(second.body) == len(first.body)
    assert authorization(mock) is not None


def test_an_order_that_is_sent_elsewhere_by_303_names_the_address_and_asks_for_nothing_there(mock: Mocker) -> None:
    mock.post(f"{API}/orders", status_code=303, headers={"Location": "/made?token=x"})

    with pytest.raises(ConfigError, match=r"names https://lms.example.com/made instead \(HTTP 303\)"):
        Transport().send(Call("POST", f"{API}/orders", auth=AUTH))
    assert mock.call_count == 1


def test_a_question_that_is_sent_elsewhere_by_303_is_asked_there(mock: Mocker) -> None:
    mock.get(f"{API}/a", status_code=303, headers={"Location": "/b"})
    mock.get(f"{API}/b", text="there")

    assert Transport().send(Call("GET", f"{API}/a")).text == "there"


def test_an_order_is_not_sent_to_another_host_and_the_address_is_named(mock: Mocker) -> None:
    mock.post(f"{API}/orders", status_code=302, headers={"Location": "https://www.lms.example.com/orders?x=1"})

    with pytest.raises(ConfigError, match=r"another host \(https://www.lms.example.com/orders\)"):
        Transport().send(Call("POST", f"{API}/orders", auth=AUTH))
    assert mock.call_count == 1


def test_redirects_in_a_circle_are_told(mock: Mocker) -> None:
    mock.get(f"{API}/a", status_code=302, headers={"Location": "/a"})

    with pytest.raises(ConfigError, match="in a circle"):
        Transport().send(Call("GET", f"{API}/a"))
    with pytest.raises(LinkExpired, match="in a circle"), Transport().download(f"{API}/a"):
        pass


@pytest.mark.parametrize(
    "target", ["http://lms.example.com/b", "http://lms.example.com:80/b", "https://LMS.example.com:443/b"]
)
def test_the_own_host_by_another_writing_is_followed_by_https(mock: Mocker, target: str) -> None:
    mock.post(f"{API}/a", status_code=302, headers={"Location": target})
    mock.post(re.compile("/b$"), text="there")

    assert Transport().send(Call("POST", f"{API}/a", auth=AUTH)).text == "there"
    assert {request.scheme for request in mock.request_history} == {"https"}
    assert authorization(mock) is not None


@pytest.mark.parametrize("secret", ["two\nlines", "del\x7fete", "half \ud83d"])
@pytest.mark.usefixtures("mock")
def test_credentials_that_no_header_holds_are_named_and_not_quoted(secret: str) -> None:
    with pytest.raises(ConfigError, match="a character that no request can carry") as caught:
        Transport().send(Call("GET", f"{API}/a", auth=HeaderAuth("Authorization", secret)))
    assert secret[:3] not in f"{caught.value.message} {caught.value.detail}"


def ours(url: str) -> HeaderAuth | None:
    return AUTH if same_host(url, API) else None


def test_a_link_of_the_own_host_is_opened_with_its_credentials_which_never_go_to_another(mock: Mocker) -> None:
    mock.get(f"{API}/files/1", status_code=302, headers={"Location": "/files/2"})
    mock.get(f"{API}/files/2", status_code=302, headers={"Location": "https://files.example.com/f"})
    mock.get("https://files.example.com/f", status_code=302, headers={"Location": f"{API}/files/3"})
    mock.get(f"{API}/files/3", text="id")

    with Transport().download("http://lms.example.com/files/1", own=API, signer=ours) as response:
        assert response.text == "id"
    sent = ["Authorization" in request.headers for request in mock.request_history]
    assert sent == [True, True, False, False]


def test_a_redirect_to_a_name_that_is_not_ascii_leads_there(mock: Mocker) -> None:
    """The wire has UTF-8, and the library reads it as Latin-1."""
    mock.get(f"{API}/a", status_code=302, headers={"Location": "/b\u00c3\u00a4"})
    mock.get(f"{API}/b%C3%A4", text="there")

    assert Transport().send(Call("GET", f"{API}/a")).text == "there"


@pytest.mark.parametrize(
    ("target", "asked"), [("/b", "start=1&end=2"), ("/b?start=3", "start=3"), ("/b#x", "start=1&end=2")]
)
def test_a_redirect_that_leaves_the_query_out_does_not_change_the_question(
    mock: Mocker, target: str, asked: str
) -> None:
    mock.get(f"{API}/a", status_code=301, headers={"Location": target})
    mock.get(f"{API}/b", text="there")
    Transport().send(Call("GET", f"{API}/a", query={"start": "1", "end": "2"}))

    assert mock.last_request is not None
    assert mock.last_request.query == asked
