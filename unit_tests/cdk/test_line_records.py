"""Bundles of lines on their way through the CDK."""

from __future__ import annotations

from source_lms_reports.cdk.line_records import as_record_data, lines_in
from source_lms_reports.sync.bundles import Lines


def test_a_bundle_travels_as_a_record_and_a_record_is_none() -> None:
    bundle = Lines((b"abc",), 3)
    assert lines_in(as_record_data(bundle)) is bundle
    assert lines_in(as_record_data({"id": 1})) is None
    assert lines_in(None) is None
