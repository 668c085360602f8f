"""The journal: every request that reached the sandbox, with what it was answered."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core import Pairs, Request


@dataclass
class Entry:
    """One request.

    Args:
        at: Seconds on the monotonic clock; compare these for gaps between polls.
        wall: Seconds since 1970 on the wall clock of the machine.
        vendor_time: Seconds since 1970 on the clock of the sandbox (tests may advance it).
        host: `api` or `files`; `authority` is the Host header as sent.
        kind: `list`, `order`, `poll`, `token`, `download`, `abort`, `delete`, `page` or `other`.
        report: The vendor's name of the report, where the request names one.
        marks: What the sandbox noticed: `fault:<name>`, `credentials-at-download-host`, `quota-exceeded`, ...
        status: What was answered; None while it is being answered, 0 when the connection was reset instead.
    """

    seq: int
    at: float
    wall: float
    vendor_time: float
    vendor: str
    host: str
    authority: str
    method: str
    path: str
    query: list[list[str]]
    headers: list[list[str]]
    body: Any
    kind: str = "other"
    report: str | None = None
    status: int | None = None
    sent: int = 0
    marks: list[str] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """The value of a header, whatever its case; None when it was not sent."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def param(self, name: str) -> str | None:
        """The last value of a query parameter."""
        return dict(self.query).get(name)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _lists(pairs: Pairs) -> list[list[str]]:
    return [list(pair) for pair in pairs]


class Journal:
    """Entries in order of arrival; safe to read while the server writes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._next = 1

    def open(self, request: Request, vendor_time: float) -> Entry:
        """Enter a request before it is answered."""
        with self._lock:
            entry = Entry(
                seq=self._next,
                at=time.monotonic(),
                wall=time.time(),
                vendor_time=vendor_time,
                vendor=request.vendor,
                host=request.host,
                authority=request.authority,
                method=request.method,
                path=request.path,
                query=_lists(request.query),
                headers=_lists(request.headers),
                body=request.parsed_body,
                marks=request.marks,
            )
            self._next += 1
            self._entries.append(entry)
            return entry

    def entries(self, **wanted: object) -> list[Entry]:
        """The entries whose fields equal `wanted`, e.g. `entries(vendor="canvas", kind="order")`."""
        with self._lock:
            found = list(self._entries)
        return [e for e in found if all(getattr(e, name) == value for name, value in wanted.items())]

    def marked(self, mark: str) -> list[Entry]:
        """The entries that carry a mark that begins with `mark`."""
        return [e for e in self.entries() if any(text.startswith(mark) for text in e.marks)]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
