"""The Data Access Platform's API over the generated part files: a job is complete when it is ordered.

A table `rows_500000` has the parts in the folder `500000.jsonl`; what follows the number is passed over, so that a
client that keeps tables finds a new one each time.
"""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

from benchmarks.columns import COLUMNS, TYPES

Json = dict[str, Any]


def answer(folder: Path, url: str, path: str, body: bytes) -> Json | None:
    """What a route answers; None for a path of another API.

    Args:
        folder: Holds the reports.
        url: The server's own address.
        path: The path of the request.
        body: Its body.
    """
    parts = path.strip("/").split("/")
    match parts:
        case ["ids", "auth", "login"]:
            return {"access_token": _token(), "expires_in": 3600, "scope": "", "token_type": "Bearer"}
        case ["dap", "query", _, "table"]:
            return {"tables": sorted(f"rows_{one.stem}" for one in folder.glob("*.jsonl"))}
        case ["dap", "query", _, "table", _, "schema"]:
            return {"schema": _schema(), "version": 1}
        case ["dap", "query", _, "table", table, "data"]:
            return _job(folder, f"{table.split('_')[1]}.{json.loads(body)['format']}")
        case ["dap", "job", name]:
            return _job(folder, name)
        case ["dap", "object", "url"]:
            return {"urls": {one["id"]: {"url": f"{url}/files/{one['id']}"} for one in json.loads(body)}}
        case _:
            return None


def _job(folder: Path, name: str) -> Json:
    rows, _, form = name.partition(".")
    parts = sorted((folder / f"{rows}.jsonl").glob(f"*.{form}.gz"))
    objects = [{"id": f"{part.parent.name}/{part.name}"} for part in parts]
    facts = {"objects": objects, "schema_version": 1, "at": "2024-06-01T00:00:00Z"}
    return {"id": name, "status": "complete", "expires_at": "2999-01-01T00:00:00Z", **facts}


def _token() -> str:
    claims = {"exp": int(time.time()) + 3600}
    parts = (json.dumps(one).encode() for one in ({"alg": "HS256", "typ": "JWT"}, claims, {}))
    return ".".join(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in parts)


def _schema() -> Json:
    formats = {"integer": "int64", "number": "float64", "time": "date-time"}
    columns = {
        name: {"type": TYPES[kind], **({"format": formats[kind]} if kind in formats else {})}
        for name, kind in COLUMNS.items()
    }
    time_of_change = {"type": "string", "format": "date-time"}
    parts = {
        "meta": ({"ts": time_of_change}, ["ts"]),
        "key": ({"id": columns.pop("id")}, ["id"]),
        "value": (columns, []),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_object({name: _object(*part) for name, part in parts.items()}, ["meta", "key"]),
    }


def _object(properties: Json, required: list[str]) -> Json:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
