"""The fast paths switched off, so that the plain ones read the same input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from source_lms_reports.files import cell_values
from source_lms_reports.files.json_records import ObjectChunk

_ROOT = "source_lms_reports"


def _nothing(*_: Any) -> None:
    return None


def _dicts(chunk: ObjectChunk, _: Any) -> list[dict[str, Any]]:
    chunk._clean()
    return chunk._slowly()


def _by_the_parser(_: Any, data: bytes, *__: Any) -> bytes:
    return data


_PLAIN: dict[str, Any] = {
    f"{_ROOT}.files.csv_split.Splitter.split": _nothing,  # rows one by one
    f"{_ROOT}.files.csv_rows._is_by_the_rules": _nothing,  # and each looked at by the reader
    f"{_ROOT}.files.json_scanner.Scanner._many": _nothing,  # elements found from the front
    f"{_ROOT}.files.json_records.ObjectChunk._dicts": _dicts,  # by Python's own parser
    f"{_ROOT}.files.xml_items.ItemCutter._items": _by_the_parser,  # all XML of a workbook
    f"{_ROOT}.files.cell_values._numbers": cell_values._one_by_one,
    f"{_ROOT}.records.forms.MOST_KEYS": -1,  # dicts instead of classes
    f"{_ROOT}.records.batch._form": _nothing,  # the same for cells
    f"{_ROOT}.records.cast._decoded": _nothing,  # values one by one
    f"{_ROOT}.records.cursor_window.in_text_order": lambda _: False,  # times one by one
}


@contextmanager
def plain_paths() -> Iterator[None]:
    """Every shortcut of the readers is off."""
    with ExitStack() as stack:
        for name, plain in _PLAIN.items():
            stack.enter_context(patch(name, plain))
        yield


@contextmanager
def small_pieces(block: int, window: int, rows: int) -> Iterator[None]:
    """Texts, JSON arrays and rows are handled in pieces of these sizes, so that small inputs have many seams."""
    sizes = {
        f"{_ROOT}.files.text.BLOCK": block,
        f"{_ROOT}.files.text.LOOKED_AT": 16,  # room for two marks
        f"{_ROOT}.files.json_scanner.WINDOW": window,
        f"{_ROOT}.files.json_scanner.LINES": window,
        f"{_ROOT}.files.csv_table.ROWS": rows,
        f"{_ROOT}.files.xlsx_package.READ": block,
        f"{_ROOT}.files.xlsx_sheet._SMALL": 0,
        f"{_ROOT}.files.sheet_table._CELLS": rows,
        f"{_ROOT}.files.legacy_workbook._ROWS": rows,
    }
    with ExitStack() as stack:
        for name, size in sizes.items():
            stack.enter_context(patch(name, size))
        yield
