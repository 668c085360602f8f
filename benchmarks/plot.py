"""The results as a picture; a process of its own, because the process that measures must stay small.

`python -m benchmarks.plot benchmarks/results.json benchmarks/waits.json docs/benchmarks.png`
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

from benchmarks.plan import ROWS
from benchmarks.results import Results
from benchmarks.waits.results import BEST, BEST_KNOWN, LISTED, SECONDS, Waits

_COLOURS = {
    "connector": "#1f77b4",
    "loop": "#555555",
    "cdk": "#d62728",
    "cdk-decoder": "#ff9896",
    "cdk-json": "#d62728",
    "singer": "#9467bd",
    "tap": "#17becf",
    "xlsx-read": "#bbbbbb",
}
_NAMES = {
    "connector": "this connector",
    "loop": "bare Python loop",
    "cdk": "CDK, file extractor",
    "cdk-decoder": "CDK, CsvDecoder",
    "cdk-json": "CDK, JsonDecoder",
    "singer": "Singer SDK tap",
    "tap": "this tap",
    "xlsx-read": "calamine alone",
}
_TICKS = {
    "csv": {20_000: "20k", 100_000: "100k", 500_000: "500k", 2_000_000: "2M"},
    "xlsx": {50_000: "50k", 200_000: "200k", 1_000_000: "1M"},
}
_TITLES = {"csv": "CSV", "json": "JSON", "xlsx": "XLSX"}


def draw(results: Results, waits: Waits, path: Path) -> None:
    """What is waited for above, records a second by format below it, then the growth with the rows."""
    mpl.use("Agg")
    figure = plt.figure(figsize=(12, 11), layout="constrained")
    waiting, rates, growth = figure.subfigures(3, 1, height_ratios=[0.72, 1, 1.15])
    _waits(waiting, waits)
    for axes, kind in zip(rates.subplots(1, 3), _TITLES, strict=True):
        _bars(axes, results, kind)
    rates.suptitle("Reading one report of 20 typed columns, incrementally; start-up included", fontsize=12)
    time, memory, sheets = growth.subplots(1, 3)
    _growth(time, results, "csv", lambda one: one.wall, "CSV: seconds")
    _growth(memory, results, "csv", lambda one: one.peak_mib, "CSV: peak MiB")
    _growth(sheets, results, "xlsx", lambda one: one.peak_mib, "XLSX: peak MiB")
    memory.set_yticks([20, 50, 100, 200, 400])
    sheets.set_yticks([50, 100, 200, 500, 1000, 2000])
    lines = {line.get_label(): line for axes in (time, sheets) for line in axes.get_lines()}
    growth.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=len(lines), fontsize=9, frameon=False)
    growth.suptitle("Growth with the rows (all axes logarithmic)", fontsize=12)
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _waits(figure: Any, waits: Waits) -> None:
    figure.suptitle("From the start of the process to its end, while the vendor makes reports", fontsize=12)
    slow, found = figure.subplots(1, 2, width_ratios=[2, 1])
    names = [title.replace("source-lms-reports", "this connector").replace("`", "") for title in waits.reads]
    _horizontal(slow, names, [one.wall for one in waits.reads.values()])
    for at, text in ((BEST, "catalog's order"), (BEST_KNOWN, "longest first")):
        slow.axvline(at, color="black", linewidth=1, linestyle="--" if at == BEST else ":", label=f"best, {text}")
    slow.legend(loc="upper right", fontsize=9, frameon=False)
    slow.set_title(f"{len(SECONDS)} reports that take up to {max(SECONDS):g} seconds", fontsize=11)
    _horizontal(found, ["this connector"], [waits.discovery or 0.0])
    found.set_title(f"discover: {LISTED} reports", fontsize=11)
    found.set_ylim(1.5, -1.5)


def _horizontal(axes: Any, names: list[str], seconds: list[float]) -> None:
    ours = _COLOURS["connector"]
    colours = [ours if name.startswith("this") else _COLOURS["cdk"] for name in names]
    bars = axes.barh(names, seconds, color=colours)
    axes.bar_label(bars, [f"{one:.1f}" for one in seconds], padding=3, fontsize=9)
    axes.invert_yaxis()
    axes.set_xlabel("seconds")
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)


def _bars(axes: Any, results: Results, kind: str) -> None:
    shown = {one.contender: one for one in results.mains(kind) if one.contender in _NAMES}
    names = [_NAMES[key] for key in shown]
    rates = [one.rows / one.wall / 1000 for one in shown.values()]
    bars = axes.barh(names, rates, color=[_COLOURS[key] for key in shown])
    axes.bar_label(bars, [f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}" for rate in rates], padding=3, fontsize=9)
    axes.invert_yaxis()
    axes.set_title(f"{_TITLES[kind]}: {ROWS[kind]:,} rows", fontsize=11)
    axes.set_xlabel("thousand rows a second")
    axes.margins(x=0.18)
    axes.spines[["top", "right"]].set_visible(False)


def _growth(axes: Any, results: Results, kind: str, what: Any, label: str) -> None:
    for key in ("connector", "loop", "singer", "cdk-decoder", "cdk", "xlsx-read"):
        sizes = results.sizes(kind, key)
        if len(sizes) < 2:
            continue
        wide = 2.5 if key == "connector" else 1.5
        values = [what(one) for one in sizes]
        rows = [one.rows for one in sizes]
        axes.plot(rows, values, "o-", color=_COLOURS[key], label=_NAMES[key], linewidth=wide, markersize=4)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    ticks = _TICKS[kind]
    axes.set_xticks(list(ticks), list(ticks.values()))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter("")
    axes.set_xlabel("rows")
    axes.set_title(label, fontsize=11)
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    draw(Results.load(Path(sys.argv[1])), Waits.load(Path(sys.argv[2])), Path(sys.argv[3]))
