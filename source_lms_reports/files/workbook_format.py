"""Workbooks as a kind of file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from source_lms_reports.files.archive import Source
from source_lms_reports.files.file_format import Beginning, Wanted
from source_lms_reports.files.options import ArchiveLimits, ReadOptions

if TYPE_CHECKING:
    from source_lms_reports.files.sheet_table import SheetTable
    from source_lms_reports.files.workbook import Workbook


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
    """All cells of a workbook; what reads them is imported with the first one, as most processes meet none."""
    from source_lms_reports.files.workbook_reading import read_workbook

    return read_workbook(source, limits)
