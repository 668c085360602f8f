"""Writes `docs/faults.md`: every fault at every platform, and whether its promise held.

`python -m integration_tests.fault_matrix` runs the fault suite and writes the page. It ends with 1 and writes nothing
where a promise did not hold. The page's rows and columns are those of `fault_table`; a test keeps them in step.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_tests.fault_table import CASES, SUBJECTS, Case, Subject, cases_of

PAGE = Path(__file__).resolve().parents[1] / "docs" / "faults.md"
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

This page is made by `python -m integration_tests.fault_matrix`.
"""


def page() -> str:
    """The page, all of whose promises hold."""
    names = " | ".join(subject.name for subject in SUBJECTS)
    lines = [f"| fault | {names} |", f"|---{'|---' * len(SUBJECTS)}|", *map(_line, CASES)]
    return f"{HEAD}\n" + "\n".join(lines) + "\n"


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


def main() -> int:
    """Run the suite; write the page when all promises hold."""
    folder = Path(__file__).resolve().parent
    suites = [str(folder / name) for name in ("test_faults.py", "test_kills.py")]
    code = pytest.main(["-q", *suites])
    if code == 0:
        PAGE.write_text(page(), encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
