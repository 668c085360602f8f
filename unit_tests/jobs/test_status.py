from __future__ import annotations

from source_lms_reports.jobs.status import JobStatus


def test_only_queued_and_running_jobs_are_worth_another_look() -> None:
    assert {status for status in JobStatus if status.is_alive} == {JobStatus.QUEUED, JobStatus.RUNNING}
