"""The folder that downloads are kept in until they are read. It goes when the process goes, however it goes.

The folder holds a lock file. A process that was killed cannot remove its folder, but its lock is gone with it, so
the next process finds the folder unlocked and removes it.
"""

from __future__ import annotations

import atexit
import contextlib
import shutil
import tempfile
import threading
import time
from pathlib import Path
from types import ModuleType, TracebackType
from typing import IO

try:
    import fcntl as _fcntl
except ImportError:  # Windows: folders left by a killed process stay for the system's own cleaning
    fcntl: ModuleType | None = None
else:
    fcntl = _fcntl

_PREFIX = "source-lms-reports-"
_LOCK = "lock"
_SETTLING_SECONDS = 60  # a folder this young may be about to get its lock


class Spool:
    """A private folder of temporary files, made on first use."""

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = parent or Path(tempfile.gettempdir())
        self._guard = threading.Lock()
        self._folder: Path | None = None
        self._lock: IO[bytes] | None = None
        self._count = 0

    def new_file(self) -> Path:
        """A new empty file. Its caller, or `remove`, deletes it."""
        with self._guard:
            if self._folder is None:
                self._folder = self._make()
            self._count += 1
            path = self._folder / f"report-{self._count}"
        path.touch(mode=0o600)
        return path

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

    def _make(self) -> Path:
        remove_orphans(self._parent)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._parent))
        self._lock = (folder / _LOCK).open("wb")
        if fcntl is not None:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        atexit.register(self.remove)
        return folder


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
