"""What all tests share: how hypothesis looks for examples, processes that fork, and the notes about clients."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from integration_tests.clients.pythons import PythonRecorder
from integration_tests.clients.recorder import Recorder
from integration_tests.connector import forked, forked_tap

# No deadline: the time an example takes says more about the machine than about the code.
settings.register_profile("quick", deadline=None, max_examples=100)
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, database=None)
settings.register_profile("many", deadline=None, max_examples=10_000)
settings.load_profile("ci" if os.environ.get("CI") else "quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    """For `make clients-matrix` and `make pythons`."""
    parser.addoption("--record-clients", action="store_true", help="keep which clients' tests passed")
    parser.addoption("--record-python", type=Path, metavar="FILE", help="keep in FILE how many tests passed")


def pytest_configure(config: pytest.Config) -> None:
    """Note what passes. What the tests start hears Ctrl-C, also where a shell runs the tests in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.option.record_clients and config.option.keyword:
        raise pytest.UsageError("--record-clients is for whole runs, and -k takes a part")
    config.pluginmanager.register(Recorder())
    if config.option.record_python and not hasattr(config, "workerinput"):  # the controller hears of all tests
        config.pluginmanager.register(PythonRecorder(config.option.record_python))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Among several workers, mix the modules: tests that compute fill the time of those that wait for their processes.

    What is tried until nothing is tried any more waits longest and comes first, so that no worker ends with it.
    """
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: ("_for_good" not in item.name, hashlib.sha256(item.path.name.encode()).digest()))


@pytest.fixture(scope="session", autouse=True)
def _forks_end() -> Iterator[None]:
    yield
    forked.close()
    forked_tap.close()
