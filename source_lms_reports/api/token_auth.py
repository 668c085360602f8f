"""Bearer tokens from a token endpoint, renewed before they end."""

from __future__ import annotations

import base64
import dataclasses
import re
import threading
from collections.abc import Mapping
from typing import Any

import requests

from source_lms_reports.api.client import Client
from source_lms_reports.api.credentials import Credentials
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.api.transport import Call
from source_lms_reports.errors import TransientError
from source_lms_reports.platforms.model import TokenAuthenticator
from source_lms_reports.platforms.paths import value_at
from source_lms_reports.platforms.template import fill
from source_lms_reports.redaction import REDACTOR

_RENEW_BEFORE_SECONDS = 60.0
_RENEW_BEFORE_SHARE = 0.1
_LONGEST_LIFE = 1e9
_DEFAULT_LIFE = 300.0
_BAD_REQUEST = 400
#: What asking again does not mend, in the words of the standard and in those of some vendors.
_REFUSALS = re.compile(r"(?:invalid|bad|expired|incorrect|unauthorized|unsupported)[-_ ]\w", re.IGNORECASE)


class _Used(threading.local):
    """The token that a thread used last."""

    token: str | None = None


class TokenAuth(Credentials):
    """A bearer token from a token endpoint (OAuth 2 client credentials, RFC 6749 section 4.4), renewed before it ends.

    Args:
        spec: What the platform file says of the endpoint.
        context: What its templates may use.
    """

    def __init__(self, spec: TokenAuthenticator, context: Mapping[str, Any]) -> None:
        self._spec = spec
        self._context = context
        self._guard = threading.RLock()
        self._client: Client | None = None
        self._token: str | None = None
        self._used = _Used()
        self._ends = 0.0

    def bind(self, client: Client) -> None:
        """Use `client` to ask for tokens."""
        self._client = client

    def ensure(self) -> None:
        """Have a token.

        Raises:
            Refusal: The endpoint gives none.
        """
        self._current()

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
            if self._token is None or client.vendor_now() >= self._ends:
                self._token = self._asked(client)
            self._used.token = self._token
            return self._token

    def form(self) -> dict[str, str]:
        """What the request for a token says beside the client, by what it is asked for."""
        asked = {"grant_type": self._spec.grant_type, "scope": self.filled(self._spec.scope)}
        return {name: value for name, value in asked.items() if value}

    def ask(self, client: Client) -> Any:
        """The document in which the endpoint gives a token.

        Raises:
            Refusal: It gives none.
        """
        try:
            answer, document = client.ask(self._call(), "token")
            if _is_refusal(document):  # with a status of success, as some say it
                client.judge(dataclasses.replace(answer, status=_BAD_REQUEST), "token")
        except Refusal as refusal:
            raise refusal.of_token(client.platform.title) from refusal
        return document

    def _bound(self) -> Client:
        if self._client is None:
            raise RuntimeError("the authenticator is used before a client is bound to it")
        return self._client

    def _asked(self, client: Client) -> str:
        document = self.ask(client)
        token = value_at(document, self._spec.token_path)
        if not isinstance(token, str) or not token:
            words = f"The token endpoint of {client.platform.title} answered without a token."
            names = sorted(document) if isinstance(document, dict) else type(document).__name__
            raise Refusal("transient", TransientError(words, detail=str(names)[:300]), unsent=True)
        REDACTOR.register(token)
        seconds = _life(value_at(document, self._spec.expires_path))
        self._ends = client.vendor_now() + seconds - min(_RENEW_BEFORE_SECONDS, seconds * _RENEW_BEFORE_SHARE)
        return token

    def _call(self) -> Call:
        spec = self._spec
        client_id, secret = self.filled(spec.client_id), self.filled(spec.client_secret)
        form = self.form()
        headers = {}
        if spec.basic:
            encoded = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
            REDACTOR.register(encoded)
            headers["Authorization"] = f"Basic {encoded}"
        else:
            form |= {"client_id": client_id, "client_secret": secret}
        return Call("POST", self.filled(spec.token_url), headers=headers, form=form)

    def filled(self, template: str) -> str:
        """A template of the platform file with the settings put in."""
        return str(fill(template, self._context))

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token into `request`."""
        request.headers["Authorization"] = f"{self._spec.prefix} {self._current()}"
        return request


def _is_refusal(document: Any) -> bool:
    """Whether a document says that there will be no token: `{"error": "invalid_grant"}` (RFC 6749, 5.2)."""
    return isinstance(document, dict) and bool(_REFUSALS.match(str(document.get("error"))))


def _life(told: Any) -> float:
    """The seconds that a token lives, told as a number or as its digits."""
    try:
        seconds = float(told)
    except (TypeError, ValueError, OverflowError):
        return _DEFAULT_LIFE
    return seconds if 0 < seconds < _LONGEST_LIFE else _DEFAULT_LIFE
