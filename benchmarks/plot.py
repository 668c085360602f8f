"""The results as a picture; a process of its own, because the process that measures must stay small.

`python -m benchmarks.plot benchmarks/results.json docs/benchmarks.png`
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

from benchmarks.plan import ROWS
from benchmarks.results import Results

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
_TITLES = {"csv": "CSV", "json": "JSON", "xlsx": "XLSX"}


def draw(results: Results, path: Path) -> None:
    """Records a second by format above, growth with the rows of a CSV below."""
    mpl.use("Agg")
    figure = plt.figure(figsize=(12, 8.5), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1, 1.15])
    for axes, kind in zip(above.subplots(1, 3), _TITLES, strict=True):
        _bars(axes, results, kind)
    time, memory = below.subplots(1, 2)
    _growth(time, results, lambda one: one.wall, "seconds")
    _growth(memory, results, lambda one: one.peak_mib, "peak MiB")
    memory.set_yticks([20, 50, 100, 200, 400])
    time.legend(loc="upper left", fontsize=9, frameon=False)
    below.suptitle("Growth with the rows of a CSV (both axes logarithmic)", fontsize=11)
    figure.suptitle("Reading one report of 20 typed columns, incrementally; start-up included", fontsize=12)
    figure.savefig(path, dpi=110, metadata={"Software": None})


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


def _growth(axes: Any, results: Results, what: Any, label: str) -> None:
    for key in ("connector", "loop", "singer", "cdk-decoder", "cdk"):
        sizes = results.sizes("csv", key)
        if not sizes:
            continue
        wide = 2.5 if key == "connector" else 1.5
        values = [what(one) for one in sizes]
        rows = [one.rows for one in sizes]
        axes.plot(rows, values, "o-", color=_COLOURS[key], label=_NAMES[key], linewidth=wide, markersize=4)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    ticks = {20_000: "20k", 50_000: "50k", 100_000: "100k", 500_000: "500k", 1_000_000: "1M", 2_000_000: "2M"}
    axes.set_xticks(list(ticks), list(ticks.values()))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter("")
    axes.set_xlabel("rows")
    axes.set_ylabel(label)
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    draw(Results.load(Path(sys.argv[1])), Path(sys.argv[2]))
