from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from requests_mock import Mocker

from source_lms_reports.api.addresses import is_loopback, require_safe, same_host
from source_lms_reports.api.auth import HeaderAuth
from source_lms_reports.api.transport import Call, ConnectionFault, Transport
from source_lms_reports.errors import ConfigError
from unit_tests.fuzz.answers import Canned

API = "https://lms.example.com"
AUTH = HeaderAuth("Authorization", "Bearer secret-word")


def authorization(mock: Mocker, at: int = -1) -> str | None:
    value: str | None = mock.request_history[at].headers.get("Authorization")
    return value


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
    "target", ["https://other.example.com/b", "https://lms.example.com:8443/b", "http://lms.example.com/b"]
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


@pytest.mark.parametrize("url", ["https://[bad", "https://lms.example.com:99999/", "http://localhost:port/"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="is refused"):
        Transport().send(Call("GET", url))
    assert not same_host(url, url)


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


def test_a_rest_of_a_file_is_asked_for_by_range(mock: Mocker) -> None:
    mock.get("https://files.example.com/f", text="rest", status_code=206)

    with Transport().download("https://files.example.com/f", 10):
        assert mock.request_history[-1].headers["Range"] == "bytes=10-"


@pytest.mark.parametrize(
    ("error", "words", "maybe_received"),
    [
        (requests.exceptions.ConnectTimeout("x"), "does not accept connections", False),
        (requests.exceptions.ReadTimeout("x"), "took too long to answer", True),
        (requests.exceptions.SSLError("x"), "certificate of lms.example.com is not trusted", True),
        (requests.ConnectionError("[Errno 111] Connection refused"), "refuses connections", False),
        (requests.ConnectionError("NameResolutionError"), "is unknown", True),
        (requests.ConnectionError("reset by peer"), "The connection to lms.example.com broke", True),
    ],
)
def test_a_missing_answer_says_why(mock: Mocker, error: Exception, words: str, maybe_received: bool) -> None:
    mock.get(f"{API}/a", exc=error)

    with pytest.raises(ConnectionFault, match=words) as caught:
        Transport().send(Call("GET", f"{API}/a"))
    assert caught.value.maybe_received is maybe_received


@pytest.mark.parametrize(
    "url", ["http://lms.example.com/", "ftp://lms.example.com/", "http://127.0.0.1.example.com/", "/x"]
)
def test_an_unsafe_address_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(ConfigError, match="https is needed"):
        require_safe(url)


@pytest.mark.parametrize(
    "url", ["https://x", "http://localhost:1/", "http://127.0.0.1/", "http://127.9.9.9/", "http://[::1]/"]
)
def test_loopback_may_be_spoken_to_in_the_clear(url: str) -> None:
    require_safe(url)


def test_loopback_is_this_machine_only() -> None:
    assert is_loopback("a.localhost")
    assert not is_loopback("localhost.example.com")
    assert not is_loopback("10.0.0.1")


def test_hosts_are_the_same_by_scheme_name_and_port() -> None:
    assert same_host("https://a.example/x", "https://A.example/y?z")
    assert not same_host("https://a.example/", "http://a.example/")
    assert not same_host("https://a.example/", "https://a.example:444/")
