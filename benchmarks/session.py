"""One run of the benchmark: reports are generated, a server is started, outputs are compared, programs are measured."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from benchmarks.contenders.commands import Job
from benchmarks.measure import Cost, run
from benchmarks.plan import Case
from integration_tests.clients.postgres import postgres

#: Rows of the report by which outputs are compared.
SAMPLE = 1_000


class WrongOutput(Exception):
    """A contender's records are not those of the report."""


def judge_apart(output: Path, rows: int) -> str | None:
    """What is wrong with an output, found by a process of its own: the one that measures stays small."""
    command = [sys.executable, "-m", "benchmarks.outputs", str(output), str(rows)]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    return judged.stderr if judged.returncode else None


class Session:
    """A server over a folder of reports.

    Args:
        server: The server's address.
        reports: Where the reports are.
        work: For everything else.
        database: The address of a PostgreSQL server, if a contender needs one.
        start: Runs a program, with its log and its output.
        judge: Says what is wrong with an output.
    """

    def __init__(
        self,
        server: str,
        reports: Path,
        work: Path,
        database: str = "",
        start: Callable[[list[str], Path, IO[bytes] | int], Cost] = run,
        judge: Callable[[Path, int], str | None] = judge_apart,
    ) -> None:
        self._start = start
        self._judge = judge
        self._server = server
        self._reports = reports
        self._work = work
        self._database = database

    def generate(self, cases: Sequence[Case]) -> None:
        """Make the reports that the cases read, and the samples."""
        wanted = {(case.kind, rows) for case in cases if case.kind != "start" for rows in (case.rows, SAMPLE)}
        commands = [_generator(kind, rows, self._reports / f"{rows}.{kind}") for kind, rows in sorted(wanted)]
        for command in commands:
            subprocess.run(command, check=True)

    def compare(self, case: Case) -> None:
        """Have a contender read the sample, which also warms it up.

        Raises:
            WrongOutput: Its records differ from the report's.
        """
        output = self._work / "output"
        with output.open("wb") as out:
            self._start(case.contender.command(self._job(case.kind, SAMPLE)), self._log, out)
        if case.contender.emits and (wrong := self._judge(output, SAMPLE)):
            raise WrongOutput(f"{case.contender.title}, {case.kind}: {wrong}")

    def measure(self, case: Case) -> Cost:
        """Run a contender on its report."""
        return self._start(case.contender.command(self._job(case.kind, case.rows)), self._log, subprocess.DEVNULL)

    @property
    def _log(self) -> Path:
        return self._work / "stderr"

    def _job(self, kind: str, rows: int) -> Job:
        return Job(self._server, kind, rows, self._work, self._database)


def _generator(kind: str, rows: int, path: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.report", kind, str(rows), str(path)]


@contextlib.contextmanager
def _database(cases: Sequence[Case]) -> Iterator[str]:
    if all(case.contender.key != "dap-postgres" for case in cases):
        yield ""
        return
    with postgres() as server:
        yield server.url


@contextlib.contextmanager
def session(
    folder: Path,
    cases: Sequence[Case],
    start: Callable[[list[str], Path, IO[bytes] | int], Cost] = run,
    judge: Callable[[Path, int], str | None] = judge_apart,
) -> Iterator[Session]:
    """A session in a folder, with its server in a process of its own, and a database if a case needs one."""
    reports, work = folder / "reports", folder / "work"
    reports.mkdir()
    work.mkdir()
    command = [sys.executable, "-m", "benchmarks.server", str(reports)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            if server.stdout is None:
                raise RuntimeError("the server has no stdout")
            with _database(cases) as database:
                yield Session(server.stdout.readline().strip(), reports, work, database, start, judge)
        finally:
            server.terminate()
