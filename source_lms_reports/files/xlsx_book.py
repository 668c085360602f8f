"""Open workbooks, one of which is kept for the next of its sheets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import python_calamine as calamine

from source_lms_reports.errors import CorruptPayload
from source_lms_reports.files.archive import Source, corrupt
from source_lms_reports.files.payload import Proof

_BOOK = "workbook"


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


class Shelf:
    """Keeps the workbook that was asked for last.

    Each sheet may be a stream of its own, and the shared strings belong to them all. The workbook is kept with the
    proof of its file, so it goes when the file goes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: Proof = {}

    def prepare(self, source: Source) -> None:
        """Open a workbook for those who will read it, unless another one is in use.

        Raises:
            CorruptPayload: It is damaged or under a password.
        """
        with self._lock:
            if _BOOK not in self._latest:
                self._open(source)

    @contextmanager
    def book(self, source: Source) -> Iterator[calamine.CalamineWorkbook]:
        """The workbook, for one user at a time.

        Raises:
            CorruptPayload: It is damaged or under a password, or turns out to be while it is used.
        """
        with self._lock:
            if _BOOK not in source.proof:
                self._latest.pop(_BOOK, None)
                self._open(source)
            with damage_told(source.label):
                yield source.proof[_BOOK]

    def _open(self, source: Source) -> None:
        source.proof[_BOOK] = open_workbook(source.file, source.label)
        self._latest = source.proof


SHELF = Shelf()
