"""From the file of a workbook of any kind to its proven cells."""

from __future__ import annotations

import zipfile
from functools import partial

from source_lms_reports.errors import ArchiveLimitExceeded
from source_lms_reports.files import xls_errors, xlsb_errors
from source_lms_reports.files.archive import DAMAGE, OLE, Source, corrupt, unpacked_size
from source_lms_reports.files.legacy_workbook import read_legacy
from source_lms_reports.files.ods_workbook import read_ods
from source_lms_reports.files.options import ArchiveLimits
from source_lms_reports.files.workbook import Workbook
from source_lms_reports.files.xls_container import Container, for_calamine
from source_lms_reports.files.xlsx_package import Package
from source_lms_reports.files.xlsx_workbook import read_xlsx


def read_workbook(source: Source, limits: ArchiveLimits) -> Workbook:
    """All cells of a workbook.

    Raises:
        PayloadError: It is damaged, or beyond the limits.
    """
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
