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
    opened,
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
    yield from opened(Canvas(sandbox))


@pytest.fixture
def second_nature(sandbox: Sandbox) -> Iterator[SecondNature]:
    yield from opened(SecondNature(sandbox))


@pytest.fixture
def sana(sandbox: Sandbox) -> Iterator[Sana]:
    yield from opened(Sana(sandbox))


@pytest.fixture
def tinqwise(sandbox: Sandbox) -> Iterator[Client]:
    yield from opened(Client(sandbox, "tinqwise"))


@pytest.fixture
def hapyak(sandbox: Sandbox) -> Iterator[Client]:
    yield from opened(Client(sandbox, "hapyak", {"X-Hapyak-API-Key": "hapyak-key-1e7bc263"}))


@pytest.fixture
def dap(sandbox: Sandbox) -> Iterator[InstructureDap]:
    yield from opened(InstructureDap(sandbox))


@pytest.fixture
def percipio(sandbox: Sandbox) -> Iterator[Percipio]:
    yield from opened(Percipio(sandbox))


@pytest.fixture
def adobe(sandbox: Sandbox) -> Iterator[AdobeLearningManager]:
    yield from opened(AdobeLearningManager(sandbox))
