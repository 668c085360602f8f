"""`python -m benchmarks.waits`: measure what a user waits for, and write it into docs/benchmarks.md.

`--only connector` or `--only discover` measures a part and writes nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import run
from benchmarks.table import between
from benchmarks.waits.low_code import SLOTS
from benchmarks.waits.vendor import REPORT

#: Seconds of the reports, in the order of the catalog: 54 in all.
SECONDS = (4.0, 4.0, 5.0, 3.0, 4.0, 3.0, 5.0, 2.0, 20.0, 1.0, 1.0, 2.0)
LISTED = 300
PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
SCRIPT = str(Path(sys.executable).with_name("source-lms-reports"))


def critical_path(seconds: Sequence[float], slots: int) -> float:
    """How long the reports take where each slot takes the next one as soon as it is free."""
    free = [0.0] * slots
    for one in seconds:
        slot = free.index(min(free))
        free[slot] += one
    return max(free)


@dataclass(frozen=True)
class Waited:
    """What came of reading all reports.

    Args:
        wall: Seconds, process start included.
        lost: For each report the seconds from ready to fetched, in the order in which they were ordered.
        shares: The same in shares of each report's own time, of at least 8 seconds.
        looks: For each report how often it was looked at.
        state: What the last STATE of each stream says.
    """

    wall: float
    lost: list[float]
    shares: list[float]
    looks: list[int]
    state: list[dict[str, Any]]


def read(
    command: list[str], config: dict[str, Any], url: str, folder: Path, state: list[dict[str, Any]] | None = None
) -> Waited:
    """Have a connector read all reports of the vendor at `url`."""
    streams = [REPORT.format(number).removesuffix("_csv") for number in range(len(SECONDS))]
    catalog = {"streams": [_selected(name) for name in streams]}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "catalog.json").write_text(json.dumps(catalog))
    (folder / "state.json").write_text(json.dumps(state or []))
    files = ["--config", "config.json", "--catalog", "catalog.json", "--state", "state.json"]
    with (folder / "stdout").open("wb") as out:
        cost = run([*command, "read", *files], folder / "stderr", out)
    with urllib.request.urlopen(f"{url}/_facts") as answer:  # noqa: S310 - our own server
        jobs = json.load(answer)
    assert len(jobs) == len(SECONDS), f"{len(jobs)} orders"
    lost = [job["fetched"] - job["ordered"] - job["seconds"] for job in jobs]
    shares = [seconds / max(job["seconds"], 8.0) for seconds, job in zip(lost, jobs, strict=True)]
    return Waited(cost.wall, lost, shares, [job["looks"] for job in jobs], _states(folder / "stdout"))


def _states(path: Path) -> list[dict[str, Any]]:
    """The last state of each stream, as a file of states has it."""
    messages = [json.loads(line) for line in path.read_bytes().splitlines()]
    states = [message["state"] for message in messages if message["type"] == "STATE"]
    return list({state["stream"]["stream_descriptor"]["name"]: state for state in states}.values())


def _selected(name: str) -> dict[str, Any]:
    stream = {"name": name, "json_schema": {"type": "object"}, "supported_sync_modes": ["full_refresh"]}
    return {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}


def canvas(url: str) -> dict[str, Any]:
    """A configuration of defaults."""
    return {"platform": {"name": "canvas", "base_url": url, "access_token": "a-token-of-nobody"}}


def discover(url: str, folder: Path) -> float:
    """Seconds of `discover` with the vendor's listed reports, defaults."""
    config = {"platform": {"name": "second_nature", "base_url": f"{url}/api", "api_key": "a-key-of-nobody"}}
    (folder / "config.json").write_text(json.dumps(config))
    return run([SCRIPT, "discover", "--config", "config.json"], folder / "stderr").wall


@contextlib.contextmanager
def vendor() -> Iterator[tuple[str, Path]]:
    """A stand-in of its own, and a folder."""
    command = [sys.executable, "-m", "benchmarks.waits.vendor", ",".join(map(str, SECONDS)), str(LISTED)]
    with (
        tempfile.TemporaryDirectory(prefix="benchmarks-") as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip(), Path(folder)
        finally:
            server.terminate()


def table(found: dict[str, Waited], discovery: float | None) -> str:
    """The figures as Markdown."""
    best = critical_path(SECONDS, SLOTS)
    least = critical_path(sorted(SECONDS, reverse=True), SLOTS)
    lines = [
        f"{len(SECONDS)} reports that take {min(SECONDS):g} to {max(SECONDS):g} seconds, {sum(SECONDS):g} in all,",
        f"with {SLOTS} slots at the vendor: {best:g} seconds at best in the order of the catalog, {least:g} with the",
        "longest first. The second sync knows from the state of the first how long each report takes.",
        "",
        "| Contender | Time | Of the best | Lost after ready, median | Most, of a report's own time | Looks a report |",
        "|---|---|---|---|---|---|",
    ]
    for title, one in found.items():
        most, looks = max(one.shares), f"{median(one.looks):g} to {max(one.looks)}"
        lines.append(
            f"| {title} | {one.wall:.1f} s | {one.wall / best:.2f} | {median(one.lost):.1f} s | {most:.0%} | {looks} |"
        )
    if discovery is not None:
        lines += ["", f"`discover` of {LISTED} listed reports that the vendor has cached: {discovery:.1f} s."]
    return "\n".join(lines)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.waits", description=__doc__)
    parser.add_argument("--only", choices=("connector", "cdk", "discover"))
    only = parser.parse_args().only
    found: dict[str, Waited] = {}
    discovery = None
    if only in (None, "connector"):
        with vendor() as (url, folder):
            found["source-lms-reports, first sync"] = first = read([SCRIPT], canvas(url), url, folder)
        with vendor() as (url, folder):
            found["source-lms-reports, second sync"] = read([SCRIPT], canvas(url), url, folder, first.state)
    if only in (None, "cdk"):
        with vendor() as (url, folder):
            command = [sys.executable, "-m", "benchmarks.waits.low_code", str(len(SECONDS))]
            found["CDK's `AsyncRetriever`"] = read(command, {"url": url}, url, folder)
    if only in (None, "discover"):
        with vendor() as (url, folder):
            discovery = discover(url, folder)
    text = table(found, discovery)
    print(text)
    if only is None:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(between(page, "waits", text), encoding="utf-8")


if __name__ == "__main__":
    main()
