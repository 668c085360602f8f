"""The bare loops: what a script for this one report would do, without a framework, a job, a check or a second format.

Rows before the cursor are left out and the greatest cursor value is kept, as every contender does.

`python -m benchmarks.contenders.loop csv|json|jsonl|xlsx|xlsx-read|download <url>`
"""

from __future__ import annotations

import csv
import gzip
import http.client
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

from benchmarks.columns import CURSOR, CURSOR_VALUE, PARTS
from benchmarks.contenders.typing_by_hand import typed, typed_native

_BLOCK = 256 * 1024


def _get(url: str) -> http.client.HTTPResponse:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request("GET", parts.path)
    return connection.getresponse()


def _write(records: Iterable[dict[str, Any]]) -> None:
    write, dumps, newline = sys.stdout.buffer.write, orjson.dumps, orjson.OPT_APPEND_NEWLINE
    emitted_at = int(time.time() * 1000)
    greatest = CURSOR_VALUE
    for data in records:
        cursor = data[CURSOR]
        if cursor is not None:
            if cursor < CURSOR_VALUE:
                continue
            if cursor > greatest:
                greatest = cursor
        message = {"type": "RECORD", "record": {"stream": "report", "data": data, "emitted_at": emitted_at}}
        write(dumps(message, option=newline))
    write(dumps({"type": "STATE", "state": {CURSOR: greatest}}, option=newline))


def _csv(url: str) -> None:
    lines = io.TextIOWrapper(cast("Any", _get(url)), encoding="utf-8", newline="")
    rows = csv.reader(lines)
    next(rows)
    _write(map(typed, rows))


def _json(url: str) -> None:
    _write(json.load(_get(url)))


def _jsonl(url: str) -> None:
    """Part files one after the other, each line an object of key, value and meta."""
    _write(_side_by_side(line) for part in PARTS for line in gzip.GzipFile(fileobj=_get(f"{url}/{part}.jsonl.gz")))


def _side_by_side(line: bytes) -> dict[str, Any]:
    row = orjson.loads(line)
    meta = row["meta"]
    action = meta.get("action")
    own = {"meta_ts": meta["ts"], "meta_action": action, "_ab_cdc_deleted_at": meta["ts"] if action == "D" else None}
    return {**row["key"], **row.get("value", {}), **own}


def _sheet_rows(url: str) -> Iterator[list[Any]]:
    from python_calamine import CalamineWorkbook

    with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        _copy(_get(url), file.write)
        file.flush()
        with CalamineWorkbook.from_path(file.name) as book:
            for name in book.sheet_names:
                rows = book.get_sheet_by_name(name).iter_rows()
                next(rows)
                yield from rows


def _xlsx(url: str) -> None:
    _write(map(typed_native, _sheet_rows(url)))


def _xlsx_read(url: str) -> None:
    for _ in _sheet_rows(url):
        pass


def _download(url: str) -> None:
    _copy(_get(url), lambda _: None)


def _copy(response: http.client.HTTPResponse, take: Callable[[bytes], object]) -> None:
    while block := response.read(_BLOCK):
        take(block)


WAYS = {"csv": _csv, "json": _json, "jsonl": _jsonl, "xlsx": _xlsx, "xlsx-read": _xlsx_read, "download": _download}


if __name__ == "__main__":
    WAYS[sys.argv[1]](sys.argv[2])
