"""Tables of chunks that are there already."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from source_lms_reports.files.json_records import ObjectChunk
from source_lms_reports.files.table import CellChunk, Table
from source_lms_reports.files.table_warnings import TableWarnings


class Made(Table):
    """A table of these chunks."""

    def __init__(self, columns: tuple[str, ...], chunks: list[Any]) -> None:
        super().__init__(None, columns, TableWarnings())
        self._chunks = chunks

    def chunks(self) -> Any:
        return iter(self._chunks)


def cells(
    columns: Mapping[str, list[Any]], *more: Mapping[str, list[Any]], kinds: Any = None, extra: Any = None
) -> Made:
    """A table of cells, one mapping a chunk; `kinds` and `extra` are those of each chunk."""
    chunks, first = [], 1
    for one in (columns, *more):
        chunks.append(CellChunk(first, [list(cells) for cells in one.values()], kinds, extra))
        first += len(chunks[-1])
    return Made(tuple(columns), chunks)


def objects(*chunks: list[dict[str, Any]] | str) -> Made:
    """A table of JSON rows, one list a chunk."""
    texts = [chunk if isinstance(chunk, str) else json.dumps(chunk) for chunk in chunks]
    return Made((), [ObjectChunk(text.encode(), "The report") for text in texts])
