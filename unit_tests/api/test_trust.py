"""Certificates of this machine are heard, and what is wrong with one is told with what to do."""

from __future__ import annotations

import errno
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests
import truststore

from source_lms_reports.api import trust
from source_lms_reports.api.transport import Call, ConnectionFault, Transport, connection_fault
from source_lms_reports.errors import ConfigError
from unit_tests.certificates import certificate, issued


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(path: Path) -> Iterator[str]:
    """A host with this certificate."""
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # a client that hangs up is what is tested
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def asked(url: str) -> int:
    return Transport().send(Call("GET", url)).status


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_an_authority_of_this_machine_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    path = certificate(tmp_path)
    monkeypatch.setenv(variable, str(path))
    with served(path) as url:
        assert asked(url) == 200


def test_an_authority_that_does_not_follow_every_rule_is_trusted_on_each_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, host = issued(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with served(host) as url:
        assert asked(url) == 200


def test_the_file_of_the_system_is_found_where_openssl_knows_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = certificate(tmp_path)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: ssl.DefaultVerifyPaths("", "", "", "", "", ""))
    monkeypatch.setattr(trust, "PLACES", ("/nowhere/ca.pem", str(path)))
    with served(path) as url:
        assert asked(url) == 200


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_the_context_that_asks_a_keychain_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    authority, host = issued(tmp_path)
    monkeypatch.setenv(variable, str(authority))
    monkeypatch.setattr(
        trust, "trusting_context", lambda: trust.lenient(truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    )
    with served(host) as url:
        assert asked(url) == 200
    monkeypatch.delenv(variable)
    with served(host) as url, pytest.raises(ConnectionFault, match="is not trusted"):
        Transport().send(Call("GET", url))


def test_one_that_nobody_knows_is_told_with_the_way_to_add_it(tmp_path: Path) -> None:
    with served(certificate(tmp_path)) as url, pytest.raises(ConnectionFault) as raised:
        asked(url)
    assert "is not trusted" in raised.value.message
    assert "SSL_CERT_FILE or REQUESTS_CA_BUNDLE" in raised.value.message
    assert raised.value.maybe_received is False


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"begins": -9, "ends": -2}, "has ended, or has not begun. Check the clock"),
        ({"begins": 2, "ends": 9}, "has ended, or has not begun. Check the clock"),
        ({"host": "127.0.0.9"}, "is made out to another name"),
    ],
)
def test_what_is_wrong_with_a_known_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: dict[str, int | str], words: str
) -> None:
    path = certificate(tmp_path, **made)  # type: ignore[arg-type] # each by its name
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with served(path) as url, pytest.raises(ConnectionFault, match=words):
        asked(url)


def test_a_bundle_that_is_not_there_is_a_setting_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    with pytest.raises(ConfigError, match="REQUESTS_CA_BUNDLE"):
        asked("https://127.0.0.1:9/")


@pytest.mark.parametrize("url", ["https://school.example.com/", "http://127.0.0.1:9/"])
def test_a_proxy_that_refuses_is_named_without_its_login(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://user:pass-of-proxy@127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ConnectionFault) as raised:
        asked(url)
    assert raised.value.message.startswith("The proxy 127.0.0.1:9 does not let requests through to")
    assert raised.value.maybe_received is False
    assert "pass-of-proxy" not in str(raised.value.detail)


class _Proxy(BaseHTTPRequestHandler):
    def do_CONNECT(self) -> None:
        self.send_response(407)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("scheme", "words"),
    [
        ("http", "asks for a login, or refuses the one that it was given"),
        ("https", "does not speak TLS itself"),
        ("socks5", "speaks SOCKS"),
    ],
)
def test_what_is_wrong_with_a_proxy_is_told(monkeypatch: pytest.MonkeyPatch, scheme: str, words: str) -> None:
    server = HTTPServer(("127.0.0.1", 0), _Proxy)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"{scheme}://user:pass-of-proxy@127.0.0.1:{server.server_port}")
    try:
        with pytest.raises(ConnectionFault, match=words) as raised:
            asked("https://school.example.com/")
    finally:
        server.shutdown()
        server.server_close()
    assert raised.value.message.startswith(f"The proxy 127.0.0.1:{server.server_port} ")
    assert "pass-of-proxy" not in f"{raised.value.message} {raised.value.detail}"


@pytest.mark.parametrize("proxy", ["not a proxy", "http://user:pass-of-proxy@", "http://host:port"])
def test_a_proxy_whose_address_is_none_is_told_and_not_quoted(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, proxy)
    with pytest.raises(ConfigError, match=r"The proxy that the environment names for school\.example\.com") as raised:
        asked("https://school.example.com/")
    assert proxy not in f"{raised.value.message} {raised.value.detail}"


def test_a_connection_for_which_there_is_no_file_left_is_no_fault_of_the_host() -> None:
    error = requests.ConnectionError("broken")
    error.__cause__ = OSError(errno.EMFILE, "Too many open files")
    fault = connection_fault(error, "https://school.example.com/")
    assert "open no more files" in fault.message
    assert fault.maybe_received is False
