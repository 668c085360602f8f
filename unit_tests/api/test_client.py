from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from requests_mock import Mocker

from source_lms_reports.api.client import Client
from source_lms_reports.api.credentials import Credentials, NoAuth
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.api.transport import Transport
from source_lms_reports.errors import ConfigError, TransientError
from source_lms_reports.platforms.model import load_platform

BASE = "https://school.example.com"
REPORTS = f"{BASE}/api/v1/accounts/self/reports"
PLATFORM = {"base_url": BASE, "account_id": "self", "access_token": "x"}


class Renewable(Credentials):
    """Credentials that can be renewed so many times."""

    def __init__(self, times: int) -> None:
        self.number, self.times = 1, times

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer token-number-{self.number}"
        return request

    def renew(self) -> bool:
        self.number += 1
        return self.number <= self.times + 1


@pytest.fixture
def mock() -> Iterator[Mocker]:
    with Mocker() as started:
        yield started


def client(auth: Credentials | None = None) -> Client:
    context = {"platform": PLATFORM, "config": {"platform": PLATFORM}}
    return Client(load_platform("canvas"), context, {"default": auth or NoAuth()}, Transport(), clock=lambda: 0.0)


def refusal(mock: Mocker, phase: str, status: int, text: str, **headers: str) -> Refusal:
    mock.get(REPORTS, status_code=status, text=text, headers={k.replace("_", "-"): v for k, v in headers.items()})
    with pytest.raises(Refusal) as caught:
        client().send(client().prepare("list"), phase)
    return caught.value


@pytest.mark.parametrize(
    ("phase", "status", "text", "kind", "words"),
    [
        ("list", 401, '{"errors": [{"message": "Expired access token."}]}', "config", "has expired"),
        ("list", 401, '{"errors": [{"message": "Insufficient scopes on access token."}]}', "config", "lacks a scope"),
        ("list", 403, "403 Forbidden (Rate Limit Exceeded)\n", "throttled", "limits the rate"),
        ("list", 403, '{"status": "unauthorized"}', "config", "read_reports"),
        ("list", 429, "", "throttled", "limits the rate"),
        ("list", 404, '{"errors": []}', "config", "knows no account self"),
        ("list", 404, "<html>", "config", "does not answer like Canvas"),
        ("poll", 404, '{"errors": []}', "gone", "no longer knows"),
        ("order", 404, '{"errors": []}', "config", "does not offer this report"),
        ("list", 500, "{}", "transient", "has a fault of its own (HTTP 500)"),
        ("list", 503, "", "transient", "has a fault of its own (HTTP 503)"),
        ("list", 418, "teapot", "config", "refuses the request (HTTP 418): teapot"),
    ],
)  # fmt: skip
def test_an_answer_is_judged_by_the_first_rule_that_applies(
    mock: Mocker, phase: str, status: int, text: str, kind: str, words: str
) -> None:
    found = refusal(mock, phase, status, text)

    assert found.kind == kind
    assert words in found.error.message
    assert isinstance(found.error, ConfigError if kind == "config" else TransientError)


def test_retry_after_goes_with_the_refusal_and_makes_a_fault_a_throttle(mock: Mocker) -> None:
    found = refusal(mock, "list", 503, "", Retry_After="17")

    assert (found.kind, found.retry_after) == ("throttled", 17.0)


@pytest.mark.parametrize(("status", "uncertain"), [(500, True), (502, True), (429, False), (401, False)])
def test_only_a_fault_of_the_vendor_leaves_in_doubt_what_it_did(mock: Mocker, status: int, uncertain: bool) -> None:
    assert refusal(mock, "order", status, "").uncertain is uncertain


def test_a_401_is_met_with_renewed_credentials_once(mock: Mocker) -> None:
    mock.get(REPORTS, [{"status_code": 401}, {"json": [1]}])
    asking = client(Renewable(times=1))

    assert asking.send(asking.prepare("list"), "list").json() == [1]
    sent = [request.headers["Authorization"] for request in mock.request_history]
    assert sent == ["Bearer token-number-1", "Bearer token-number-2"]


@pytest.mark.parametrize(("times", "requests_"), [(0, 1), (9, 2)])
def test_a_401_that_stays_is_a_refusal(mock: Mocker, times: int, requests_: int) -> None:
    mock.get(REPORTS, status_code=401)
    asking = client(Renewable(times=times))

    with pytest.raises(Refusal):
        asking.send(asking.prepare("list"), "list")
    assert mock.call_count == requests_


def items(mock: Mocker, *pages: dict[str, Any]) -> list[Any]:
    mock.get(REPORTS, list(pages))
    return client().items("list", "list")


def test_a_list_is_followed_by_its_links_to_the_end(mock: Mocker) -> None:
    link = {"Link": f'<{REPORTS}?page=bookmark:x>; rel="next", <{REPORTS}?page=1>; rel="first"'}
    assert items(mock, {"json": [1, 2], "headers": link}, {"json": [3]}) == [1, 2, 3]


def test_a_list_that_goes_in_circles_ends(mock: Mocker) -> None:
    link = {"Link": f'<{REPORTS}?page=2>; rel="next"'}
    with pytest.raises(Refusal, match="twice"):
        items(mock, {"json": [1], "headers": link})


def test_a_next_page_on_another_host_is_not_asked_for(mock: Mocker) -> None:
    with pytest.raises(Refusal, match="another host"):
        items(mock, {"json": [1], "headers": {"Link": '<https://other.example.com/>; rel="next"'}})
    assert mock.call_count == 1


def test_what_is_no_list_is_told_with_its_fix(mock: Mocker) -> None:
    with pytest.raises(Refusal, match="Check the address") as caught:
        items(mock, {"json": {"status": "ok"}})
    assert caught.value.kind == "config"


def test_an_orders_parameters_go_where_the_request_says() -> None:
    call = client().prepare("order", parameters={"users": "true"}, report="provisioning_csv")

    assert call.method == "POST"
    assert call.url == f"{REPORTS}/provisioning_csv"
    assert call.multipart == {"parameters[users]": "true"}


def test_a_next_page_at_an_address_that_is_none_is_refused() -> None:
    one = client()

    with pytest.raises(Refusal, match="another host"):
        one.follow(one.prepare("list"), "https://[bad", set())
