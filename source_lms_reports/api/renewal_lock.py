"""Keeps the processes of one user on one machine from renewing one token at the same time.

A file in a folder for temporary files is locked while a token is asked for. It holds digests of refresh tokens that
have been used, never the tokens. Processes in different containers, on different machines or with different folders
for temporary files do not see it; nothing here can help them. Nor does it where there is no `fcntl` (Windows).
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
import tempfile
import time
from pathlib import Path
from types import ModuleType, TracebackType

from source_lms_reports.files.file_locks import fcntl

LOGGER = logging.getLogger("airbyte")
_FOLDER = "source-lms-reports-tokens"
#: Longer than a token endpoint may take to answer.
_LONGEST_WAIT = 180.0
_LOOK_EVERY = 0.1
_DIGESTS_KEPT = 50


class LockBusy(Exception):
    """Another process has had the lock for too long."""


class RenewalLock:
    """A lock between processes, for one client at one token endpoint.

    It is held inside of a `with`. What is known of spent tokens is known while it is held.

    Args:
        token_url: The endpoint.
        client_id: The client.
        folder: Where the file is; the system's folder for temporary files, if None.
        longest_wait: Seconds to wait for another process.
    """

    def __init__(
        self, token_url: str, client_id: str, folder: Path | None = None, longest_wait: float = _LONGEST_WAIT
    ) -> None:
        self._whose = f"{token_url}\n{client_id}"
        self._folder = folder
        self._longest_wait = longest_wait
        self._file: int | None = None

    def __enter__(self) -> RenewalLock:
        """Take the lock; without one where there can be none.

        Raises:
            LockBusy: Another process does not let go of it.
        """
        if fcntl is None:
            return self
        try:
            self._file = os.open(self._path(), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            LOGGER.debug(f"No lock is held while a token is renewed: {error.strerror}.")
            return self
        try:
            self._wait(self._file, fcntl)
        except BaseException:
            self._let_go()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go."""
        self._let_go()

    def note_spent(self, token: str) -> None:
        """Remember that a refresh token has been used."""
        if self._file is not None:
            known = [*self._digests(), self._digest(token)][-_DIGESTS_KEPT:]
            content = "".join(f"{one}\n" for one in known).encode()
            with contextlib.suppress(OSError):  # a full disk; it only spares a question
                os.ftruncate(self._file, 0)
                os.pwrite(self._file, content, 0)

    def knows_spent(self, token: str) -> bool:
        """Whether a refresh token has been used on this machine."""
        return self._digest(token) in self._digests()

    def _wait(self, file: int, locks: ModuleType) -> None:
        ends = time.monotonic() + self._longest_wait
        while True:
            try:
                locks.flock(file, locks.LOCK_EX | locks.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= ends:
                    raise LockBusy from None
                time.sleep(_LOOK_EVERY)
            else:
                return

    def _let_go(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _path(self) -> Path:
        folder = self._folder or Path(tempfile.gettempdir()) / f"{_FOLDER}-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise PermissionError(1, "the folder for it belongs to somebody else")
        return folder / hashlib.sha256(self._whose.encode()).hexdigest()[:32]

    def _digests(self) -> list[str]:
        if self._file is None:
            return []
        return os.pread(self._file, os.fstat(self._file).st_size, 0).decode("ascii", "replace").split()

    def _digest(self, token: str) -> str:
        return hashlib.sha256(f"{self._whose}\n{token}".encode()).hexdigest()
