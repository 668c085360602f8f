"""What the CDK sees and writes of a stream's state."""

from __future__ import annotations

from datetime import datetime, timezone

from source_lms_reports.cdk.cursor import ReportCursor, state_message
from source_lms_reports.sync.keeper import StateKeeper
from source_lms_reports.sync.state import Saved, StreamState

NO_CURSOR = {"__ab_no_cursor_state_message": True}


def test_a_state_that_says_nothing_is_the_cdks_word_for_it() -> None:
    message = state_message("grades", {})
    assert message.state is not None
    assert message.state.stream is not None
    assert message.state.stream.stream_descriptor.name == "grades"
    assert message.state.stream.stream_state.__dict__ == NO_CURSOR


def test_a_cursor_shows_its_state_and_has_it_written_once() -> None:
    written: list[object] = []
    keeper = StateKeeper(
        StreamState("at", Saved("2026-01-01"), datetime(2026, 3, 1, tzinfo=timezone.utc)), written.append
    )
    cursor = ReportCursor(keeper)
    assert cursor.state == {"at": "2026-01-01"}
    cursor.ensure_at_least_one_state_emitted()
    cursor.ensure_at_least_one_state_emitted()
    assert written == [{"at": "2026-01-01"}]
