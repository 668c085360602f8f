"""Connections that read and ask as HTTP is meant, where the libraries below do otherwise.

`http.client` takes any informational answer but `100` for the answer itself (RFC 9110, 15.2, has a client read on). The
real one stays in the connection, and the next request that is sent there gets it: one report's rows for another's.

`requests` and `urllib3` write an address in a form of their own, `%2f` as `%2F` and `%7E` as `~`. It means the same,
but a signature may have been made over the letters.
"""

from __future__ import annotations

import contextlib
import http.client
import re
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

_SWITCHING = 101
_FINAL = 200
#: More than any server has to say before it answers.
_MOST_INFORMATION = 100
#: `https://a.example/b?c=%2f#d` -> `/b?c=%2f`
_TARGET = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*(?P<target>[^#]*)(?:#.*)?", re.IGNORECASE | re.DOTALL)
#: What may stand in a target as it is (RFC 3986, 3.3 and 3.4).
_LETTERS = re.compile(r"/(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")
_DOTS = re.compile(r"/\.{1,2}(?:/|$)")
_exact: ContextVar[str | None] = ContextVar("the target of the request, letter by letter", default=None)


class FinalResponse(http.client.HTTPResponse):
    """An answer; what only informs (102, 103) is read past, as `100` always was."""

    def begin(self) -> None:
        """Read status and headers of the answer itself.

        Raises:
            http.client.HTTPException: It never comes.
        """
        for _ in range(_MOST_INFORMATION):
            super().begin()
            if self.status >= _FINAL or self.status == _SWITCHING:
                return
            self.headers = self.msg = None  # type: ignore[assignment] # so that the base class reads on
        raise http.client.HTTPException("one informational answer after the other")


class _Exact:
    """Puts the target that is asked for in the place of what the libraries made of it."""

    def putrequest(self, method: str, url: str, *args: Any, **more: Any) -> None:
        """See `http.client`. A proxy is given a whole address, which stays as it is."""
        exact = _exact.get()
        super().putrequest(method, exact if exact and url.startswith("/") else url, *args, **more)  # type: ignore[misc]


class _Plain(_Exact, HTTPConnection):
    response_class = FinalResponse


class _Secure(_Exact, HTTPSConnection):
    response_class = FinalResponse


_CONNECTIONS = {"http": _Plain, "https": _Secure}


class StrictAdapter(HTTPAdapter):
    """Opens such connections, through proxies too."""

    def get_connection_with_tls_context(self, *args: Any, **more: Any) -> Any:
        """See `requests`."""
        pool: Any = super().get_connection_with_tls_context(*args, **more)
        pool.ConnectionCls = _CONNECTIONS[pool.scheme]
        return pool


@contextlib.contextmanager
def asking_for(url: str | None) -> Iterator[None]:
    """A request in here asks for just what `url` says, if that is well formed; what is not, the libraries mend.

    Args:
        url: An address; None where theirs is as good.
    """
    token = _exact.set(None if url is None else _target(url))
    try:
        yield
    finally:
        _exact.reset(token)


def _target(url: str) -> str | None:
    """`https://a.example?b=%2f#c` -> `/?b=%2f`; None where it is not to be sent so: `/a b`, `/a/../b`."""
    found = _TARGET.fullmatch(url)
    target = found["target"] if found else ""
    target = target if target.startswith("/") else f"/{target}"
    return target if found and _LETTERS.fullmatch(target) and not _DOTS.search(target.partition("?")[0]) else None
