"""Drives the installed command line as a process and reads what it prints, strictly: every line is one message.

Two launchers start the same entry point. `script` runs the console script as a platform does. `forked` keeps one
process that has the connector imported and forks it for each command: a process of its own each time, with its own
exit code and signals, but without a second of imports. `forked_tap` does so for the Singer tap, which imports less.
`CONNECTOR_LAUNCH=script` starts every process by its script.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

Json = dict[str, Any]
SCRIPT = Path(sys.executable).with_name("source-lms-reports")
TAP = Path(sys.executable).with_name("tap-lms-reports")
PATIENCE = 120.0
# DEBUG is what the CDK's logger writes with --debug; platforms pass over it.
MESSAGE_TYPES = {"SPEC", "CONNECTION_STATUS", "CATALOG", "RECORD", "STATE", "LOG", "TRACE", "CONTROL", "DEBUG"}


class NotAMessage(AssertionError):
    """A line on stdout is not an Airbyte message."""


@dataclass(frozen=True, repr=False)
class Run:
    """What one command printed, and how it ended.

    Args:
        code: The exit code; negative for the signal that ended it.
        peak_kib: The largest resident set in KiB; 0 where it was not measured.
        whole: False when the process was killed, so that its last line may be cut.
    """

    code: int
    stdout: str
    stderr: str
    peak_kib: int = 0
    whole: bool = True

    def __repr__(self) -> str:
        return f"<run that ended with {self.code}>"

    @cached_property
    def messages(self) -> list[Json]:
        """All messages in order.

        Raises:
            NotAMessage: A line is something else.
        """
        lines = self.stdout.splitlines(keepends=True)
        if not self.whole and lines and not _is_message(lines[-1]):
            lines = lines[:-1]
        return [_message(line) for line in lines]

    def of(self, kind: str) -> list[Json]:
        """The bodies of all messages of one type, e.g. `of("STATE")`."""
        return [message[_BODY.get(kind, kind.lower())] for message in self.messages if message["type"] == kind]

    @cached_property
    def records(self) -> dict[str, list[Json]]:
        """The data of all records by stream."""
        found: defaultdict[str, list[Json]] = defaultdict(list)
        for record in self.of("RECORD"):
            found[record["stream"]].append(record["data"])
        return dict(found)

    @cached_property
    def states(self) -> dict[str, Json]:
        """The last state of each stream."""
        return {
            state["stream"]["stream_descriptor"]["name"]: state["stream"]["stream_state"] for state in self.of("STATE")
        }

    @property
    def counts(self) -> dict[str, float]:
        """Records by stream as the state messages count them."""
        found: defaultdict[str, float] = defaultdict(float)
        for state in self.of("STATE"):
            found[state["stream"]["stream_descriptor"]["name"]] += state["sourceStats"]["recordCount"]
        return dict(found)

    @cached_property
    def statuses(self) -> dict[str, list[str]]:
        """Every status of each stream, in order."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for trace in self.of("TRACE"):
            if trace["type"] == "STREAM_STATUS":
                status = trace["stream_status"]
                found[status["stream_descriptor"]["name"]].append(status["status"])
        return dict(found)

    @property
    def final(self) -> dict[str, str]:
        """The last status of each stream."""
        return {stream: statuses[-1] for stream, statuses in self.statuses.items()}

    @property
    def errors(self) -> list[Json]:
        """The trace errors: `message`, `internal_message`, `failure_type`, `stream_descriptor`."""
        return [trace["error"] for trace in self.of("TRACE") if trace["type"] == "ERROR"]

    def errors_of(self, stream: str) -> list[Json]:
        """The trace errors that name a stream."""
        return [error for error in self.errors if (error.get("stream_descriptor") or {}).get("name") == stream]

    @property
    def logs(self) -> list[str]:
        """The texts of all logs."""
        return [log["message"] for log in self.of("LOG")]

    def logged(self, *levels: str) -> list[str]:
        """The texts of the logs of some levels."""
        return [log["message"] for log in self.of("LOG") if log["level"] in levels]

    @property
    def catalog(self) -> dict[str, Json]:
        """The discovered streams by name."""
        (found,) = self.of("CATALOG")
        return {stream["name"]: stream for stream in found["streams"]}

    @property
    def connection(self) -> Json:
        """The answer of a check: `status` and, when it failed, `message`."""
        (found,) = self.of("CONNECTION_STATUS")
        return dict(found)

    @property
    def state_file(self) -> list[Json]:
        """The last state of each stream as the next sync is given it."""
        return [
            {
                "type": "STREAM",
                "stream": {"stream_descriptor": {"name": name}, "stream_state": state},
            }
            for name, state in self.states.items()
        ]


