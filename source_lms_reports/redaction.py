"""Masks secrets in texts for people: logs, errors, the answer of a check.

Three kinds of secret are known here: values registered at run time (config secrets, tokens), credentials in
headers, and the values of URL query parameters. Of a URL's query only the parameters in `PLAIN_PARAMETERS` are
shown; every other value may be a signature, a verifier or a key, so it is masked without asking.

What programs read (records, states, catalogs, stream statuses) never comes here: a key that is a word would change it.
"""

from __future__ import annotations

import io
import json
import re
import threading
from typing import TextIO
from urllib.parse import quote, quote_plus

MASK = "****"
_SHORTEST_SECRET = 6
"""Shorter values are words and numbers that stand anywhere; masking them hides what a message says."""
_WORD = re.compile(r"[a-z]{,11}|[A-Z]{,11}|[0-9]{,11}")
"""A secret that looks like this may be a part of a longer word by chance, so it is masked as a whole word only."""
_HALF_SURROGATE = re.compile(r"[\ud800-\udfff]")

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
        """Remember `secret`, as it is and as it is written in URLs and in JSON; very short ones are left alone."""
        secret = (secret or "").strip()
        if len(secret) < _SHORTEST_SECRET:
            return
        whole = _without_halves(secret)
        with self._lock:
            self._secrets.update({whole, quote(whole, safe=""), quote_plus(whole)})
            self._secrets.update(json.dumps(secret, ensure_ascii=plain)[1:-1] for plain in (True, False))
            longest_first = sorted(self._secrets, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(_as_pattern, longest_first)))

    def redact(self, text: str) -> str:
        """`text` with every known secret, credential and telling URL parameter masked.

        Half a surrogate, which no message can hold, becomes U+FFFD.
        """
        text = _without_halves(text)
        pattern = self._pattern
        if pattern is not None:
            text = pattern.sub(MASK, text)
        text = _USERINFO.sub(rf"\g<scheme>{MASK}@", text)
        text = _URL_QUERY.sub(_mask_query, text)
        text = _CREDENTIAL.sub(rf"\g<word>\g<gap>{MASK}", text)
        return _HEADER.sub(_mask_header, text)


def _without_halves(text: str) -> str:
    return _HALF_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def _as_pattern(secret: str) -> str:
    escaped = re.escape(secret)
    return rf"(?<!\w){escaped}(?!\w)" if _WORD.fullmatch(secret) else escaped


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


class MaskingWriter(io.TextIOBase):
    """Writes texts on without secrets.

    Args:
        out: Where to.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        """Write `text` on."""
        self._out.write(redact(text))
        return len(text)

    def flush(self) -> None:
        """Nothing is kept here."""
        self._out.flush()
