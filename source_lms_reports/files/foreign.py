"""Kinds of files that hold no report, by their first bytes, so that a message can name them."""

from __future__ import annotations

import re

_KINDS = {
    "a PDF document": rb"%PDF-",
    "an RTF document": rb"\{\\rtf",
    "a picture": rb"\x89PNG|GIF8[79]a|\xff\xd8\xff",
    "a tar archive": rb"[\s\S]{257}ustar",
    "a file packed by bzip2": rb"BZh[1-9]1AY",
    "a file packed by xz": rb"\xfd7zXZ",
    "a file packed by Zstandard": rb"\x28\xb5\x2f\xfd",
    "a 7-Zip archive": rb"7z\xbc\xaf",
    "a RAR archive": rb"Rar!\x1a",
    "a Parquet file": rb"PAR1[\0-\x1f]",
    "an Avro file": rb"Obj\x01",
    "an SQLite database": rb"SQLite format 3\0",
    "a message of several parts (MIME)": rb"--[^\r\n]+\r?\n[Cc]ontent-[\w-]+:|(?i:MIME-Version): ?\d",
    "a SYLK file": rb"ID;P[^\r\n]*\r?\n[BCFOP];[A-Z]",
    "a workbook as Excel 4 and older wrote it": rb"\x09[\0\x02\x04\x08][\x04\x06\x08\x10]\0",
}
_SIGNS = re.compile(b"|".join(rb"(%b)" % sign for sign in _KINDS.values()))


def foreign_kind(beginning: bytes) -> str | None:
    """What a file is by its first bytes; None of one that may be a report."""
    found = _SIGNS.match(beginning)
    return [*_KINDS][(found.lastindex or 1) - 1] if found else None