_BODY = {"CONNECTION_STATUS": "connectionStatus"}


def _is_message(line: str) -> bool:
    try:
        _message(line)
    except NotAMessage:
        return False
    return True


def _message(line: str) -> Json:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise NotAMessage(f"not JSON: {line[:300]!r}") from error
    if not line.endswith("\n") or not isinstance(found, dict) or found.get("type") not in MESSAGE_TYPES:
        raise NotAMessage(f"no message: {line[:300]!r}")
    return found


def merged_state(*runs: Run) -> list[Json]:
    """The state that a platform holds after these syncs: the last one of each stream."""
    return list(
        {state["stream"]["stream_descriptor"]["name"]: state for run in runs for state in run.state_file}.values()
    )


def catalog_of(streams: Iterable[Json], mode: str = "incremental") -> Json:
    """A configured catalog of discovered streams; full refresh where a stream knows nothing else.

    Args:
        streams: As `discover` gives them.
        mode: `incremental` or `full_refresh`.
    """
    return {"streams": [_configured(stream, mode) for stream in streams]}


def _configured(stream: Json, mode: str) -> Json:
    chosen = mode if mode in stream["supported_sync_modes"] else "full_refresh"
    found = {"stream": stream, "sync_mode": chosen, "destination_sync_mode": "append"}
    return {**found, "cursor_field": stream["default_cursor_field"]} if chosen == "incremental" else found


class Process(Protocol):
    """A started command."""

    pid: int

    def wait(self, patience: float) -> tuple[int, int]:
        """Exit code and peak resident set in KiB, once it has ended."""


Launcher = Callable[[Sequence[str], Mapping[str, str], int, int], Process]


@dataclass
class _Child:
    pid: int

    def wait(self, patience: float) -> tuple[int, int]:
        alarm = threading.Timer(patience, os.kill, (self.pid, signal.SIGKILL))
        alarm.start()
        try:
            _, status, usage = os.wait4(self.pid, 0)
        finally:
            alarm.cancel()
        return os.waitstatus_to_exitcode(status), usage.ru_maxrss


def script_of(path: Path) -> Launcher:
    """What starts an installed console script."""

    def start(args: Sequence[str], environment: Mapping[str, str], out: int, err: int) -> Process:
        process = subprocess.Popen(
            [str(path), *args], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=dict(environment)
        )
        process.returncode = 0  # it is waited for by its id, for the sake of its resource usage
        return _Child(process.pid)

    return start


script = script_of(SCRIPT)


