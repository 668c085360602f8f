"""How a process of the connector ends: with its work, by a signal, or because nobody reads it any more."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

FAILED_EXIT = 1
USAGE_EXIT = 2
_CLOSED_PIPE_EXIT = 120
_FIRST_FREE = 3
_NO_OUTPUT = (
    "The messages cannot be written to stdout: {}. What was written up to the last whole line is good; make room, or "
    "lead stdout elsewhere, and go on from the last state in it."
)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
#: How long what is still to be said may take where a signal asks for the end: its reader may have stopped reading.
_LAST_WORDS_SECONDS = 2.0
#: How long the end waits for work that must not be cut in two, where it is not a signal that asks for the end.
_LAST_SECONDS = 30.0


class OutputFault(Exception):
    """Messages cannot be written to stdout."""


class _Ended(BaseException):
    """A signal has come that asks for the end."""

    def __init__(self, number: int) -> None:
        self.number = number


class _Whole:
    """Counts the work under way that must not be cut in two, and keeps the signal that came meanwhile."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())  # a signal may come where this thread holds it
        self._count = 0
        self._kept = 0

    def begin(self) -> None:
        with self._changed:
            self._count += 1

    def end(self) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()
            kept = self._kept if not self._count else 0
        if kept:
            os.kill(os.getpid(), kept)

    def keeps(self, number: int) -> bool:
        """Whether a signal waits for the work's end. A second one does not."""
        with self._changed:
            is_first = bool(self._count) and not self._kept
            self._kept = number
            return is_first

    def wait(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._count, seconds)


_WHOLE = _Whole()


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Work that must not be cut in two: a signal that asks for the end waits until it is done, a second one does not.

    It is for work of which half would lose something that nobody can bring back, such as a token that works once. It
    has to have an end of its own.
    """
    _WHOLE.begin()
    try:
        yield
    finally:
        _WHOLE.end()


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
        code = _ended(lambda: _reported(work, report))
    finally:
        close()
    leave(code)


def _reported(work: Callable[[], int], report: Callable[[Exception], int]) -> int:
    try:
        return work()
    except (BrokenPipeError, OutputFault):  # a report could not be read either
        raise
    except Exception as error:  # noqa: BLE001 - the last one to hear of it
        return report(error)


def _ended(work: Callable[[], int]) -> int:
    try:
        return work()
    except _Ended as ended:
        return 128 + ended.number
    except BrokenPipeError:
        return _CLOSED_PIPE_EXIT
    except OutputFault as fault:
        with contextlib.suppress(OSError, AttributeError):  # nor may stderr be there
            sys.stderr.write(f"{fault}\n")
        return FAILED_EXIT


def require_output() -> None:
    """End where stdout is closed, as `>&-` leaves it: nobody could be told anything.

    A descriptor that is closed would go to the first file that is opened, and what is meant for people into that. So
    those of stdin and stderr are opened, and lead nowhere.
    """
    if sys.stdout is None:
        _ended(_closed)
        os._exit(FAILED_EXIT)
    while (number := os.open(os.devnull, os.O_RDWR)) < _FIRST_FREE:
        pass
    os.close(number)


def _closed() -> int:
    raise OutputFault(_NO_OUTPUT.format("it is closed"))


@contextlib.contextmanager
def output_faults() -> Iterator[None]:
    """Around what writes to stdout.

    Raises:
        BrokenPipeError: Nobody reads any more.
        OutputFault: It cannot be written for another reason.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFault(_NO_OUTPUT.format(error.strerror)) from error


@contextlib.contextmanager
def said_to_its_end(flush: Callable[[], None]) -> Iterator[None]:
    """Around what writes messages into a buffer: the buffer is flushed, whatever ends this.

    Where a signal ends it, nobody may be reading any more, and another thread may stand in the middle of writing. So
    that is given a moment and no more; what is not said then is in no state, and comes again with the next sync.

    Args:
        flush: Empties the buffer to stdout.

    Raises:
        BrokenPipeError: Nobody reads any more.
        OutputFault: It cannot be written for another reason.
    """
    try:
        yield
    except _Ended:
        _within_a_moment(flush)
        raise
    except BaseException:
        with output_faults():
            flush()
        raise
    with output_faults():
        flush()


def _within_a_moment(say: Callable[[], object]) -> None:
    def tried() -> None:
        with contextlib.suppress(OSError, OutputFault, ValueError, AttributeError):
            say()

    last_words = threading.Thread(target=tried, name="last-words", daemon=True)
    with contextlib.suppress(RuntimeError):  # no thread is to be had
        last_words.start()
        last_words.join(_LAST_WORDS_SECONDS)


def leave(code: int) -> None:
    """End at once where threads may still wait for the vendor; their work is safe in the state."""
    if code - 128 not in _SIGNALS:
        _WHOLE.wait(_LAST_SECONDS)
    for number in _SIGNALS:  # all is said: clients end a process that lingers
        signal.signal(number, signal.SIG_DFL)
    if code - 128 in _SIGNALS:
        _within_a_moment(_flushed)
        os.kill(os.getpid(), code - 128)  # clients tell a good end from a failure by the signal
    else:
        code = _ended(_flushed) or code
    if code:
        os._exit(code)  # also where a signal does nothing: in the first process of a container


def _flushed() -> int:
    with output_faults():
        sys.stdout.flush()
    return 0


def _end(number: int, _frame: FrameType | None) -> None:
    if not _WHOLE.keeps(number):
        raise _Ended(number)
