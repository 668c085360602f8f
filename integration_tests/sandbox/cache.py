"""Generated files, built once and kept on disk for the life of the sandbox (or longer, in a directory of choice)."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
import weakref
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Cache:
    """Files by key.

    Args:
        directory: Where to keep the files for further runs; a temporary directory that `close` removes when None.
    """

    def __init__(self, directory: Path | None = None) -> None:
        temporary = directory is None
        self.directory = Path(tempfile.mkdtemp(prefix="lms-sandbox-")) if directory is None else directory
        self.directory.mkdir(parents=True, exist_ok=True)
        self._remove = weakref.finalize(self, shutil.rmtree, self.directory, ignore_errors=True) if temporary else None
        self._lock = threading.Lock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def build(self, key: str, write: Callable[[Path], None]) -> Path:
        """The file for `key`, written by `write` when it is not there yet."""
        path = self.directory / hashlib.sha256(key.encode()).hexdigest()[:32]
        with self._lock:
            lock = self._locks[key]
        with lock:
            if not path.exists():
                unfinished = path.with_suffix(".part")
                write(unfinished)
                unfinished.rename(path)
        return path

    def close(self) -> None:
        """Remove the files, unless they are to be kept."""
        if self._remove is not None:
            self._remove()
