"""Access tokens with scopes and a life on the sandbox's clock."""

from __future__ import annotations

import base64
import binascii
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .clock import Clock
    from .core import Request


@dataclass(frozen=True)
class Grant:
    """What a token allows, and until when (seconds since 1970)."""

    scopes: frozenset[str]
    ends: float


class Tokens:
    """Issues and checks bearer tokens.

    Args:
        prefix: How the tokens of this vendor begin, to find them in logs.
    """

    def __init__(self, clock: Clock, prefix: str) -> None:
        self._clock = clock
        self._prefix = prefix
        self._grants: dict[str, Grant] = {}
        self._numbers = itertools.count(1)

    def issue(self, scopes: frozenset[str], seconds: float) -> str:
        """A new token."""
        token = f"{self._prefix}-{next(self._numbers):04d}-secret"
        self._grants[token] = Grant(scopes, self._clock.now() + seconds)
        return token

    def grant(self, request: Request) -> Grant | None:
        """What the request's bearer token allows; None when it is missing, unknown or has ended."""
        header = request.header("Authorization") or ""
        found = self._grants.get(header.removeprefix("Bearer ")) if header.startswith("Bearer ") else None
        return found if found is not None and found.ends > self._clock.now() else None

    def refusal(self, request: Request, scope: str) -> int | None:
        """The status by which a request is refused that needs `scope`; None where its token allows it."""
        grant = self.grant(request)
        if grant is None:
            return 401
        return None if scope in grant.scopes else 403

    def revoke_all(self) -> None:
        """End every token at once."""
        self._grants = dict.fromkeys(self._grants, Grant(frozenset(), 0.0))


def basic_credentials(request: Request) -> tuple[str, str] | None:
    """The client id and secret of HTTP Basic authentication."""
    header = request.header("Authorization") or ""
    if not header.startswith("Basic "):
        return None
    try:
        name, _, secret = base64.b64decode(header[6:]).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret
