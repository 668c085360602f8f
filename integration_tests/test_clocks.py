"""A machine whose clock is wrong, or is set while a sync runs: nothing is lost, and it is told.

The connector's process is given a wall clock of its own. Its steady clock goes on, as it does where a clock is set.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from integration_tests.clients.subjects import MANNER, Json, config_of, go_on, held, started
from integration_tests.connector import Connector, as_set, catalog_of, numbers_alike, present, script
from integration_tests.sandbox.core import Request

DAY = 86_400
WALL = """
import time
from pathlib import Path

real, ahead = time.time, Path(__file__).with_name("ahead")
time.time = lambda: real() + float(ahead.read_text())
"""
#: By how much the clock is ahead before and after it is set. The sandbox itself is an hour behind.
CLOCKS = {
    "ahead": (3 * DAY, 3 * DAY),
    "behind": (-400 * DAY, -400 * DAY),
    "set forward": (0, 2 * DAY),
    "set back": (0, -2 * DAY),
}


class Machine:
    """A folder whose code gives a process a clock, which is set when the vendor is asked for the second time."""

    def __init__(self, folder: Path, before: float, after: float) -> None:
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(WALL)
        self.environment = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        self._ahead, self._after, self._asked = folder / "ahead", after, 0
        self._set(before)

    def watch(self, _: Request) -> None:
        self._asked += 1
        if self._asked == 2:
            self._set(self._after)

    def _set(self, ahead: float) -> None:
        fresh = self._ahead.with_suffix(".new")
        fresh.write_text(str(ahead))
        fresh.replace(self._ahead)


def rows(records: list[Json]) -> set[str]:
    """Rows without what tells how they came."""
    return as_set(
        numbers_alike({name: value for name, value in present(row).items() if name not in MANNER}) for row in records
    )


@pytest.mark.parametrize("platform", ["hapyak", "adobe_learning_manager"])
@pytest.mark.parametrize("clock", CLOCKS)
def test_two_syncs_bring_all_whatever_the_clock_of_the_machine_says(
    platform: str, clock: str, connector: Connector, tmp_path: Path
) -> None:
    machine = Machine(tmp_path / "machine", *CLOCKS[clock])
    wrong = Connector(tmp_path / "wrong", script, machine.environment)
    watching: list[Callable[[Request], None]] = []
    with started(platform, watch=lambda request: [tell(request) for tell in watching]) as sandbox:
        config = config_of(sandbox, platform)
        found = connector.discover(config).catalog
        watching.append(machine.watch)
        first = wrong.read(config, catalog_of(found.values()))
        watching.clear()
        reached = sandbox.clock.now()
        go_on(sandbox, platform)
        second = connector.read(config, catalog_of(found.values()), first.state_file)
        due = {name: rows(held(sandbox, platform, name)) for name in found}

    assert (first.code, second.code) == (0, 0), first.errors + second.errors
    for name in found:
        assert due[name] <= rows(first.records.get(name, []) + second.records.get(name, [])), name
    ends = [state["_report_end"] for state in first.states.values() if "_report_end" in state]
    assert ends
    assert max(ends) <= written(reached)
    (told,) = [text for text in first.logged("WARN") if "clock of this machine is" in text]
    assert "set the clock of this machine right" in told


def written(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
