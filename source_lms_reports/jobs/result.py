"""What a finished job has come to, before it is fetched. The engine hands it on unread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from source_lms_reports.errors import PayloadError
from source_lms_reports.files.payload import Payload


@dataclass(frozen=True)
class Links:
    """Where a finished report is to be had.

    Attributes:
        urls: The addresses, one a file. They may carry signatures.
        ends_at: When they end by the vendor's word, in epoch seconds.
        size: How many bytes the one file has by the vendor's word.
    """

    urls: tuple[str, ...] = field(repr=False)
    ends_at: float | None = None
    size: int | None = None


@dataclass(frozen=True)
class PartIds:
    """The files of a finished report whose addresses are asked for one by one.

    Attributes:
        ids: The vendor's ids of them, in its order. None at all is a report without rows.
        reached: How far the report reaches by the vendor's word, in its form; what the next order begins at.
    """

    ids: tuple[str, ...]
    reached: str | None = None


@dataclass(frozen=True)
class Arrived:
    """A report that came along with an answer, on disk already."""

    payload: Payload = field(repr=False)


@dataclass(frozen=True)
class BrokenOff:
    """An answer that was the report, and ended early: a bad payload, not a look that failed."""

    error: PayloadError


Result: TypeAlias = Links | PartIds | Arrived | BrokenOff
