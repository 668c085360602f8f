"""What a reading of a file to its end has found out, to spare the next one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from source_lms_reports.files.text import Encoding

if TYPE_CHECKING:
    from source_lms_reports.files.workbook import Workbook

Manner = Literal["plain", "repaired"]
"""In `repaired` text the words NaN and Infinity are in quotes, halves of surrogate pairs are U+FFFD, and there are no
NULs: the first two are no JSON, but encoders of several languages write them; the third many destinations refuse."""


@dataclass(frozen=True)
class Section:
    """An array of records in a JSON report.

    Args:
        name: Its `sheet_name`, else its `report_name`; None where the report is a lone array.
        start: Where its elements begin, in bytes of the text as `json_sections.scanner` gives it; -1 if it has none.
        lines: Whether the records stand one behind the other without an array around them (NDJSON).
        manner: How the text must be read.
        pieces: Where many of its elements stand together, in bytes from and to: its elements need no second search. Of
            lines, where the lines behind the first one stand.
        more: The member beside it that says that there are more records than these; empty where none does.
        aside: Lists beside it that are left out, as they are no rows by their names; empty where there are none.
    """

    name: str | None
    start: int
    lines: bool = False
    manner: Manner = "plain"
    pieces: tuple[tuple[int, int], ...] = field(default=(), repr=False)
    more: str = ""
    aside: str = ""


@dataclass
class FileFindings:
    """What is known of one file; it goes when the file goes.

    Args:
        encodings: Of a text: its encoding, by the one that was to be expected.
        notes: What the user should know of the file as a whole.
        is_no_table: Of a member of an archive: whether it is to be left out.
        footer: Of CSV: the last lines that are no rows.
        is_by_the_rules: Of CSV: whether all its quotes are known to follow the rules.
        sections: Of JSON: its arrays of records, by the path that was asked for.
        workbook: Of a workbook: its cells, which lie on disk.
        members: Of an archive: by the place of each member's header, for names may come twice.
    """

    encodings: dict[str, Encoding] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    is_no_table: bool = False
    footer: tuple[str, ...] = ()
    is_by_the_rules: bool = False
    sections: dict[tuple[str, ...], list[Section]] = field(default_factory=dict)
    workbook: Workbook | None = None
    members: dict[int, FileFindings] = field(default_factory=dict)

    def member(self, place: int) -> FileFindings:
        """What is known of the member of an archive whose header stands at `place`."""
        return self.members.setdefault(place, FileFindings())

    def told(self) -> list[str]:
        """What the user should know of this file and of all files in it."""
        return [*self.notes, *(note for member in self.members.values() for note in member.told())]

    def forget(self) -> None:
        """Let go of all that is known, of the files inside too: others may still hold these."""
        for member in self.members.values():
            member.forget()
        if self.workbook is not None:
            self.workbook.close()
        self.__dict__.update(FileFindings().__dict__)
