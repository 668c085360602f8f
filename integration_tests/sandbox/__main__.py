"""`python -m integration_tests.sandbox`: run the sandbox until SIGTERM or SIGINT, printing the configs as JSON."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from .sandbox import Sandbox


def _settings(texts: list[str]) -> dict[str, dict[str, Any]]:
    """Read `vendor.switch=value`, the value as JSON or else as text."""
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        path, _, value = text.partition("=")
        vendor, _, switch = path.partition(".")
        try:
            found.setdefault(vendor, {})[switch] = json.loads(value)
        except ValueError:
            found.setdefault(vendor, {})[switch] = value
    return found


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m integration_tests.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="first of a row of ports; 0 takes free ones")
    parser.add_argument("--rows", type=int, default=50, help="size of the main reports")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fault", action="append", default=[], metavar="SPEC", help="see faults.py; repeatable")
    parser.add_argument("--set", action="append", default=[], metavar="VENDOR.SWITCH=VALUE", dest="settings")
    parser.add_argument("--job-polls", type=int, default=2, help="the poll on which a healthy job is ready")
    parser.add_argument("--cache-dir", type=Path, default=None, help="keep generated files here for further runs")
    parser.add_argument(
        "--ready-file", type=Path, default=None, help="written with the same JSON once all ports listen"
    )
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Run until a signal comes."""
    args = _arguments(argv)
    done = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: done.set())
    with Sandbox(
        args.rows, args.seed, args.fault, settings=_settings(args.settings), job_polls=args.job_polls,
        port=args.port, cache_dir=args.cache_dir,
    ) as sandbox:  # fmt: skip
        configs = {name: sandbox.config(name) for name in sandbox.vendors}
        about = {
            "control": {n: sandbox.url(n) + "/_sandbox/" for n in sandbox.vendors},
            "files": sandbox.files_url,
        }
        text = json.dumps({"configs": configs, **about}, indent=2)
        print(text, flush=True)
        if args.ready_file:
            unfinished = args.ready_file.with_suffix(".part")
            unfinished.write_text(text)
            unfinished.rename(args.ready_file)
        done.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
