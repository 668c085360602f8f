"""What was measured, and the ratios that are drawn from it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contenders.commands import CONTENDERS
from benchmarks.measure import Cost
from benchmarks.plan import ROWS, Case


@dataclass(frozen=True)
class Result:
    """All runs of one case.

    Args:
        kind: The format.
        contender: Its key.
        title: Its name in tables.
        rows: How many rows the report has.
        emits: Whether it writes records.
        costs: By the number of the round.
    """

    kind: str
    contender: str
    title: str
    rows: int
    emits: bool
    costs: dict[int, Cost] = field(default_factory=dict)

    @property
    def wall(self) -> float:
        """Median seconds."""
        return median(cost.wall for cost in self.costs.values())

    @property
    def cpu(self) -> float:
        """Median seconds of processor time."""
        return median(cost.cpu for cost in self.costs.values())

    @property
    def peak_mib(self) -> float:
        """The largest peak of all runs."""
        return max(cost.peak_mib for cost in self.costs.values())


class Results:
    """The results of one run of the benchmark."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self._results: dict[str, Result] = {}

    def add(self, case: Case, number: int, cost: Cost) -> None:
        """Note a run."""
        one = case.contender
        fresh = Result(case.kind, one.key, one.title, case.rows, one.emits)
        self._results.setdefault(case.key, fresh).costs[number] = cost

    def all(self, kind: str) -> list[Result]:
        """The results of a format."""
        return [result for result in self._results.values() if result.kind == kind]

    def get(self, kind: str, contender: str, rows: int) -> Result | None:
        """One result."""
        return self._results.get(f"{kind}/{contender}/{rows}")

    def sizes(self, kind: str, contender: str) -> list[Result]:
        """All sizes that a contender read, the smallest first."""
        return sorted((one for one in self.all(kind) if one.contender == contender), key=lambda one: one.rows)

    def main(self, kind: str, contender: str) -> Result | None:
        """What a contender took for the published size; if it did not read that, for the one it read most often."""
        sizes = self.sizes(kind, contender)
        return max(sizes, key=lambda one: (one.rows == ROWS[kind], len(one.costs), one.rows), default=None)

    def mains(self, kind: str) -> list[Result]:
        """That of all contenders, in their order."""
        return [one for key in CONTENDERS if (one := self.main(kind, key))]

    def with_kinds(self, newer: Results, kinds: Collection[str]) -> Results:
        """These results, with a later run of some formats in the place of theirs. The facts are those of the whole."""
        mixed = Results()
        mixed.facts = self.facts
        kept = {key: one for key, one in self._results.items() if one.kind not in kinds}
        mixed._results = {**kept, **newer._results}
        return mixed

    def save(self, path: Path) -> None:
        """As JSON."""
        content = {"facts": self.facts, "results": [dataclasses.asdict(one) for one in self._results.values()]}
        path.write_text(json.dumps(content, indent=1) + "\n")

    @staticmethod
    def load(path: Path) -> Results:
        """What `save` wrote."""
        content = json.loads(path.read_text())
        results = Results()
        results.facts = content["facts"]
        for one in content["results"]:
            costs = {int(number): Cost(**cost) for number, cost in one.pop("costs").items()}
            result = Result(**one, costs=costs)
            results._results[f"{result.kind}/{result.contender}/{result.rows}"] = result
        return results


def ratio(one: Result, other: Result, what: str) -> float:
    """How much more `one` takes than `other` for a row.

    The median of the ratios within the rounds, if both took part in the same ones. If not, the ratio of the medians:
    a run of minutes goes on through better and worse moments of the machine, and of runs of seconds all are needed.

    Args:
        one: Numerator.
        other: Denominator.
        what: `wall` or `cpu`.
    """
    if one.costs.keys() != other.costs.keys():
        return float((getattr(one, what) / one.rows) / (getattr(other, what) / other.rows))
    pairs = [(getattr(cost, what), getattr(other.costs[at], what)) for at, cost in one.costs.items()]
    return float(median((mine / one.rows) / (others / other.rows) for mine, others in pairs))
