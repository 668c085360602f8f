"""The states of all streams in one: what Singer passes from one run to the next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from source_lms_reports.errors import ConfigError
from source_lms_reports.singer.messages import state_line


class Bookmarks:
    """Keeps every stream's state, and writes all of them whenever one has changed.

    Args:
        saved: What the last run left; see `read_bookmarks`.
        write: Takes a STATE message; called with the lock held, so that no older one comes after a newer one.
    """

    def __init__(self, saved: Mapping[str, Mapping[str, Any]], write: Callable[[bytes], None]) -> None:
        self._states = dict(saved)
        self._write = write
        self._guard = threading.Lock()

    def of(self, stream: str) -> Mapping[str, Any]:
        """The state of a stream; empty if there is none."""
        return self._states.get(stream, {})

    def repeat(self) -> None:
        """Write what was saved, if anything was: who keeps the last STATE of a run that fails at once keeps that."""
        if self._states:
            self._write(state_line(self._states))

    def change(self, stream: str, state: Mapping[str, Any]) -> None:
        """Write all states, with a new one for `stream`. The records that it vouches for have been written."""
        with self._guard:
            self._states[stream] = state
            self._write(state_line(self._states))


def read_bookmarks(document: Any) -> dict[str, Mapping[str, Any]]:
    """The states of all streams.

    Args:
        document: `{"bookmarks": {stream: state}}`, or the STATE message that holds it.

    Raises:
        ConfigError: It is neither.
    """
    if isinstance(document, Mapping) and document.get("type") == "STATE":
        document = document.get("value")
    bookmarks = _bookmarks_of(document) if isinstance(document, Mapping) else document
    if not isinstance(bookmarks, Mapping) or not all(isinstance(one, Mapping) for one in bookmarks.values()):
        raise ConfigError(
            'The state is not one of this tap: {"bookmarks": {stream: state}} is wanted, as the last STATE message of '
            "the run before holds it. Give that, or leave --state out to read everything."
        )
    return dict(bookmarks)


def _bookmarks_of(document: Mapping[str, Any]) -> Any:
    """What an object has for bookmarks. Without any it is a state of nothing only if it holds nothing else either.

    `{"value": {"bookmarks": …}}` would otherwise begin everything anew, and nobody would know.
    """
    is_empty = document.get("bookmarks") is None and document.keys() <= {"bookmarks", "currently_syncing"}
    return {} if is_empty else document.get("bookmarks")
