"""What signs requests, as the client sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests
from requests.auth import AuthBase

if TYPE_CHECKING:
    from source_lms_reports.api.client import Client


class Credentials(AuthBase):
    """Signs each request that it is given. One that never changes has nothing to do but that."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign `request`.

        Raises:
            Refusal: What it is signed with has to be asked for, and is not given.
        """
        raise NotImplementedError

    def bind(self, client: Client) -> None:
        """Take the client through which something has to be asked for."""

    def ensure(self) -> None:
        """Ask for what is needed to sign, without signing.

        Raises:
            Refusal: It is not given.
        """

    def renew(self) -> bool:
        """Drop what was refused; whether the next request is signed with something else."""
        return False


class NoAuth(Credentials):
    """Adds nothing. Given to every request without credentials, so that a netrc file adds nothing either."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """`request` as it is."""
        return request
