"""The sandbox speaks as D2L's pages and its own example client say."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import requests

from integration_tests.sandbox.vendors.brightspace import ADS_SCOPES

if TYPE_CHECKING:
    from integration_tests.sandbox import Sandbox

BASE = "/d2l/api/lp/1.49"


class D2l:
    """A client that keeps its refresh token."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.config: dict[str, Any] = sandbox.config("brightspace")["platform"]
        self.refresh_token = self.config["refresh_token"]

    def renew(self, token: str = "", scope: str = "") -> requests.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token or self.refresh_token}
        who = (self.config["client_id"], self.config["client_secret"])
        answer = requests.post(
            self.config["token_url"], data=form | ({"scope": scope} if scope else {}), auth=who, timeout=10
        )
        if answer.ok:
            self.refresh_token = answer.json()["refresh_token"]
            self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return answer

    def get(self, path: str) -> requests.Response:
        url = path if path.startswith("http") else f"{self.config['base_url']}{BASE}{path}"
        return requests.get(url, headers=self.headers, timeout=10)

    def order(self, body: Any) -> requests.Response:
        url = f"{self.config['base_url']}{BASE}/dataExport/create"
        return requests.post(url, json=body, headers=self.headers, timeout=10)


@pytest.fixture
def d2l(sandbox: Sandbox) -> D2l:
    client = D2l(sandbox)
    client.renew()
    return client


def rows_of(answer: requests.Response) -> list[list[str]]:
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        (name,) = archive.namelist()
        data = archive.read(name)
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_a_refresh_token_works_once(d2l: D2l) -> None:
    first = d2l.config["refresh_token"]
    assert d2l.refresh_token != first
    assert d2l.renew(first).json() == {"error": "invalid_grant"}
    assert d2l.renew().json()["expires_in"] == 3600


def test_a_scope_that_is_not_asked_for_is_refused(d2l: D2l) -> None:
    d2l.renew(scope=" ".join(ADS_SCOPES))
    assert d2l.get("/dataExport/list").status_code == 200
    assert d2l.get("/datasets/bds").status_code == 403
    assert d2l.get("/dataExport/bds").status_code == 403


def test_an_order_takes_a_guid_and_pairs_of_texts_and_its_file_is_opened_by_the_id(d2l: D2l) -> None:
    sets = {one["Name"]: one for one in d2l.get("/dataExport/list").json()}
    dates = [
        {"Name": "startDate", "Value": "2025-01-01T00:00:00.000Z"},
        {"Name": "endDate", "Value": "2025-06-01T00:00:00.000Z"},
    ]
    guid = sets["Final Grades"]["DataSetId"]
    assert d2l.order({"DataSetId": "Final Grades", "Filters": dates}).status_code == 404
    assert d2l.order({"DataSetId": guid, "Filters": []}).status_code == 400
    job = d2l.order({"DataSetId": guid, "Filters": dates}).json()
    assert job["Status"] == 0
    assert d2l.get(f"/dataExport/download/{job['ExportJobId']}").status_code == 404

    shown = [d2l.get(f"/dataExport/jobs/{job['ExportJobId']}").json()["Status"] for _ in range(3)]

    assert shown[0] in (0, 1)
    assert shown[-1] == 2
    rows = rows_of(d2l.get(f"/dataExport/download/{job['ExportJobId']}"))
    assert rows[0][:2] == ["user id", "org defined id"]
    assert all("2025-01-01" <= row[-1] < "2025-06-01" for row in rows[1:])


def test_both_generations_of_routes_list_the_same_files(d2l: D2l) -> None:
    page = d2l.get("/datasets/bds").json()
    assert page["Next"]
    newer = d2l.get(page["Objects"][0]["ExtractsLink"]).json()["Objects"][0]
    older = d2l.get("/dataExport/bds?page=1&pageSize=20").json()
    assert older["NextPageUrl"]
    found = [one for entry in older["BrightspaceDataSets"] for one in (entry, *entry["PreviousDataSets"])]
    same = next(one for one in found if one["QueuedForProcessingDate"] == newer["QueuedForProcessingDate"])

    assert rows_of(d2l.get(newer["DownloadLink"])) == rows_of(d2l.get(same["DownloadLink"]))
    assert requests.get(newer["DownloadLink"], timeout=10).status_code == 401
