"""The tables of the Data Access Platform: their schemas, their rows, and the lines of their files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..data import DAY, first_name, hex_uuid, last_name, mix, utc_text

Schema = dict[str, Any]
Values = dict[str, Any]
INT: Schema = {"type": "integer", "format": "int64"}
SMALL: Schema = {"type": "integer", "format": "int32"}
NUMBER: Schema = {"type": "number", "format": "float64"}
DECIMAL: Schema = {"type": "number"}
TEXT: Schema = {"type": "string"}
TIME: Schema = {"type": "string", "format": "date-time"}
UUID: Schema = {"type": "string", "format": "uuid"}
BOOL: Schema = {"type": "boolean"}
#: Beyond what a double holds, as real ids of other shards are.
FIRST_ID = 9_007_199_254_740_993
#: Names that a client which lays the three objects side by side uses itself.
OWN_COLUMNS = ("meta_ts", "meta_action", "_ab_cdc_deleted_at")


def _enum(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


@dataclass(frozen=True)
class TableSpec:
    """A table.

    Args:
        key, value: The columns of the two objects.
        members: Where `value` is a union: the columns of each member; a row has those of one.
    """

    key: Mapping[str, Schema]
    value: Mapping[str, Schema]
    members: Sequence[Sequence[str]] = field(default=())

    @property
    def columns(self) -> dict[str, Schema]:
        return {f"key.{name}": one for name, one in self.key.items()} | {
            f"value.{name}": one for name, one in self.value.items()
        }

    def schema(self) -> Schema:
        """The JSON Schema of a row."""
        properties = {
            "meta": {**_object(action=_enum("U", "D"), ts=TIME), "required": ["ts"]},
            "key": {**_object(**self.key), "required": list(self.key)},
            "value": self._value_schema(),
        }
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "definitions": DEFINITIONS,
            "type": "object",
            "properties": properties,
            "required": ["meta", "key"],
            "additionalProperties": False,
        }

    def _value_schema(self) -> Schema:
        if not self.members:
            return {**_object(**self.value), "required": []}
        return {"oneOf": [_object(**{name: self.value[name] for name in names}) for names in self.members]}

    def with_column(self, name: str) -> TableSpec:
        """The table with one more column."""
        return TableSpec(self.key, {**self.value, name: TEXT}, self.members)


#: What columns refer to by `$ref`.
DEFINITIONS: dict[str, Schema] = {"workflow_state": _enum("active", "deleted")}
TABLES: dict[str, dict[str, TableSpec]] = {
    "canvas": {
        "accounts": TableSpec(
            {"id": INT},
            {
                "name": {**TEXT, "maxLength": 255},
                "parent_account_id": INT,
                "workflow_state": {"$ref": "#/definitions/workflow_state"},
                "created_at": TIME,
                "settings": _object(lock=BOOL, days=INT),
                "uuid": UUID,
            },
        ),
        "users": TableSpec(
            {"id": INT},
            {
                "name": TEXT,
                "sortable_name": TEXT,
                "storage_quota": INT,
                "public": BOOL,
                "created_at": TIME,
                "deleted_at": TIME,
                "workflow_state": _enum("registered", "deleted"),
                "pronouns": TEXT,
            },
        ),
        "enrollment_states": TableSpec(
            {"enrollment_id": INT}, {"state": TEXT, "access_is_current": BOOL, "state_valid_until": TIME}
        ),
        "submissions": TableSpec(
            {"id": INT},
            {
                "user_id": INT,
                "attempt": SMALL,
                "score": NUMBER,
                "points_deducted": DECIMAL,
                "excused": BOOL,
                "body": TEXT,
                "submitted_at": TIME,
                "tags": _list(TEXT),
            },
        ),
    },
    "canvas_logs": {
        "web_logs": TableSpec(
            {"id": UUID},
            {
                "timestamp": TIME,
                "user_id": INT,
                "url": TEXT,
                "http_method": _enum("GET", "POST"),
                "interaction_micros": SMALL,
            },
        )
    },
    "catalog": {
        "products": TableSpec(
            {"id": INT},
            {
                "title": TEXT,
                "meta_ts": TIME,
                "meta_action": TEXT,
                "price": {"oneOf": [TEXT, NUMBER]},
                "policy": {"oneOf": [_object(kind=TEXT), _object(seconds=INT)]},
                "rules": {"oneOf": [_list(_object(kind=TEXT)), TEXT]},
            },
        )
    },
    "new_quizzes": {
        "items": TableSpec(
            {"id": INT},
            {"title": TEXT, "points": NUMBER, "passage": TEXT},
            members=(("title", "points"), ("title", "passage")),
        )
    },
}


def key_of(spec: TableSpec, seed: int, number: int) -> Values:
    """The key of a generated row."""
    kinds: dict[str, Callable[[Schema], Any]] = {
        "integer": lambda _: FIRST_ID + number,
        "string": lambda one: hex_uuid(seed, number, 712) if one.get("format") == "uuid" else f"l{number % 3}",
    }
    return {name: kinds[one["type"]](one) for name, one in spec.key.items()}


def value_of(spec: TableSpec, seed: int, number: int) -> Values:
    """The values of a generated row; some are None."""
    has = spec.members[number % len(spec.members)] if spec.members else spec.value
    return {
        name: _sample(seed, number, name, schema) if name in has and not _is_null(seed, number, name) else None
        for name, schema in spec.value.items()
    }


def _is_null(seed: int, number: int, name: str) -> bool:
    return mix(seed, number, len(name) + 713) % 5 == 0


def _sample(seed: int, number: int, name: str, schema: Schema) -> Any:
    """A value that fits `schema`."""
    if "$ref" in schema:
        return _sample(seed, number, name, DEFINITIONS[schema["$ref"].rpartition("/")[2]])
    if "oneOf" in schema:
        kinds = schema["oneOf"]
        return _sample(seed, number, name, kinds[number % len(kinds)])
    if "enum" in schema:
        return schema["enum"][number % len(schema["enum"])]
    drawn = mix(seed, number, len(name) + 714)
    made: dict[str, Callable[[], Any]] = {
        "integer": lambda: drawn % (1 << 31) if schema.get("format") == "int32" else drawn << 20,
        "number": lambda: drawn / 1000,
        "boolean": lambda: bool(drawn % 2),
        "array": lambda: [_sample(seed, number + at, name, schema["items"]) for at in range(drawn % 3)],
        "object": lambda: {key: _sample(seed, number, key, one) for key, one in schema["properties"].items()},
        "string": lambda: _sample_text(seed, number, schema),
    }
    return made[schema["type"]]()


def _sample_text(seed: int, number: int, schema: Schema) -> str:
    if schema.get("format") == "date-time":
        at = 1_760_000_000 + mix(seed, number, 715) % (200 * DAY)
        return utc_text(at) if number % 2 else f"{utc_text(at)[:-1]}.{number % 1000:03d}Z"
    if schema.get("format") == "uuid":
        return hex_uuid(seed, number, 716)
    return "" if number % 13 == 4 else f"{first_name(seed, number)} {last_name(seed, number)}"


# what a client must make of a row


def one_type(schema: Schema, value: Any) -> Any:
    """A value of a column that has one type: what varies is text."""
    kinds = {one["type"] for one in schema.get("oneOf", [])}
    if value is None or len(kinds) < 2 or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def record(spec: TableSpec, key: Values, value: Values | None, ts: str, action: str | None) -> Values:
    """The row with key and value side by side, as the connector's contract says."""
    values = {
        f"{name}_2" if name in OWN_COLUMNS or name in spec.key else name: one_type(schema, (value or {}).get(name))
        for name, schema in spec.value.items()
    }
    deleted = ts if action == "D" else None
    return {**key, **values, "meta_ts": ts, "meta_action": action, "_ab_cdc_deleted_at": deleted}


# files


@dataclass(frozen=True)
class Line:
    """One row of an answer; `action` is None in a snapshot, `value` is None for a delete."""

    key: Values
    value: Values | None
    ts: str
    action: str | None


def file_bytes(spec: TableSpec, form: str, mode: str | None, lines: Iterable[Line], incremental: bool) -> bytes:
    """The text of a part file: `jsonl`, `csv` or `tsv`."""
    if form == "jsonl":
        return b"".join(map(_json_line, lines))
    columns = list(_table_columns(spec, expanded=mode != "condensed"))
    head = ["meta.ts", *(["meta.action"] if incremental else []), *columns]
    rows = ([_text_cell(line, name, form) for name in head] for line in lines)
    return (_csv([head]) + _csv(rows, quoted=False)) if form == "csv" else _tsv([head, *rows])


def _json_line(line: Line) -> bytes:
    """`{"key":{"id":1},"value":{"name":"a"},"meta":{"ts":"…"}}`: what is null is left out."""
    meta = {"ts": line.ts, **({} if line.action is None else {"action": line.action})}
    row: Values = {"key": line.key}
    if line.value is not None:
        row["value"] = {name: one for name, one in line.value.items() if one is not None}
    text = json.dumps({**row, "meta": meta}, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="backslashreplace") + b"\n"  # half a surrogate is an escape


def _table_columns(spec: TableSpec, expanded: bool) -> Iterator[str]:
    """The dotted names of a table's columns; nested objects give several where they are expanded."""
    for name, schema in spec.columns.items():
        nested = schema.get("properties") if expanded else None
        yield from (f"{name}.{inner}" for inner in nested) if nested else (name,)


def _text_cell(line: Line, name: str, form: str) -> str:
    """`meta.ts`, `key.id`, `value.name` or `value.settings.lock` of a row as text; NULL and `\\N` are null."""
    missing, null = ("", "NULL") if form == "csv" else ("\\N", "\\N")
    value: Any = {"meta": {"ts": line.ts, "action": line.action}, "key": line.key, "value": line.value}
    for part in name.split("."):
        if value is None:
            return missing if line.value is None else null
        value = value.get(part)
    if value is None:
        return missing if line.value is None and name.startswith("value.") else null
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _quoted(text) if form == "csv" else text.translate(_ESCAPES)


def _quoted(text: str) -> str:
    needs = text in ("", "NULL") or any(sign in text for sign in '",\n\r\t')
    return '"' + text.replace('"', '""') + '"' if needs else text


def _csv(rows: Iterable[Sequence[str]], quoted: bool = True) -> bytes:
    if not quoted:
        return "".join(",".join(row) + "\r\n" for row in rows).encode()
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"})


def _tsv(rows: Iterable[Sequence[str]]) -> bytes:
    """As PostgreSQL's COPY reads it."""
    return "".join("\t".join(row) + "\n" for row in rows).encode()
