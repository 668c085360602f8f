"""Secrets and formatters are the whole process's: what a test of the doors leaves behind is taken back."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from source_lms_reports.redaction import REDACTOR


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    known, spellings = set(REDACTOR._known), REDACTOR._spellings
    formatters = [(handler, handler.formatter) for handler in logging.getLogger().handlers]
    yield
    REDACTOR._known, REDACTOR._spellings, REDACTOR._pattern = known, spellings, None
    for handler, formatter in formatters:
        handler.setFormatter(formatter)
