"""What a release says of itself."""

from __future__ import annotations

import pytest

from scripts.release_notes import CHANGELOG, notes

TEXT = """# Changelog

## [Unreleased]

- soon

## [0.2.0] - 2026-12-01

### Fixed

- a fault

## [0.1.0]

- all
"""


def test_the_notes_are_the_versions_own_section() -> None:
    assert notes(TEXT, "0.2.0") == "### Fixed\n\n- a fault\n"
    assert notes(TEXT, "0.1.0") == "- all\n"


def test_a_version_without_a_section_has_no_notes() -> None:
    with pytest.raises(KeyError):
        notes(TEXT, "0.3.0")


def test_the_changelog_itself_has_notes() -> None:
    assert "Canvas" in notes(CHANGELOG.read_text(encoding="utf-8"), "0.1.0")
