"""Which rows are new, by the instants of their cursor values."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta

from source_lms_reports.times import in_text_order, instant, written_like

_LONGEST_FORM = timedelta(days=1)
"""What the shortest form of a time, a date, leaves open."""


class CursorWindow:
    """Chooses rows by their cursor value, and remembers the greatest value that it has kept.

    Args:
        keep_from: Earlier values are dropped. `2026-11-25` is not earlier than noon of that day, as it may mean any
            time of it; likewise `12:30` and the seconds of that minute.
        keep_before: This and later values are dropped.
        limit: Values after it are kept, and not remembered.

    Attributes:
        greatest: The greatest value kept that is not after the limit, as it is written.
        unreadable: How many values were no time.
        example: The first of them.
    """

    def __init__(self, keep_from: datetime | None, keep_before: datetime | None, limit: datetime | None = None) -> None:
        self.greatest: str | None = None
        self.unreadable = 0
        self.example = ""
        self._greatest_at: datetime | None = None
        self._from = keep_from
        self._before = keep_before
        self._limit = limit

    def select(self, texts: list[str]) -> list[bool] | None:
        """For each value whether its row is kept; None if all are. Values that are no time are kept."""
        filled = [text for text in texts if text] if "" in texts else texts
        if not filled:
            return None
        dropped = self._by_text(filled) if in_text_order(filled) else None
        if dropped is None:
            dropped = self._one_by_one(filled)
        return [text not in dropped for text in texts] if dropped else None

    def _by_text(self, texts: list[str]) -> set[str] | None:
        """The values to drop where their order is that of time; None if one of those that decide is no time."""
        least, greatest = min(texts), max(texts)
        try:
            first, last = _certain(least), _certain(greatest)
            if (self._from is None or first >= self._from) and not self._is_late(last) and self._counts(last):
                self._observe(greatest, last)
                return set()
            start = self._from and (instant(written_like(self._from, texts[0])) or self._from)
            ordered = sorted(set(texts))
            low = bisect_left(ordered, start, key=_certain) if start else 0
            high = bisect_left(ordered, self._before, key=_certain) if self._before else len(ordered)
            self._observe_last(ordered[low:high])
        except _NoTimeError:
            return None
        return {text for text in ordered[:low] + ordered[high:] if instant(text) is not None}

    def _observe_last(self, ordered: list[str]) -> None:
        """Remember the last of these values that counts."""
        end = bisect_right(ordered, self._limit, key=_certain) if self._limit else len(ordered)
        if end:
            self._observe(ordered[end - 1], _certain(ordered[end - 1]))

    def _one_by_one(self, texts: list[str]) -> set[str]:
        dropped, unreadable = set(), set()
        for text in dict.fromkeys(texts):
            at = instant(text)
            if at is None:
                unreadable.add(text)
            elif self._is_early(text, at) or self._is_late(at):
                dropped.add(text)
            elif self._counts(at):
                self._observe(text, at)
        if unreadable:
            found = [text for text in texts if text in unreadable]
            self.example = self.example or found[0]
            self.unreadable += len(found)
        return dropped

    def _is_early(self, text: str, at: datetime) -> bool:
        if self._from is None or at >= self._from:
            return False
        if self._from - at > _LONGEST_FORM:
            return True
        start = instant(written_like(self._from, text))
        return start is None or at < start

    def _is_late(self, at: datetime) -> bool:
        return self._before is not None and at >= self._before

    def _counts(self, at: datetime) -> bool:
        return self._limit is None or at <= self._limit

    def _observe(self, text: str, at: datetime) -> None:
        if self._greatest_at is None or at > self._greatest_at:
            self.greatest, self._greatest_at = text, at


class _NoTimeError(Exception):
    """A text in the form of a time that means none, such as the 31st of February."""


def _certain(text: str) -> datetime:
    at = instant(text)
    if at is None:
        raise _NoTimeError
    return at
