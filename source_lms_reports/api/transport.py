"""Sends one HTTP request, once. Whether and when to try again is decided elsewhere.

Credentials go to the vendor's own host only. A redirect to another host is refused for API calls and followed
without credentials for downloads. A redirect never changes what is asked: `requests` would make a `GET` of an order.
Plain `http` is spoken to loopback addresses only.
"""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from requests.auth import AuthBase

from source_lms_reports.api.addresses import (
    host_of,
    joined,
    require_safe,
    same_host,
    secured,
    with_query_of,
    without_query,
)
from source_lms_reports.api.answer import MAX_ANSWER_BYTES, Answer, header_text
from source_lms_reports.api.connections import asking_for
from source_lms_reports.api.credentials import Credentials, NoAuth
from source_lms_reports.api.trickle import watched
from source_lms_reports.api.trust import (
    TrustingAdapter,
    causes,
    certificate_words,
    proxy_of,
    proxy_words,
    require_bundle,
)
from source_lms_reports.errors import ConfigError, LinkExpired, TransientError, machine_fault
from source_lms_reports.redaction import redact
from source_lms_reports.version import __version__

_MAX_REDIRECTS = 5
_SEE_OTHER = 303
_REDIRECTS = frozenset({301, 302, _SEE_OTHER, 307, 308})
_BLOCK = 64 * 1024
_ANSWERED_WITHIN = 300.0
#: RFC 9110, 5.5: visible ASCII, blanks, and `obs-text`, which any byte from 0x80 on is: a key in UTF-8 is made of them.
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


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
        timeout: Seconds of silence after which an answer is given up, where the usual ones are too many.
        is_link: The address is the vendor's own, letter by letter: a signature may have been made over it.
    """

    method: str
    url: str
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    json: Any = None
    form: Mapping[str, str] | None = None
    multipart: Sequence[tuple[str, str]] | None = None
    auth: Credentials | None = None
    timeout: float | None = None
    is_link: bool = False

    @property
    def address(self) -> str:
        """The address with the query in it."""
        return str(requests.Request(self.method, self.url, params=self.query).prepare().url)


class _Checked(AuthBase):
    """Signs a request, and refuses headers that could not be sent; what fails later quotes them in its message."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        signed = self._credentials(request)
        if not all(_HEADER_VALUE.fullmatch(str(value)) for value in signed.headers.values()):
            raise _unfit()
        return signed


def _unfit() -> ConfigError:
    return ConfigError(
        "The credentials or a setting hold a character that no request can carry, such as a line end. Enter them again."
    )


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
        adapter = TrustingAdapter(pool_connections=8, pool_maxsize=32, max_retries=0)
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
            ConfigError: Plain http, a redirect that is not followed, credentials that no header holds, or a proxy
                that is none.
        """
        with self.stream(call, heard) as response:
            return read_answer(response, call.timeout)

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
            ConfigError: Plain http, a redirect that is not followed, credentials that no header holds, or a proxy
                that is none.
        """
        response = self._followed(call, heard)
        try:
            yield response
        finally:
            response.close()

    def _followed(self, call: Call, heard: Callable[[requests.Response], None]) -> requests.Response:
        """The answer behind all redirects. Each is followed with the same method, body and query.

        An order stays an order, and a question about a window stays one where the redirect leaves the query out.
        """
        url = call.url
        for _ in range(_MAX_REDIRECTS):
            response = self._exchange(call, url)
            heard(response)
            target = _redirect_target(response, call.url)
            if target is None:
                return response
            response.close()
            _require_followable(call, response.status_code, target)
            url = with_query_of(target, response.url)
        raise ConfigError(f"{host_of(call.url)} redirects in a circle, to {without_query(url)}. Check the address.")

    @contextlib.contextmanager
    def download(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        own: str = "",
        signer: Callable[[str], Credentials | None] = lambda _: None,
    ) -> Iterator[requests.Response]:
        """Open a download link, across redirects to any host.

        Args:
            url: The link.
            headers: Headers beside the standard ones.
            own: The vendor's own address, whose links by `http` are followed by `https`.
            signer: Gives the credentials that an address is to be opened with. It is not asked any more once the link
                has led to another host.

        Raises:
            ConnectionFault: No answer came.
            ConfigError: The link is plain http to a host that is not loopback.
            LinkExpired: It leads in a circle.
        """
        link = url = secured(url, own)
        is_at_home = True
        for _ in range(_MAX_REDIRECTS):
            is_at_home = is_at_home and same_host(link, url)
            call = Call("GET", url, headers=headers, auth=signer(url) if is_at_home else None, is_link=True)
            response = self._exchange(call, url)
            target = _redirect_target(response, own)
            if target is None:
                break
            response.close()
            url = target
        else:
            raise LinkExpired(f"The download link of {host_of(link)} redirects in a circle.")
        try:
            yield response
        finally:
            response.close()

    def _patience(self, call: Call) -> tuple[float, float]:
        """Seconds to wait for a connection, and for a word of the answer."""
        connect, read = self._timeout
        return self._timeout if call.timeout is None else (min(connect, call.timeout), min(read, call.timeout))

    def _exchange(self, call: Call, url: str) -> requests.Response:
        require_safe(url)
        proxy_of(url)
        try:
            self._session.cookies.clear()
            with asking_for(url if call.is_link else None):
                return self._session.request(
                    call.method,
                    url,
                    params=call.query if url == call.url else None,
                    headers=call.headers,
                    json=call.json,
                    data=call.form,
                    files=[(name, (None, value)) for name, value in call.multipart] if call.multipart else None,
                    auth=_Checked(call.auth or NoAuth()),
                    timeout=self._patience(call),
                    allow_redirects=False,
                    stream=True,
                )
        except UnicodeEncodeError as error:
            raise _unfit() from error
        except (requests.RequestException, ValueError) as error:  # ValueError: an address that is none
            if isinstance(error, requests.exceptions.SSLError):
                require_bundle()  # one without certificates ends so, too
            raise connection_fault(error, url) from error
        except OSError as error:  # a bundle of certificates that is not there
            if not (lacking := machine_fault(error)):
                require_bundle()
            raise lacking or connection_fault(error, url) from error


