"""What is run: which contender reads which report, and how often."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.contenders.commands import CONTENDERS, Contender

#: The size that the tables are about.
ROWS = {"csv": 500_000, "json": 500_000, "jsonl": 500_000, "xlsx": 200_000, "start": 1}
#: What would take minutes and tells nothing new reads fewer rows; its line says how many.
SLOW_ROWS = 100_000
SLOW = frozenset({"cdk-decoder"})
#: What takes seconds takes part in so many times the rounds, in all of its sizes: the noise of a shared machine comes
#: and goes. What takes minutes shows its growth once.
QUICK = 3
LONG = frozenset({"cdk", "cdk-json", "cdk-decoder", "singer", "dap-postgres"})
#: Sizes for the growth of time and memory, besides the size above.
GROWTH = {
    ("csv", "connector"): (50_000, 1_000_000, 2_000_000),
    ("csv", "loop"): (50_000, 1_000_000, 2_000_000),
    ("csv", "cdk"): (20_000, 100_000),
    ("csv", "cdk-decoder"): (20_000,),
    ("csv", "singer"): (50_000,),
    ("xlsx", "connector"): (50_000, 1_000_000),
    ("xlsx", "xlsx-read"): (50_000, 1_000_000),
}
#: Sizes that take part in as few rounds as what takes minutes.
LARGE = {("xlsx", 1_000_000)}


@dataclass(frozen=True)
class Case:
    """One line of the plan.

    Args:
        contender: Who reads.
        kind: The format.
        rows: How many rows.
        runs: How many rounds it takes part in.
    """

    contender: Contender
    kind: str
    rows: int
    runs: int

    @property
    def key(self) -> str:
        """Its name in the results."""
        return f"{self.kind}/{self.contender.key}/{self.rows}"


def make_plan(kinds: Sequence[str], rows: int | None, runs: int, only: Collection[str]) -> list[Case]:
    """The cases, in the order in which a round goes through them: what is compared stands close together.

    Args:
        kinds: The formats.
        rows: One size for everyone; None for the sizes of the published tables.
        runs: Rounds; for the published sizes, those of the contenders that take minutes.
        only: Keys of contenders; empty for all.
    """
    cases = [
        case
        for kind in kinds
        for one in CONTENDERS.values()
        if kind in one.kinds and (not only or one.key in only)
        for case in _sizes(kind, one, rows, runs)
    ]
    return sorted(cases, key=lambda case: (kinds.index(case.kind), case.rows))


def _sizes(kind: str, one: Contender, rows: int | None, runs: int) -> Iterable[Case]:
    if rows is not None and kind != "start":
        return [Case(one, kind, rows, runs)]
    often, growth = (runs, 1) if one.key in LONG else (QUICK * runs, QUICK * runs)
    size = min(ROWS[kind], SLOW_ROWS) if one.key in SLOW else ROWS[kind]
    more = [(rows, runs if (kind, rows) in LARGE else growth) for rows in GROWTH.get((kind, one.key), ())]
    return [Case(one, kind, size, often), *(Case(one, kind, rows, rounds) for rows, rounds in more)]


def rounds(cases: Sequence[Case]) -> Iterable[tuple[int, Case]]:
    """All runs in order, in turn: A B C, A B C. Cases with fewer runs are in the first rounds."""
    for number in range(max((case.runs for case in cases), default=0)):
        for case in cases:
            if number < case.runs:
                yield number, case
