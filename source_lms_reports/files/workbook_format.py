"""Workbooks as a kind of file."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from functools import partial

from source_lms_reports.errors import ArchiveLimitExceeded
from source_lms_reports.files import xls_errors, xlsb_errors
from source_lms_reports.files.archive import DAMAGE, OLE, Source, corrupt, unpacked_size
from source_lms_reports.files.file_format import Beginning, Wanted
from source_lms_reports.files.legacy_workbook import read_legacy
from source_lms_reports.files.ods_workbook import read_ods
from source_lms_reports.files.options import ArchiveLimits, ReadOptions
from source_lms_reports.files.sheet_table import SheetTable
from source_lms_reports.files.workbook import Workbook
from source_lms_reports.files.xls_container import Container, for_calamine
from source_lms_reports.files.xlsx_package import Package
from source_lms_reports.files.xlsx_workbook import read_xlsx


class WorkbookFormat:
    """Sheets in a ZIP, or in the container of the old kind."""

    def recognises(self, beginning: Beginning, _: ReadOptions) -> bool:
        """See `FileFormat`: the archive's own directory tells."""
        return beginning.source.workbook

    def prove(self, beginning: Beginning, options: ReadOptions) -> None:
        """See `FileFormat`: all cells are read, and kept on disk for those who want them."""
        source = beginning.source
        if source.findings.workbook is None:
            source.findings.workbook = _read(source, options.limits)

    def tables(self, source: Source, options: ReadOptions, wanted: Wanted) -> Iterator[SheetTable]:
        """A table a visible sheet."""
        book = source.findings.workbook
        if book is None:
            book = source.findings.workbook = _read(source, options.limits)
        return book.tables(source.name, options, wanted)


def _read(source: Source, limits: ArchiveLimits) -> Workbook:
    try:
        with source.file.open("rb") as file:
            if file.read(len(OLE)) == OLE:
                return _read_xls(source, limits)
        with zipfile.ZipFile(source.file) as archive:
            _check_size(archive, source, limits)
            package = Package(archive)
            if package.is_workbook and not package.is_binary:
                return read_xlsx(archive, package, source.file.parent, limits)
            if package.is_binary:
                return read_legacy(source.file, source.label, limits, partial(xlsb_errors.error_cells, package))
            return read_ods(archive, package, source.file.parent, source.label, limits)
    except DAMAGE as error:
        raise corrupt(source.label, error) from error


def _read_xls(source: Source, limits: ArchiveLimits) -> Workbook:
    container = Container(source.file.read_bytes())
    with for_calamine(source.file, container) as file:
        return read_legacy(file, source.label, limits, partial(xls_errors.error_cells, container))


def _check_size(archive: zipfile.ZipFile, source: Source, limits: ArchiveLimits) -> None:
    unpacked = unpacked_size(archive)
    if unpacked > limits.unpacked or unpacked > max(limits.ratio_from, limits.ratio * source.packed):
        raise ArchiveLimitExceeded(f"{source.label} unpacks to {unpacked / 1024**3:.1f} GiB, which no workbook does.")
