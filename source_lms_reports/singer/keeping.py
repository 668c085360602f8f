"""Keeps what the platform renews. Singer has no message for it, so it goes to a file, as other taps do it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from source_lms_reports.api.refresh import SettingKeeper
from source_lms_reports.errors import ConfigError
from source_lms_reports.files.file_locks import fcntl
from source_lms_reports.platforms.paths import value_at
from source_lms_reports.spec.renewed import with_setting

#: Names the file for what is renewed, where configuration files are made anew for each run.
RENEWED_FILE = "LMS_REPORTS_RENEWED_FILE"
#: Meltano sets it for the plugins that it runs, and makes their configuration file anew each time.
_MELTANO = "MELTANO_EXTRACTOR_NAME"
#: Values that stand in the file beside the one that is renewed: those of other accounts, and of tokens given up.
_OTHERS_KEPT = 20


def make_keeper(files: Sequence[str], environment: Mapping[str, str] = os.environ) -> SettingKeeper:
    """What keeps renewed settings.

    Args:
        files: The configuration files, at least one; later ones win.
        environment: Environment variables.
    """
    own = environment.get(RENEWED_FILE)
    if own:
        return RenewedFileKeeper(Path(own))
    return ConfigFileKeeper([Path(file) for file in files], is_lasting=_MELTANO not in environment)


class ConfigFileKeeper(SettingKeeper):
    """Writes a new value into the configuration file that the old one came from.

    Args:
        files: The configuration files; later ones win.
        is_lasting: Whether they are there for the next run.
    """

    def __init__(self, files: Sequence[Path], *, is_lasting: bool = True) -> None:
        self._files = files
        self._is_lasting = is_lasting

    def latest(self, path: Sequence[str], known: str) -> str:
        """The value in the file, which another run may have renewed."""
        found = value_at(_read(self._holder(path)), path)
        return found if isinstance(found, str) and found else known

    def require_room(self, path: Sequence[str]) -> None:
        """Make sure that the file can be written, and is kept."""
        if not self._is_lasting:
            raise ConfigError(
                f"`{'.'.join(path)}` works once, and the configuration file is made anew for each run, so a new one "
                f"would be lost. Name a file for it by the environment variable LMS_REPORTS_RENEWED_FILE."
            )
        _require_writable(self._holder(path), path)

    def keep(self, path: Sequence[str], value: str) -> None:
        """Write the file anew with the new value, which is on disk when this returns."""
        file = self._holder(path)
        _write(file, with_setting(_read(file), path, value))

    def _holder(self, path: Sequence[str]) -> Path:
        return next((file for file in reversed(self._files) if value_at(_read(file), path)), self._files[-1])


class RenewedFileKeeper(SettingKeeper):
    """Keeps new values in a file of its own, each by a digest of the configured value that it is there instead of.

    Where somebody configures another value, that one is taken. Several taps may have one file: of two accounts in one
    project of Meltano each has its own entry.

    `{"platform.refresh_token": {"<digest of what is configured>": "<what came last>"}}`

    Args:
        file: The file. It need not be there yet.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._configured: dict[str, str] = {}

    def latest(self, path: Sequence[str], known: str) -> str:
        """The value in the file, if it is there instead of the configured one."""
        name = ".".join(path)
        configured = self._configured.setdefault(name, _digest(known))
        return self._entries(name).get(configured) or known

    def require_room(self, path: Sequence[str]) -> None:
        """Make sure that the file can be written."""
        _require_writable(self._file, path)

    def keep(self, path: Sequence[str], value: str) -> None:
        """Write the file anew with the new value, which is on disk when this returns."""
        name = ".".join(path)
        with _alone_in(self._file.resolve().parent):
            others = {key: one for key, one in self._entries(name).items() if key != self._configured[name]}
            newest = dict(list(others.items())[-_OTHERS_KEPT:]) | {self._configured[name]: value}
            _write(self._file, {**_read(self._file), name: newest})

    def _entries(self, name: str) -> dict[str, str]:
        found = _read(self._file).get(name)
        entries = found if isinstance(found, Mapping) else {}
        return {key: value for key, value in entries.items() if isinstance(value, str)}


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other taps from writing in a folder meanwhile, where that can be; their writing takes no time."""
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system that knows no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _read(file: Path) -> dict[str, Any]:
    """What a file holds; nothing where there is none.

    Raises:
        ConfigError: It cannot be read: what was renewed last is in it, and no older value works.
    """
    try:
        content = file.read_bytes()
        document = json.loads(content) if content.strip() else {}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:  # without its words, which may quote a secret
        raise _unreadable(file) from (error if isinstance(error, OSError) else None)
    if not isinstance(document, dict):
        raise _unreadable(file)
    return document


def _unreadable(file: Path) -> ConfigError:
    return ConfigError(
        f"The file {file}, in which what the platform renews is kept, cannot be read. Mend it or let this user read "
        "it; or delete it, and configure a new token."
    )


def _require_writable(file: Path, path: Sequence[str]) -> None:
    file = file.resolve()
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise ConfigError(
            f"The file {file} cannot be written, and `{'.'.join(path)}` works once: a new one would be lost. Let this "
            f"user write the file, or name another one by the environment variable LMS_REPORTS_RENEWED_FILE."
        )


def _write(file: Path, document: Mapping[str, Any]) -> None:
    """Write a file so that it is there whole or as it was; in its place where it cannot be replaced (a mount).

    Raises:
        ConfigError: It cannot be written.
    """
    file, content = file.resolve(), json.dumps(document, indent=2).encode()
    try:
        try:
            _replace(file, content)
        except OSError:
            _overwrite(file, content)
    except OSError as error:
        raise ConfigError(f"What the platform has renewed cannot be written to {file}: {error.strerror}.") from error


def _replace(file: Path, content: bytes) -> None:
    handle, beside = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as new:
            if file.exists():
                os.fchmod(new.fileno(), file.stat().st_mode & 0o777)
            new.write(content)
            new.flush()
            os.fsync(new.fileno())
        Path(beside).replace(file)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _overwrite(file: Path, content: bytes) -> None:
    with file.open("r+b") as old:  # not truncated first: a full disk has room for what was there
        old.write(content)
        old.truncate()
        old.flush()
        os.fsync(old.fileno())
