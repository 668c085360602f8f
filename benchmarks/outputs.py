"""Proof that contenders did the same work: their records, value by value, against the generator's rows.

Run as a process of its own, so that the process that measures stays small:
`python -m benchmarks.outputs <file> <rows>`; it ends with an error where they differ.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.columns import COLUMNS
from benchmarks.report import rows

Json = dict[str, Any]


def records(path: Path) -> Iterator[Json]:
    """The data of an output's records, Airbyte's or Singer's, without empty cells and what a reader adds."""
    with path.open("rb") as file:
        for line in file:
            message = json.loads(line)
            if message["type"] == "RECORD":
                record = message["record"]
                data = record.get("data", record)
                yield {name: data[name] for name in COLUMNS if data.get(name) is not None}


def expected(count: int) -> list[Json]:
    """The records that the report holds."""
    return [{name: value for name, value in zip(COLUMNS, row, strict=True) if value is not None} for row in rows(count)]


def difference(path: Path, count: int) -> str | None:
    """What is wrong with an output; None if nothing is. Sheets may come in any order."""
    found = sorted(records(path), key=lambda record: int(record["id"]))
    wanted = expected(count)
    if len(found) != len(wanted):
        return f"{len(found)} records instead of {len(wanted)}"
    return next((f"{one} instead of {other}" for one, other in zip(found, wanted, strict=True) if one != other), None)


if __name__ == "__main__":
    sys.exit(difference(Path(sys.argv[1]), int(sys.argv[2])))
