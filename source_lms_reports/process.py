"""How a process of the connector ends: with its work, by a signal, or because nobody reads it any more."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

FAILED_EXIT = 1
USAGE_EXIT = 2
_CLOSED_PIPE_EXIT = 120
_SIGTERM_EXIT = 128 + int(signal.SIGTERM)


class _Terminated(BaseException):
    """SIGTERM has come."""


def run_to_its_end(work: Callable[[], int], report: Callable[[Exception], int], close: Callable[[], None]) -> None:
    """Do the work of a command, and leave the process as it deserves.

    Args:
        work: Returns the exit code.
        report: Tells of a failure that ends the command, and returns the exit code.
        close: Is called in any case, at the end.
    """
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = work()
    except _Terminated:
        code = _SIGTERM_EXIT
    except BrokenPipeError:
        code = _CLOSED_PIPE_EXIT
    except Exception as error:  # noqa: BLE001 - the last one to hear of it
        code = report(error)
    finally:
        close()
    leave(code)


def leave(code: int) -> None:
    """End at once where threads may still wait for the vendor; their work is safe in the state."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # all is said: clients end a process that lingers
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = code or _CLOSED_PIPE_EXIT
    if code == _SIGTERM_EXIT:
        os.kill(os.getpid(), signal.SIGTERM)  # clients tell a good end from a failure by the signal
    if code:
        os._exit(code)  # also where SIGTERM does nothing: in the first process of a container


def _terminate(_signum: int, _frame: FrameType | None) -> NoReturn:
    raise _Terminated
