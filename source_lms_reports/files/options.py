"""How a platform's files are to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Format = Literal["auto", "csv", "xlsx", "json", "jsonl"]

MIB = 1024 * 1024
DELETED_AT = "_ab_cdc_deleted_at"
"""The column by which destinations of Airbyte's know that a row was deleted."""


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may unpack to.

    Args:
        members: Files in one archive.
        unpacked: Bytes in all.
        ratio: Unpacked bytes for one packed byte, looked at beyond `ratio_from` bytes.
    """

    members: int = 1000
    unpacked: int = 16 * 1024 * MIB
    ratio: int = 1000
    ratio_from: int = 64 * MIB


@dataclass(frozen=True)
class Deletes:
    """How a row tells that it was deleted: by the value of a column of a member. Another one says when."""

    member: str
    column: str
    value: str
    at: str


@dataclass(frozen=True)
class Flatten:
    """How rows are made flat.

    Args:
        members: The members whose own members are the columns, and what their columns begin with.
        key: The one that no row lacks.
        reserved: Columns of members with a prefix. One of the same name in a member without one gets `_2`.
        deletes: How a deleted row is known.
    """

    members: Mapping[str, str]
    key: str
    reserved: tuple[str, ...] = ()
    deletes: Deletes | None = None

    @property
    def own(self) -> tuple[str, ...]:
        """The names that no column of a member without a prefix has."""
        return (*self.reserved, *((DELETED_AT,) if self.deletes else ()))

    def column(self, member: str, name: str) -> str:
        """The name of a member's column: `meta`, `ts` -> `meta_ts`."""
        prefix = self.members[member]
        return f"{prefix}{name}" if prefix or name not in self.own else f"{name}_2"


@dataclass(frozen=True)
class ReadOptions:
    """The platform's word on its files; magic bytes win over it.

    Args:
        format: Decides only between texts (CSV or JSON), and that a lone object of JSON is a line of JSON Lines.
        delimiters: Candidates; where there is more than one, the header line decides.
        encoding: Of texts with neither byte order mark nor charset.
        records_path: Keys that lead to the array of records in a JSON report.
        empty_markers: Texts that, alone in the first cell of the only row, mean "no rows".
        limits: For ZIP and gzip.
        headerless_members: Patterns; a file whose only header cell matches one holds no table.
        may_be_blank: A file with nothing in it but a line end is a table without rows. Without this word it is an
            empty body.
        columns: Those that the report's streams declare; none where they declare none. They tell a header from a
            sentence.
        ends_with_line_end: Every CSV ends with a line end, so one that does not is cut off. Without this word, one is
            told to be cut only where its last row lacks cells.
        flatten: How rows of JSON are made flat; None where they are.
        zoned_headers: Pattern of a header that tells the zone of its column's times; see `zoned_table`.
    """

    format: Format = "auto"
    delimiters: str = ","
    encoding: str = "utf-8"
    records_path: tuple[str, ...] = ()
    empty_markers: tuple[str, ...] = ()
    limits: ArchiveLimits = ArchiveLimits()
    headerless_members: tuple[str, ...] = ()
    may_be_blank: bool = False
    columns: frozenset[str] = frozenset()
    ends_with_line_end: bool = False
    flatten: Flatten | None = None
    zoned_headers: str = ""
