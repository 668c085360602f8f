"""A PostgreSQL server of Debian's, in a folder of its own, on loopback, for as long as a test needs it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PLACES = Path("/usr/lib/postgresql")
_USER = "postgres"


@dataclass(frozen=True)
class Postgres:
    """A running server. Everybody on this machine may log in as `postgres`; no password matters."""

    port: int
    commands: Path
    database: str = "postgres"
    user: str = _USER
    password: str = "any"
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        """The address as SQLAlchemy and dlt write it."""
        return f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/{self.database}"

    def rows(self, query: str) -> list[list[str]]:
        """What a query answers, as text; a null is `∅`."""
        command = [
            str(self.commands / "psql"),
            self.url,
            "-XAtq",
            "-F",
            "\x1f",
            "-R",
            "\x1e",
            "-P",
            "null=∅",
            "-c",
            query,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        text = done.stdout.removesuffix("\x1e").removesuffix("\n")
        return [line.split("\x1f") for line in text.split("\x1e")] if text else []


def installed() -> Path | None:
    """The folder of the newest server's commands, or None."""
    found = sorted(_PLACES.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Start a server, and stop it by its pid.

    Raises:
        RuntimeError: Debian's package is not installed.
    """
    commands = installed()
    if commands is None:
        raise RuntimeError("no PostgreSQL server here: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    data, port = folder / "data", _free_port()
    try:
        if os.geteuid() == 0:  # a server that root starts refuses to run
            shutil.chown(folder, _USER)
        _run(commands / "initdb", "-D", data, "-U", _USER, "--auth=trust", "-E", "UTF8", "--locale=C", "-N")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        _run(commands / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield Postgres(port, commands)
        finally:
            _run(commands / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(*command: str | Path) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", _USER, "--", *words]
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
