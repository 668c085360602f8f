"""Syncs that nothing disturbs, for tests to compare with: each is read once for all tests of a process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from integration_tests.connector import Connector, Json, catalog_of
from integration_tests.sandbox import Sandbox


@dataclass(frozen=True)
class Reference:
    """An undisturbed sync: its configured catalog, and the records of each stream."""

    catalog: Json
    records: dict[str, list[Json]]


def undisturbed(connector: Connector, sandbox: Sandbox, config: Json, *streams: str) -> Reference:
    """Discover and read some streams; the sandbox forgets both."""
    found = connector.discover(config)
    assert found.code == 0, found.errors
    catalog = catalog_of(found.catalog[stream] for stream in streams)
    sandbox.reset()
    run = connector.read(config, catalog)
    assert run.code == 0, run.errors
    assert all(run.records[stream] for stream in streams)
    sandbox.reset()
    return Reference(catalog, run.records)


class References:
    """References by any key, each made by its first user while others wait."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._found: dict[Hashable, Reference] = {}

    def get(self, key: Hashable, make: Callable[[], Reference]) -> Reference:
        """The reference of a key."""
        with self._guard:
            if key not in self._found:
                self._found[key] = make()
            return self._found[key]
