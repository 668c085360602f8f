"""What a vendor's API answered, read into memory up to a bound."""

from __future__ import annotations

import email.utils
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timezone
from typing import Any

from source_lms_reports.redaction import redact

#: API answers (not reports) are small; more than this is not an answer but a mistake.
MAX_ANSWER_BYTES = 64 * 1024 * 1024
_WORDS = 300
#: Seconds as servers write them, also twice or with their unit: `30`, `1.5`, `30, 30`, `30 seconds`, `-1`.
_SECONDS = re.compile(r"\s*([-+]?\d{1,12}(?:\.\d+)?)\s*(?:s|secs?|seconds?)?\s*(?:,|$)", re.IGNORECASE | re.ASCII)
#: No wait is longer than three years: a larger number is the time itself, in epoch seconds.
_EPOCHS = 1e8
#: A surrogate as JSON escapes it, half of a pair or one of two.
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer of an API call.

    Attributes:
        status: The HTTP status.
        headers: The headers, names as sent; look-ups ignore case.
        body: The body, decoded from its transfer and content encodings.
        url: The address that answered. It may hold secrets.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters."""
        return (self.headers.get("content-type") or "").split(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are replaced."""
        return self.body.decode("utf-8", errors="replace")

    @property
    def words(self) -> str:
        """The first words of the body, on one line, for a message."""
        text = " ".join(self.text.split())
        return text if len(text) <= _WORDS else f"{text[:_WORDS]}…"

    @property
    def detail(self) -> str:
        """Status, address and first words, for an engineer; secrets are masked."""
        return redact(f"HTTP {self.status} from {self.url}: {self.words}")

    def json(self) -> Any:
        """The body as JSON. Half of a surrogate pair, which no output could hold, becomes U+FFFD.

        Raises:
            ValueError: The body is not JSON.
        """
        try:
            document = json.loads(self.body)
            return _without_half_surrogates(document) if _HALF.search(self.body) else document
        except RecursionError as error:
            raise ValueError("JSON that is nested too deeply") from error

    @property
    def halves(self) -> int:
        """How many halves of surrogate pairs `json` replaces: 1 in `{"a": "\\ud83d!"}`."""
        if not _HALF.search(self.body) or not self.is_json:
            return 0
        return sum("\ud800" <= one <= "\udfff" for one in json.dumps(json.loads(self.body), ensure_ascii=False))

    @property
    def is_json(self) -> bool:
        """Whether the body is a JSON object or array."""
        try:
            return isinstance(self.json(), (dict, list))
        except ValueError:
            return False

    @property
    def is_html(self) -> bool:
        """Whether the body looks like a web page."""
        start = self.body[:512].lstrip().lower()
        return start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")) or self.content_type == "text/html"

    def retry_after(self, now: float) -> float | None:
        """Seconds that `Retry-After` asks us to wait; None if it does not. See `wait_asked_for`."""
        return wait_asked_for(self.headers, now)


def _without_half_surrogates(document: Any) -> Any:
    """`{"a": "\\ud83d!"}` -> `{"a": "\ufffd!"}`; whole pairs are one character in UTF-16, and stay."""
    text = json.dumps(document, ensure_ascii=False)
    return json.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))


def wait_asked_for(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait by a `Retry-After` header (RFC 9110, 10.2.3), never negative; None if it says nothing usable.

    Args:
        headers: The answer's headers. A date in `Retry-After` is measured by the answer's own `Date`.
        now: The time at the vendor in epoch seconds, for an answer that bears none.
    """
    value = headers.get("retry-after") or ""
    number = _SECONDS.match(value)
    sent = http_date(headers.get("date"))
    present = now if sent is None else sent
    if number is None:
        until = http_date(value)
        return None if until is None else max(0.0, until - present)
    seconds = float(number[1])
    return max(0.0, seconds - present if seconds > _EPOCHS else seconds)


def header_text(value: str) -> str:
    """A header as it is meant: UTF-8 where it is that, though it is read as Latin-1 (RFC 9110, 5.5)."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def http_date(text: str | None) -> float | None:
    """The epoch seconds of a date in a header, which is UTC where it names no zone; None if it is none."""
    try:
        moment = email.utils.parsedate_to_datetime(text or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
