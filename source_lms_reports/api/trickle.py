"""Ends answers that come so slowly that they would never end.

A time limit for silence does not see them: a byte now and then is no silence.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

import requests

#: A connection that brings less in so many seconds (70 bytes a second) is of no use. Some vendors send blanks while
#: they make a report.
SECONDS = 900.0
LEAST = 64 * 1024


@contextlib.contextmanager
def watched(response: requests.Response, came: Callable[[], int], seconds: float | None = None) -> Iterator[None]:
    """Around the reading of a body: end its connection when too little comes.

    Args:
        response: The answer.
        came: How many bytes have come.
        seconds: For so long at least `LEAST` bytes must come.

    Raises:
        requests.exceptions.ReadTimeout: Too little came. What was read may look whole, and is not.
    """
    done, is_stuck = threading.Event(), threading.Event()

    def watch() -> None:
        before = came()
        while not done.wait(seconds or SECONDS):
            if came() - before < LEAST:
                is_stuck.set()
                with contextlib.suppress(OSError, RuntimeError, ValueError):  # it has just ended by itself
                    response.raw.shutdown()
                return
            before = came()

    threading.Thread(target=watch, name="trickle", daemon=True).start()
    try:
        yield
    except Exception as error:
        if not is_stuck.is_set():
            raise
        raise _too_slow() from error
    finally:
        done.set()
    if is_stuck.is_set():
        raise _too_slow()


def _too_slow() -> requests.exceptions.ReadTimeout:
    return requests.exceptions.ReadTimeout("too few bytes came")
