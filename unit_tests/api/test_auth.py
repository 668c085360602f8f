from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from requests_mock import Mocker

from source_lms_reports.api.auth import make_authenticators
from source_lms_reports.api.client import Client
from source_lms_reports.api.refresh import SettingKeeper
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.api.token_auth import TokenAuth
from source_lms_reports.api.transport import Transport
from source_lms_reports.platforms.model import TokenAuthenticator, load_platform
from source_lms_reports.redaction import redact

URL = "https://lms.example.com/api/token"


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def made(clock: Callable[[], float], *, basic: bool = False) -> TokenAuth:
    spec = TokenAuthenticator(
        token_url=URL, client_id="client", client_secret="secret-of-client", scope="a b", basic=basic
    )
    authenticator = TokenAuth(spec, {})
    platform = {"base_url": "https://lms.example.com"}
    Client(
        load_platform("sana"),
        {"platform": platform, "config": {}},
        {"default": authenticator},
        Transport(),
        clock=clock,
    )
    return authenticator


def token(number: int, seconds: float = 3600) -> dict[str, object]:
    return {"json": {"access_token": f"token-number-{number}", "expires_in": seconds}}


def used(authenticator: TokenAuth) -> str:
    request = authenticator(requests.Request("GET", "https://lms.example.com/").prepare())
    return str(request.headers["Authorization"])


def test_a_token_is_asked_for_once_and_used_until_shortly_before_its_end() -> None:
    clock = Clock()
    with Mocker() as mock:
        mock.post(URL, [token(1), token(2)])
        authenticator = made(clock)

        assert [used(authenticator), used(authenticator)] == ["Bearer token-number-1"] * 2
        clock.now += 3600 - 61
        assert used(authenticator) == "Bearer token-number-1"
        clock.now += 2
        assert used(authenticator) == "Bearer token-number-2"


def test_a_short_lived_token_is_used_for_most_of_its_life() -> None:
    clock = Clock()
    with Mocker() as mock:
        mock.post(URL, [token(1, 10), token(2, 10)])
        authenticator = made(clock)
        used(authenticator)
        clock.now += 8.9
        assert used(authenticator) == "Bearer token-number-1"
        clock.now += 0.2
        assert used(authenticator) == "Bearer token-number-2"


@pytest.mark.parametrize("told", [600, "600", 600.0])
def test_a_life_is_told_as_a_number_or_as_its_digits(told: object) -> None:
    clock = Clock()
    with Mocker() as mock:
        mock.post(URL, [{"json": {"access_token": "token-number-1", "expires_in": told}}, token(2)])
        authenticator = made(clock)
        used(authenticator)
        clock.now += 530
        assert used(authenticator) == "Bearer token-number-1"
        clock.now += 20
        assert used(authenticator) == "Bearer token-number-2"


def test_a_life_longer_than_any_is_none() -> None:
    with Mocker() as mock:
        mock.post(URL, text='{"access_token": "token-number-1", "expires_in": 1' + "0" * 400 + "}")

        assert used(made(Clock())) == "Bearer token-number-1"


def test_a_refused_token_is_renewed_at_once() -> None:
    with Mocker() as mock:
        mock.post(URL, [token(1), token(2)])
        authenticator = made(Clock())
        used(authenticator)

        assert authenticator.renew() is True
        assert used(authenticator) == "Bearer token-number-2"


def test_two_threads_whose_token_was_refused_renew_it_once() -> None:
    with Mocker() as mock:
        mock.post(URL, [token(1), token(2), token(3)])
        authenticator = made(Clock())
        both_have_one = threading.Barrier(2)
        first_has_renewed = threading.Event()
        seen: list[str] = []

        def other() -> None:
            used(authenticator)
            both_have_one.wait(10)
            first_has_renewed.wait(10)
            assert authenticator.renew() is True
            seen.append(used(authenticator))

        thread = threading.Thread(target=other)
        thread.start()
        used(authenticator)
        both_have_one.wait(10)
        authenticator.renew()
        seen.append(used(authenticator))
        first_has_renewed.set()
        thread.join(10)

        assert seen == ["Bearer token-number-2"] * 2
        assert mock.call_count == 2


@pytest.mark.parametrize("basic", [False, True])
def test_the_client_is_named_in_the_form_or_in_a_basic_header(basic: bool) -> None:
    with Mocker() as mock:
        mock.post(URL, **token(1))
        used(made(Clock(), basic=basic))
        assert mock.last_request is not None
        form, header = mock.last_request.text, mock.last_request.headers.get("Authorization")

    assert "grant_type=client_credentials" in form
    assert "scope=a+b" in form
    assert ("secret-of-client" in form) is not basic
    assert (header is not None) is basic


