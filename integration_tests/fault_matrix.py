"""Writes `docs/faults.md`: every fault at every platform, and whether its promise held.

`make faults` runs the whole fault suite and writes the page. It ends with 1 and writes nothing where a promise did not
hold. The page's rows and columns are those of `fault_table`; a test keeps them in step.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from integration_tests.fault_table import CASES, SUBJECTS, Case, Subject, cases_of
from source_lms_reports.version import __version__ as version

PAGE = Path(__file__).resolve().parents[1] / "docs" / "faults.md"
#: What the page says of the run that it comes from.
RUN = re.compile(r"^Last run: .*$|It has not been run yet\.", re.MULTILINE)
HEAD = """\
# Faults

What goes wrong at the vendors, and what the connector makes of it. Each cell was tried through the command line
against the sandbox (`integration_tests/test_faults.py`): the rows, the state, the vendor's jobs, the pace of the polls,
the words and the exit code are looked at; other streams are undisturbed, nothing secret is printed, no file is left.

- **whole**: the sync ends well, with exactly the rows of an undisturbed one.
- **next sync**: the stream ends `INCOMPLETE` with an error that says what to do; the other streams are whole, and the
  next sync makes this one whole, from the job that the vendor has where it has one.
- **mend, next sync**: the same, and the error is one that the user mends first (`config_error`).
- -: cannot happen there.

A process that is killed (SIGTERM, SIGKILL) while it orders, polls, downloads or emits, and a window whose job never
ends, are tried at every platform too (`integration_tests/test_kills.py`): nothing is lost, and a job that runs is not
ordered again.

This page is made by `make faults`, which tries every cell.
{run}
`make test` tries the faults of jobs at every platform too, those of single requests at one platform of each pattern
(Canvas, TinQwise, HapYak), and those of a file's bytes once for each kind of file, at Canvas for CSV (each time too)
and at Second Nature for JSON and XLSX: what sends a request and what reads a file know no platform.
"""


def page(run: str) -> str:
    """The page, all of whose promises hold.

    Args:
        run: A sentence that says which run the page comes from.
    """
    names = " | ".join(subject.name for subject in SUBJECTS)
    lines = [f"| fault | {names} |", f"|---{'|---' * len(SUBJECTS)}|", *map(_line, CASES)]
    head = HEAD.format(run=run)
    return f"{head}\n" + "\n".join(lines) + "\n"


def last_run() -> str:
    """What the page says of the run that it comes from."""
    match = RUN.search(PAGE.read_text(encoding="utf-8"))
    return match[0] if match else "It has not been run yet."


def _this_run() -> str:
    cells = sum(1 for subject in SUBJECTS for _ in cases_of(subject))
    at = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    machine = f"Python {platform.python_version()}, {platform.system()}"
    return f"Last run: {at}, version {version}, {machine}: {cells} of {cells} cells held."


def _line(case: Case) -> str:
    return f"| {case.what} | {' | '.join(_cells(case))} |"


def _cells(case: Case) -> Iterator[str]:
    for subject in SUBJECTS:
        yield _cell(subject, case.name)


def _cell(subject: Subject, name: str) -> str:
    case = next((one for one in cases_of(subject) if one.name == name), None)
    if case is None:
        return "-"
    if case.ends == "whole":
        return "whole"
    return "mend, next sync" if case.kind == "config_error" else "next sync"


def main(options: list[str]) -> int:
    """Run the suite with these options of pytest's; write the page when all promises hold.

    With `--page` alone nothing is run: the table is written anew, and what the page says of its run stays.
    """
    if options == ["--page"]:
        PAGE.write_text(page(last_run()), encoding="utf-8")
        return 0
    folder = Path(__file__).resolve().parent
    suites = [str(folder / name) for name in ("test_faults.py", "test_kills.py")]
    code = pytest.main(["-q", *options, *suites])
    if code == 0:
        PAGE.write_text(page(_this_run()), encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
