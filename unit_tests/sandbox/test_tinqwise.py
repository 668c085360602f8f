"""The sandbox speaks as TinQwise's article says, in the shapes the contract assumes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from integration_tests.sandbox.vendors.tinqwise import LISTS, SEVERAL_TYPES

if TYPE_CHECKING:
    import requests

    from integration_tests.sandbox import Sandbox
    from unit_tests.sandbox.clients import Client

LOGIN = {"client_id": "tin-client", "client_secret": "tin-client-secret"}


def token(client: Client, scope: str, **more: str) -> requests.Response:
    return client("POST", "/o/token/", data={"grant_type": "client_credentials", "scope": scope, **LOGIN, **more})


def pages(client: Client, name: str, **query: Any) -> list[dict[str, Any]]:
    access = token(client, LISTS[name].scope).json()["access_token"]
    url, found = f"/api/v2/reports/{name}/", []
    while url:
        answer = client("GET", url, params=query, headers={"Authorization": f"Bearer {access}"})
        answer.raise_for_status()
        url, query = answer.json()["next"], {}
        found += answer.json()["results"]
        assert answer.json()["count"] >= len(found)
    return found


def dumps(value: object) -> str | None:
    """A value as the text of JSON that a record holds."""
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize("sandbox", [{"settings": {"tinqwise": {"page_size": 25}}}], indirect=True)
@pytest.mark.parametrize("name", list(LISTS))
def test_pages_hold_what_truth_says(sandbox: Sandbox, tinqwise: Client, name: str) -> None:
    found = pages(tinqwise, name)
    truth = list(sandbox.truth("tinqwise", name))
    for row in found:  # of several types in the pages, texts in the records
        for column in SEVERAL_TYPES & row.keys():
            row[column] = row[column] if isinstance(row[column], str | None) else dumps(row[column])
    assert found == truth
    assert len(found) == (4 if name == "groups" else 60)
    key = {"programmes": ("programme_uuid", "user_id"), "groups": ("name",), "training_time": ("user_id",)}.get(
        name, ("id",)
    )
    assert len({tuple(row[part] for part in key) for row in found}) == len(found)


def test_a_bare_array(sandbox: Sandbox, tinqwise: Client) -> None:
    sandbox.vendors["tinqwise"].apply_settings({"bare": True})
    access = token(tinqwise, "read.user.reports").json()["access_token"]
    answer = tinqwise("GET", "/api/v2/reports/users/", headers={"Authorization": f"Bearer {access}"})
    assert answer.json() == list(sandbox.truth("tinqwise", "users"))


def test_time_filters(sandbox: Sandbox, tinqwise: Client) -> None:
    since = "2025-09-01T00:00:00Z"
    found = pages(tinqwise, "modules", modified_at__gte=since)
    assert 0 < len(found) < 60
    assert all(row["modified_at"] >= since for row in found)
    assert len(pages(tinqwise, "modules", modified_at_after=since)) == 60
    done = pages(tinqwise, "programmes", completed_at__gte="2000-01-01", completed_at__lte="2030-01-01")
    assert len(done) == 30
    sandbox.vendors["tinqwise"].apply_settings({"ignore_filters": True})
    assert len(pages(tinqwise, "modules", modified_at__gte=since)) == 60


def test_groups_periods_and_single_users(tinqwise: Client) -> None:
    assert {row["id"] % 4 for row in pages(tinqwise, "users", group_name="Group 1")} == {1}
    short = pages(tinqwise, "training_time", reporting_period_start="2026-01-01", reporting_period_end="2026-01-08")
    assert max(row["total_training_time"] for row in short) <= 14
    access = token(tinqwise, "read.user.reports").json()["access_token"]
    one = tinqwise("GET", "/api/v2/reports/users/7", headers={"Authorization": f"Bearer {access}"})
    assert one.json()["id"] == 7


def test_a_token_fits_its_own_endpoint_only(tinqwise: Client) -> None:
    access = token(tinqwise, "read.user.reports").json()["access_token"]
    headers = {"Authorization": f"Bearer {access}"}
    assert tinqwise("GET", "/api/v2/reports/users/", headers=headers).status_code == 200
    assert tinqwise("GET", "/api/v2/reports/skills/", headers=headers).status_code == 403
    assert tinqwise("GET", "/api/v2/reports/users/").status_code == 401


def test_basic_authentication_and_wrong_secrets(tinqwise: Client) -> None:
    form = {"grant_type": "client_credentials", "scope": "read.user.reports"}
    assert tinqwise("POST", "/o/token/", data=form, auth=("tin-client", "tin-client-secret")).status_code == 200
    assert tinqwise("POST", "/o/token/", data=form, auth=("tin-client", "wrong")).json() == {"error": "invalid_client"}
    assert tinqwise("POST", "/o/token/", json=form).status_code == 400


@pytest.mark.parametrize("sandbox", [{"settings": {"tinqwise": {"granted": ["read.user.reports"]}}}], indirect=True)
def test_scopes_that_are_not_granted(sandbox: Sandbox, tinqwise: Client) -> None:
    assert token(tinqwise, "read.user.reports").status_code == 200
    refused = token(tinqwise, "read.skills.reports")
    assert (refused.status_code, refused.json()) == (400, {"error": "invalid_scope"})
    sandbox.vendors["tinqwise"].apply_settings({"ungranted_at": "endpoint"})
    access = token(tinqwise, "read.skills.reports").json()["access_token"]
    answer = tinqwise("GET", "/api/v2/reports/skills/", headers={"Authorization": f"Bearer {access}"})
    assert answer.status_code == 403


def test_tokens_end(sandbox: Sandbox, tinqwise: Client) -> None:
    access = token(tinqwise, "read.user.reports").json()["access_token"]
    sandbox.clock.advance(3601)
    headers = {"Authorization": f"Bearer {access}"}
    assert tinqwise("GET", "/api/v2/reports/users/", headers=headers).status_code == 401
