"""Credentials: what a platform file says of them, as objects that sign requests.

Values of the configuration go into a request byte for byte: a template puts them in, and nothing looks at them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from source_lms_reports.api.credentials import Credentials
from source_lms_reports.api.refresh import RefreshTokenAuth, SettingKeeper
from source_lms_reports.api.token_auth import TokenAuth
from source_lms_reports.platforms.model import (
    ApiKeyAuthenticator,
    AuthenticatorSpec,
    BearerAuthenticator,
    Platform,
    RefreshTokenAuthenticator,
    SelectiveAuthenticator,
)
from source_lms_reports.platforms.paths import value_at
from source_lms_reports.platforms.template import fill


def make_authenticators(
    platform: Platform, context: Mapping[str, Any], keeper: SettingKeeper
) -> dict[str, Credentials]:
    """The platform's authenticators by name.

    Args:
        platform: The platform file.
        context: What its templates may use.
        keeper: Takes settings that the vendor renews.
    """
    return {name: _made(spec, context, keeper) for name, spec in platform.authenticators.items()}


def _made(spec: AuthenticatorSpec, context: Mapping[str, Any], keeper: SettingKeeper) -> Credentials:
    if isinstance(spec, SelectiveAuthenticator):
        chosen = spec.authenticators[str(value_at(context, spec.authenticator_selection_path))]
        return _made(chosen, context, keeper)
    if isinstance(spec, BearerAuthenticator):
        return HeaderAuth("Authorization", f"Bearer {fill(spec.api_token, context)}")
    if isinstance(spec, ApiKeyAuthenticator):
        return HeaderAuth(spec.header, str(fill(spec.api_token, context)))
    if isinstance(spec, RefreshTokenAuthenticator):
        return RefreshTokenAuth(spec, context, keeper)
    return TokenAuth(spec, context)


class HeaderAuth(Credentials):
    """A header that never changes.

    Args:
        name: Its name.
        value: Its value, which is sent as it is, in UTF-8.
    """

    def __init__(self, name: str, value: str) -> None:
        self._name = name
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the header into `request`."""
        request.headers[self._name] = self._value.encode().decode("latin-1")  # as which it is sent
        return request
