"""Generates a report: the same rows from the same seed, as CSV, JSON, XLSX or part files of JSON Lines.

Run as a process of its own, so that the process that measures stays small:
`python -m benchmarks.report csv 500000 /tmp/report.csv`.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import random
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import orjson
import xlsxwriter  # type: ignore[import-untyped]

from benchmarks.columns import COLUMNS, PARTS

SEED = 20240131
SHEETS = 2
_FIRST = ("Ada", "Émile", "Żaneta", "Jürgen", "李", "Олена", "Noor", "Søren", "María José", "O'Neil", "Priya", "Tomás")
_LAST = ("Lovelace", "Šťastný", "García Márquez", "王", "Müller-Lüdenscheidt", "Nguyễn", "Petrović", "Smith", "Iyer")
_COUNTRIES = ("NL", "DE", "FR", "IN", "US", "BR", "", "JP")
_COURSES = ("Onboarding", "Safety, fire and first aid", "Data protection", 'The "art" of listening', "Vente avancée")
_ROLES = ("StudentEnrollment", "TeacherEnrollment", "TaEnrollment", "ObserverEnrollment")
_STATUSES = ("active", "completed", "invited", "deleted", "NA")
_COMMENTS = (
    "Well done",
    "Please see me, room 4",
    'Said "never mind", twice',
    "First line\nsecond line",
    "Très bien — à bientôt",
    "null",
)
_START = datetime(2020, 1, 1, tzinfo=timezone.utc)
_SECONDS = 4 * 365 * 86_400

Row = list[Any]


def rows(count: int, seed: int = SEED) -> Iterator[Row]:
    """`count` rows of typed values; None where a cell is empty."""
    rng = random.Random(seed)
    for number in range(count):
        yield _row(number, rng)


def _row(number: int, rng: random.Random) -> Row:
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    created = rng.randrange(_SECONDS)
    return [
        1_000_000 + number,
        str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        f"{number:09d}",
        f"{first} {last}",
        f"{last}, {first}",
        f"user.{number}@example.edu",
        rng.choice(_COUNTRIES) or None,
        rng.randrange(1, 5_000),
        rng.choice(_COURSES),
        rng.choice(_ROLES),
        rng.choice(_STATUSES),
        round(rng.uniform(0, 100), 2) if rng.random() < 0.9 else None,
        round(rng.random(), 4),
        rng.randrange(10) if rng.random() < 0.8 else None,
        rng.random() < 0.7,
        rng.random() < 0.5 if rng.random() < 0.9 else None,
        _time(created),
        _time(created + rng.randrange(86_400 * 90)),
        _time(created + rng.randrange(86_400 * 30)) if rng.random() < 0.6 else None,
        rng.choice(_COMMENTS) if rng.random() < 0.2 else None,
    ]


def _time(seconds: int) -> str:
    return (_START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _cell(value: Any) -> Any:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else value


def write_csv(path: Path, count: int) -> None:
    """A header and `count` rows, quoted only where they must be, as Ruby and Python write them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows(count):
            writer.writerow([_cell(value) for value in row])


def write_json(path: Path, count: int) -> None:
    """One array of `count` objects; empty cells are null."""
    with path.open("wb") as file:
        file.write(b"[")
        for number, row in enumerate(rows(count)):
            file.write(b",\n" if number else b"\n")
            file.write(orjson.dumps(dict(zip(COLUMNS, row, strict=True))))
        file.write(b"\n]\n")


def write_xlsx(path: Path, count: int) -> None:
    """`count` rows in two sheets, numbers as numbers, texts shared, as Excel itself writes them."""
    with xlsxwriter.Workbook(str(path), {"strings_to_urls": False}) as book:
        made = rows(count)
        for number in range(SHEETS):
            sheet = book.add_worksheet(f"Part {number + 1}")
            sheet.write_row(0, 0, list(COLUMNS))
            for at in range(1, count // SHEETS + 1):
                for column, value in enumerate(next(made)):
                    if value is not None:
                        sheet.write(at, column, value)


def write_jsonl(folder: Path, count: int) -> None:
    """Gzipped part files of key, value and meta, and the same as TSV, which a client of others asks for."""
    folder.mkdir()
    names = [name for name in COLUMNS if name != "id"]
    head = "\t".join(["meta.ts", "key.id", *(f"value.{name}" for name in names)]) + "\n"
    made = rows(count)
    for stem in PARTS:
        with _packed(folder / f"{stem}.jsonl.gz") as lines, _packed(folder / f"{stem}.tsv.gz") as table:
            table.write(head.encode())
            for row in itertools.islice(made, count // len(PARTS)):
                value = dict(zip(COLUMNS, row, strict=True))
                key, ts = value.pop("id"), value["updated_at"]
                given = {name: one for name, one in value.items() if one is not None}
                lines.write(orjson.dumps({"key": {"id": key}, "value": given, "meta": {"ts": ts}}) + b"\n")
                table.write(("\t".join([ts, str(key), *(_field(value[name]) for name in names)]) + "\n").encode())


def _packed(path: Path) -> gzip.GzipFile:
    return gzip.GzipFile(path, "wb", compresslevel=6, mtime=0)


def _field(value: Any) -> str:
    """A field as PostgreSQL's COPY reads it."""
    return (
        "\\N" if value is None else _cell(value).replace("\n", "\\n") if isinstance(value, str) else str(_cell(value))
    )


WRITERS = {"csv": write_csv, "json": write_json, "xlsx": write_xlsx, "jsonl": write_jsonl}


def main(kind: str, count: str, path: str) -> None:
    """Write a report of a kind."""
    WRITERS[kind](Path(path), int(count))


if __name__ == "__main__":
    main(*sys.argv[1:])
