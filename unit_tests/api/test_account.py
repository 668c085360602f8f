"""A report job is known by the address and the account that it was ordered at."""

from __future__ import annotations

import pytest

from source_lms_reports.api.account import account_of
from source_lms_reports.api.connect import connect
from source_lms_reports.api.transport import Transport

HERE = account_of("canvas", "https://school.example", "self")


@pytest.mark.parametrize(
    "url",
    ["https://School.example", "https://school.example/", "https://school.example:443", "HTTPS://school.example:443/"],
)
def test_one_address_is_written_in_several_ways(url: str) -> None:
    assert account_of("canvas", url, "self") == HERE


@pytest.mark.parametrize(
    ("platform", "url", "account"),
    [
        ("sana", "https://school.example", "self"),
        ("canvas", "https://other.example", "self"),
        ("canvas", "https://school.example:444", "self"),
        ("canvas", "http://school.example", "self"),
        ("canvas", "https://school.example/api", "self"),
        ("canvas", "https://school.example", "7"),
    ],
)
def test_others_are_others(platform: str, url: str, account: str) -> None:
    assert account_of(platform, url, account) != HERE


def _client_account(**platform: object) -> str:
    return connect({"platform": platform}, Transport())[1].account


def test_an_account_counts_where_it_is_a_setting_and_a_key_never_does() -> None:
    canvas = {"name": "canvas", "base_url": "https://school.example"}
    one = _client_account(**canvas, access_token="one")
    assert one == _client_account(**canvas, access_token="two", account_id="self")
    assert one != _client_account(**canvas, access_token="one", account_id="7")
    keys = [{"auth_type": "api_key", "api_key": key} for key in ("one", "two")]
    assert len({_client_account(name="hapyak", credentials=key) for key in keys}) == 1
    oauth = {"auth_type": "brightcove_oauth", "client_id": "a", "client_secret": "b"}
    accounts = [{**oauth, "account_id": account} for account in ("1", "2")]
    assert len({_client_account(name="hapyak", credentials=one) for one in accounts}) == 2
