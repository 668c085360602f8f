from __future__ import annotations

import pytest

from source_lms_reports.jobs.status import JobStatus


@pytest.mark.parametrize("status", JobStatus)
def test_given_any_status_then_it_is_either_alive_or_final(status: JobStatus) -> None:
    assert status.is_alive is not status.is_final


def test_only_queued_and_running_jobs_are_worth_another_look() -> None:
    assert {status for status in JobStatus if status.is_alive} == {JobStatus.QUEUED, JobStatus.RUNNING}
