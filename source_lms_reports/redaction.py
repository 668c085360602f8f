"""Masks secrets in everything that leaves the connector.

Three kinds of secret are known here: values registered at run time (config secrets, tokens), credentials in
headers, and the values of URL query parameters. Of a URL's query only the parameters in `PLAIN_PARAMETERS` are
shown; every other value may be a signature, a verifier or a key, so it is masked without asking.
"""

from __future__ import annotations

import re
import threading
from urllib.parse import quote, quote_plus

MASK = "****"
_SHORTEST_SECRET = 4

#: Query parameters whose values say nothing secret: paging, windows and formats.
PLAIN_PARAMETERS = frozenset(
    {
        "account_id",
        "completed_from",
        "completed_until",
        "download_frd",
        "end",
        "end_time",
        "format",
        "group_name",
        "limit",
        "offset",
        "page",
        "page_size",
        "per_page",
        "reporting_period_end",
        "reporting_period_start",
        "send_status",
        "start",
        "start_time",
    }
)
_PLAIN_SUFFIXES = ("__gte", "__lte", "_after", "_before")

_URL_QUERY = re.compile(r"(?P<head>(?:https?://[^\s\"'<>?\\]+|/[\w.~%/-]+)\?)(?P<query>[^\s\"'<>\\]+)")
_PARAMETER = re.compile(r"(?P<name>[^&=;]+)=(?P<value>[^&;]*)")
_USERINFO = re.compile(r"(?P<scheme>https?://)[^\s/@\"'\\\[\](){}]+@")
_CREDENTIAL = re.compile(
    r"\b(?P<word>Bearer|Token|Basic)(?P<gap>[ :]+)(?P<value>(?=\S*\d|\S{20})[A-Za-z0-9._~+/=-]{6,})"
)
_HEADER = re.compile(
    r"(?P<name>Authorization|X-[A-Za-z-]*Key|(?:client_)?secret|(?:access_?)?token)(?P<gap>[\"']?\s*[:=]\s*[\"']?)"
    r"(?P<value>[^\s\"',&}]{6,})",
    re.IGNORECASE,
)


class Redactor:
    """Holds the secrets of one process and masks them in text. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def register(self, secret: str | None) -> None:
        """Remember `secret`, in its plain and its URL-encoded forms.

        Very short values are ignored: masking them hides words.
        """
        if not secret or len(secret) < _SHORTEST_SECRET:
            return
        with self._lock:
            self._secrets.update({secret, quote(secret, safe=""), quote_plus(secret)})
            self._secrets.add(secret.replace("\\", "\\\\").replace('"', '\\"'))
            longest_first = sorted(self._secrets, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def redact(self, text: str) -> str:
        """`text` with every known secret, credential and telling URL parameter masked."""
        pattern = self._pattern
        if pattern is not None:
            text = pattern.sub(MASK, text)
        text = _USERINFO.sub(rf"\g<scheme>{MASK}@", text)
        text = _URL_QUERY.sub(_mask_query, text)
        text = _CREDENTIAL.sub(rf"\g<word>\g<gap>{MASK}", text)
        return _HEADER.sub(_mask_header, text)


def _mask_query(match: re.Match[str]) -> str:
    return match["head"] + _PARAMETER.sub(_mask_parameter, match["query"])


def _mask_parameter(match: re.Match[str]) -> str:
    name = match["name"]
    plain = name in PLAIN_PARAMETERS or name.endswith(_PLAIN_SUFFIXES)
    return match[0] if plain else f"{name}={MASK}"


def _mask_header(match: re.Match[str]) -> str:
    if match["value"].startswith(MASK) or match["value"] in ("Bearer", "Token", "Basic"):
        return match[0]
    return f"{match['name']}{match['gap']}{MASK}"


REDACTOR = Redactor()


def redact(text: str) -> str:
    """`text` without the secrets known to this process."""
    return REDACTOR.redact(text)
