"""Tokens that are asked for with a refresh token, which may work once and is then followed by another.

A new refresh token is worth more than all that it opens: where it is lost, somebody has to sign in again. So it is
handed out before the access token that came with it is used, a signal waits for that, and of several processes of one
machine one asks at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from source_lms_reports.api.client import Client
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.api.renewal_lock import LockBusy, RenewalLock
from source_lms_reports.api.token_auth import TokenAuth
from source_lms_reports.errors import ConfigError, TransientError
from source_lms_reports.platforms.model import RefreshTokenAuthenticator
from source_lms_reports.platforms.paths import value_at
from source_lms_reports.process import uninterrupted
from source_lms_reports.redaction import REDACTOR

LOGGER = logging.getLogger("airbyte")
#: Where the answer has the next refresh token (RFC 6749, 5.1).
_NEW_TOKEN = ["refresh_token"]


class SettingKeeper:
    """Takes the new value of a setting that the vendor renews, and hands it to whoever keeps the configuration.

    This one has nobody to hand it to, and says so before anything is asked for.
    """

    def latest(self, path: Sequence[str], known: str) -> str:  # noqa: ARG002 - some look it up
        """The setting's value now: `known`, unless others may have renewed it where it is kept."""
        return known

    def require_room(self, path: Sequence[str]) -> None:  # noqa: ARG002 - some name it
        """Make sure that a new value will be kept.

        Raises:
            ReportError: It cannot be; says why.
        """
        raise RuntimeError("the platform renews a setting, and nobody is there to keep it")

    def keep(self, path: Sequence[str], value: str) -> None:
        """Hand out the new value. It has left this process when this returns.

        Raises:
            ReportError: It cannot be kept.
        """
        raise NotImplementedError


class RefreshTokenAuth(TokenAuth):
    """A bearer token that is asked for with a refresh token (RFC 6749, section 6).

    Args:
        spec: What the platform file says of the endpoint.
        context: What its templates may use: the settings.
        keeper: Takes new refresh tokens.
    """

    def __init__(self, spec: RefreshTokenAuthenticator, context: Mapping[str, Any], keeper: SettingKeeper) -> None:
        super().__init__(spec, context)
        self._refresh = spec
        self._keeper = keeper
        self._refresh_token = str(value_at(context, spec.refresh_token) or "")
        self._lock = RenewalLock(self.filled(spec.token_url), self.filled(spec.client_id))

    def form(self) -> dict[str, str]:
        """What the request says, the refresh token too."""
        return {**super().form(), "refresh_token": self._refresh_token}

    def ask(self, client: Client) -> Any:
        """The document in which the endpoint gives an access token, once the refresh token in it has been handed out.

        Raises:
            Refusal: It gives none, or another process is at it.
        """
        try:
            with self._lock:
                self._prepare(client.platform.title)
                with uninterrupted():
                    document = super().ask(client)
                    self._take(value_at(document, _NEW_TOKEN))
                    return document
        except LockBusy:
            words = f"Another process has been renewing the token of {client.platform.title} on this machine for long."
            raise Refusal("transient", TransientError(words), unsent=True) from None
        except ConfigError as error:
            raise Refusal("config", error, unsent=True, locked_out=True) from error

    def _prepare(self, title: str) -> None:
        """Have the newest refresh token, and somebody who keeps the next one.

        Raises:
            ConfigError: One of them is not to be had.
        """
        if self._refresh.single_use:
            self._keeper.require_room(self._refresh.refresh_token)
        self._refresh_token = self._keeper.latest(self._refresh.refresh_token, self._refresh_token)
        REDACTOR.register(self._refresh_token)
        if self._refresh.single_use and self._lock.knows_spent(self._refresh_token):
            raise _spent(title)

    def _take(self, new: Any) -> None:
        """Hand out the refresh token that came, if it is another one."""
        old = self._refresh_token
        if not isinstance(new, str) or not new or new == old:
            return
        REDACTOR.register(new)
        self._refresh_token = new
        try:
            self._keeper.keep(self._refresh.refresh_token, new)
        except ConfigError as error:
            if self._refresh.single_use:
                raise
            LOGGER.warning(error.message)
        self._lock.note_spent(old)


def _spent(title: str) -> ConfigError:
    """Of a refresh token that has been used already. A vendor may take its second use for theft, and end those that
    follow from it as well, so it is not sent.
    """
    return ConfigError(
        f"The refresh token of this configuration has been used on this machine before; with {title} each works once. "
        "Use the configuration that the connector handed out then (Airbyte: a CONTROL message; Singer: a file). Where "
        "that is lost, get a new refresh token."
    )
