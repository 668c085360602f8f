"""The sandbox speaks as Adobe's documentation of the Jobs API says."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from integration_tests.sandbox import Sandbox
    from unit_tests.sandbox.clients import AdobeLearningManager

NAME = "adobe_learning_manager"
WINDOW = {"fromDate": "2025-06-01T00:00:00Z", "toDate": "2026-01-01T00:00:00Z"}


def texts(sandbox: Sandbox, stream: str, **options: Any) -> list[list[str]]:
    return [["" if cell is None else cell for cell in row.values()] for row in sandbox.truth(NAME, stream, **options)]


def test_the_same_token_comes_back_while_it_lives(sandbox: Sandbox, adobe: AdobeLearningManager) -> None:
    first = adobe.token()
    assert adobe.token() == first
    assert first["expires_in"] == 604_800
    sandbox.clock.advance(700_000)
    assert adobe.token()["access_token"] != first["access_token"]


def test_a_job_goes_from_submitted_to_completed_and_names_a_signed_address(
    sandbox: Sandbox, adobe: AdobeLearningManager
) -> None:
    ordered = adobe.order("generateTrainingReport").json()["data"]
    assert ordered["attributes"]["status"] == {"code": "Submitted"}
    shown = [adobe.show(ordered["id"]).json()["data"]["attributes"]["status"] for _ in range(2)]
    assert shown[0] == {"code": "InProgress"}
    rows = list(csv.reader(io.StringIO(adobe.bare(shown[1]["data"]["s3Url"]).text)))
    assert rows[1:] == texts(sandbox, "trainings")


@pytest.mark.parametrize("sandbox", [{"settings": {NAME: {"new_shape": True}}}], indirect=True)
def test_the_new_shape_has_words_for_its_status_and_an_address_that_wants_the_token(
    adobe: AdobeLearningManager,
) -> None:
    answer = adobe.order("generateTrainingReport")
    assert (answer.status_code, answer.json()["data"]["attributes"]["status"]) == (202, "QUEUED")
    attributes = adobe.finished("generateTrainingStatsReport")
    url = attributes["result"]["downloadUrl"]
    assert attributes["status"] == "COMPLETED"
    assert adobe.bare(url).status_code == 401
    assert adobe("GET", url).text.startswith("name,email")


def test_the_account_s_zone_stands_in_headers(sandbox: Sandbox, adobe: AdobeLearningManager) -> None:
    rows = list(csv.reader(io.StringIO(adobe.report("generateLearnerTranscript", **WINDOW).content.decode())))
    assert rows[0][6] == "Enrollment Date (Asia/Calcutta TimeZone)"
    truth = texts(sandbox, "learner_transcripts", **WINDOW)
    assert [row[:6] for row in rows[1:]] == [row[:6] for row in truth]
    assert truth[0][6].endswith("+05:30")


@pytest.mark.parametrize("sandbox", [{"settings": {NAME: {"zip_rows": 20}}}], indirect=True)
def test_a_large_report_is_a_zip_of_several_files(adobe: AdobeLearningManager) -> None:
    with zipfile.ZipFile(io.BytesIO(adobe.report("generateTrainingReport").content)) as archive:
        heads = [archive.read(name).splitlines()[0] for name in archive.namelist()]
    assert len(heads) == 2
    assert heads[0] == heads[1]


@pytest.mark.parametrize("sandbox", [{"settings": {NAME: {"page_size": 2}}}], indirect=True)
def test_changed_users_come_in_pages_behind_an_id(adobe: AdobeLearningManager) -> None:
    first = adobe.report("generateUserIncrementalReport", **WINDOW).text.splitlines()[1:]
    last = first[-1].partition(",")[0]
    second = adobe.report("generateUserIncrementalReport", **WINDOW, fromUserId=last).text.splitlines()[1:]
    assert len(first) == len(second) == 2
    assert all(row.partition(",")[0] > last for row in second)


def test_one_job_of_a_type_at_a_time_and_five_a_day(adobe: AdobeLearningManager) -> None:
    assert adobe.order("generateUsers").status_code == 200
    assert "in progress" in adobe.order("generateUsers").text
    for _ in range(5):
        adobe.report("generateTrainingReport")
    sixth = adobe.order("generateTrainingReport")
    assert (sixth.status_code, sixth.json()["status"]) == (400, "BAD_REQUEST")
    assert "daily limit" in sixth.text
    adobe.sandbox.clock.advance(86_400)
    assert adobe.order("generateTrainingReport").status_code == 200


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("generateNothing", {}),
        ("generateFeedbackReport", {}),
        ("generateFeedbackReport", {"fromDate": WINDOW["toDate"], "toDate": WINDOW["fromDate"]}),
        ("generateLoginAccessReport", WINDOW),
        ("generateSessionReport", WINDOW),
        ("generateSessionReport", {**WINDOW, "courseIds": "course:1", "instructorIds": "user:1"}),
    ],
)
def test_orders_that_do_not_fit_are_refused(adobe: AdobeLearningManager, kind: str, payload: dict[str, str]) -> None:
    answer = adobe.order(kind, **payload)
    assert answer.status_code == 400
    assert answer.json()["source"]["info"]


def test_what_is_unknown_or_unacceptable_is_told_so(adobe: AdobeLearningManager) -> None:
    gone = adobe.show("x")
    assert (gone.status_code, gone.json()["status"]) == (400, "OBJECT_DOESNT_EXIST")
    assert adobe("GET", "/primeapi/v2/account", headers={"Accept": "application/json"}).status_code == 406
    assert adobe("GET", "/primeapi/v2/account", headers={"Authorization": "Bearer x"}).status_code == 401
