"""Client credentials for vendors whose token endpoints the CDK's own authenticator cannot speak to."""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from airbyte_cdk.sources.declarative.auth.declarative_authenticator import DeclarativeAuthenticator

from source_lms_reports.api.client import Client, Refusal
from source_lms_reports.api.transport import Call
from source_lms_reports.errors import TransientError
from source_lms_reports.platforms.paths import value_at
from source_lms_reports.platforms.template import fill, fill_all
from source_lms_reports.redaction import REDACTOR

_RENEW_BEFORE_SECONDS = 60.0
_RENEW_BEFORE_SHARE = 0.1
_LONGEST_LIFE = 1e9
_DEFAULT_LIFE = 300.0


class _Used(threading.local):
    """The token that a thread used last."""

    token: str | None = None


@dataclass
class TokenAuthenticator(DeclarativeAuthenticator):
    """A bearer token from a token endpoint (OAuth 2 client credentials, RFC 6749 section 4.4), renewed before it ends.

    Attributes:
        token_url: The endpoint.
        client_id: The client's id.
        client_secret: The client's secret.
        scope: What is asked for, in the vendor's own way of listing it; empty for nothing.
        basic: Whether id and secret go into a Basic header instead of the form.
        token_path: Where the token stands in the answer.
        expires_path: Where its life in seconds stands.
    """

    config: Mapping[str, Any]
    token_url: str
    client_id: str
    client_secret: str
    scope: str = ""
    basic: bool = False
    token_path: list[str] = field(default_factory=lambda: ["access_token"])
    expires_path: list[str] = field(default_factory=lambda: ["expires_in"])
    # Not an InitVar, as elsewhere in the CDK: written as a text, that is no type to Python 3.10.
    parameters: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        """Nothing is asked for yet."""
        self._guard = threading.RLock()
        self._client: Client | None = None
        self._token: str | None = None
        self._used = _Used()
        self._ends = 0.0

    def bind(self, client: Client) -> None:
        """Use `client` to ask for tokens."""
        self._client = client

    @property
    def auth_header(self) -> str:
        """The header that carries the token."""
        return "Authorization"

    @property
    def token(self) -> str:
        """The header's value.

        Raises:
            Refusal: The endpoint gives no token.
        """
        return f"Bearer {self._current()}"

    def renew(self) -> bool:
        """Drop the token that this thread used last, because it was refused.

        Where another thread has renewed it meanwhile, the new one stays.

        Returns:
            Whether there will be another token for the next request.
        """
        with self._guard:
            if self._client is None:
                return False
            if self._token == self._used.token:
                self._token = None
            return True

    def _current(self) -> str:
        with self._guard:
            client = self._bound()
            if self._token is None or client.clock() >= self._ends:
                self._token = self._ask(client)
            self._used.token = self._token
            return self._token

    def _bound(self) -> Client:
        if self._client is None:
            raise RuntimeError("the authenticator is used before a client is bound to it")
        return self._client

    def _ask(self, client: Client) -> str:
        answer = client.send(self._call(client), "token")
        document = client.json(answer, "token")
        token = value_at(document, self.token_path)
        if not isinstance(token, str) or not token:
            words = f"The token endpoint of {client.platform.title} answered without a token."
            names = sorted(document) if isinstance(document, dict) else type(document).__name__
            raise Refusal("transient", TransientError(words, detail=str(names)[:300]))
        REDACTOR.register(token)
        life = value_at(document, self.expires_path)
        seconds = float(life) if isinstance(life, (int, float)) and 0 < life < _LONGEST_LIFE else _DEFAULT_LIFE
        self._ends = client.clock() + seconds - min(_RENEW_BEFORE_SECONDS, seconds * _RENEW_BEFORE_SHARE)
        return token

    def _call(self, client: Client) -> Call:
        filled = {
            name: str(fill(getattr(self, name), client.context))
            for name in ("token_url", "client_id", "client_secret", "scope")
        }
        form = {"grant_type": "client_credentials", "scope": filled["scope"]}
        headers = {}
        if self.basic:
            pair = f"{filled['client_id']}:{filled['client_secret']}"
            encoded = base64.b64encode(pair.encode()).decode()
            REDACTOR.register(encoded)
            headers["Authorization"] = f"Basic {encoded}"
        else:
            form |= {"client_id": filled["client_id"], "client_secret": filled["client_secret"]}
        return Call("POST", filled["token_url"], headers=headers, form=fill_all(form, {}))

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token into `request`."""
        request.headers[self.auth_header] = self.token
        return request