#: Starts a command from a small process and writes the command's peak into a file. What is started from a large one
#: counts that one's memory as its own peak: the kernel carries the figure over from before the program was loaded.
_MEASURE = """
import os, sys
child = os.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(child, 0)
with open(sys.argv[1], "w") as file:
    file.write(str(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclass
class _Measured:
    pid: int
    peak: Path

    def wait(self, patience: float) -> tuple[int, int]:
        code, _ = _Child(self.pid).wait(patience)
        return code, int(self.peak.read_text())


def measured_script(args: Sequence[str], environment: Mapping[str, str], out: int, err: int) -> Process:
    """Start the installed console script so that its peak of memory is its own."""
    peak = Path(tempfile.mkdtemp()) / "peak"
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", _MEASURE, str(peak), str(SCRIPT), *args],
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        env=dict(environment),
    )
    process.returncode = 0  # it is waited for by its id
    return _Measured(process.pid, peak)


class Forked:
    """Starts commands by forking a process that has imported what a console script needs already.

    Args:
        path: The script.
        environment: Variables that the interpreter reads when it starts.
    """

    def __init__(self, path: Path, environment: Mapping[str, str] | None = None) -> None:
        self.script = script_of(path)
        self._name = path.name
        self._environment = dict(environment or {})
        self._guard = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def __call__(self, args: Sequence[str], environment: Mapping[str, str], out: int, err: int) -> Process:
        with self._guard:
            channel = self._channel()
            request = json.dumps({"args": list(args), "environment": dict(environment)}).encode()
            socket.send_fds(channel, [len(request).to_bytes(4, "big") + request], [out, err])
            return _ForkedChild(self._answer(channel)["pid"], self)

    def wait(self, pid: int) -> Json:
        with self._guard:
            channel = self._channel()
            request = json.dumps({"wait": pid}).encode()
            channel.sendall(len(request).to_bytes(4, "big") + request)
            return self._answer(channel)

    def close(self) -> None:
        """End the process that forks."""
        if self._socket is not None and self._server is not None:
            self._socket.close()
            self._server.wait(PATIENCE)
            self._socket = self._server = None

    def _channel(self) -> socket.socket:
        if self._socket is None:
            self._socket, theirs = socket.socketpair()
            environment = {**os.environ, **self._environment, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
            self._server = subprocess.Popen(
                [sys.executable, "-m", "integration_tests.forkserver", str(theirs.fileno()), self._name],
                pass_fds=[theirs.fileno()],
                env=environment,
            )
            theirs.close()
        return self._socket

    @staticmethod
    def _answer(channel: socket.socket) -> Json:
        data = b""
        while not data.endswith(b"\n"):
            try:
                block = channel.recv(4096)
            except ConnectionResetError:
                block = b""
            if not block:
                raise RuntimeError("the process that forks commands has ended; what it said is on stderr")
            data += block
        answer: Json = json.loads(data)
        return answer


@dataclass
class _ForkedChild:
    pid: int
    server: Forked

    def wait(self, patience: float) -> tuple[int, int]:
        alarm = threading.Timer(patience, os.kill, (self.pid, signal.SIGKILL))
        alarm.start()
        try:
            answer = self.server.wait(self.pid)
        finally:
            alarm.cancel()
        return int(answer["code"]), 0


forked = Forked(SCRIPT)
forked_tap = Forked(TAP, {"PYTHONWARNINGS": "error"})


_CONTROL = b'{"type":"CONTROL"'


@dataclass
class Started:
    """A command that is running. Its output is collected in the background, and no longer once `hold_at` has come."""

    process: Process
    pipe: int
    errors: Path
    hold_at: bytes | None = None
    holding: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    #: Set when all output was taken: the command has closed it.
    ended: threading.Event = field(default_factory=threading.Event)
    chunks: list[bytes] = field(default_factory=list)
    config: str | None = None
    reader: threading.Thread | None = None

    def collect(self) -> None:
        """Begin to take the output."""
        self.reader = threading.Thread(target=self._take, daemon=True)
        self.reader.start()

    def _take(self) -> None:
        while block := os.read(self.pipe, 1 << 16):
            self.chunks.append(block)
            if self.hold_at is not None and self.hold_at in block:
                self.holding.set()
                self.released.wait()
        self.ended.set()

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.process.pid, number)

    @property
    def output(self) -> bytes:
        """What was taken so far."""
        return b"".join(self.chunks)

    def _keep_renewed(self, output: bytes) -> None:
        """Keep what CONTROL messages say, also those of a command that was killed."""
        if _CONTROL not in output:
            return
        lines = [line for line in output.splitlines() if line.startswith(_CONTROL)]
        if lines and self.config is not None:
            before: Json = json.loads(Path(self.config).read_bytes())
            for line in lines:
                after: Json = json.loads(line)["control"]["connectorConfig"]["config"]
                note_renewed(before, after)
                before = after

    def finish(self, patience: float = PATIENCE) -> Run:
        """Wait for the end."""
        if not self.holding.is_set():
            self.ended.wait(patience)  # not in the launcher, which others may want meanwhile
        code, peak = self.process.wait(patience)
        self.released.set()
        if self.reader is not None:
            self.reader.join(PATIENCE)
        os.close(self.pipe)
        output = self.output
        self.chunks.clear()  # a large output is not kept twice
        self._keep_renewed(output)
        return Run(code, output.decode(), self.errors.read_text(encoding="utf-8"), peak, whole=code in (0, 1))


#: Refresh tokens that were renewed, with the ones in their place: a client keeps what CONTROL messages say.
_RENEWED: dict[str, str] = {}


@dataclass
class Connector:
    """The command line, with a folder for its files and another one for its temporary files.

    Args:
        folder: Where configs, catalogs and states are written.
        launcher: How processes are started.
    """

    folder: Path
    launcher: Launcher = forked
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.temporary = Path(tempfile.mkdtemp(prefix="tmp-", dir=self.folder))
        if os.environ.get("CONNECTOR_LAUNCH") == "script" and isinstance(self.launcher, Forked):
            self.launcher = self.launcher.script

    def by_script(self) -> Connector:
        """The same, started by the console script."""
        return dataclasses.replace(self, launcher=script)

    def spec(self) -> Run:
        """`spec`."""
        return self.run("spec")

    def check(self, config: Json, *flags: str) -> Run:
        """`check`."""
        return self.run("check", "--config", self._file("config", config), *flags)

    def discover(self, config: Json, *flags: str) -> Run:
        """`discover`."""
        return self.run("discover", "--config", self._file("config", config), *flags)

    def read(self, config: Json, catalog: Json, state: list[Json] | None = None, *flags: str) -> Run:
        """`read`, to its end."""
        return self.start_read(config, catalog, state, *flags).finish()

    def start_read(
        self,
        config: Json,
        catalog: Json,
        state: list[Json] | None = None,
        *flags: str,
        hold_at: bytes | None = None,
    ) -> Started:
        """Begin to `read`; `hold_at` as in `start`."""
        args = ["read", "--config", self._file("config", config), "--catalog", self._file("catalog", catalog)]
        if state is not None:
            args += ["--state", self._file("state", state)]
        return self.start(*args, *flags, hold_at=hold_at)

    def run(self, *args: str) -> Run:
        """Any command, to its end."""
        return self.start(*args).finish()

    def start(self, *args: str, hold_at: bytes | None = None) -> Started:
        """Begin any command. Once `hold_at` was printed, no more output is taken: it stands still with a full pipe."""
        ours, theirs = os.pipe()
        errors = self.temporary.parent / f"{self.temporary.name}.stderr"
        with errors.open("wb") as err:
            process = self.launcher(args, self._environment(), theirs, err.fileno())
        os.close(theirs)
        config = args[args.index("--config") + 1] if "--config" in args else None
        started = Started(process, ours, errors, hold_at, config=config)
        started.collect()
        return started

    @property
    def leftovers(self) -> list[str]:
        """The files that the commands left in their temporary folder, but for the locks that all of them share."""
        found = (path for path in self.temporary.rglob("*") if path.is_file())
        files = (path for path in found if not path.parent.name.startswith("source-lms-reports-tokens-"))
        return sorted(str(path.relative_to(self.temporary)) for path in files)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "PYTHONPATH")}
        return {**kept, "TMPDIR": str(self.temporary), **self.environment}

    def _file(self, name: str, content: Any) -> str:
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(newest(content) if name == "config" else content), encoding="utf-8")
        return str(path)


def newest(config: Json) -> Json:
    """A configuration as a client has it after all syncs so far: its refresh token is the one that came last."""
    platform = config.get("platform")
    token = platform.get("refresh_token") if isinstance(platform, dict) else None
    if not isinstance(platform, dict) or token not in _RENEWED:
        return config
    return newest({**config, "platform": {**platform, "refresh_token": _RENEWED[token]}})


def note_renewed(before: Json, after: Json) -> None:
    """Remember that a configuration has changed."""
    old, new = before["platform"].get("refresh_token"), after["platform"].get("refresh_token")
    if new not in (None, old):
        _RENEWED[old] = new


def quick(sandbox: Any, platform: str, /, **more: Any) -> Json:
    """A connection whose polls do not wait; `more` goes into its `platform` part."""
    return {**sandbox.config(platform, **more), "poll_interval_seconds": 0.1}


def present(record: Mapping[str, Any]) -> Json:
    """A record as it is printed: fields that are null are left out."""
    return {name: value for name, value in record.items() if value is not None}


def as_set(records: Iterable[Mapping[str, Any]]) -> set[str]:
    """Records as a set, for runs that may repeat rows."""
    return {json.dumps(present(record), sort_keys=True) for record in records}


def numbers_alike(record: Json) -> Json:
    """A record in which 7 and 7.0 are one value, as they are in JSON."""
    return {name: int(one) if isinstance(one, float) and one.is_integer() else one for name, one in record.items()}
