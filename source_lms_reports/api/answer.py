"""What a vendor's API answered, read into memory up to a bound."""

from __future__ import annotations

import email.utils
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: API answers (not reports) are small; more than this is not an answer but a mistake.
MAX_ANSWER_BYTES = 64 * 1024 * 1024
_WORDS = 300


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

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: The body is not JSON.
        """
        try:
            return json.loads(self.body)
        except RecursionError as error:
            raise ValueError("JSON that is nested too deeply") from error

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
        """Seconds that `Retry-After` asks us to wait, given as seconds or as a date; None if it does not.

        Args:
            now: The present as epoch seconds.
        """
        return parse_retry_after(self.headers.get("retry-after"), now)


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait by a `Retry-After` header (RFC 9110, 10.2.3), never negative; None if it says nothing usable."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now)
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
