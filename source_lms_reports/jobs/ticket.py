"""What is asked for (`Order`), and the vendor's receipt for it (`Ticket`)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

from source_lms_reports.errors import TransientError

JSON: TypeAlias = "Mapping[str, JSON] | Sequence[JSON] | str | int | float | bool | None"

STATE_VERSION = 1
_END_OF_TIME = 1e12
"""More epoch seconds than any clock shows; NaN is not below it either."""


class UnreadableTicket(TransientError):
    """A stored ticket that this version cannot read: order anew, as if there were none."""


@dataclass(frozen=True)
class Window:
    """A span of time as the vendor writes it (dates or RFC 3339); a missing end is open."""

    start: str | None
    end: str | None

    def __str__(self) -> str:
        """How every text for a user names it; empty where both ends are open."""
        if self.start is None:
            return f"up to {self.end}" if self.end is not None else ""
        return f"from {self.start}" if self.end is None else f"{self.start} to {self.end}"


@dataclass(frozen=True)
class Order:
    """One report that a sync wants.

    Args:
        report: The vendor's name of the report.
        parameters: Everything else that tells this report from another one.
        window: The span of time asked for, where the report has one.
        streams: Who reads it. Not part of the identity; the first one names the order's queue.
        direct: The report is answered at once: fetched right away, without placing and polling.
    """

    report: str
    parameters: Mapping[str, JSON] = field(hash=False)
    window: Window | None = None
    streams: tuple[str, ...] = ()
    direct: bool = False

    @cached_property
    def identity(self) -> str:
        """32 hexadecimal digits that are equal exactly for orders of the same report."""
        return identity_of(self.report, self.parameters, self.window)

    @property
    def queue(self) -> str:
        """Orders of one queue are placed one after the other; the queues take turns."""
        return self.streams[0] if self.streams else self.report

    def shared_with(self, streams: tuple[str, ...]) -> Order:
        """The same order with `streams` added to its readers."""
        added = tuple(stream for stream in streams if stream not in self.streams)
        return replace(self, streams=self.streams + added) if added else self


@dataclass(frozen=True)
class Ticket:
    """A job at the vendor.

    Args:
        id: The vendor's id of the job.
        identity: The identity of the order that it answers.
        report: As in the order.
        parameters: As in the order.
        window: As in the order.
        ordered_at: When the vendor took the order, in epoch seconds.
        adopted: Somebody else ordered it: it is read, but never aborted or deleted.
        details: What later requests need besides the id. Never an address, never a secret.
        account: Tells the vendor's address and account from others; no secret goes into it. Empty where an earlier
            version has left the ticket.
    """

    id: str
    identity: str
    report: str
    parameters: Mapping[str, JSON] = field(hash=False)
    window: Window | None
    ordered_at: float
    adopted: bool = False
    details: Mapping[str, str] = field(default_factory=dict, hash=False)
    account: str = ""

    def to_state(self) -> dict[str, JSON]:
        """The ticket as JSON. Details that are addresses are left out: they may carry a signature."""
        window = {"start": self.window.start, "end": self.window.end} if self.window else None
        return {
            "v": STATE_VERSION,
            "id": self.id,
            "identity": self.identity,
            "report": self.report,
            "parameters": dict(self.parameters),
            "window": window,
            "ordered_at": self.ordered_at,
            "adopted": self.adopted,
            "details": {key: value for key, value in self.details.items() if "://" not in value},
            **({"account": self.account} if self.account else {}),
        }

    @classmethod
    def from_state(cls, raw: object) -> Ticket:
        """Read what `to_state` wrote; keys of newer versions are passed over.

        Raises:
            UnreadableTicket: `raw` is not a ticket, or is one of another version.
        """
        if not isinstance(raw, Mapping):
            raise _unreadable(f"a ticket is an object, not {type(raw).__name__}")
        if raw.get("v") != STATE_VERSION or isinstance(raw.get("v"), bool):
            raise _unreadable(f"version {raw.get('v')!r} is not {STATE_VERSION}")
        return cls(
            id=_text(raw, "id"),
            identity=_text(raw, "identity"),
            report=_text(raw, "report"),
            parameters=_parameters(raw),
            window=_window(raw),
            ordered_at=_seconds(raw, "ordered_at"),
            adopted=_flag(raw, "adopted"),
            details=_details(raw),
            account=_text(raw, "account") if raw.get("account") else "",
        )


def identity_of(report: str, parameters: Mapping[str, JSON], window: Window | None) -> str:
    """The first 32 hexadecimal digits of the SHA-256 of the canonical JSON of all three."""
    span = [window.start, window.end] if window else None
    canonical = json.dumps(
        [report, parameters, span], sort_keys=True, separators=(",", ":"), allow_nan=False, default=dict
    )
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def _unreadable(why: str) -> UnreadableTicket:
    message = "A report job kept from an earlier sync cannot be read back; the report is ordered again."
    return UnreadableTicket(message, detail=why)


def _text(raw: Mapping[str, object], key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value:
        raise _unreadable(f"{key} is not a text: {value!r}")
    return value


def _seconds(raw: Mapping[str, object], key: str) -> float:
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < _END_OF_TIME:
        raise _unreadable(f"{key} is not a time: {value!r}")
    return float(value)


def _flag(raw: Mapping[str, object], key: str) -> bool:
    value = raw.get(key, False)
    if not isinstance(value, bool):
        raise _unreadable(f"{key} is not true or false: {value!r}")
    return value


def _parameters(raw: Mapping[str, object]) -> Mapping[str, JSON]:
    value = raw.get("parameters")
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise _unreadable(f"parameters are not an object: {value!r}")
    return dict(value)


def _details(raw: Mapping[str, object]) -> Mapping[str, str]:
    value = raw.get("details", {})
    if not isinstance(value, Mapping):
        raise _unreadable(f"details are not an object: {value!r}")
    if not all(isinstance(part, str) for pair in value.items() for part in pair):
        raise _unreadable("details hold something else than texts")
    return dict(value)


def _window(raw: Mapping[str, object]) -> Window | None:
    value = raw.get("window")
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise _unreadable(f"window is not an object: {value!r}")
    start, end = value.get("start"), value.get("end")
    if not isinstance(start, (str, type(None))) or not isinstance(end, (str, type(None))):
        raise _unreadable(f"window is not two texts: {value!r}")
    return Window(start, end)
