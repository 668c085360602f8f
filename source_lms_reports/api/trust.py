"""Which certificates are trusted: those that come with the package, and those of this machine.

A company whose network inspects traffic has an authority of its own. It is heard where the system has it (OpenSSL's
places, `SSL_CERT_FILE` and `SSL_CERT_DIR`) and where `REQUESTS_CA_BUNDLE` names it.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Iterator
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url
from urllib3.util.ssl_ import create_urllib3_context

from source_lms_reports.api.addresses import host_of
from source_lms_reports.errors import ConfigError

#: OpenSSL's X509_V_ERR_*: not yet valid, expired; another host name, another IP address.
_OUT_OF_TIME = frozenset({9, 10})
_OTHER_NAME = frozenset({62, 64})


class TrustingAdapter(HTTPAdapter):
    """Trusts the system's authorities beside those that `requests` brings."""

    @functools.cached_property
    def _context(self) -> ssl.SSLContext:
        context = create_urllib3_context()
        context.load_default_certs()
        return context

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """See `requests`; what it trusts is added to the context."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {**pool, "ssl_context": self._context} if host["scheme"] == "https" else pool


def certificate_words(error: BaseException, host: str) -> str:
    """What is wrong with a certificate, and what to do about it.

    Args:
        error: What the connection ended with.
        host: Whose certificate it is.
    """
    code = next((one.verify_code for one in causes(error) if isinstance(one, ssl.SSLCertVerificationError)), 0)
    if code in _OUT_OF_TIME:
        return (
            f"The TLS certificate of {host} has ended, or has not begun. Check the clock of this machine; if it is "
            "right, only the owner of the host can mend this."
        )
    if code in _OTHER_NAME:
        return f"The TLS certificate of {host} is made out to another name. Check the address."
    return (
        f"The TLS certificate of {host} is not trusted. Check the address. If your network puts a certificate of its "
        "own in between, name the file of its authority in the environment variable SSL_CERT_FILE or "
        "REQUESTS_CA_BUNDLE, or add it to the system's trust store."
    )


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that led to it, the last one first."""
    at: BaseException | None = error
    while at is not None:
        yield at
        at = at.__cause__ or at.__context__


def proxy_of(url: str) -> str:
    """Host and port of the proxy that the environment names for an address; empty where it names none.

    Raises:
        ConfigError: What it names is no address of a proxy. It is not quoted, as a login may be in it.
    """
    proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    if not proxy:
        return ""
    try:
        found = parse_url(proxy).netloc  # which takes a host alone for one, too, as `requests` does
    except LocationParseError:
        found = None
    if not found:
        raise ConfigError(
            f"The proxy that the environment names for {host_of(url)} has no address that can be read. Correct the "
            "environment variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY."
        )
    return found
