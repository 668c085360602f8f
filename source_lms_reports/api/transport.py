"""Sends one HTTP request, once. Whether and when to try again is decided elsewhere.

Credentials go to the vendor's own host only. A redirect to another host is refused for API calls and followed
without credentials for downloads; plain `http` is spoken to loopback addresses only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from source_lms_reports.api.addresses import host_of, joined, require_safe, same_host
from source_lms_reports.api.answer import MAX_ANSWER_BYTES, Answer
from source_lms_reports.api.credentials import Credentials, NoAuth
from source_lms_reports.errors import ConfigError, TransientError
from source_lms_reports.redaction import redact
from source_lms_reports.version import __version__

_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BLOCK = 64 * 1024


class ConnectionFault(TransientError):
    """No answer came: refused, reset, timed out, or the name is unknown.

    Attributes:
        maybe_received: Whether the vendor may have got the request and acted on it.
    """

    maybe_received = False


@dataclass(frozen=True)
class Call:
    """One request, ready to send.

    Attributes:
        method: The HTTP method.
        url: The absolute address.
        query: Query parameters.
        headers: Headers beside the standard ones.
        json: A JSON body.
        form: A URL-encoded body.
        multipart: A multipart/form-data body of text fields.
        auth: Credentials for the vendor's own host, or None.
    """

    method: str
    url: str
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    json: Any = None
    form: Mapping[str, str] | None = None
    multipart: Mapping[str, str] | None = None
    auth: Credentials | None = None


class _Session(requests.Session):
    """Leaves redirects alone; `requests` would read and unpack their bodies, even where it is told not to follow."""

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        """None."""
        return iter(())


class Transport:
    """A pool of connections to one vendor.

    Args:
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds of silence after which an answer is given up.
    """

    def __init__(self, connect_timeout: float = 15.0, read_timeout: float = 120.0) -> None:
        self._timeout = (connect_timeout, read_timeout)
        self._session = _Session()
        adapter = HTTPAdapter(pool_connections=8, pool_maxsize=32, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._session.headers["Accept-Encoding"] = "gzip"  # the one encoding that files are known by
        self._session.headers["User-Agent"] = f"source-lms-reports/{__version__}"

    def send(self, call: Call, heard: Callable[[requests.Response], None] = lambda _: None) -> Answer:
        """Send an API call and read its whole answer.

        Args:
            call: The request.
            heard: Told each answer as soon as its headers are here, redirects too.

        Raises:
            ConnectionFault: No whole answer came.
            ConfigError: The address is refused: plain http, or a redirect to another host.
        """
        with self.stream(call, heard) as response:
            return read_answer(response)

    @contextlib.contextmanager
    def stream(
        self, call: Call, heard: Callable[[requests.Response], None] = lambda _: None
    ) -> Iterator[requests.Response]:
        """Send an API call; its body is left to be streamed. Redirects stay on the host.

        Args:
            call: The request.
            heard: Told each answer as soon as its headers are here, redirects too.

        Raises:
            ConnectionFault: No answer came.
            ConfigError: The address is refused: plain http, or a redirect to another host.
        """
        response = self._exchange(call, call.url, call.method)
        heard(response)
        for _ in range(_MAX_REDIRECTS):
            target = _redirect_target(response)
            if target is None:
                break
            response.close()
            if not same_host(call.url, target):
                raise ConfigError(
                    f"{host_of(call.url)} redirects API calls to another host ({host_of(target)}). Credentials are not "
                    "sent there. Set the address to the one your LMS is really served from.",
                    detail=redact(f"{call.method} {call.url} -> {target}"),
                )
            method = call.method if response.status_code in (307, 308) or call.method == "HEAD" else "GET"
            response = self._exchange(call, target, method)
            heard(response)
        try:
            yield response
        finally:
            response.close()

    @contextlib.contextmanager
    def download(self, url: str, offset: int = 0) -> Iterator[requests.Response]:
        """Open a download link without any credentials, across redirects to any host.

        Args:
            url: The link.
            offset: Bytes that are here already; asked to be left out with a `Range` header.

        Raises:
            ConnectionFault: No answer came.
            ConfigError: The link is plain http to a host that is not loopback.
        """
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        response = self._exchange(Call("GET", url, headers=headers), url, "GET")
        for _ in range(_MAX_REDIRECTS):
            target = _redirect_target(response)
            if target is None:
                break
            response.close()
            response = self._exchange(Call("GET", target, headers=headers), target, "GET")
        try:
            yield response
        finally:
            response.close()

    def _exchange(self, call: Call, url: str, method: str) -> requests.Response:
        require_safe(url)
        with_body = method == call.method
        try:
            self._session.cookies.clear()
            return self._session.request(
                method,
                url,
                params=call.query if url == call.url else None,
                headers=call.headers,
                json=call.json if with_body else None,
                data=call.form if with_body else None,
                files={name: (None, value) for name, value in call.multipart.items()}
                if with_body and call.multipart
                else None,
                auth=call.auth or NoAuth(),
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
        except (requests.RequestException, ValueError) as error:  # ValueError: an address that is none
            raise connection_fault(error, url) from error


def read_answer(response: requests.Response) -> Answer:
    """The whole answer of an API call.

    Raises:
        ConnectionFault: It broke off, or is too long to be an answer.
    """
    body = bytearray()
    try:
        for block in response.iter_content(_BLOCK):
            body += block
            if len(body) > MAX_ANSWER_BYTES:
                raise ConnectionFault(f"{host_of(response.url)} answers with more than an API should.")
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise connection_fault(error, response.url) from error
    return Answer(response.status_code, response.headers, bytes(body), response.url)


def connection_fault(error: Exception, url: str) -> ConnectionFault:
    """The fault of a connection in the user's words.

    Args:
        error: What `requests` or `urllib3` raised.
        url: The address that was asked.
    """
    host, text = host_of(url), str(error)
    if isinstance(error, requests.exceptions.SSLError):
        words = f"The TLS certificate of {host} is not trusted. Check the address."
    elif isinstance(error, requests.exceptions.ConnectTimeout):
        words = f"{host} does not accept connections (timed out). Check the address and that this machine may reach it."
    elif "NameResolution" in text or "getaddrinfo" in text or "Name or service" in text:
        words = f"The host {host} is unknown. Check the address for typing errors."
    elif "refused" in text.lower():
        words = f"{host} refuses connections. Check the address and that this machine may reach it."
    elif isinstance(error, (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)):
        words = f"{host} took too long to answer."
    else:
        words = f"The connection to {host} broke."
    fault = ConnectionFault(words, detail=redact(f"{type(error).__name__}: {text}"))
    fault.maybe_received = not isinstance(error, requests.exceptions.ConnectTimeout) and "refused" not in text.lower()
    return fault


def _redirect_target(response: requests.Response) -> str | None:
    location = response.headers.get("location")
    if response.status_code not in _REDIRECTS or not location:
        return None
    return joined(response.url, location)
