"""Workbooks as a kind of file."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from source_lms_reports.errors import ArchiveLimitExceeded
from source_lms_reports.files.archive import DAMAGE, OLE, Source, corrupt, unpacked_size
from source_lms_reports.files.file_format import Beginning, Wanted
from source_lms_reports.files.options import ArchiveLimits, ReadOptions
from source_lms_reports.files.xlsx_book import WORKBOOKS, open_workbook
from source_lms_reports.files.xlsx_table import SheetTable, sheets
from source_lms_reports.files.xlsx_xml import CellSigns, spread

_MEMBER_READ = 256 * 1024
"""Blocks of a megabyte would take new pages of memory each time, which takes a fifth more."""
_TAIL = 4096
_THREADS = 2
_MOST_PLACES = 2**26
"""Places of a sheet that are never too many: the reader takes 32 bytes for each."""
_LEAST_FILLED = 100
"""Beyond that, one of so many places must be filled."""
_ROOT = re.compile(rb"<([A-Za-z_][\w:.-]*)")


class WorkbookFormat:
    """Sheets in a ZIP, or in the container of the old kind."""

    def recognises(self, beginning: Beginning, _: ReadOptions) -> bool:
        """See `FileFormat`: the archive's own directory tells."""
        return beginning.source.workbook

    def prove(self, beginning: Beginning, options: ReadOptions) -> None:
        """See `FileFormat`: each part is whole."""
        source = beginning.source
        with source.file.open("rb") as file:
            is_zip = file.read(8) != OLE
        if is_zip:
            _verify_zip(source, options.limits)
        else:
            open_workbook(source.file, source.label)

    def tables(self, source: Source, options: ReadOptions, wanted: Wanted) -> Iterator[SheetTable]:
        """A table a sheet."""
        return sheets(source, options, wanted)


def _verify_zip(source: Source, limits: ArchiveLimits) -> None:
    try:
        with zipfile.ZipFile(source.file) as archive:
            unpacked = unpacked_size(archive)
            too_dense = unpacked > max(limits.ratio_from, limits.ratio * source.packed)
            if unpacked > limits.unpacked or too_dense:
                raise ArchiveLimitExceeded(
                    f"{source.label} unpacks to {unpacked / 1024**3:.1f} GiB, which no workbook does."
                )
            with ThreadPoolExecutor(_THREADS) as pool:  # unpacking and opening leave the interpreter free
                opening = pool.submit(WORKBOOKS.prepare, source)
                marked = list(pool.map(partial(_verify_member, archive), archive.infolist()))
                opening.result()
            source.findings.has_errors = any(marked)
    except DAMAGE as error:
        raise corrupt(source.label, error) from error


def _verify_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """Its checksum is right and, if it is XML of the workbook, its outermost element is closed.

    More is not needed: the reader of workbooks parses a whole sheet before it gives the first row of it.

    Returns:
        Whether it may hold error cells.

    Raises:
        BadZipFile: The checksum is wrong.
        ValueError: The XML ends early.
    """
    begin = tail = b""
    signs = CellSigns()
    may_be_sheet = not info.filename.endswith("/sharedStrings.xml")
    with archive.open(info) as part:
        while block := part.read(_MEMBER_READ):
            begin = begin or block[:_TAIL]
            if may_be_sheet:
                signs.look(block)
            tail = block[-_TAIL:] if len(block) >= _TAIL else (tail + block)[-_TAIL:]
    if signs.is_wide and info.filename.startswith("xl/worksheets/"):
        _refuse_spread(archive, info)
    if info.filename.startswith("xl/") and info.filename.endswith(".xml"):
        root = _ROOT.search(begin)
        if root is None or not re.search(rb"(?:</%b\s*>|<%b[^<>]*/>)\s*\Z" % (root[1], root[1]), tail):
            raise ValueError(f"{info.filename} ends early")
    return signs.has_errors


def _refuse_spread(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """The reader takes memory for each place between the first and the last cell, filled or not."""
    with archive.open(info) as part:
        cells, rows, columns = spread(iter(partial(part.read, _MEMBER_READ), b""))
    if rows * columns > max(_MOST_PLACES, _LEAST_FILLED * cells):
        raise ArchiveLimitExceeded(
            f"The sheet {info.filename} scatters {cells:,} cells over {rows:,} rows and {columns:,} columns, which no "
            "report does. Ask the vendor what it sent."
        )
