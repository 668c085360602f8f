"""Refresh tokens: handed out before they are needed, used once, and by one process at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from requests_mock import Mocker

from source_lms_reports.api.client import Client
from source_lms_reports.api.refresh import RefreshTokenAuth, SettingKeeper
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.api.transport import Transport
from source_lms_reports.errors import ConfigError
from source_lms_reports.platforms.model import RefreshTokenAuthenticator, load_platform
from source_lms_reports.redaction import redact

URL = "https://login.example.com/token"


class Kept(SettingKeeper):
    """Notes what it is given, and what had been used by then."""

    def __init__(self, *, may: bool = True) -> None:
        self.values: list[str] = []
        self.paths: list[Sequence[str]] = []
        self._may = may

    def require_room(self, path: Sequence[str]) -> None:  # noqa: ARG002
        if not self._may:
            raise ConfigError("no room")

    def keep(self, path: Sequence[str], value: str) -> None:
        if not self._may:
            raise ConfigError("no room")
        self.paths.append(path)
        self.values.append(value)


@pytest.fixture(autouse=True)
def _own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def made(keeper: SettingKeeper, refresh_token: str = "first-refresh", **words: Any) -> RefreshTokenAuth:
    spec = RefreshTokenAuthenticator(
        token_url=URL,
        client_id="client",
        client_secret="secret-of-client",
        refresh_token=["platform", "refresh_token"],
        **{"single_use": True, **words},
    )
    settings = {"base_url": "https://lms.example.com", "refresh_token": refresh_token}
    auth = RefreshTokenAuth(spec, {"platform": settings}, keeper)
    Client(load_platform("sana"), {"platform": settings}, {"default": auth}, Transport(), clock=lambda: 1000.0)
    return auth


def answer(number: int, refresh: str | None) -> dict[str, Any]:
    document = {"access_token": f"access-number-{number}", "expires_in": 3600, "refresh_token": refresh}
    return {"json": {name: value for name, value in document.items() if value is not None}}


def used(auth: RefreshTokenAuth) -> str:
    return str(auth(requests.Request("GET", "https://lms.example.com/").prepare()).headers["Authorization"])


def forms(mock: Mocker) -> list[dict[str, list[str]]]:
    return [parse_qs(request.text) for request in mock.request_history]


def test_each_new_refresh_token_is_handed_out_and_sent_the_next_time() -> None:
    keeper = Kept()
    with Mocker() as mock:
        mock.post(URL, [answer(1, "second-refresh"), answer(2, "third-refresh")])
        auth = made(keeper)
        assert used(auth) == "Bearer access-number-1"
        assert auth.renew()
        assert used(auth) == "Bearer access-number-2"

    assert [form["refresh_token"] for form in forms(mock)] == [["first-refresh"], ["second-refresh"]]
    assert forms(mock)[0]["grant_type"] == ["refresh_token"]
    assert keeper.values == ["second-refresh", "third-refresh"]
    assert keeper.paths[0] == ["platform", "refresh_token"]
    assert redact("second-refresh") == "****"


def test_a_refresh_token_is_handed_out_even_if_no_access_token_came_with_it() -> None:
    keeper = Kept()
    with Mocker() as mock:
        mock.post(URL, json={"refresh_token": "second-refresh"})
        with pytest.raises(Refusal, match="without a token"):
            used(made(keeper))

    assert keeper.values == ["second-refresh"]


@pytest.mark.parametrize("refresh", [None, "", "first-refresh"])
def test_a_refresh_token_that_stays_is_not_handed_out(refresh: str | None) -> None:
    keeper = Kept()
    with Mocker() as mock:
        mock.post(URL, [answer(1, refresh), answer(2, refresh)])
        auth = made(keeper)
        used(auth)
        auth.renew()
        used(auth)

    assert [form["refresh_token"] for form in forms(mock)] == [["first-refresh"]] * 2
    assert keeper.values == []


def test_a_platform_may_have_a_prefix_of_its_own_and_no_grant_type() -> None:
    with Mocker() as mock:
        mock.post(URL, **answer(1, None))
        assert used(made(Kept(), prefix="oauth", grant_type="", scope="a b")) == "oauth access-number-1"

    assert forms(mock) == [
        {
            "client_id": ["client"],
            "client_secret": ["secret-of-client"],
            "refresh_token": ["first-refresh"],
            "scope": ["a b"],
        }
    ]


def test_nothing_is_asked_where_a_new_refresh_token_would_be_lost() -> None:
    with Mocker() as mock:
        with pytest.raises(Refusal, match="no room"):
            used(made(Kept(may=False)))
        with pytest.raises(RuntimeError, match="nobody is there"):
            used(made(SettingKeeper()))

    assert mock.call_count == 0


def test_one_that_works_more_than_once_is_used_where_the_next_cannot_be_kept(caplog: pytest.LogCaptureFixture) -> None:
    with Mocker() as mock:
        mock.post(URL, **answer(1, "second-refresh"))
        assert used(made(Kept(may=False), single_use=False)) == "Bearer access-number-1"

    assert "no room" in caplog.text


def test_a_spent_refresh_token_is_not_sent_again() -> None:
    with Mocker() as mock:
        mock.post(URL, [answer(1, "second-refresh"), answer(2, "third-refresh")])
        used(made(Kept()))
        with pytest.raises(Refusal, match="has been used on this machine before") as refusal:
            used(made(Kept()))
        assert used(made(Kept(), "second-refresh")) == "Bearer access-number-2"

    assert refusal.value.kind == "config"
    assert mock.call_count == 2


def test_a_refresh_token_whose_answer_was_lost_is_sent_again() -> None:
    with Mocker() as mock:
        mock.post(URL, [{"exc": requests.exceptions.ReadTimeout}, answer(1, "second-refresh")])
        auth = made(Kept())
        with pytest.raises(Refusal, match="took too long"):
            used(auth)
        assert used(auth) == "Bearer access-number-1"


def test_another_one_that_was_kept_meanwhile_is_taken() -> None:
    class Elsewhere(Kept):
        def latest(self, path: Sequence[str], known: str) -> str:  # noqa: ARG002
            return "newer-refresh"

    with Mocker() as mock:
        mock.post(URL, **answer(1, "second-refresh"))
        used(made(Elsewhere()))

    assert forms(mock)[0]["refresh_token"] == ["newer-refresh"]
    assert redact("newer-refresh") == "****"
