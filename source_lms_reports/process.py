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
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class _Ended(BaseException):
    """A signal has come that asks for the end."""

    def __init__(self, number: int) -> None:
        self.number = number


def run_to_its_end(work: Callable[[], int], report: Callable[[Exception], int], close: Callable[[], None]) -> None:
    """Do the work of a command, and leave the process as it deserves.

    Args:
        work: Returns the exit code.
        report: Tells of a failure that ends the command, and returns the exit code.
        close: Is called in any case, at the end.
    """
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as a shell has it for what runs in the background
            signal.signal(number, _end)
    try:
        code = work()
    except _Ended as ended:
        code = 128 + ended.number
    except BrokenPipeError:
        code = _CLOSED_PIPE_EXIT
    except Exception as error:  # noqa: BLE001 - the last one to hear of it
        code = report(error)
    finally:
        close()
    leave(code)


def leave(code: int) -> None:
    """End at once where threads may still wait for the vendor; their work is safe in the state."""
    for number in _SIGNALS:  # all is said: clients end a process that lingers
        signal.signal(number, signal.SIG_DFL)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = code or _CLOSED_PIPE_EXIT
    if code - 128 in _SIGNALS:
        os.kill(os.getpid(), code - 128)  # clients tell a good end from a failure by the signal
    if code:
        os._exit(code)  # also where a signal does nothing: in the first process of a container


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise _Ended(number)
