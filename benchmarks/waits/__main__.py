"""`python -m benchmarks.waits`: measure what a user waits for, for docs/benchmarks.md.

`--only connector`, `--only cdk` or `--only discover` measures a part and writes nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import run
from benchmarks.table import between
from benchmarks.waits.results import LISTED, SECONDS, Waited, Waits
from benchmarks.waits.vendor import REPORT

HERE = Path(__file__).resolve().parents[1]
WAITS = HERE / "waits.json"
PAGE = HERE.parent / "docs" / "benchmarks.md"
SCRIPT = str(Path(sys.executable).with_name("source-lms-reports"))
FIRST, SECOND = "source-lms-reports, first sync", "source-lms-reports, second sync"

States = list[dict[str, Any]]


def read(
    command: list[str], config: dict[str, Any], url: str, folder: Path, state: States | None = None
) -> tuple[Waited, States]:
    """Have a connector read all reports of the vendor at `url`. What came of it, and the state that it left."""
    streams = [REPORT.format(number).removesuffix("_csv") for number in range(len(SECONDS))]
    files = {"config": config, "catalog": {"streams": [_selected(name) for name in streams]}, "state": state or []}
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    arguments = [word for name in files for word in (f"--{name}", name)]
    with (folder / "stdout").open("wb") as out:
        cost = run([*command, "read", *arguments], folder / "stderr", out)
    with urllib.request.urlopen(f"{url}/_facts") as answer:  # noqa: S310 - our own server
        jobs = json.load(answer)
    assert len(jobs) == len(SECONDS), f"{len(jobs)} orders"
    seconds = [job["seconds"] for job in jobs]
    lost = [job["fetched"] - job["ordered"] - job["seconds"] for job in jobs]
    return Waited(cost.wall, seconds, lost, [job["looks"] for job in jobs]), _states(folder / "stdout")


def _states(path: Path) -> States:
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


def _measured(only: str | None) -> Waits:
    found: dict[str, Waited] = {}
    discovery = None
    if only in (None, "connector"):
        with vendor() as (url, folder):
            found[FIRST], state = read([SCRIPT], canvas(url), url, folder)
        with vendor() as (url, folder):
            found[SECOND], _ = read([SCRIPT], canvas(url), url, folder, state)
    if only in (None, "cdk"):
        with vendor() as (url, folder):
            command = [sys.executable, "-m", "benchmarks.waits.low_code", str(len(SECONDS))]
            found["CDK's `AsyncRetriever`"], _ = read(command, {"url": url}, url, folder)
    if only in (None, "discover"):
        with vendor() as (url, folder):
            discovery = discover(url, folder)
    return Waits(found, discovery)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.waits", description=__doc__)
    parser.add_argument("--only", choices=("connector", "cdk", "discover"))
    only = parser.parse_args().only
    waits = _measured(only)
    print(waits.table())
    if only is None:
        waits.save(WAITS)
        PAGE.write_text(between(PAGE.read_text(encoding="utf-8"), "waits", waits.table()), encoding="utf-8")


if __name__ == "__main__":
    main()
