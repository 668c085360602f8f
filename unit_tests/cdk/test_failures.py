"""The connector's errors as the CDK's."""

from __future__ import annotations

import pytest
from airbyte_cdk.models import FailureType, StreamDescriptor

from source_lms_reports.cdk.failures import as_traced
from source_lms_reports.errors import ConfigError, ReportError, TransientError
from source_lms_reports.jobs.ticket import Window
from source_lms_reports.redaction import REDACTOR


@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        (ConfigError, FailureType.config_error),
        (TransientError, FailureType.transient_error),
        (ReportError, FailureType.system_error),
    ],
)
def test_a_failure_says_whose_it_is(kind: type[ReportError], failure: FailureType) -> None:
    assert as_traced(kind("Oh.")).failure_type is failure


def test_stream_report_and_window_stand_before_the_words() -> None:
    traced = as_traced(TransientError("Oh."), "users", "users_csv", Window("2026-01-01", "2026-01-31"))
    assert traced.message == 'Stream "users" (report users_csv, 2026-01-01 to 2026-01-31): Oh.'
    assert traced._stream_descriptor == StreamDescriptor(name="users")
    assert as_traced(TransientError("Oh.")).message == "Oh."


def test_secrets_are_masked_in_both_messages() -> None:
    REDACTOR.register("s3cr3t-of-failures")
    traced = as_traced(TransientError("by s3cr3t-of-failures", "with s3cr3t-of-failures"))
    assert (traced.message, traced.internal_message) == ("by ****", "with ****")


def test_the_closing_message_is_made_of_the_users_words() -> None:
    assert repr(as_traced(ConfigError("Oh."), "users")) == 'Stream "users": Oh.'
