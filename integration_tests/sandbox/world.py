"""What all vendors of one sandbox share, and what a vendor must offer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, ClassVar

from .core import Request, Response, Route, html_response, text_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .cache import Cache
    from .clock import Clock
    from .data import Overlay
    from .downloads import Downloads
    from .faults import Fault, Faults
    from .jobs import JobBook
    from .journal import Journal

Record = dict[str, Any]


@dataclass
class World:
    """Shared by all vendors of one sandbox.

    Args:
        rows: The size of a main report.
        anchor: Seconds since 1970; generated times end here.
    """

    rows: int
    seed: int
    anchor: float
    clock: Clock
    faults: Faults
    journal: Journal
    jobs: JobBook
    downloads: Downloads
    cache: Cache
    overlay: Overlay


class Vendor(ABC):
    """One vendor's API. `origin` is the address of its host once the socket is bound."""

    name: ClassVar[str]
    switches_type: ClassVar[type]
    switches: Any
    origin: str = ""

    def __init__(self, world: World, settings: dict[str, Any]) -> None:
        self.world = world
        self.switches = self.switches_type()
        self.apply_settings(settings)

    @property
    @abstractmethod
    def routes(self) -> Sequence[Route]:
        """The vendor's routes, first match wins."""

    def apply_settings(self, settings: dict[str, Any]) -> None:
        """Set switches by name.

        Raises:
            KeyError: There is no such switch.
        """
        known = {field.name for field in fields(self.switches_type)}
        for name, value in settings.items():
            if name not in known:
                raise KeyError(name)
            setattr(self.switches, name, value)

    @abstractmethod
    def config(self) -> dict[str, Any]:
        """The `platform` part of a connector config that reaches this vendor."""

    @abstractmethod
    def streams(self) -> list[str]:
        """The names of the streams a connector must offer."""

    @abstractmethod
    def truth(self, stream: str, **options: Any) -> Iterator[Record]:
        """The records which a full refresh of `stream` must emit, in the order of the report."""

    @abstractmethod
    def error(self, status: int, reason: str = "") -> Response:
        """An error in the vendor's own words."""

    def reset(self) -> None:  # noqa: B027 - most vendors keep nothing of their own
        """Forget what belongs to this run (tokens, quotas)."""

    def close(self) -> None:  # noqa: B027 - most vendors hold nothing open
        """Let go of what the vendor holds open."""

    def act(self, action: str, **args: Any) -> Any:  # noqa: ARG002 - vendors' own arguments
        """A vendor's own way to be changed by a test (e.g. Canvas `seed_run`).

        Raises:
            KeyError: There is no such action.
        """
        raise KeyError(action)

    def identify(self, request: Request) -> str | None:
        """The report a request is about, for faults and the journal."""
        return request.report

    def faulty(self, effect: str, fault: Fault, handle: Callable[[], Response], other_host: str, here: str) -> Response:
        """What a request fault makes of an answer (see the tables in `faults.py`)."""
        if effect == "lost":
            handle()
            return Response(effect="reset")
        if effect == "informed":
            answer = handle()
            answer.informs = True
            return answer
        if effect == "reset":
            return Response(effect="reset")
        if effect == "timeout":
            return Response(effect="hang", pause=fault.number("seconds", 30))
        if effect in ("html", "notjson", "empty"):
            return _not_an_answer(effect)
        if effect == "redirect":
            return Response(302, [("Location", other_host)])
        if effect == "moved":
            return Response(int(fault.number("status", 302)), [("Location", here)])
        return self._refusal(effect, fault)

    def throttled(self) -> Response:
        """The plain-text 403 of Canvas' throttle."""
        answer = text_response("403 Forbidden (Rate Limit Exceeded)\n", 403)
        return answer.header("X-Rate-Limit-Remaining", "0.0").header("X-Request-Cost", "0.0")

    def _refusal(self, effect: str, fault: Fault) -> Response:
        if effect == "throttle":
            return self.throttled()
        status = int(effect[:3])
        if status in (502, 503, 504):
            return html_response(f"{status} Server Error", status)
        answer = self.error(status, fault.args.get("reason", ""))
        wait = fault.number("retry_after", 1)
        if effect == "429":
            answer.header("Retry-After", f"{wait:g}")
        if effect == "429_date":
            answer.header("Retry-After", formatdate(self.world.clock.now() + wait, usegmt=True))
        return answer


def _not_an_answer(effect: str) -> Response:
    if effect == "html":
        return html_response("Welcome")
    body = b"" if effect == "empty" else b'{"data": [1, 2'
    return Response(200, [("Content-Type", "application/json")], body)
