"""Which certificates are trusted: those that come with the package, and those of this machine.

A company whose network inspects traffic has an authority of its own. It is heard where the system has it, and where
`SSL_CERT_FILE`, `SSL_CERT_DIR` or `REQUESTS_CA_BUNDLE` name it. On Linux the system has it in files. On macOS and
Windows it is in a keychain that OpenSSL does not know, so `truststore` asks there. It is not used on Linux: it lets one
handshake wait for the other, and a host that does not answer would hold up all downloads.
"""

from __future__ import annotations

import functools
import os
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url
from urllib3.util.ssl_ import create_urllib3_context

from source_lms_reports.api.addresses import host_of
from source_lms_reports.api.connections import StrictAdapter
from source_lms_reports.errors import ConfigError

#: OpenSSL's X509_V_ERR_*: not yet valid, expired; another host name, another IP address.
_OUT_OF_TIME = frozenset({9, 10})
_OTHER_NAME = frozenset({62, 64})


#: Where Linux systems have their authorities in one file; a Python that was not built on this one may not know.
PLACES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",
)


def trusting_context() -> ssl.SSLContext:
    """A context that trusts what this machine trusts."""
    if sys.platform in ("darwin", "win32"):
        import truststore

        context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = create_urllib3_context()
        context.load_default_certs()
        known = ssl.get_default_verify_paths()
        if not known.cafile and not known.capath:
            for place in filter(Path.is_file, map(Path, PLACES)):
                context.load_verify_locations(place)
    return lenient(context)


def lenient(context: ssl.SSLContext) -> ssl.SSLContext:
    """The same, on every Python, as to what a company's authorities often are not.

    Python 3.13 asks of each certificate all that RFC 5280 does, such as the identifier of its issuer's key, which what
    inspects a network's traffic often leaves out. And one that is named is enough, whoever vouches for it.
    """
    context.verify_flags = (context.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN) & ~ssl.VERIFY_X509_STRICT
    return context


class TrustingAdapter(StrictAdapter):
    """Trusts the system's authorities beside those that `requests` brings."""

    @functools.cached_property
    def _context(self) -> ssl.SSLContext:
        return trusting_context()

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
        f"REQUESTS_CA_BUNDLE, or add it to the system's trust store.{_named_in_vain()}"
    )


def _named_in_vain() -> str:
    """What the environment names for authorities and has none; OpenSSL passes over it without a word."""
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        place = os.environ.get(variable)
        if place and not any(map(_has_certificates, map(Path, place.split(os.pathsep)))):
            return f" {variable} is set to {place}, where no certificate can be read."
    return ""


def require_bundle() -> None:
    """Look whether what takes the place of the package's own authorities has any.

    Raises:
        ConfigError: It has none, so that no request can be made.
    """
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # as `requests` looks
        if place := os.environ.get(variable):
            if not _has_certificates(Path(place)):
                raise ConfigError(
                    f"No request can be made: the environment variable {variable} is set to {place}, where no "
                    "certificate can be read. Correct it, or unset it."
                )
            return


def _has_certificates(place: Path) -> bool:
    """Whether a file holds certificates as PEM; a folder of them is believed."""
    if place.is_dir():
        return True
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(place)
    except OSError:  # of which `ssl.SSLError` is one
        return False
    return True


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


def proxy_words(error: Exception, proxy: str, host: str) -> str:
    """What is wrong with a proxy, and what to do about it.

    Args:
        error: What the connection ended with.
        proxy: The proxy, as `proxy_of` tells it.
        host: Who was to be reached.
    """
    text = str(error)
    if isinstance(error, requests.exceptions.InvalidSchema):
        return (
            f"The proxy {proxy} speaks SOCKS, which the connector does not. Name one that speaks HTTP in HTTPS_PROXY "
            f"and HTTP_PROXY, or name {host} in NO_PROXY."
        )
    if " 407" in text:
        return (
            f"The proxy {proxy} asks for a login, or refuses the one that it was given. Write it into HTTPS_PROXY, "
            "like http://user:password@host:port."
        )
    if "only use HTTP and not HTTPS" in text:
        return (
            f"The proxy {proxy} does not speak TLS itself. Write its address with http:// in HTTPS_PROXY. What goes "
            "through it to the platform is encrypted all the same."
        )
    return (
        f"The proxy {proxy} does not let requests through to {host}. Check the environment variables HTTPS_PROXY, "
        "HTTP_PROXY and NO_PROXY, and that the proxy is running."
    )
