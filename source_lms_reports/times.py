"""Instants and lengths of time: parsed, printed, shifted. Everything is UTC."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache

import isodate

_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r" ?(?P<offset>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII | re.IGNORECASE,
)
_EPOCH = re.compile(r"\d{9,10}|\d{12,13}", re.ASCII)
_BASIC = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)", re.ASCII)
_ZERO = datetime(1970, 1, 1, tzinfo=timezone.utc)

_FIRST = datetime.min.replace(tzinfo=timezone.utc)
_LAST = datetime.max.replace(tzinfo=timezone.utc)


@lru_cache(maxsize=65536)
def instant(text: str) -> datetime | None:
    """The instant that a text means, in UTC.

    Args:
        text: ISO 8601, with or without offset (none is UTC) and with up to nine fractional digits (those behind the
            sixth are cut); a date; Ruby's `2024-01-31 12:00:00 UTC` and `… +0100`; UNIX seconds (9 or 10 digits) or
            milliseconds (12 or 13).

    Returns:
        None if it is none of these or no such time exists.
    """
    text = text.strip()
    found = _TIME.fullmatch(text)
    try:
        if found:
            return _calendar(found)
        if _EPOCH.fullmatch(text):
            return _ZERO + (timedelta(seconds=int(text)) if len(text) < 11 else timedelta(milliseconds=int(text)))
        if basic := _BASIC.fullmatch(text):
            return datetime(int(basic[1]), int(basic[2]), int(basic[3]), tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        return None
    return None


def _calendar(found: re.Match[str]) -> datetime:
    year, month, day = map(int, found["date"].split("-"))
    second = int(found["second"] or 0)
    leap = second == 60
    fraction = (found["fraction"] or "")[:6].ljust(6, "0")
    local = datetime(
        year,
        month,
        day,
        int(found["hour"] or 0),
        int(found["minute"] or 0),
        59 if leap else second,
        int(fraction),
        tzinfo=timezone.utc,
    )
    return local + timedelta(seconds=leap) - _offset(found["offset"])


def _offset(text: str | None) -> timedelta:
    if not text or text[0] not in "+-":
        return timedelta()
    digits = text[1:].replace(":", "").ljust(4, "0")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -size if text[0] == "-" else size


def is_date(text: str) -> bool:
    """Whether a text tells a day and no time of it."""
    found = _TIME.fullmatch(text.strip())
    return found["hour"] is None if found else _BASIC.fullmatch(text.strip()) is not None


def written_like(moment: datetime, text: str) -> str:
    """`moment` in the form of `text`, cut to what that form can tell.

    Seen from 2026-11-25 21:52:46.5 UTC:

        2024-01-31                 ->  2026-11-25
        2024-01-31 12:00:00 +0100  ->  2026-11-25 22:52:46 +0100
        1706702400                 ->  1795643566

    Args:
        moment: A time.
        text: Any text that `instant` reads; in RFC 3339 with whole seconds if it is none.
    """
    text = text.strip()
    found = _TIME.fullmatch(text)
    if found is None:
        return _as_number(moment, text) or rfc3339(moment)
    local = _plus(moment.astimezone(timezone.utc), _offset(found["offset"])).replace(tzinfo=None)
    digits = local.isoformat(timespec="microseconds")  # always 2026-11-25T21:52:46.500000
    if found["hour"] is None:
        return digits[:10]
    begin, end = found.span("fraction")
    fraction = f"{text[begin - 1]}{digits[20:].ljust(end - begin, '0')[: end - begin]}" if begin > 0 else ""
    last = max(found.end(name) for name in ("minute", "second", "fraction"))
    return f"{digits[:10]}{text[10]}{digits[11 : 19 if found['second'] else 16]}{fraction}{text[last:]}"


def _as_number(moment: datetime, text: str) -> str | None:
    if _EPOCH.fullmatch(text):
        passed = moment - _ZERO
        return str(passed // timedelta(seconds=1) if len(text) < 11 else passed // timedelta(milliseconds=1))
    return moment.astimezone(timezone.utc).strftime("%Y%m%d") if _BASIC.fullmatch(text) else None


_DIGITS = bytes(0x30 if 0x30 <= byte <= 0x39 else byte for byte in range(256))
_UNIFORM = re.compile(rb"0000-00-00(?:[T ]00:00(?::00(?:\.0{1,9})?)?(?: ?(?:Z|UTC))?)?")


def in_text_order(texts: list[str]) -> bool:
    """Whether the texts all have one form, in UTC, in which the order of texts is the order of times."""
    joined = "\n".join(texts)
    if not joined.isascii():
        return False
    form = texts[0].encode().translate(_DIGITS)
    if not _UNIFORM.fullmatch(form):
        return False
    return joined.encode().translate(_DIGITS) == b"\n".join([form] * len(texts))


def now_utc(epoch: float) -> datetime:
    """Epoch seconds as an aware time, cut to the second."""
    return datetime.fromtimestamp(int(epoch), tz=timezone.utc)


def at_epoch(seconds: float) -> datetime:
    """Epoch seconds as an aware time, or where time as Python knows it ends."""
    try:
        return _plus(_ZERO, timedelta(seconds=seconds))
    except OverflowError:
        return _FIRST if seconds < 0 else _LAST


def rfc3339(moment: datetime) -> str:
    """`moment` as RFC 3339 in UTC, with whole seconds."""
    return f"{moment.astimezone(timezone.utc).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def shifted(moment: datetime, days: float) -> datetime:
    """`moment` plus or less so many days, or where time as Python knows it ends."""
    return _plus(moment, timedelta(days=days))


def _plus(moment: datetime, size: timedelta) -> datetime:
    try:
        return moment + size
    except OverflowError:
        return _FIRST if size < timedelta() else _LAST


def later(moment: datetime, length: str) -> datetime:
    """`moment` plus a length such as `P14D` or `P6M`. A day that the month lacks becomes its last.

    Raises:
        ValueError: `length` is not a length.
    """
    return moment + length_of_time(length)


def earlier(moment: datetime, length: str) -> datetime:
    """`moment` less a length such as `P14D` or `P6M`.

    Raises:
        ValueError: `length` is not a length.
    """
    return moment - length_of_time(length)


def length_of_time(text: str) -> timedelta | isodate.Duration:
    """An ISO 8601 length such as `P14D` or `P6M`.

    Raises:
        ValueError: `text` is none, or one that goes nowhere.
    """
    try:
        length: timedelta | isodate.Duration = isodate.parse_duration(text)
    except isodate.ISO8601Error as error:
        raise ValueError(f"not a length of time: {text!r}") from error
    if _ZERO + length <= _ZERO:
        raise ValueError(f"not a length of time: {text!r}")
    return length


def midnight(moment: datetime) -> datetime:
    """The start of the UTC day of `moment`."""
    return moment.astimezone(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
