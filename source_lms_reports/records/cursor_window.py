"""Which rows are new, by the instants of their cursor values."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime

from source_lms_reports.times import in_text_order, instant


class CursorWindow:
    """Chooses rows by their cursor value and remembers the greatest one.

    Args:
        keep_from: Earlier values are dropped.
        keep_before: This and later values are dropped.
    """

    def __init__(self, keep_from: datetime | None, keep_before: datetime | None) -> None:
        self.greatest: str | None = None
        self._greatest_at: datetime | None = None
        self._from = keep_from
        self._before = keep_before

    def select(self, texts: list[str]) -> list[bool] | None:
        """For each value whether its row is kept; None if all are. Values that are no time are kept."""
        filled = [text for text in texts if text] if "" in texts else texts
        if not filled:
            return None
        dropped = self._by_text(filled) if in_text_order(filled) else None
        if dropped is None:
            dropped = self._one_by_one(set(filled))
        return [text not in dropped for text in texts] if dropped else None

    def _by_text(self, texts: list[str]) -> set[str] | None:
        """The values to drop where their order is that of time; None if one of those that decide is no time."""
        least, greatest = min(texts), max(texts)
        try:
            first, last = _certain(least), _certain(greatest)
            inside = (self._from is None or first >= self._from) and (self._before is None or last < self._before)
            dropped = [] if inside else self._outside(sorted(set(texts)))
        except _NoTimeError:
            return None
        self._observe(greatest, last)
        return {text for text in dropped if instant(text) is not None}

    def _outside(self, ordered: list[str]) -> list[str]:
        early = ordered[: _place(ordered, self._from)] if self._from else []
        late = ordered[_place(ordered, self._before) :] if self._before else []
        return early + late

    def _one_by_one(self, texts: set[str]) -> set[str]:
        dropped = set()
        for text in texts:
            at = instant(text)
            if at is None:
                continue
            self._observe(text, at)
            if (self._from and at < self._from) or (self._before and at >= self._before):
                dropped.add(text)
        return dropped

    def _observe(self, text: str, at: datetime) -> None:
        if self._greatest_at is None or at > self._greatest_at:
            self.greatest, self._greatest_at = text, at


class _NoTimeError(Exception):
    """A text in the form of a time that means none, such as the 31st of February."""


def _place(ordered: list[str], bound: datetime) -> int:
    return bisect_left(ordered, bound, key=_certain)


def _certain(text: str) -> datetime:
    at = instant(text)
    if at is None:
        raise _NoTimeError
    return at
