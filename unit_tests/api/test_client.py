from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import requests
from requests_mock import ANY, Mocker

from source_lms_reports.api.client import Client
from source_lms_reports.api.credentials import Credentials, NoAuth
from source_lms_reports.api.patience import Patience
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.api.transport import Call, Transport
from source_lms_reports.errors import ConfigError, TransientError
from source_lms_reports.jobs.policy import Policy
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


def client(auth: Credentials | None = None, platform: str = "canvas", patience: Patience | None = None) -> Client:
    context = {"platform": PLATFORM, "config": {"platform": PLATFORM}}
    credentials = {"default": auth or NoAuth()}
    return Client(load_platform(platform), context, credentials, Transport(), lambda: 0.0, patience)


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
        ("order", 403, '{"errors": [{"message": "Rate limit exceeded."}]}', "throttled", "limits the rate"),
        ("poll", 304, "", "transient", "cannot do this now (HTTP 304)"),
        ("poll", 409, '{"error": "busy"}', "transient", 'cannot do this now (HTTP 409): {"error": "busy"}'),
        ("poll", 499, "", "transient", "cannot do this now (HTTP 499)"),
        ("poll", 420, "Enhance your calm", "throttled", "asks for fewer requests (HTTP 420)"),
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


def test_a_429_without_retry_after_is_waited_for_as_the_platform_says(mock: Mocker) -> None:
    mock.get(f"{BASE}/dap/query/canvas/table", status_code=429)
    platform = {"base_url": BASE, "namespace": "canvas"}
    asked = Client(
        load_platform("instructure_dap"), {"platform": platform}, {"default": NoAuth()}, Transport(), lambda: 0.0
    )
    with pytest.raises(Refusal) as caught:
        asked.send(asked.prepare("list"), "list")
    assert (caught.value.kind, caught.value.retry_after) == ("throttled", 30.0)


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


@pytest.mark.parametrize("rel", ['rel="next"', "rel=next", 'rel="last next"', 'REL="Next"', 'title="x"; rel="next"'])
def test_a_next_page_is_told_however_it_is_written(mock: Mocker, rel: str) -> None:
    link = {"Link": f'<{REPORTS}?page=1,2>; {rel}, <{REPORTS}?page=1>; rel="prev"'}
    assert items(mock, {"json": [1], "headers": link}, {"json": [2]}) == [1, 2]
    assert mock.last_request is not None
    assert mock.last_request.qs == {"page": ["1,2"]}


def test_a_list_that_goes_in_circles_ends(mock: Mocker) -> None:
    link = {"Link": f'<{REPORTS}?page=2>; rel="next"'}
    with pytest.raises(Refusal, match="twice"):
        items(mock, {"json": [1], "headers": link}, {"json": [2], "headers": link})


def test_a_page_that_comes_again_is_no_other(mock: Mocker) -> None:
    link = {"Link": f'<{REPORTS}?page=2>; rel="next"'}
    with pytest.raises(Refusal, match="in the place of another"):
        items(mock, {"json": [1], "headers": link}, {"json": [1]})
    assert items(mock, {"json": [], "headers": link}, {"json": []}) == []


def test_a_next_page_on_another_host_is_not_asked_for(mock: Mocker) -> None:
    with pytest.raises(Refusal, match="another host"):
        items(mock, {"json": [1], "headers": {"Link": '<https://other.example.com/>; rel="next"'}})
    assert mock.call_count == 1


def test_what_is_no_list_is_a_fault_of_the_moment(mock: Mocker) -> None:
    with pytest.raises(Refusal, match="answered with JSON of another kind") as caught:
        items(mock, {"json": {"status": "ok"}})
    assert caught.value.kind == "transient"


def test_an_orders_parameters_go_where_the_request_says() -> None:
    call = client().prepare("order", parameters={"users": "true"}, report="provisioning_csv")

    assert call.method == "POST"
    assert call.url == f"{REPORTS}/provisioning_csv"
    assert call.multipart == [("parameters[users]", "true")]


def test_a_request_may_have_headers_of_its_own_on_every_page() -> None:
    one = client()
    spec = msgspec.structs.replace(
        one.platform.requests["list"], headers={"Accept": "application/{{ kind }}", "X-Site": "{{ site }}"}
    )
    one.platform = msgspec.structs.replace(one.platform, requests={**one.platform.requests, "list": spec})
    call = one.prepare("list", kind="vnd.api+json", site="")
    assert call.headers == {"Accept": "application/vnd.api+json"}
    assert one.follow(call, "?page=2", set()).headers == call.headers


def test_a_list_is_a_field_for_each_of_its_elements() -> None:
    call = client().prepare("order", parameters={"a": ["x", "y"], "b": "x,y"}, report="provisioning_csv")

    assert call.multipart == [("parameters[a][]", "x"), ("parameters[a][]", "y"), ("parameters[b]", "x,y")]


