"""Random faults and kills for as long as one likes: `python -m integration_tests.soak [MINUTES] [SEED]`.

Each round takes a platform, reads it in syncs that are struck by random faults and killed at random moments, then lets
two undisturbed syncs end. At the end of a round nothing is lost (the rows of all syncs are those of an undisturbed
one), and no job is left running at the vendor. The seed that is printed repeats the same choices.
"""

from __future__ import annotations

import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from integration_tests.connector import Connector, Json, Run, as_set, catalog_of, forked, merged_state, quick
from integration_tests.fault_table import SUBJECTS, Subject, cases_of, spec
from integration_tests.sandbox import Sandbox
from integration_tests.sandbox.server import wait_until

DEFAULT_MINUTES = 60.0
MOST_SYNCS = 5
MOST_FAULTS = 3
LATEST_KILL_SECONDS = 1.5
CALM_SYNCS = 2
# Faults after which a job runs on at the vendor without anybody's knowing: the order's answer never arrived.
ORPHANING = {"order_lost_blind"}


class Lost(AssertionError):
    """A round ended without all rows, with others besides, or with a job left running."""


@dataclass
class Round:
    """One platform's syncs, disturbed and calm.

    Args:
        chance: Makes all choices.
        connector: The command line.
    """

    subject: Subject
    chance: random.Random
    connector: Connector
    runs: list[Run] = field(default_factory=list)
    story: list[str] = field(default_factory=list)

    def play(self) -> None:
        """Play the round.

        Raises:
            Lost: A promise did not hold.
        """
        with Sandbox(rows=400, settings={self.subject.platform: dict(self.subject.sandbox)}) as sandbox:
            config = {**quick(sandbox, self.subject.platform, **self.subject.settings), **self.subject.shared}
            config["report_timeout_minutes"] = 0.1
            found = self.connector.discover(config).catalog
            catalog = catalog_of([found[self.subject.stream], found[self.subject.healthy]])
            sandbox.reset()
            for _ in range(self.chance.randint(1, MOST_SYNCS)):
                self._disturbed(sandbox, config, catalog)
            sandbox.faults.clear()
            for job in sandbox.running_jobs():
                job.script = ["done"]
            config["report_timeout_minutes"] = 1
            for _ in range(CALM_SYNCS):
                self.runs.append(self.connector.read(config, catalog, merged_state(*self.runs)))
            self._look(sandbox, config, catalog)

    def _disturbed(self, sandbox: Sandbox, config: Json, catalog: Json) -> None:
        sandbox.faults.clear()
        cases = [case for case in cases_of(self.subject) if case.name not in ORPHANING]
        for case in self.chance.sample(cases, self.chance.randint(0, MOST_FAULTS)):
            for fault in case.faults:
                sandbox.fault(spec(fault, self.subject, everywhere=self.chance.random() < 0.3))
                self.story.append(fault)
        started = self.connector.start_read(config, catalog, merged_state(*self.runs))
        if self.chance.random() < 0.5:
            number = self.chance.choice([signal.SIGTERM, signal.SIGKILL])
            delay = self.chance.uniform(0.05, LATEST_KILL_SECONDS)
            self.story.append(f"{number.name} after {delay:.2f} s")
            if not wait_until(started.ended.is_set, delay):
                started.send(number)
        self.runs.append(started.finish())

    def _look(self, sandbox: Sandbox, config: Json, catalog: Json) -> None:
        last = self.runs[-1]
        if last.code:
            raise Lost(f"the last sync ended with {last.code}: {last.errors}")
        left = [job for job in sandbox.running_jobs(self.subject.platform) if job.polls]
        if left:
            raise Lost(f"jobs are left running: {[job.key for job in left]}")
        sandbox.reset()
        whole = self.connector.read(config, catalog).records
        for stream in (self.subject.stream, self.subject.healthy):
            seen = set().union(*(as_set(run.records.get(stream, [])) for run in self.runs))
            if seen != as_set(whole[stream]):
                raise Lost(f"{stream}: {difference(as_set(whole[stream]), seen)}")
        if self.connector.leftovers and not any("SIGKILL" in line for line in self.story):
            raise Lost(f"files are left: {self.connector.leftovers}")


def difference(whole: set[str], seen: set[str]) -> str:
    """How the rows that were seen differ from those of an undisturbed sync, with one of each kind."""
    lost, invented = whole - seen, seen - whole
    told = [f"{len(lost)} of {len(whole)} rows are lost, such as {min(lost)}"] if lost else []
    told += [f"{len(invented)} rows are in no undisturbed sync, such as {min(invented)}"] if invented else []
    return "; ".join(told)


def main(minutes: float, seed: int) -> int:
    """Play rounds until the time is over; the last one is played to its end."""
    print(f"seed {seed}, {minutes:g} minutes", flush=True)
    chance = random.Random(seed)
    end = time.monotonic() + minutes * 60
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    played = syncs = broken = 0
    try:
        while time.monotonic() < end:
            subject = chance.choice(SUBJECTS)
            one = Round(subject, chance, Connector(folder / str(played)))
            try:
                one.play()
            except Lost as lost:
                broken += 1
                print(f"round {played} ({subject.name}) failed after: {', '.join(one.story)}\n  {lost}", flush=True)
            played, syncs = played + 1, syncs + len(one.runs)
            shutil.rmtree(folder / str(played - 1))
        if broken:
            print(f"{played} rounds, {syncs} syncs: {broken} rounds failed")
            print(f"To make the same choices again: python -m integration_tests.soak {minutes:g} {seed}")
        else:
            print(f"{played} rounds, {syncs} syncs: nothing was lost, and no job was left running")
    finally:
        forked.close()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if broken else 0


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(
        main(
            float(given[0]) if given else DEFAULT_MINUTES,
            int(given[1]) if len(given) > 1 else random.SystemRandom().randrange(1_000_000),
        )
    )