def read_answer(response: requests.Response, seconds: float | None = None) -> Answer:
    """The whole answer of an API call.

    Args:
        response: The answer, whose body is still to come.
        seconds: After so many an answer that comes too slowly is given up, where the usual ones are too many.

    Raises:
        ConnectionFault: It broke off, or is too long to be an answer.
    """
    body = bytearray()
    try:
        with watched(response, lambda: len(body), min(seconds or _ANSWERED_WITHIN, _ANSWERED_WITHIN)):
            for block in response.iter_content(_BLOCK):
                body += block
                if len(body) > MAX_ANSWER_BYTES:
                    raise ConnectionFault(f"{host_of(response.url)} answers with more than an API should.")
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise connection_fault(error, response.url) from error
    return Answer(response.status_code, response.headers, bytes(body), response.url)


#: `InvalidSchema` is a proxy of a kind that takes another package (SOCKS).
_PROXY_FAULTS = (
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.InvalidSchema,
)


def connection_fault(error: Exception, url: str) -> ConnectionFault:
    """The fault of a connection in the user's words.

    Args:
        error: What `requests` or `urllib3` raised.
        url: The address that was asked.
    """
    host, reason = host_of(url), _reason(error)
    lacking = next(filter(None, map(machine_fault, causes(error))), None)
    of_proxy = isinstance(error, _PROXY_FAULTS) and proxy_of(url)
    if lacking:
        words = lacking.message
    elif of_proxy:
        words = proxy_words(error, of_proxy, host)
    elif isinstance(error, requests.exceptions.SSLError):
        words = certificate_words(error, host)
    elif isinstance(error, requests.exceptions.ConnectTimeout):
        words = f"{host} does not accept connections (timed out). Check the address and that this machine may reach it."
    elif isinstance(reason, urllib3.exceptions.NameResolutionError):
        words = f"The host {host} is unknown. Check the address for typing errors."
    elif isinstance(reason, urllib3.exceptions.NewConnectionError) and _is_refused(reason):
        words = f"{host} refuses connections. Check the address and that this machine may reach it."
    elif isinstance(error, (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)):
        words = f"{host} took too long to answer."
    else:
        words = f"The connection to {host} broke."
    fault = ConnectionFault(words, detail=redact(f"{type(error).__name__}: {error}"))
    fault.maybe_received = not (
        lacking
        or of_proxy
        or isinstance(error, requests.exceptions.ConnectTimeout)
        or isinstance(reason, urllib3.exceptions.NewConnectionError)  # of which an unknown name is a kind
        or (isinstance(error, requests.exceptions.SSLError) and _is_of_certificate(error))
    )
    return fault


def _reason(error: Exception) -> object:
    """What `urllib3` says is the reason, where it gave up; else the error itself."""
    inner = error.args[0] if error.args else None
    return inner.reason if isinstance(inner, urllib3.exceptions.MaxRetryError) else error


def _is_refused(error: urllib3.exceptions.NewConnectionError) -> bool:
    return isinstance(error.__cause__, ConnectionRefusedError)


def _is_of_certificate(error: Exception) -> bool:
    return any(isinstance(one, ssl.SSLCertVerificationError) for one in causes(error))


def _redirect_target(response: requests.Response, own: str) -> str | None:
    location = response.headers.get("location")
    if response.status_code not in _REDIRECTS or not location:
        return None
    return secured(joined(response.url, header_text(location)), own)


def _require_followable(call: Call, status: int, target: str) -> None:
    """Refuse a redirect that would take credentials elsewhere, or make another request of this one.

    Raises:
        ConfigError: It leads to another host, or 303 asks for a `GET` where something is ordered.
    """
    if not same_host(call.url, target):
        raise ConfigError(
            f"{host_of(call.url)} redirects API calls to another host ({without_query(target)}). Credentials are not "
            "sent there. Set the address to the one your LMS is really served from.",
            detail=redact(f"{call.method} {call.url} -> {target}"),
        )
    if status == _SEE_OTHER and call.method not in ("GET", "HEAD"):
        raise ConfigError(
            f"{host_of(call.url)} does not take the request, and names {without_query(target)} instead (HTTP 303). "
            "Check the address.",
            detail=redact(f"{call.method} {call.url} -> {target}"),
        )
