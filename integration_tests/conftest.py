"""What the tests of the command line share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_tests import cdk_schema
from integration_tests.connector import Connector, quick
from integration_tests.references import References
from integration_tests.sandbox import Sandbox


@pytest.fixture(scope="session", autouse=True)
def _quick_sources() -> None:
    cdk_schema.parse_once()


@pytest.fixture(scope="session")
def references(tmp_path_factory: pytest.TempPathFactory) -> References:
    """Undisturbed syncs, kept for all tests; the processes of pytest-xdist share a folder one above their own."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "references"
    folder.mkdir(exist_ok=True)
    return References(folder)


@pytest.fixture
def connector(tmp_path: Path) -> Connector:
    """The command line with folders of its own."""
    return Connector(tmp_path / "connector")


@pytest.fixture
def canvas() -> Iterator[Sandbox]:
    """A sandbox for one test."""
    with Sandbox(rows=40) as sandbox:
        yield sandbox


@pytest.fixture
def config(canvas: Sandbox) -> dict[str, object]:
    """A connection to it."""
    return quick(canvas, "canvas")
