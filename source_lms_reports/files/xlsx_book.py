"""Open workbooks, which are kept for the next of their sheets."""

from __future__ import annotations

import os
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import python_calamine as calamine

from source_lms_reports.errors import CorruptPayload
from source_lms_reports.files.archive import DAMAGE, Source, corrupt, unpacked_size
from source_lms_reports.files.findings import FileFindings

_SMALL = 256 * 1024 * 1024
"""Bytes of unpacked XML up to which two workbooks may be open at once: a sheet takes three times its XML."""


def open_workbook(path: Path, label: str) -> calamine.CalamineWorkbook:
    """An open workbook, whose shared strings are read.

    Raises:
        CorruptPayload: It is damaged or under a password.
    """
    with damage_told(label):
        return calamine.CalamineWorkbook.from_path(str(path))


@contextmanager
def damage_told(label: str) -> Iterator[None]:
    """What the reader of workbooks raises, in our words. It is written in Rust, whose panics are no `Exception`."""
    try:
        yield
    except calamine.PasswordError as error:
        raise CorruptPayload(f"{label} is a workbook under a password, which cannot be read.") from error
    except (calamine.CalamineError, OSError, ValueError, OverflowError) as error:
        raise corrupt(label, error) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise corrupt(label, error) from error
        raise


class WorkbookCache:
    """Keeps the open workbooks of the file that was asked for last.

    Each sheet may be a stream of its own, and the shared strings belong to them all. Workbooks are kept with the
    findings about their file, so they go when the file goes. A workbook has one user at a time; for another one the
    file is opened again, as long as what they hold together stays small.

    Args:
        places: How many small workbooks may be in use at once. A large one takes all places.
    """

    def __init__(self, places: int) -> None:
        self._changed = threading.Condition()
        self._all = self._free = places
        self._latest = FileFindings()

    def prepare(self, source: Source) -> None:
        """Open a workbook for those who will read it, unless another one is kept.

        Raises:
            CorruptPayload: It is damaged or under a password.
        """
        if self._latest.workbooks is None:
            with self.book(source):
                pass

    @contextmanager
    def book(self, source: Source) -> Iterator[calamine.CalamineWorkbook]:
        """The workbook, for one user at a time; one that raises is not kept.

        Raises:
            CorruptPayload: It is damaged or under a password, or turns out to be while it is used.
        """
        with self._room(1 if _is_small(source.file) else self._all):
            kept = self._kept(source.findings)
            try:
                book = kept.pop()
            except IndexError:
                book = open_workbook(source.file, source.label)
            with damage_told(source.label):
                yield book
            kept.append(book)

    @contextmanager
    def _room(self, places: int) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: self._free >= places)
            self._free -= places
        try:
            yield
        finally:
            with self._changed:
                self._free += places
                self._changed.notify_all()

    def _kept(self, findings: FileFindings) -> list[calamine.CalamineWorkbook]:
        with self._changed:
            if findings is not self._latest:
                self._latest.workbooks = None
                self._latest = findings
            if findings.workbooks is None:
                findings.workbooks = []
            return findings.workbooks


def _is_small(path: Path) -> bool:
    """Whether two may be open. One of the old kind is decoded whole when it is opened, so that two win nothing."""
    try:
        with zipfile.ZipFile(path) as archive:
            return unpacked_size(archive) <= _SMALL
    except DAMAGE:
        return False


def _processors() -> int:
    """Those that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


WORKBOOKS = WorkbookCache(min(2, _processors()))
