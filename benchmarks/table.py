"""The results as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.plan import ROWS
from benchmarks.results import Result, Results, ratio

_NOTHING = "-"


def main_table(results: Results, kind: str) -> str:
    """One line a contender."""
    if kind == "start":
        return _start_table(results)
    loop = results.get(kind, "loop", _size(results, kind, "loop"))
    key = "cdk-json" if kind == "json" else "cdk"
    cdk = results.get(kind, key, _size(results, kind, key))
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
        for one in _shown(results, kind)
    ]
    return _markdown([*head, "faster than CDK"] if cdk else head, lines)


def growth_table(results: Results) -> str:
    """How time and memory grow with the rows of a CSV."""
    keys = list(dict.fromkeys(one.contender for one in results.all("csv") if one.emits))
    lines = []
    for key in keys:
        for one in results.sizes("csv", key):
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


def _start_table(results: Results) -> str:
    base = results.get("start", "import", 1)
    lines = [
        [one.title, f"{one.peak_mib:,.0f}", _ratio(one, base, "wall"), _ratio(one, base, "cpu")]
        for one in results.all("start")
    ]
    return _markdown(["command", "peak MiB", "x import, time", "x import, CPU"], lines)


def _shown(results: Results, kind: str) -> list[Result]:
    """The published size of each contender, and the full size of those that have both."""
    keys = list(dict.fromkeys(one.contender for one in results.all(kind)))
    shown = []
    for key in keys:
        sizes = results.sizes(kind, key)
        chosen = {_size(results, kind, key), ROWS[kind]}
        shown += [one for one in sizes if one.rows in chosen] or sizes[-1:]
    return shown


def _size(results: Results, kind: str, contender: str) -> int:
    """The size that a contender read most often."""
    sizes = results.sizes(kind, contender)
    return max(sizes, key=lambda one: (len(one.costs), one.rows)).rows if sizes else 0


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


def write_tables(results: Results, page: Path) -> None:
    """Put the tables in their places in a page."""
    text = page.read_text(encoding="utf-8")
    tables = {kind: main_table(results, kind) for kind in ROWS} | {"growth": growth_table(results)}
    for name, table in tables.items():
        place = re.compile(f"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not place.search(text):
            raise ValueError(f"{page} has no place for the table {name}")
        text = place.sub(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text)  # type: ignore[misc]
    page.write_text(text, encoding="utf-8")
