from __future__ import annotations

import pytest

from source_lms_reports.api.addresses import is_loopback, is_signed, require_safe, same_host, secured
from source_lms_reports.api.transport import Call, Transport
from source_lms_reports.errors import ConfigError


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


@pytest.mark.parametrize("url", ["https://[bad", "https://lms.example.com:99999/", "http://localhost:port/"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="is refused"):
        Transport().send(Call("GET", url))
    assert not same_host(url, url)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example/x", "https://A.example/y?z", True),
        ("https://a.example/", "HTTPS://a.example:443/", True),
        ("https://a.example/", "https://a.example./", True),
        ("http://127.0.0.1/", "http://127.0.0.1:80", True),
        ("http://[::1]:8080/", "http://[::1]:8080/x", True),
        ("https://a.example/", "http://a.example/", False),
        ("https://a.example/", "https://a.example:444/", False),
        ("https://a.example/", "https://a.example.evil.example/", False),
        ("https://a.example/", "https://a.example@evil.example/", False),
        # `urllib.parse` takes a.example for the host, and the connection goes to evil.example.
        ("https://a.example/", "https://evil.example\\@a.example/", False),
        ("https://a.example/", "//a.example/", False),
    ],
)
def test_hosts_are_the_same_by_scheme_name_and_port(one: str, other: str, same: bool) -> None:
    assert same_host(one, other) is same


@pytest.mark.parametrize(
    ("url", "own", "found"),
    [
        ("http://a.example/x?y=%2F#z", "https://a.example/api", "https://a.example/x?y=%2F#z"),
        ("http://a.example:80/x", "https://a.example", "https://a.example/x"),
        ("http://A.example/x", "https://a.example:8443", "https://a.example:8443/x"),
        ("http://a.example:8443/x", "https://a.example:8443", "https://a.example:8443/x"),
        ("http://a.example:8080/x", "https://a.example", "http://a.example:8080/x"),
        ("http://b.example/x", "https://a.example", "http://b.example/x"),
        ("http://127.0.0.1:1/x", "http://127.0.0.1:1", "http://127.0.0.1:1/x"),
        ("https://a.example/x", "https://a.example", "https://a.example/x"),
        ("/x", "https://a.example", "/x"),
        ("http://a.example/x", "", "http://a.example/x"),
    ],
)
def test_the_own_host_by_http_is_followed_by_https(url: str, own: str, found: str) -> None:
    assert secured(url, own) == found


@pytest.mark.parametrize(
    "name",
    [
        "verifier", "sf_verifier", "sig", "signature", "Signature", "token", "access_token", "X-Amz-Signature",
        "X-Goog-Signature", "x-oss-signature", "q-signature", "X-Amz-Security-Token", "hmac", "jwt", "hdnea",
        "__token__", "authToken",
    ],
)  # fmt: skip
def test_a_link_with_a_signature_of_its_own_is_told_by_its_query(name: str) -> None:
    assert is_signed(f"https://a.example/f?download_frd=1&{name}=abc")
    assert not is_signed(f"https://a.example/f?{name}=")
    assert not is_signed(f"https://a.example/{name}=abc#{name}=abc")


@pytest.mark.parametrize("query", ["", "download_frd=1", "design=1", "assign=2", "significant=3", "expires=4"])
def test_a_link_without_a_signature_is_none(query: str) -> None:
    assert not is_signed(f"https://a.example/f?{query}")
