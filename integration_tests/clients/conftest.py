"""What the recipes are tried on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_tests.clients.recipes import folder_of_a_user
from integration_tests.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Vendors whose clock stands an hour behind, so that a second sync is an hour later without a wait."""
    with Sandbox(rows=20) as started:
        started.clock.advance(-3600)
        yield started


@pytest.fixture
def project(sandbox: Sandbox, tmp_path: Path) -> Path:
    """A user's folder."""
    return folder_of_a_user(sandbox, tmp_path)
