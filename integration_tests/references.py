"""Syncs that nothing disturbs, for tests to compare with: each is read once for all tests of all processes."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

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
    """References by any key whose `repr` says what it is, each made by its first user while others wait.

    Args:
        folder: Keeps them; the processes that share it share them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[str, Reference] = {}

    def get(self, key: object, make: Callable[[], Reference]) -> Reference:
        """The reference of a key."""
        name = hashlib.sha256(repr(key).encode()).hexdigest()[:32]
        if name not in self._found:
            self._found[name] = self._shared(self._folder / name, make)
        return self._found[name]

    @staticmethod
    def _shared(path: Path, make: Callable[[], Reference]) -> Reference:
        with _alone(path.with_suffix(".lock")):
            if not path.exists():
                path.write_text(json.dumps(asdict(make())), encoding="utf-8")
        return Reference(**json.loads(path.read_bytes()))


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """While no other process or thread is inside with this file."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
