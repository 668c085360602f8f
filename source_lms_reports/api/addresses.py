"""Addresses: whose they are, and whether they are safe."""

from __future__ import annotations

import ipaddress
from urllib.parse import urljoin, urlsplit

from source_lms_reports.errors import ConfigError
from source_lms_reports.redaction import redact


def joined(base: str, url: str) -> str:
    """An address that an answer from `base` names; as it is where it is none."""
    try:
        return urljoin(base, url)
    except ValueError:
        return url


def origin(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port; None if `url` is no address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    return parts.scheme, parts.hostname or "", port


def same_host(one: str, other: str) -> bool:
    """Whether two addresses share scheme, host and port: whether credentials for one may go to the other."""
    found = origin(one)
    return found is not None and found == origin(other)


def host_of(url: str) -> str:
    """The host of an address, with its port where one is named, for a message."""
    _, host, port = origin(url) or ("", "", None)
    return f"{host}:{port}" if port else host or "None"


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
