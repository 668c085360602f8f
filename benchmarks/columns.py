"""The twenty columns of the generated report, and what each of them is."""

from __future__ import annotations

from typing import Any, Literal

Kind = Literal["text", "integer", "number", "boolean", "time"]

COLUMNS: dict[str, Kind] = {
    "id": "integer",
    "uuid": "text",
    "sis_id": "text",
    "full_name": "text",
    "sortable_name": "text",
    "email": "text",
    "country": "text",
    "course_id": "integer",
    "course_name": "text",
    "role": "text",
    "status": "text",
    "score": "number",
    "progress": "number",
    "attempts": "integer",
    "is_active": "boolean",
    "is_passed": "boolean",
    "created_at": "time",
    "updated_at": "time",
    "last_login_at": "time",
    "comment": "text",
}
CURSOR = "updated_at"
#: The part files of JSON Lines, without what the names end with.
PARTS = tuple(f"part-{number:05d}" for number in range(4))
#: Where the sync before this one ended. All rows are later, so each is compared and none is left out.
CURSOR_VALUE = "2019-12-31T00:00:00Z"

TYPES = {"text": "string", "integer": "integer", "number": "number", "boolean": "boolean", "time": "string"}


def schema() -> dict[str, Any]:
    """The report's JSON schema, the same for everyone."""
    properties: dict[str, Any] = {}
    for name, kind in COLUMNS.items():
        properties[name] = {"type": ["null", TYPES[kind]]}
        if kind == "time":
            properties[name] |= {"format": "date-time", "airbyte_type": "timestamp_with_timezone"}
    return {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "properties": properties}
