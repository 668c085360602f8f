"""What each kind of file brings along: how it is known, how it is proven, and its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from source_lms_reports.errors import TruncatedPayload
from source_lms_reports.files.archive import Source
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.table import Table

Wanted = Callable[["str | None"], bool]
"""Told a table's name: whether it is to be read."""


@dataclass(frozen=True)
class Beginning:
    """The first bytes of a file, which tell its kind.

    Args:
        source: The file.
        data: Up to 64 KiB as they are; none of a workbook.
        text: The same as text, without marks, NULs and white space before it.
    """

    source: Source
    data: bytes
    text: str


class FileFormat(Protocol):
    """One kind of file."""

    def recognises(self, beginning: Beginning, options: ReadOptions) -> bool:
        """Whether a file is of this kind, by its beginning and by what the platform sends.

        Raises:
            PayloadError: It is, and that is no report here.
        """

    def prove(self, beginning: Beginning, options: ReadOptions) -> None:
        """Read the whole file, a block at a time; what that finds out is kept in the source's findings.

        Raises:
            PayloadError: It is not whole, or no report.
        """

    def tables(self, source: Source, options: ReadOptions, wanted: Wanted) -> Iterator[Table]:
        """The tables of a proven file that are wanted, one at a time; the others are not read.

        Raises:
            PayloadError: It turns out not to be whole.
        """


def excerpt(text: str, most: int = 200) -> str:
    """The first words of a text, for a message."""
    shown = " ".join(text[: 8 * most].split())
    return shown if len(shown) <= most else f"{shown[:most]}..."


def broken_off(label: str, words: str) -> TruncatedPayload:
    """The error for a report whose writer met an error, and wrote it in the place of the rows that are missing.

    Args:
        label: What messages call the report.
        words: What stands there.
    """
    return TruncatedPayload(
        f"{label} breaks off with a message in the place of its last rows. The next sync asks for it again. "
        f"It says: {excerpt(words)}"
    )
