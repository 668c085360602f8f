"""Runs a program and reads the operating system's account of it."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MIB = 1024 * 1024
_ROOT = Path(__file__).parent.parent


class ContenderFailed(Exception):
    """A program ended with an error; its last words are the message."""


@dataclass(frozen=True)
class Cost:
    """What one run took.

    Args:
        wall: Seconds from start to end.
        cpu: Seconds of processor time, of the user and of the system, in all threads and child processes.
        peak_mib: The largest resident set of the process or one of its children.
    """

    wall: float
    cpu: float
    peak_mib: float


def run(command: list[str], log: Path, out: IO[bytes] | int = subprocess.DEVNULL) -> Cost:
    """Run a program to its end.

    The largest resident set of a process counts what it was before `exec`, which is this process: it must stay small.

    Args:
        command: The program and its arguments.
        log: Takes its stderr. Its folder is the program's working directory, where the CDK leaves files.
        out: Takes its stdout.

    Raises:
        ContenderFailed: It ended with an error.
    """
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    with log.open("wb") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=log.parent, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ContenderFailed(f"{' '.join(command)}\nended with {process.returncode}\n{log.read_text()[-3000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / MIB)
