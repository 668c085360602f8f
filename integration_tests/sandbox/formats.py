"""Writing tables in the vendors' formats, row by row."""

from __future__ import annotations

import csv
import json
import zipfile
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import xlsxwriter  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from .data import Cell, Row, Table

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def cell_text(value: Cell) -> str:
    """A cell as the vendors write it to CSV."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def write_csv(path: Path, table: Table, separator: str = ",", bom: bool = False, newline: str = "\n") -> None:
    """Write a table as CSV, quoting only what needs it, row by row."""
    with path.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as target:
        write_rows(target, table, separator, newline)


def write_rows(target: Any, table: Table, separator: str = ",", newline: str = "\n") -> None:
    """Write header and rows to an open text file."""
    writer = csv.writer(target, delimiter=separator, lineterminator=newline)
    writer.writerow(table.columns)
    flags = {True: "true", False: "false"}
    writer.writerows([flags[v] if v is True or v is False else v for v in row] for row in table.rows)


def write_csv_zip(path: Path, tables: Iterable[tuple[str, Table]]) -> None:
    """Write a ZIP with one CSV a table, named after it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, table in tables:
            with archive.open(f"{name}.csv", "w", force_zip64=True) as member:
                text = TextIOWrapper(member, encoding="utf-8", newline="")
                write_rows(text, table)
                text.flush()
                text.detach()


def json_row(columns: Iterable[str], row: Row) -> str:
    """A row as a JSON object."""
    return json.dumps(dict(zip(columns, row, strict=False)), ensure_ascii=False, separators=(",", ":"))


def write_json_rows(target: Any, table: Table, separator: str = ",") -> None:
    """Write the objects of a table to an open text file, without brackets."""
    lead = ""
    for row in table.rows:
        target.write(lead + json_row(table.columns, row))
        lead = separator


def write_xlsx(path: Path, sheets: Iterable[tuple[str, Table]]) -> None:
    """Write a workbook: numbers and booleans as such, everything else as text."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        dates = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for name, table in sheets:
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, table.columns)
            for number, row in enumerate(table.rows, 1):
                for place, value in enumerate(row):
                    if hasattr(value, "isoformat"):
                        sheet.write_datetime(number, place, value, dates)
                    elif isinstance(value, str):
                        sheet.write_string(number, place, value)
                    elif value is not None:
                        sheet.write(number, place, value)
