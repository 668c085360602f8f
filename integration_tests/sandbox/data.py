"""Seeded, realistic data of any size: every row is a function of its number, so nothing is held in memory."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

Cell = Any  # text, number, boolean, None; in JSON reports also objects and lists
Row = Sequence[Cell]
DAY = 86_400

FIRST_NAMES = (
    "Ada", "José", "Zoë", "Bjørn", "陽子", "Łukasz", "Aoife", "Mary Ann", "D'Angelo", "Ngũgĩ", "Олена", "Omar",
    "Ana-Lucía", "Iñaki", "Siân", "Chloé", "ليلى", "Günther", "Tú", "Grace", "null", "Renée", "Xóchitl", "🙂 Kim",
)  # fmt: skip
LAST_NAMES = (
    "Lovelace", "O'Brien", "Smith, Jr.", 'van "der" Berg', "Žižek", "山田", "Null", "NA", "None", "N/A",
    "Müller\nMaier", "Garcia; Lopez", "de la Cruz", "True", "Ivanova", "0042",
    "=1+1", "Two  Spaces", "Tab\tStop", "Ümlaut\r\nWindows",
    "1e5", "-", "nan", "Quote\"s, \"and\" more", "Back\\slash",
)  # fmt: skip
SUBJECTS = (
    "Intro to Biology", "Algebra, Part 1", 'The "New" Physics', "Français débutant", "History of Art; Survey",
    "Data & Society", "Écriture créative", "日本語 101", "Safety\nRefresher", "NULL Theory",
)  # fmt: skip


def mix(seed: int, number: int, salt: int = 0) -> int:
    """A well-mixed 32-bit number: the same for the same arguments, for ever."""
    value = (number * 0x9E3779B1 + seed * 0x85EBCA6B + salt * 0xC2B2AE35) & 0xFFFFFFFF
    value ^= value >> 15
    value = value * 0x2C1B3C6D & 0xFFFFFFFF
    value ^= value >> 12
    value = value * 0x297A2D39 & 0xFFFFFFFF
    return value ^ value >> 15


def hex_uuid(seed: int, number: int, salt: int) -> str:
    """A UUID-shaped text."""
    a, b, c, d = (mix(seed, number, salt + shift) for shift in (101, 102, 103, 104))
    return f"{a:08x}-{b >> 16:04x}-4{b & 0xFFF:03x}-a{c >> 20:03x}-{c & 0xFFFF:04x}{d:08x}"


def first_name(seed: int, number: int) -> str:
    return FIRST_NAMES[mix(seed, number, 1) % len(FIRST_NAMES)]


def last_name(seed: int, number: int) -> str:
    """The first people take the names in turn, so that a small report shows every trap."""
    pick = number if number < len(LAST_NAMES) else mix(seed, number, 2)
    return LAST_NAMES[pick % len(LAST_NAMES)]


def utc_text(epoch: float, micros: bool = False) -> str:
    """ISO 8601 in UTC with `Z`."""
    moment = datetime.fromtimestamp(epoch, timezone.utc)
    return moment.isoformat(timespec="microseconds" if micros else "seconds")[:-6] + "Z"


def ruby_text(epoch: float) -> str:
    """Ruby's `Time#to_s`."""
    return datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def mountain_text(epoch: float) -> str:
    """ISO 8601 with the offset of a US mountain zone (-06:00 from April to October, else -07:00)."""
    moment = datetime.fromtimestamp(epoch, timezone.utc)
    hours = -6 if 4 <= moment.month <= 10 else -7
    local = (moment + timedelta(hours=hours)).isoformat()
    return f"{local[:19]}-0{-hours}:00"


@dataclass
class Changes:
    """What a test did to one stream since the sandbox started."""

    update: dict[int, dict[str, Any]] = field(default_factory=dict)
    remove: set[int] = field(default_factory=set)
    add: list[dict[str, Any]] = field(default_factory=list)
    version: int = 0


class Overlay:
    """Rows that tests add, change or remove between two syncs, laid over the generated ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changes: defaultdict[tuple[str, str], Changes] = defaultdict(Changes)

    def change(
        self,
        vendor: str,
        table: str,
        update: dict[int, dict[str, Any]] | None = None,
        remove: Iterable[int] = (),
        add: Iterable[dict[str, Any]] = (),
    ) -> None:
        """Change a table: `update` and `remove` by row number (from 0), `add` whole rows at the end."""
        with self._lock:
            changes = self._changes[vendor, table]
            for number, cells in (update or {}).items():
                changes.update.setdefault(number, {}).update(cells)
            changes.remove.update(remove)
            changes.add.extend(add)
            changes.version = time.time_ns()  # unlike any other run's, for files kept on disk

    def version(self, vendor: str, table: str) -> int:
        """Zero, or another number after every change; part of the key of cached files."""
        return self._changes[vendor, table].version if (vendor, table) in self._changes else 0

    def apply(self, vendor: str, table: str, columns: Sequence[str], rows: Iterable[Row]) -> Iterable[Row]:
        """The rows with the changes made."""
        changes = self._changes.get((vendor, table))
        return rows if changes is None else _changed(changes, list(columns), rows)

    def reset(self) -> None:
        with self._lock:
            self._changes.clear()


def _changed(changes: Changes, columns: list[str], rows: Iterable[Row]) -> Iterator[Row]:
    for number, row in enumerate(rows):
        if number in changes.remove:
            continue
        cells = changes.update.get(number)
        if cells is None:
            yield row
        else:
            yield tuple(cells.get(name, value) for name, value in zip(columns, row, strict=False))
    for new in changes.add:
        yield tuple(new.get(name) for name in columns)


@dataclass(frozen=True)
class Table:
    """A report's rows before they take a format. `rows` may be iterated once."""

    columns: Sequence[str]
    rows: Iterable[Row]


def unique_headers(columns: Sequence[str]) -> list[str]:
    """The field names a record must carry: `_2` for a second column of one name, `_column_<n>` for a nameless one."""
    seen: Counter[str] = Counter()
    names = []
    for place, name in enumerate(columns, 1):
        plain = name or f"_column_{place}"
        seen[plain] += 1
        names.append(plain if seen[plain] == 1 else f"{plain}_{seen[plain]}")
    return names


def as_record(names: Sequence[str], row: Row) -> dict[str, Any]:
    """The record of a row: missing cells are null, empty text is null, further cells go to `_extra`."""
    cells = [None if value == "" else value for value in row]
    record: dict[str, Any] = dict.fromkeys(names)
    record.update(zip(names, cells, strict=False))
    if len(cells) > len(names):
        record["_extra"] = cells[len(names) :]
    return record


def records(table: Table, convert: Callable[[Cell], Any] | None = None, **constant: Any) -> Iterator[dict[str, Any]]:
    """The records of a table; `convert` is applied to every cell, `constant` fields are added."""
    names = unique_headers(table.columns)
    for row in table.rows:
        cells = row if convert is None else [None if value is None else convert(value) for value in row]
        yield as_record(names, cells) | constant
