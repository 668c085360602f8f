from __future__ import annotations

import pytest

from source_lms_reports.errors import ConfigError, ReportError, TransientError
from source_lms_reports.jobs import messages as words
from source_lms_reports.jobs.ticket import Order, Window
from unit_tests.jobs.desk import NOON, order


@pytest.mark.parametrize(
    ("window", "text"),
    [
        (None, 'report "users"'),
        (Window(None, None), 'report "users"'),
        (Window("2024-01-01", None), 'report "users" (from 2024-01-01)'),
        (Window(None, "2024-01-31"), 'report "users" (up to 2024-01-31)'),
        (Window("2024-01-01", "2024-01-31"), 'report "users" (2024-01-01 to 2024-01-31)'),
    ],
)
def test_a_report_is_named_with_its_window(window: Window | None, text: str) -> None:
    assert words.report_of(Order("users", {}, window)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.6, "0.6 seconds"), (90, "90 seconds"), (600, "10 minutes"), (5_400, "90 minutes"), (7_200, "2 hours")],
)
def test_a_duration_is_told_in_the_unit_that_reads_best(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("at", "text"),
    [(NOON, "2023-11-14 22:14 UTC"), (1_699_999_980, "2023-11-14 22:13 UTC"), (0, "1970-01-01 00:00 UTC")],
)
def test_a_moment_is_rounded_up_to_the_minute(at: float, text: str) -> None:
    assert words.moment(at) == text


@pytest.mark.parametrize("said", ["It broke", "It broke.", "It broke. "])
def test_given_an_error_of_the_vendor_then_the_next_step_follows_as_a_sentence(said: str) -> None:
    error = words.gave_up(order(), "could not be ordered", 1, TransientError(said))
    assert "(tried once). It broke. Run the sync again" in error.message
    assert str(error) == error.message


def test_given_an_error_that_the_user_can_mend_then_no_other_step_is_named() -> None:
    error: ReportError = words.gave_up(order(), "could not be ordered", 2, ConfigError("Mend the key."))
    assert error.message.endswith("(tried twice). Mend the key.")


def test_given_a_long_speech_of_the_vendor_then_it_is_cut() -> None:
    error = words.job_failed(order(), 3, "no " * 1_000, gone=False)
    assert len(error.message) < 700
    assert "…" in error.message


def test_given_silence_of_the_vendor_then_nothing_is_quoted() -> None:
    assert "says" not in words.job_failed(order(), 3, " \n", gone=True).message