def test_a_next_page_at_an_address_that_is_none_is_refused() -> None:
    one = client()

    with pytest.raises(Refusal, match="another host"):
        one.follow(one.prepare("list"), "https://[bad", set())


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind"),
    [
        (403, "<html>Too many requests</html>", {}, "throttled"),
        (403, "RequestThrottled", {}, "throttled"),
        (403, "no", {"Retry-After": "3"}, "throttled"),
        (403, "no", {}, "config"),
        (503, "no", {}, "transient"),
        (503, "no", {"Retry-After": "3"}, "throttled"),
    ],
)
def test_throttling_is_told_on_every_platform(
    mock: Mocker, status: int, body: str, headers: dict[str, str], kind: str
) -> None:
    mock.get(f"{BASE}/reports", status_code=status, text=body, headers=headers)
    asking = client(platform="second_nature")

    with pytest.raises(Refusal) as caught:
        asking.send(Call("GET", f"{BASE}/reports"), "list")
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    "bad",
    [
        {"status_code": 503},
        {"status_code": 429},
        {"exc": requests.ConnectionError},
        {"text": "<html>"},
        {"text": "[1, "},
    ],
)
def test_each_page_of_a_list_survives_four_bad_answers(mock: Mocker, bad: dict[str, Any]) -> None:
    waits: list[float] = []
    asking = client(patience=Patience(Policy(), 100.0, sleep=waits.append))
    link = {"Link": f'<{REPORTS}?page=2>; rel="next"'}
    mock.get(REPORTS, [bad, bad, bad, bad, {"json": [1], "headers": link}, bad, bad, bad, bad, {"json": [2]}])

    assert asking.items("list", "list") == [1, 2]
    assert len(waits) == 8


def test_what_was_redirected_to_another_host_is_not_asked_again(mock: Mocker) -> None:
    asking = client(patience=Patience(Policy(), 100.0, sleep=lambda _: None))
    mock.get(REPORTS, status_code=302, headers={"Location": "https://login.example.com"})

    with pytest.raises(Refusal, match="another host"):
        asking.items("list", "list")
    assert mock.call_count == 1


@pytest.mark.parametrize(
    ("link", "with_credentials"),
    [
        (f"{BASE}/files/7/download?download_frd=1", True),
        ("http://school.example.com:80/files/7/download", True),
        ("https://SCHOOL.example.com/files/7/download", True),
        ("/files/7/download", True),
        ("//files.example.com/files/7/download", False),
        (f"{BASE}/files/7/download?download_frd=1&verifier=abc", False),
        (f"{BASE}/files/7/download?sig=abc", False),
        ("https://files.example.com/files/7/download", False),
        ("https://school.example.com:444/files/7/download", False),
    ],
)
def test_a_link_is_opened_with_credentials_where_it_is_ours_and_has_no_signature(
    mock: Mocker, link: str, with_credentials: bool
) -> None:
    mock.get(re.compile("/files/7/download"), text="id")

    with client(Renewable(times=0)).opened(link, {}) as response:
        assert response.text == "id"
    assert ("Authorization" in mock.request_history[0].headers) is with_credentials


def test_a_link_of_ours_that_refuses_the_credentials_is_opened_with_renewed_ones(mock: Mocker) -> None:
    mock.get(f"{BASE}/files/7", [{"status_code": 401}, {"text": "id"}])

    with client(Renewable(times=1)).opened(f"{BASE}/files/7", {"Range": "bytes=1-"}) as response:
        assert response.text == "id"
    assert [request.headers["Range"] for request in mock.request_history] == ["bytes=1-"] * 2


def test_an_id_reaches_the_vendor_as_it_is(mock: Mocker) -> None:
    mock.get(ANY, json={"status": "running"})
    asking = client()
    asking.send(asking.prepare("poll", report="a/b", ticket=SimpleNamespace(id="7#x?y/../z%41")), "poll")

    assert mock.last_request is not None
    assert mock.last_request.url == f"{REPORTS}/a%2Fb/7%23x%3Fy%2F..%2Fz%2541"


def test_an_id_that_is_a_step_up_is_not_sent(mock: Mocker) -> None:
    with pytest.raises(Refusal, match=r"The id '\.\.' cannot stand in an address of Canvas"):
        client().prepare("poll", report="a", ticket=SimpleNamespace(id=".."))
    assert mock.call_count == 0


@pytest.mark.parametrize(("shortened", "timeout"), [(False, (15.0, 120.0)), (True, (15.0, 50.0))])
def test_somebody_who_waits_in_front_of_a_screen_waits_less_for_an_answer(
    mock: Mocker, shortened: bool, timeout: tuple[float, float]
) -> None:
    mock.get(REPORTS, json=[])
    asking = client()
    if shortened:
        asking.patience = asking.patience.shortened()
    asking.items("list", "list")

    assert mock.last_request is not None
    assert str(mock.last_request.timeout) == str(timeout)
