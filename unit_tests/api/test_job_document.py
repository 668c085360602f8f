"""What vendors say of their jobs, in whatever form."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from source_lms_reports.api.job_document import JobReader
from source_lms_reports.jobs.result import Links, PartIds
from source_lms_reports.jobs.status import JobStatus
from source_lms_reports.platforms.model import JobSpec

NOW = 1_700_000_000.0
SPEC = JobSpec(
    id=["job", "id"],
    status=["state"],
    statuses={"waiting": "queued", "complete": "ready", "error": "failed"},
    words=[["message"], ["error", "text"]],
    progress=["progress"],
    lines=["rows"],
    links=["files"],
    expires_at=["until"],
    size=["bytes"],
    created_at=["created"],
    finished_at=["ended"],
)


def reader() -> JobReader:
    return JobReader(SPEC, "Example", lambda: NOW)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ({"state": "waiting"}, JobStatus.QUEUED),
        ({"state": "COMPLETE"}, JobStatus.READY),
        ({"state": " Complete\n"}, JobStatus.READY),
        ({"state": "error"}, JobStatus.FAILED),
        ({"state": None}, JobStatus.QUEUED),
        ({}, JobStatus.QUEUED),
        ([], JobStatus.QUEUED),
        ({"state": {"deep": 1}}, JobStatus.RUNNING),
    ],
)
def test_the_status_is_the_platforms_word(state: Any, status: JobStatus) -> None:
    assert reader().read(state).status is status


def test_an_unknown_status_counts_as_running_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    one = reader()
    with caplog.at_level(logging.WARNING):
        reports = [one.read({"state": "paused"}) for _ in range(3)]
    assert {report.status for report in reports} == {JobStatus.RUNNING}
    assert [record.message for record in caplog.records] == [
        "Example reports the unknown job status 'paused'; it counts as still running."
    ]


@pytest.mark.parametrize(
    ("objects", "ids"),
    [
        ([{"id": "a"}, {"id": "b"}], ("a", "b")),
        ([{"id": "a"}, {"id": "b"}, {"id": "a"}], ("a", "b")),
        ([], ()),
        ([{"id": "a"}, {}], None),
        ([{"id": "a"}, {"id": ""}], None),
        ([{"id": "a"}, None], None),
        (None, None),
    ],
)
def test_each_file_of_a_job_has_an_id(objects: Any, ids: tuple[str, ...] | None) -> None:
    spec = JobSpec(id=["id"], status=["state"], statuses={}, parts=["objects", "*", "id"])
    found = JobReader(spec, "Example", lambda: NOW).read({"objects": objects}).result
    assert found == (None if ids is None else PartIds(ids, None))


@pytest.mark.parametrize(
    ("files", "urls"),
    [
        ("https://a/1", ("https://a/1",)),
        (["https://a/1", "https://a/2"], ("https://a/1", "https://a/2")),
        (["https://a/1", None, "https://a/2"], ()),  # one is missing, and its rows would be
        (["https://a/1", ""], ()),
        (" https://a/1\n", ("https://a/1",)),
        (" ", ()),
        ("", ()),
        (None, ()),
        ({"url": "https://a/1"}, ()),
    ],
)
def test_links_are_texts(files: Any, urls: tuple[str, ...]) -> None:
    payload = reader().read({"files": files, "until": "2023-11-14T22:13:20Z"}).result
    assert payload == Links(urls, NOW)


@pytest.mark.parametrize("odd", [True, "50", None, [1]])
def test_figures_of_another_type_are_left_out(odd: Any) -> None:
    report = reader().read({"progress": odd, "rows": odd, "ended": odd, "bytes": odd})
    assert (report.progress, report.lines, report.finished_at) == (None, None, None)
    assert isinstance(report.result, Links)
    assert report.result.size is None


def test_figures_and_words_are_read() -> None:
    document = {"progress": 50, "rows": 7, "ended": "2023-11-14T22:13:20Z", "error": {"text": "No\n rows "}, "bytes": 9}
    report = reader().read(document)
    assert report.result == Links((), None, 9)
    assert (report.progress, report.lines, report.finished_at, report.words) == (50.0, 7, NOW, "No rows")


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"job": {"id": 7}}, "7"),
        ({"job": {"id": 0}}, "0"),
        ({"job": {"id": ""}}, None),
        ({"job": {"id": False}}, None),
        ({"job": {"id": {"a": 1}}}, None),
        ({}, None),
    ],
)
def test_an_id_is_a_text(document: Any, found: str | None) -> None:
    assert reader().id(document) == found


def test_an_order_without_a_date_was_made_now() -> None:
    assert reader().ordered_at({"created": "2023-11-14T22:13:10Z"}) == NOW - 10
    assert reader().ordered_at({"created": "soon"}) is None