def test_tokens_are_masked_from_the_moment_they_are_known() -> None:
    with Mocker() as mock:
        mock.post(URL, json={"access_token": "tok-5up3r", "expires_in": 1})
        used(made(Clock()))
    assert redact("it was tok-5up3r") == "it was ****"


@pytest.mark.parametrize(
    "answer",
    [{"json": {}}, {"json": {"access_token": ""}}, {"text": "<html>"}, {"status_code": 500}, {"text": "[{}, 1]"}],
)
def test_an_endpoint_that_gives_no_token_is_a_refusal(answer: dict[str, object]) -> None:
    with Mocker() as mock:
        mock.post(URL, **answer)
        with pytest.raises(Refusal):
            used(made(Clock()))


@pytest.mark.parametrize(
    ("error", "kind"),
    [("invalid_grant", "config"), ("bad_refresh_token", "config"), ("temporarily_unavailable", "transient")],
)
def test_a_refusal_with_a_status_of_success_is_one(error: str, kind: str) -> None:
    with Mocker() as mock:
        mock.post(URL, json={"error": error, "error_description": "for a reason"})
        with pytest.raises(Refusal) as told:
            used(made(Clock()))
    assert told.value.kind == kind
    assert told.value.unsent


#: What something that evaluates texts makes another text of.
ODD = ["0x1F4A", "71e4523", "1_000_000", "True", "None", "[1]", "'quoted'", "{{7*7}}xyz", "{% raw %}", "007", "a%20b"]


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    ("platform", "config", "header", "expected"),
    [
        ("canvas", {"access_token": "VALUE"}, "Authorization", "Bearer VALUE"),
        ("second_nature", {"api_key": "VALUE"}, "Authorization", "Token VALUE"),
        ("hapyak", {"credentials": {"auth_type": "api_key", "api_key": "VALUE"}}, "X-Hapyak-API-Key", "VALUE"),
        (
            "sana",
            {"credentials": {"auth_type": "access_token", "access_token": "VALUE"}},
            "Authorization",
            "Bearer VALUE",
        ),
    ],
)
def test_a_key_is_sent_byte_for_byte(
    platform: str, config: dict[str, object], header: str, expected: str, value: str
) -> None:
    filled = json.loads(json.dumps(config).replace('"VALUE"', json.dumps(value)))
    auth = make_authenticators(
        load_platform(platform), {"platform": filled, "config": {"platform": filled}}, SettingKeeper()
    )["default"]
    signed = auth(requests.Request("GET", "https://lms.example.com/").prepare())
    assert signed.headers[header] == expected.replace("VALUE", value)


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("basic", [True, False])
def test_a_clients_secret_is_sent_byte_for_byte(value: str, basic: bool) -> None:
    spec = TokenAuthenticator(
        token_url=URL, client_id="{{ platform.id }}", client_secret="{{ platform.secret }}", basic=basic
    )
    auth = TokenAuth(spec, {"platform": {"id": value, "secret": value}})
    Client(load_platform("sana"), {"platform": {"base_url": "https://x.example"}}, {"default": auth}, Transport())
    with Mocker() as mock:
        sent = mock.post(URL, **token(1))
        used(auth)
    request = sent.last_request
    assert request is not None
    if basic:
        assert base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode() == f"{value}:{value}"
    else:
        form = parse_qs(request.text)
        assert (form["client_id"], form["client_secret"]) == ([value], [value])


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ({"status_code": 503}, "transient", "gives no token: The token endpoint of .* has a fault of its own"),
        ({"status_code": 503, "headers": {"Retry-After": "9"}}, "throttled", "gives no token: "),
        ({"exc": requests.ConnectionError}, "transient", "gives no token: The connection to .* broke"),
        ({"text": "<html>"}, "transient", "gives no token: .* answered with a web page"),
        ({"json": {"error": "none"}}, "transient", "answered without a token"),
        ({"status_code": 401}, "config", "refuses"),
    ],
)
def test_a_token_that_cannot_be_had_is_named_and_nothing_was_sent(
    answer: dict[str, Any], kind: str, words: str
) -> None:
    with Mocker() as mock:
        mock.post(URL, **answer)
        with pytest.raises(Refusal, match=words) as caught:
            used(made(Clock()))

    assert (caught.value.kind, caught.value.unsent, caught.value.uncertain) == (kind, True, False)


def test_a_token_request_that_is_redirected_stays_one() -> None:
    with Mocker() as mock:
        mock.post(URL, status_code=302, headers={"Location": f"{URL}/"})
        mock.post(f"{URL}/", **token(1))

        assert used(made(Clock())) == "Bearer token-number-1"
