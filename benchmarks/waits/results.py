"""What came of a measurement of waiting."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

#: Seconds of the reports, in the order of the catalog: 54 in all.
SECONDS = (4.0, 4.0, 5.0, 3.0, 4.0, 3.0, 5.0, 2.0, 20.0, 1.0, 1.0, 2.0)
#: Jobs that the vendor has at a time.
SLOTS = 4
#: Reports that discovery finds columns of.
LISTED = 300
#: A share of a report's own time counts as one of so many seconds at least.
_LEAST = 8.0


def critical_path(seconds: Sequence[float], slots: int) -> float:
    """How long the reports take where each slot takes the next one as soon as it is free."""
    free = [0.0] * slots
    for one in seconds:
        slot = free.index(min(free))
        free[slot] += one
    return max(free)


BEST = critical_path(SECONDS, SLOTS)
BEST_KNOWN = critical_path(sorted(SECONDS, reverse=True), SLOTS)
"""With the longest first."""


@dataclass(frozen=True)
class Waited:
    """What came of reading all reports.

    Args:
        wall: Seconds, process start included.
        seconds: What each report took, in the order in which they were ordered.
        lost: For each report the seconds from ready to fetched.
        looks: For each report how often it was looked at.
    """

    wall: float
    seconds: list[float]
    lost: list[float]
    looks: list[int]

    @property
    def most_lost(self) -> float:
        """The greatest share of a report's own time that was lost."""
        return max(lost / max(own, _LEAST) for lost, own in zip(self.lost, self.seconds, strict=True))


@dataclass(frozen=True)
class Waits:
    """One run.

    Args:
        reads: By contender.
        discovery: Seconds of `discover`.
    """

    reads: dict[str, Waited]
    discovery: float | None

    def save(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n")

    @staticmethod
    def load(path: Path) -> Waits:
        """What `save` wrote."""
        content = json.loads(path.read_text())
        return Waits({title: Waited(**one) for title, one in content["reads"].items()}, content["discovery"])

    def table(self) -> str:
        """The figures as Markdown."""
        lines = [
            f"{len(SECONDS)} reports that take {min(SECONDS):g} to {max(SECONDS):g} seconds, {sum(SECONDS):g} in all,",
            f"with {SLOTS} slots at the vendor: {BEST:g} seconds at best in the catalog's order, {BEST_KNOWN:g} with",
            "the longest first. The second sync knows from the state of the first how long each report takes.",
            "",
            "| contender | time | of the best | lost after ready, median | most, of its own time | looks a report |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
        ]
        for title, one in self.reads.items():
            figures = f"{one.wall:.1f} s | {one.wall / BEST:.2f} | {median(one.lost):.1f} s | {one.most_lost:.0%}"
            lines.append(f"| {title} | {figures} | {median(one.looks):g} to {max(one.looks)} |")
        if self.discovery is not None:
            lines += ["", f"`discover` of {LISTED} listed reports that the vendor has cached: {self.discovery:.1f} s."]
        return "\n".join(lines)
