"""The parts of a payload under the names by which streams know them, for discovery and reading alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from source_lms_reports.files.opening import open_tables
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.payload import Payload
from source_lms_reports.files.table import Table


def snake_case(name: str) -> str:
    """A stream's name from a vendor's: lower case, words joined by `_`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"\W+", "_", words.lower()).strip("_") or "report"


class PartNames:
    """Names parts in the order in which they stand: those whose names come out alike get `_2`, `_3`, ..."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, name: str) -> str:
        """The name of the next part: `Week 1` -> `week_1`, `week-1` behind it -> `week_1_2`.

        Args:
            name: What the vendor calls the sheet, member or section.
        """
        base = snake_case(name)
        found, number = base, 2
        while found in self._taken:
            found, number = f"{base}_{number}", number + 1
        self._taken.add(found)
        return found


def open_parts(
    payload: Payload, options: ReadOptions, wanted: Callable[[str], bool] = lambda _: True
) -> Iterator[tuple[str | None, Table]]:
    """The tables of a payload with the parts that they are, one at a time.

    Args:
        payload: A proven payload.
        options: The platform's word on its files.
        wanted: By a part's name; the others are skipped unread.

    Returns:
        A lone table has no name.

    Raises:
        PayloadError: The payload turns out not to be a whole report.
    """
    names, part = PartNames(), ""

    def take(name: str | None) -> bool:  # asked of each table right before it is opened, of empty ones too
        nonlocal part
        part = "" if name is None else names.of(name)
        return name is None or wanted(part)

    for table in open_tables(payload, options, take):
        yield None if table.name is None else part, table
