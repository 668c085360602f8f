"""Helpers: bytes in, tables out."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from source_lms_reports.files.opening import count_rows, open_tables, verify
from source_lms_reports.files.options import ReadOptions
from source_lms_reports.files.payload import Part, Payload
from source_lms_reports.files.table import EXTRA, CellChunk, Table

Rows = list[dict[str, Any]]
DEFAULT = ReadOptions()


@contextmanager
def blocks_of(size: int) -> Iterator[None]:
    """Read so many bytes at a time."""
    module = "source_lms_reports.files.text"
    with patch(f"{module}.BLOCK", size), patch(f"{module}.LOOKED_AT", 16):
        yield


def payload(folder: Path, *contents: bytes, names: tuple[str | None, ...] = (), charset: str | None = None) -> Payload:
    """Files with these contents, as a download leaves them."""
    parts = []
    for number, content in enumerate(contents):
        path = folder / f"part-{number}"
        path.write_bytes(content)
        parts.append(Part(path, names[number] if names else None, charset=charset))
    return Payload(tuple(parts))


def rows_of(table: Table) -> Rows:
    """The table's rows, empty cells as None."""
    rows: Rows = []
    for chunk in table.chunks():
        if not isinstance(chunk, CellChunk):
            rows += chunk.objects()
            continue
        for at, cells in enumerate(zip(*chunk.columns, strict=True)):
            row = {name: None if cell == "" else cell for name, cell in zip(table.columns, cells, strict=True)}
            beyond = chunk.extra[at] if chunk.extra else None
            rows.append({**row, EXTRA: beyond} if beyond else row)
    return rows


def read(content: Payload, options: ReadOptions = DEFAULT) -> dict[str | None, Rows]:
    """All tables of a payload, once it is verified and its rows are counted."""
    verify(content, options)
    tables = {table.name: rows_of(table) for table in open_tables(content, options)}
    assert count_rows(content, options) == sum(map(len, tables.values()))
    return tables


def notes(content: Payload, options: ReadOptions = DEFAULT) -> list[str]:
    """All warnings of a payload's tables."""
    told: list[str] = []
    for table in open_tables(content, options):
        rows_of(table)
        told += table.notes.messages()
    return told


def by_hand(content: bytes) -> tuple[str, int]:
    """UTF-8, and where it is none Windows-1252, with the number of such bytes; no halves of surrogate pairs."""
    text, odd = "", 0
    while content:
        for size in (1, 2, 3, 4):
            try:
                text += content[:size].decode("utf-8")
            except UnicodeDecodeError:
                continue
            break
        else:
            size = 1
            odd += 1
            odd_byte = content[:1]
            text += odd_byte.decode("latin-1" if odd_byte in b"\x81\x8d\x8f\x90\x9d" else "cp1252")
        content = content[size:]
    return text, odd


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def gzipped(content: bytes) -> bytes:
    """The content under gzip, the same bytes each time."""
    return gzip.compress(content, mtime=0)
