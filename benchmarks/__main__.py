"""`python -m benchmarks`: measure everything, then write docs/benchmarks.md's tables and docs/benchmarks.png.

For development: `python -m benchmarks --kinds csv --rows 50000 --runs 1 --only connector loop` prints tables only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.plan import Case, make_plan, rounds
from benchmarks.results import Results
from benchmarks.session import session
from benchmarks.table import growth_table, main_table, write_tables
from benchmarks.waits.results import Waits

KINDS = ("start", "csv", "json", "jsonl", "xlsx")
HERE = Path(__file__).parent
RESULTS, WAITS = HERE / "results.json", HERE / "waits.json"
DOCS = HERE.parent / "docs"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    args = _arguments(arguments)
    if args.render:
        _publish(Results.load(RESULTS))
        return
    cases = make_plan(args.kinds, args.rows, args.runs, args.only)
    results = _measured(cases)
    for kind in args.kinds:
        print(f"\n{main_table(results, kind)}")
    print(f"\n{growth_table(results)}")
    if args.rows is None and not args.only:
        if set(args.kinds) != set(KINDS):
            results = Results.load(RESULTS).with_kinds(results, args.kinds)
        results.save(RESULTS)
        _publish(results)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="formats; start is the start-up")
    parser.add_argument("--rows", type=int, help="one size for everyone, instead of the published ones")
    parser.add_argument(
        "--runs", type=int, default=2, help="rounds; of contenders that take seconds, three times as many"
    )
    parser.add_argument("--only", nargs="+", default=(), help="contenders")
    parser.add_argument("--render", action="store_true", help="write table and plot anew from the last results")
    return parser.parse_args(arguments)


def _measured(cases: Sequence[Case]) -> Results:
    results = Results()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder, session(Path(folder), cases) as here:
        _say("Generating the reports")
        here.generate(cases)
        for case in {(case.kind, case.contender.key): case for case in cases}.values():
            here.compare(case)
        _say("All contenders emit the same records")
        for number, case in rounds(cases):
            cost = here.measure(case)
            results.add(case, number, cost)
            _say(f"{number + 1} {case.key:30} {cost.wall:8.2f} s {cost.cpu:8.2f} s CPU {cost.peak_mib:8.0f} MiB")
    results.facts = {
        "python": ".".join(map(str, sys.version_info[:3])),
        "processors": os.cpu_count() or 0,
        "minutes": round((time.monotonic() - began) / 60),
    }
    return results


def _publish(results: Results) -> None:
    write_tables(results, Waits.load(WAITS), DOCS / "benchmarks.md")
    files = [str(file) for file in (RESULTS, WAITS, DOCS / "benchmarks.png")]
    subprocess.run([sys.executable, "-m", "benchmarks.plot", *files], check=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
