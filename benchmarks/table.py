"""The results as Markdown."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contenders.commands import LOOP
from benchmarks.plan import ROWS
from benchmarks.results import Result, Results, ratio
from benchmarks.waits.results import BEST, LISTED, SECONDS, Waits

_NOTHING = "-"


def main_table(results: Results, kind: str) -> str:
    """One line a contender."""
    if kind == "start":
        return _start_table(results)
    loop = results.main(kind, "loop")
    cdk = results.main(kind, "cdk-json" if kind == "json" else "cdk")
    head = ["contender", "rows", "records/s", "CPU s per million", "peak MiB", "x loop, time", "x loop, CPU"]
    lines = [
        [
            one.title,
            f"{one.rows:,}",
            f"{_rounded(one.rows / one.wall):,}" if one.emits else _NOTHING,
            f"{one.cpu / one.rows * 1e6:.1f}",
            f"{one.peak_mib:,.0f}",
            _ratio(one, loop, "wall"),
            _ratio(one, loop, "cpu"),
            *([_ratio(cdk, one, "wall") if one.emits else _NOTHING] if cdk else []),
        ]
        for one in results.mains(kind)
    ]
    return _markdown([*head, "faster than CDK"] if cdk else head, lines)


def growth_table(results: Results) -> str:
    """How time and memory grow with the rows of a CSV."""
    lines = []
    for main in results.mains("csv"):
        for one in results.sizes("csv", main.contender) if main.emits else ():
            loop = results.get("csv", "loop", one.rows)
            lines.append(
                [
                    one.title,
                    f"{one.rows:,}",
                    f"{one.wall / one.rows * 1e6:.1f}",
                    f"{one.cpu / one.rows * 1e6:.1f}",
                    f"{one.peak_mib:,.0f}",
                    _ratio(one, loop, "wall"),
                ]
            )
    return _markdown(["contender", "rows", "µs a record", "CPU µs a record", "peak MiB", "x loop, time"], lines)


def sheets_table(results: Results) -> str:
    """How time and memory grow with the rows of a workbook."""
    lines = []
    for key in ("connector", "xlsx-read"):
        for one in results.sizes("xlsx", key):
            alone = results.get("xlsx", "xlsx-read", one.rows)
            figures = [f"{one.wall:.1f}", f"{one.cpu:.1f}", f"{one.peak_mib:,.0f}"]
            ratios = [_ratio(one, alone, "wall"), _ratio(one, alone, "cpu")]
            lines.append([one.title, f"{one.rows:,}", *figures, *ratios])
    head = ["contender", "rows", "seconds", "CPU seconds", "peak MiB", "x calamine, time", "x calamine, CPU"]
    return _markdown(head, lines)


def marginal_table(results: Results) -> str:
    """What a further record costs: start-up falls out between the smallest and the largest size."""
    costs = {}
    for main in results.mains("csv"):
        small, *_, large = results.sizes("csv", main.contender) * 2
        if large.rows > small.rows:
            more = large.rows - small.rows
            costs[large.title] = ((large.wall - small.wall) / more, (large.cpu - small.cpu) / more)
    base = next((cost for title, cost in costs.items() if title == LOOP.title), None)
    lines = [
        [title, f"{wall * 1e6:.1f}", f"{cpu * 1e6:.1f}", f"{wall / base[0]:.2f}", f"{cpu / base[1]:.2f}"]
        for title, (wall, cpu) in costs.items()
        if base
    ]
    return _markdown(["contender", "µs a further record", "CPU µs", "x loop, time", "x loop, CPU"], lines)


def targets_table(results: Results, waits: Waits) -> str:
    """The aims, and what this run says of them; in brackets the same by processor time."""

    def faster(kind: str, key: str) -> str:
        ours, other = (results.get(kind, one, ROWS[kind]) for one in ("connector", key))
        return f"{_ratio(other, ours, 'wall')} ({_ratio(other, ours, 'cpu')})"

    def slower(kind: str, key: str, at: int) -> str:
        ours, other = (results.get(kind, one, at) for one in ("connector", key))
        return f"{_ratio(ours, other, 'wall')} ({_ratio(ours, other, 'cpu')})"

    def peak(kind: str, most: float = math.inf) -> str:
        peaks = [one.peak_mib for one in results.sizes(kind, "connector") if one.rows <= most]
        return f"{max(peaks, default=0):,.0f} MiB"

    spec, base = results.get("start", "spec", 1), results.get("start", "import", 1)
    start = f"{_ratio(spec, base, 'wall')} ({_ratio(spec, base, 'cpu')})"
    most, most_of_sheets = (
        max((one.rows for one in results.sizes(kind, "connector")), default=0) for kind in ("csv", "xlsx")
    )
    first, *_, cdk = waits.reads.values()
    lost, looks = max(first.most_lost, 0.0), f"{first.wall / BEST:.2f} (the CDK's retriever {cdk.wall / BEST:.2f})"
    lines = [
        [f"{len(SECONDS)} slow reports, first sync: times the best that the vendor allows", "at most 1.35", looks],
        ["the same: lost of a report's own time, at most", "25%", f"{lost:.0%}"],
        [f"`discover` of {LISTED} reports", "at most 60 s", f"{waits.discovery or 0:.0f} s"],
        ["CSV, 500,000 rows: times as fast as the CDK's path", "30", faster("csv", "cdk")],
        ["CSV, 500,000 rows: times the bare loop", "at most 1.0", slower("csv", "loop", ROWS["csv"])],
        [f"CSV, {most:,} rows: times the bare loop", "at most 1.0", slower("csv", "loop", most)],
        ["CSV, any size: peak", "at most 130 MiB", peak("csv")],
        ["JSON, 500,000 rows: times as fast as the CDK's path", "30", faster("json", "cdk-json")],
        ["JSON, 500,000 rows: times `json.load` and a loop", "at most 1.2", slower("json", "loop", ROWS["json"])],
        ["JSON: peak", "at most 130 MiB", peak("json")],
        ["XLSX, 200,000 rows: times calamine alone", "at most 1.1", slower("xlsx", "xlsx-read", ROWS["xlsx"])],
        ["the same: peak", "at most 150 MiB", peak("xlsx", ROWS["xlsx"])],
        [
            f"XLSX, {most_of_sheets:,} rows: times calamine alone",
            "at most 1.2",
            slower("xlsx", "xlsx-read", most_of_sheets),
        ],
        ["the same: peak", "at most 400 MiB", peak("xlsx")],
        ["`spec`: times `import airbyte_cdk`", "below 2", start],
    ]
    return _markdown(["aim", "target", "this run: time (CPU)"], lines)


def _start_table(results: Results) -> str:
    base = results.get("start", "import", 1)
    lines = [
        [one.title, f"{one.peak_mib:,.0f}", _ratio(one, base, "wall"), _ratio(one, base, "cpu")]
        for one in results.all("start")
    ]
    return _markdown(["command", "peak MiB", "x import, time", "x import, CPU"], lines)


def _ratio(one: Result | None, other: Result | None, what: str) -> str:
    if one is None or other is None or not one.costs.keys() & other.costs.keys():
        return _NOTHING
    value = ratio(one, other, what)
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _rounded(value: float) -> int:
    return round(value / 1000) * 1000 if value >= 10_000 else round(value / 100) * 100


def _markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, rule, *lines])


def write_tables(results: Results, waits: Waits, page: Path) -> None:
    """Put the tables in their places in a page."""
    text = page.read_text(encoding="utf-8")
    tables = {kind: main_table(results, kind) for kind in ROWS} | {"growth": growth_table(results)}
    tables |= {"marginal": marginal_table(results), "sheets": sheets_table(results)}
    tables |= {"targets": targets_table(results, waits), "waits": waits.table()}
    for name, table in tables.items():
        text = between(text, name, table)
    page.write_text(text, encoding="utf-8")


def between(text: str, name: str, table: str) -> str:
    """A page with a table in the place that has its name.

    Raises:
        ValueError: There is no such place.
    """
    place = re.compile(f"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not place.search(text):
        raise ValueError(f"the page has no place for the table {name}")
    return place.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text)
