"""The folder that downloads are kept in until they are read. It goes when the process goes, however it goes.

The folder holds a lock file. A process that was killed cannot remove its folder, but its lock is gone with it, so
the next process finds the folder unlocked and removes it.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

from source_lms_reports.errors import DiskFault, DiskFull
from source_lms_reports.files.file_locks import fcntl

_PREFIX = "source-lms-reports-"
_LOCK = "lock"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_UNWRITABLE = frozenset({errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.EIO})
_SETTLING_SECONDS = 60  # a folder this young may be about to get its lock


def temporary_folder() -> Path:
    """The system's folder for temporary files.

    Raises:
        DiskFault: There is none that can be written.
    """
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise DiskFault(
            "There is no folder for temporary files: those that are tried are missing, full or not to be written. Set "
            "the environment variable TMPDIR to a folder that can be written.",
            detail=str(error),
        ) from error


def require_room(folder: Path, needed: int) -> None:
    """Refuse to begin what there is no room for.

    Args:
        folder: Where it is to be.
        needed: Its bytes.

    Raises:
        DiskFault: There are fewer left.
    """
    if needed > shutil.disk_usage(folder).free:
        raise _full(folder, _told(needed))


@contextlib.contextmanager
def disk_faults(folder: Path, needed: int | None = None, came: Callable[[], int] = lambda: 0) -> Iterator[None]:
    """Around what writes to disk: its faults are told.

    Args:
        folder: Where is written.
        needed: The bytes that are to be written, where they are known.
        came: How many were written so far.

    Raises:
        DiskFault: The disk is full, or refuses to be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _full(folder, _told(needed) if needed else f"more than {_told(came())}", str(error)) from error
        if error.errno in _UNWRITABLE:
            raise DiskFault(
                f"Temporary files cannot be written to {folder}: {error.strerror}. Set the environment variable "
                "TMPDIR to a folder that can be written.",
                detail=str(error),
            ) from error
        raise


def _full(folder: Path, needed: str, detail: str | None = None) -> DiskFull:
    if _takes_no_more_files(folder):
        return DiskFull(
            f"There is no room for the report: the file system of {folder} takes no more files, however small. Remove "
            "some, or set the environment variable TMPDIR to a folder elsewhere. The report stays at the platform "
            "meanwhile.",
            detail,
        )
    free = _told(shutil.disk_usage(folder).free)
    return DiskFull(
        f"There is no room for the report: it needs {needed}, and {folder} has {free} left. Free some, or set the "
        "environment variable TMPDIR to a folder with more room. The report stays at the platform meanwhile.",
        detail,
    )


def _takes_no_more_files(folder: Path) -> bool:
    if not hasattr(os, "statvfs"):  # Windows
        return False
    about = os.statvfs(folder)
    return bool(about.f_files) and not about.f_favail  # some file systems count no files at all


def _told(count: int) -> str:
    return f"{count / 1024:,.1f} KiB" if count < 1024 * 1024 else f"{count / 1024 / 1024:,.1f} MiB"


class Spool:
    """A private folder of temporary files, made on first use."""

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = parent
        self._guard = threading.Lock()
        self._folder: Path | None = None
        self._lock: IO[bytes] | None = None
        self._count = 0

    def new_file(self) -> Path:
        """A new empty file. Its caller, or `remove`, deletes it.

        Raises:
            DiskFault: It cannot be made.
        """
        with self._guard:
            parent = self._parent or temporary_folder()
            with disk_faults(parent):
                if self._folder is None:
                    self._folder = self._make(parent)
                self._count += 1
                path = self._folder / f"report-{self._count}"
                path.touch(mode=0o600)
        return path

    def use(self) -> tuple[int, int]:
        """The bytes of the files in it, and those that its disk has left."""
        with self._guard:
            folder = self._folder
        try:
            return (sum(map(_size, folder.iterdir())), shutil.disk_usage(folder).free) if folder else (0, sys.maxsize)
        except FileNotFoundError:  # somebody has emptied the folder for temporary files
            return 0, sys.maxsize

    def remove(self) -> None:
        """Delete the folder and all that is in it."""
        with self._guard:
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder = None
            if self._lock is not None:
                self._lock.close()
                self._lock = None

    def __enter__(self) -> Spool:
        """The spool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove everything."""
        self.remove()

    def _make(self, parent: Path) -> Path:
        remove_orphans(parent)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        self._lock = (folder / _LOCK).open("wb")
        if fcntl is not None:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        atexit.register(self.remove)
        return folder


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # it has just been read to its end
        return 0


def remove_orphans(parent: Path) -> None:
    """Delete folders whose processes died without doing so. Folders of other users and of living processes stay."""
    if fcntl is None:
        return
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError), (folder / _LOCK).open("rb") as lock:
            if time.time() - folder.stat().st_mtime < _SETTLING_SECONDS:
                continue
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
