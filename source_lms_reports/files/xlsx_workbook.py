"""XLSX workbooks: the proof that one is whole is the reading of all its cells."""

from __future__ import annotations

import zipfile
from pathlib import Path

from source_lms_reports.files.options import ArchiveLimits
from source_lms_reports.files.workbook import Workbook
from source_lms_reports.files.xlsx_cells import CellKinds
from source_lms_reports.files.xlsx_package import Package, SheetEntry
from source_lms_reports.files.xlsx_sheet import read_sheet
from source_lms_reports.files.xlsx_strings import read_shared_strings
from source_lms_reports.files.xlsx_styles import NumberKind, number_kinds
from source_lms_reports.files.xml_text import DamagedXml


def read_xlsx(archive: zipfile.ZipFile, package: Package, folder: Path, limits: ArchiveLimits) -> Workbook:
    """All cells of all visible sheets. What nobody reads is unpacked too, so that its checksum is looked at.

    Args:
        archive: The workbook.
        package: Its parts.
        folder: Where the cells are kept.
        limits: What it may unpack to.

    Raises:
        DamagedXml: A part is missing, no XML, or ends early.
        ArchiveLimitExceeded: A sheet's cells are too far apart, or its texts too many.
        BadZipFile: A checksum is wrong.
    """
    book = Workbook(folder, limits)
    try:
        _fill(book, archive, package)
    except BaseException:
        book.close()
        raise
    return book


def _fill(book: Workbook, archive: zipfile.ZipFile, package: Package) -> None:
    entries, book.from_1904 = package.sheets()
    tables = [entry for entry in entries if entry.is_table]
    book.hidden = [entry.name for entry in tables if not entry.visible]
    book.no_tables = [entry.name for entry in entries if not entry.is_table]
    styles, strings = package.related("styles"), package.related("sharedStrings")
    kinds = CellKinds(_number_kinds(package, styles))
    if strings:
        with package.blocks(strings) as blocks:
            read_shared_strings(blocks, book.texts)
    visible = [(entry.name, _part(entry)) for entry in tables if entry.visible]
    for name, part in visible:
        sheet = book.new_sheet(name)
        with package.blocks(part) as blocks:
            read_sheet(blocks, kinds, sheet)
        book.add(sheet)
    read = {styles, strings, *(part for _, part in visible)}
    for info in archive.infolist():
        if info not in read:
            with package.blocks(info) as blocks:
                for _ in blocks:
                    pass


def _number_kinds(package: Package, styles: zipfile.ZipInfo | None) -> list[NumberKind]:
    if styles is None:
        return []
    with package.blocks(styles) as blocks:
        return number_kinds(blocks)


def _part(entry: SheetEntry) -> zipfile.ZipInfo:
    if entry.part is None:
        raise DamagedXml(f"the part of the sheet {entry.name!r} is missing")
    return entry.part
