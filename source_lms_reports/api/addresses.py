"""Addresses: whose they are, whether they are safe, and whether they carry a signature of their own."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import parse_qsl, urljoin, urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from source_lms_reports.errors import ConfigError
from source_lms_reports.redaction import redact

_DEFAULT_PORTS = {"http": 80, "https": 443}
#: Names of query parameters that prove a right by themselves, as object stores, content networks and Canvas call them:
#: `verifier`, `sig`, `X-Amz-Signature`, `access_token`, `__token__`, `hdnea`.
_SIGNATURE = re.compile(
    r"signature|verifier|token|hmac|(?:^|[-_.])(?:sig|sign|jwt|hdnea|hdnts|hdntl)(?:$|[-_.])", re.IGNORECASE
)


def joined(base: str, url: str) -> str:
    """An address that an answer from `base` names; as it is where it is none."""
    try:
        return urljoin(base, url)
    except ValueError:
        return url


def origin(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port of an address, ports that the scheme implies filled in; None if `url` is no address.

    It is read by the library that opens connections: two readers could take `https://a.example\\@b.example/` for
    addresses of two hosts.
    """
    parts = _parsed(url)
    if parts is None:
        return None
    scheme, host = (parts.scheme or "").lower(), (parts.host or "").lower()
    return scheme, host.strip("[]").removesuffix("."), parts.port or _DEFAULT_PORTS.get(scheme)


def _parsed(url: str) -> Url | None:
    try:
        return parse_url(url)
    except LocationParseError:
        return None


def same_host(one: str, other: str) -> bool:
    """Whether two addresses share scheme, host and port: whether credentials for one may go to the other."""
    found = origin(one)
    return found is not None and found == origin(other)


def secured(url: str, own: str) -> str:
    """`url`, by https where it names the host of `own`, which is served by https, by http.

    Servers behind a proxy that ends TLS often write their own addresses so:
    `http://a.example/x` and `http://a.example:80/x` -> `https://a.example/x`, if `own` is `https://a.example`.
    """
    here, there = origin(own), origin(url)
    if here is None or there is None or here[0] != "https" or there[0] != "http" or here[1] != there[1]:
        return url
    parts = _parsed(url)
    if parts is None or there[2] not in (80, here[2]):
        return url
    return parts._replace(scheme="https", port=None if here[2] == _DEFAULT_PORTS["https"] else here[2]).url


def with_query_of(url: str, other: str) -> str:
    """`url`, with the query of `other` where it has none: `/a/` and `/a?b=c` -> `/a/?b=c`."""
    query = urlsplit(other).query
    parts = urlsplit(url)
    return url if parts.query or not query else parts._replace(query=query).geturl()


def is_signed(url: str) -> bool:
    """Whether an address carries a signature of its own, and so needs no credentials."""
    try:
        query = parse_qsl(urlsplit(url).query)  # without a value there is no signature
    except ValueError:
        return False
    return any(_SIGNATURE.search(name) for name, _ in query)


def host_of(url: str) -> str:
    """The host of an address, with its port where one is named, for a message."""
    parts = _parsed(url)
    return parts.netloc.rpartition("@")[2] if parts and parts.netloc else "None"


def without_query(url: str) -> str:
    """An address without what may be secret in it, for a message."""
    parts = _parsed(url)
    return f"{parts.scheme}://{host_of(url)}{parts.path or ''}" if parts and parts.scheme else host_of(url)


def require_safe(url: str) -> None:
    """Refuse an address that would send data in the clear.

    Raises:
        ConfigError: `url` is neither https nor http to a loopback host.
    """
    scheme, host, _ = origin(url) or ("", "", None)
    if scheme == "https" or (scheme == "http" and is_loopback(host)):
        return
    raise ConfigError(
        f"The address {redact(url)} is refused: https is needed (http is allowed for loopback addresses only)."
    )


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
