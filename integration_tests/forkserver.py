"""Imports what a console script needs once, and forks a process for each command (see `connector.Forked`).

It has one thread and does nothing but wait, so a fork of it is as good as a fresh start.
"""

from __future__ import annotations

import atexit
import builtins
import gc
import importlib
import json
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, NoReturn

from integration_tests import cdk_schema
from source_lms_reports.run import quick_imports

#: What a script imports when it knows its arguments.
PRELOADED = {
    "source-lms-reports": (
        "airbyte_cdk.exception_handler",
        "airbyte_cdk.logger",
        "source_lms_reports.cdk.entrypoint",
        "source_lms_reports.source",
    ),
    "tap-lms-reports": (),
}


def main(channel: socket.socket, name: str) -> None:
    """Serve commands of a console script until the other end closes."""
    (script,) = entry_points(group="console_scripts", name=name)
    entry = script.load()
    with quick_imports():
        for module in PRELOADED[name]:
            importlib.import_module(module)
    if "airbyte_cdk" in sys.modules:
        cdk_schema.parse_once()
        importlib.import_module("source_lms_reports.source").SourceLmsReports()  # reads files that are kept in memory
        importlib.import_module("source_lms_reports.platforms.template").fill("{{ '' }}", {})  # compiles its patterns
    sys.stdout.flush()  # what an import prints is said once, and not by each fork
    sys.stderr.flush()
    gc.freeze()
    if threading.active_count() > 1:
        raise RuntimeError("an import has started a thread, which a fork would lack")
    while True:
        request, descriptors = _receive(channel)
        if request is None:
            return
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            _send(channel, {"code": os.waitstatus_to_exitcode(status)})
            continue
        pid = os.fork()
        if pid == 0:
            channel.close()
            _become(name, request, descriptors)
            _end(entry)
        for descriptor in descriptors:
            os.close(descriptor)
        _send(channel, {"pid": pid})


def _become(name: str, request: dict[str, Any], descriptors: list[int]) -> None:
    """Make this process look like one that was started by the console script."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in zip((nothing, *descriptors), (0, 1, 2), strict=True):
        os.dup2(source, target)
        os.close(source)
    os.environ.clear()
    os.environ.update(request["environment"])
    _put_back(os.environ.pop("CONNECTOR_MUTANT", ""))
    tempfile.tempdir = None
    sys.argv = [name, *request["args"]]
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _put_back(mutant: str) -> None:
    """Put a fault back into this process, for those who must find it."""
    if mutant:
        importlib.import_module("unit_tests.sync.world.mutants").MUTANTS[mutant].put_back(builtins)


def _end(entry: Callable[[], int | None]) -> NoReturn:
    """Run the command and end as an interpreter does, but for taking apart all that was ever imported."""
    code: int | str | None
    try:
        code = entry()
    except SystemExit as error:
        code = error.code
    threads: Any = threading
    threads._shutdown()
    atexit._run_exitfuncs()
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _receive(channel: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    data, descriptors, _, _ = socket.recv_fds(channel, 4, 2)
    if not data:
        return None, []
    while len(data) < 4:
        data += channel.recv(4 - len(data))
    size, body = int.from_bytes(data, "big"), b""
    while len(body) < size:
        body += channel.recv(size - len(body))
    return json.loads(body), list(descriptors)


def _send(channel: socket.socket, answer: dict[str, Any]) -> None:
    channel.sendall(json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as served:
        main(served, sys.argv[2])
