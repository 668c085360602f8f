"""A sandbox for each test that asks for one, and a plain client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration_tests.sandbox import Sandbox
from unit_tests.sandbox.clients import (
    AdobeLearningManager,
    Canvas,
    Client,
    InstructureDap,
    Percipio,
    Sana,
    SecondNature,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A test may bring its own options: `@pytest.mark.parametrize("sandbox", [{...}], indirect=True)`."""
    with Sandbox(**{"rows": 60, **getattr(request, "param", {})}) as running:
        yield running


@pytest.fixture
def canvas(sandbox: Sandbox) -> Iterator[Canvas]:
    client = Canvas(sandbox)
    with client.session:
        yield client


@pytest.fixture
def second_nature(sandbox: Sandbox) -> Iterator[SecondNature]:
    client = SecondNature(sandbox)
    with client.session:
        yield client


@pytest.fixture
def sana(sandbox: Sandbox) -> Iterator[Sana]:
    client = Sana(sandbox)
    with client.session:
        yield client


@pytest.fixture
def tinqwise(sandbox: Sandbox) -> Iterator[Client]:
    client = Client(sandbox, "tinqwise")
    with client.session:
        yield client


@pytest.fixture
def hapyak(sandbox: Sandbox) -> Iterator[Client]:
    client = Client(sandbox, "hapyak", {"X-Hapyak-API-Key": "hapyak-key-1e7bc263"})
    with client.session:
        yield client


@pytest.fixture
def dap(sandbox: Sandbox) -> Iterator[InstructureDap]:
    client = InstructureDap(sandbox)
    with client.session:
        yield client


@pytest.fixture
def percipio(sandbox: Sandbox) -> Iterator[Percipio]:
    client = Percipio(sandbox)
    with client.session:
        yield client


@pytest.fixture
def adobe(sandbox: Sandbox) -> Iterator[AdobeLearningManager]:
    client = AdobeLearningManager(sandbox)
    with client.session:
        yield client
