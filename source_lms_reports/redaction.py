"""Masks secrets in texts for people: logs, errors, the answer of a check.

Three kinds of secret are known here: values registered at run time (config secrets, tokens), credentials in
headers, and the values of URL query parameters. Of a URL's query only the parameters in `PLAIN_PARAMETERS` are
shown; every other value may be a signature, a verifier or a key, so it is masked without asking.

What programs read (records, states, catalogs, stream statuses) never comes here: a key that is a word would change it.
"""

from __future__ import annotations

import base64
import functools
import io
import re
import struct
import threading
from collections.abc import Iterator, Sequence
from html.entities import html5
from typing import TextIO

MASK = "****"
_SHORTEST_SECRET = 6
"""Shorter values are words and numbers that stand anywhere; masking them hides what a message says."""
_WORD = re.compile(r"[a-z]{,11}|[A-Z]{,11}|[0-9]{,11}")
"""A secret that looks like this may be a part of a longer word by chance, so it is masked as a whole word only."""
_HEAD = 12
"""So many letters like a secret's first ones are taken for it: the text may be cut behind them."""
_IN_BASE64 = {"+": r"(?:[-+]|%(?:25)*2[bB])", "/": r"(?:[_/]|\\/|%(?:25)*2[fF])"}
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


class _Spelling:
    """A secret in one way of writing it, a pattern a letter.

    Args:
        letters: The patterns.
        is_word: It may be a part of a longer word by chance, so it counts as a whole word only.
    """

    def __init__(self, letters: Sequence[str], *, is_word: bool = False) -> None:
        head = "".join(letters[:_HEAD])
        self.head = rf"(?<!\w){head}(?!\w)" if is_word else head
        self._rest = letters[_HEAD:]

    @functools.cached_property
    def _begins(self) -> re.Pattern[str]:
        return re.compile(self.head)

    def end(self, text: str, place: int) -> int:
        """Up to where `text` goes on like the secret from `place`; `place` where it does not begin like it."""
        found = self._begins.match(text, place)
        rest = iter(self._rest if found else ())
        while found is not None:
            place = found.end()
            found = next((re.compile(letter).match(text, place) for letter in rest), None)
        return place


class Redactor:
    """Holds the secrets of one process and masks them in text. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._spellings: tuple[_Spelling, ...] = ()
        self._pattern: re.Pattern[str] | None = None

    def register(self, secret: str | None) -> None:
        """Remember `secret`, however texts may spell it (see `_spelled` and `_packed`).

        What begins like it counts, too: texts are cut. Very short ones are left alone.
        """
        secret = _without_halves((secret or "").strip())
        with self._lock:
            if len(secret) < _SHORTEST_SECRET or secret in self._known:
                return
            self._known.add(secret)
            plain = _Spelling(tuple(map(_spelled, secret)), is_word=_WORD.fullmatch(secret) is not None)
            self._spellings = (*self._spellings, plain, *map(_Spelling, _packed(secret)))
            self._pattern = None

    def _searched(self) -> tuple[re.Pattern[str] | None, tuple[_Spelling, ...]]:
        """The pattern that finds where any secret begins, and the secrets. It is made when it is needed first."""
        with self._lock:
            if self._pattern is None and self._spellings:
                self._pattern = re.compile("|".join(dict.fromkeys(one.head for one in self._spellings)))
            return self._pattern, self._spellings

    def _mask_known(self, text: str) -> str:
        """`text` without the secrets. Of several that begin alike, as tokens of one issuer do, the longest goes."""
        pattern, spellings = self._searched()
        shown, place = [], 0
        while pattern is not None and (found := pattern.search(text, place)) is not None:
            shown += [text[place : found.start()], MASK]
            place = max(one.end(text, found.start()) for one in spellings)
        return "".join([*shown, text[place:]])

    def redact(self, text: str) -> str:
        """`text` with every known secret, credential and telling URL parameter masked.

        Half a surrogate, which no message can hold, becomes U+FFFD.
        """
        text = self._mask_known(_without_halves(text))
        text = _USERINFO.sub(rf"\g<scheme>{MASK}@", text)
        text = _URL_QUERY.sub(_mask_query, text)
        text = _CREDENTIAL.sub(rf"\g<word>\g<gap>{MASK}", text)
        return _HEADER.sub(_mask_header, text)


def _without_halves(text: str) -> str:
    return _HALF_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def _spelled(letter: str) -> str:
    """The pattern of one letter as texts spell it.

    /  ->  /  %2F  %2f  %252F  \\/  \\u002f  \\x2f  &#47;  &#x2F;
    "  ->  "  %22  \\"  \\\\"  \\u0022  &quot;  &amp;quot;
    é  ->  é  %C3%A9  \\u00e9  \\xc3\\xa9  &#233;  &eacute;  Ã©
    """
    if letter.isascii() and letter.isalnum():
        return letter
    encoded, code = letter.encode(), f"{ord(letter):x}"
    units = struct.iter_unpack(">H", letter.encode("utf-16-be"))
    names = "|".join(name.rstrip(";") for name, text in html5.items() if text == letter and name.endswith(";"))
    return "(?:{})".format(
        "|".join(
            [
                "".join(f"%(?:25)*(?i:{byte:02x})" for byte in encoded),
                "".join(rf"\\+u(?i:{unit:04x})" for (unit,) in units),
                "".join(rf"\\+x(?i:{byte:02x})" for byte in encoded),
                rf"&(?:amp;)*(?:#0*{ord(letter)}|#[xX]0*(?i:{code}){f'|{names}' if names else ''});",
                rf"\\*{re.escape(letter)}",  # behind the others: `%` and `&` begin some of them
                re.escape(encoded.decode("latin-1")),
            ]
        )
    )


def _packed(secret: str) -> Iterator[tuple[str, ...]]:
    """A secret as hexadecimal digits, and in Base64 of either alphabet, alone or inside of a longer text.

    The letters in which it meets its neighbours are not its alone: of `aWQ6c2VjcmV0` (`id:secret`) it has `c2VjcmV0`.
    """
    data = secret.encode()
    yield tuple(f"(?i:{digit})" for digit in data.hex())
    for before in range(3):
        whole = base64.b64encode(bytes(before) + data)[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        yield tuple(_IN_BASE64.get(letter, letter) for letter in whole.decode())


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
