"""Singer's catalog: what is offered, and what of it is chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from source_lms_reports.errors import ConfigError
from source_lms_reports.plan.stream import ReportStream
from source_lms_reports.records.growing import TEXT
from source_lms_reports.spec.input_file import require_once

FULL_TABLE, INCREMENTAL = "FULL_TABLE", "INCREMENTAL"
#: What Singer's targets call the columns that have other names in Airbyte's.
COPIES = {"_sdc_deleted_at": "_ab_cdc_deleted_at"}
_Metadata = Mapping[tuple[str, ...], Mapping[str, Any]]


def make_catalog(streams: Sequence[ReportStream]) -> dict[str, Any]:
    """The catalog of the streams that are offered."""
    return {"streams": [_entry(stream) for stream in streams]}


def schema_of(stream: ReportStream, keys: Sequence[str], catalogs: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The JSON schema of a stream; key and cursor are in it even where its columns are not known.

    Args:
        stream: The stream.
        keys: The columns of its key.
        catalogs: The schema that a catalog has. Its user may have given a column another type, which counts.
    """
    own, others = stream.schema.get("properties", {}), _mapping((catalogs or {}).get("properties"))
    columns = {name: _plain(_mapping(others.get(name)) or one) for name, one in own.items()}
    for name in (*keys, stream.cursor):
        if name:
            columns.setdefault(name, dict(TEXT))
    columns |= {copy: columns[name] for copy, name in COPIES.items() if name in columns}
    return {"type": "object", "additionalProperties": True, "properties": columns}


def _plain(column: Mapping[str, Any]) -> dict[str, Any]:
    """What others than Airbyte understand of a column's schema."""
    return {name: one for name, one in column.items() if not name.startswith("airbyte_")}


def _entry(stream: ReportStream) -> dict[str, Any]:
    keys = stream.part.primary_key
    schema = schema_of(stream, keys)
    root: dict[str, Any] = {"inclusion": "available", "selected-by-default": True, "table-key-properties": keys}
    entry = {"tap_stream_id": stream.name, "stream": stream.name, "schema": schema, "key_properties": keys}
    if stream.cursor:
        root["valid-replication-keys"] = [stream.cursor]
        entry["replication_key"] = stream.cursor
    else:
        root["forced-replication-method"] = FULL_TABLE
    metadata = [{"breadcrumb": [], "metadata": root}]
    for name in schema["properties"]:
        inclusion = "automatic" if name in (*keys, stream.cursor) else "available"
        metadata.append({"breadcrumb": ["properties", name], "metadata": {"inclusion": inclusion}})
    return {**entry, "metadata": metadata}


@dataclass(frozen=True)
class Choice:
    """A stream that a catalog selects.

    Attributes:
        name: The stream's name.
        schema: The JSON schema that the catalog has for it.
        replication_key: The catalog's cursor column, if it names one.
        is_full: Whether the whole table is wanted; else it is incremental where the stream can be.
        deselected: The columns that are not wanted.
        keys: The keys that the catalog names, in the order in which they count.
    """

    name: str
    schema: Mapping[str, Any]
    replication_key: str | None
    is_full: bool
    deselected: frozenset[str]
    keys: tuple[Sequence[str], ...] = ()

    def key_of(self, stream: ReportStream) -> Sequence[str]:
        """The key: the stream's own, unless the catalog's user has named another one (none at all is one, too)."""
        own = stream.part.primary_key
        return next((list(keys) for keys in self.keys if list(keys) != own), own)

    def left_out_of(self, stream: ReportStream) -> frozenset[str]:
        """The columns that records do not have. Key and cursor cannot be left out."""
        return self.deselected - {*self.key_of(stream), stream.cursor}


def choice_of_all(stream: ReportStream) -> Choice:
    """All of a stream, incremental where it can be."""
    return Choice(stream.name, stream.schema, stream.cursor, is_full=False, deselected=frozenset())


def read_catalog(document: Any) -> list[Choice]:
    """The streams that a catalog selects.

    Raises:
        ConfigError: It is no catalog, or it wants what is not offered.
    """
    streams = document.get("streams") if isinstance(document, Mapping) else None
    if not isinstance(streams, list) or not all(isinstance(one, Mapping) for one in streams):
        raise ConfigError("The catalog is none of Singer's: it has no list called 'streams'. Make one with --discover.")
    choices = [choice for entry in streams for choice in _choices(entry)]
    require_once([one.name for one in choices])
    return choices


def _choices(entry: Mapping[str, Any]) -> Iterator[Choice]:
    name = entry.get("tap_stream_id") or entry.get("stream")
    if not name:
        raise ConfigError("A stream of the catalog has no 'tap_stream_id'. Make the catalog anew with --discover.")
    metadata = _metadata_of(entry, str(name))
    root = metadata.get((), {})
    if not _is_selected({"selected": entry.get("selected"), **root}, default=not metadata):
        return
    yield Choice(
        name=str(name),
        schema=_mapping(entry.get("schema")),
        replication_key=root.get("replication-key") or entry.get("replication_key"),
        is_full=_method(root, entry, str(name)) == FULL_TABLE,
        deselected=frozenset(
            path[1] for path, one in metadata.items() if len(path) == 2 and not _is_selected(one, default=True)
        ),
        keys=tuple(
            keys for keys in (root.get("table-key-properties"), entry.get("key_properties")) if isinstance(keys, list)
        ),
    )


def _metadata_of(entry: Mapping[str, Any], name: str) -> _Metadata:
    found = entry.get("metadata") or []
    try:
        return {tuple(one["breadcrumb"]): _mapping(one["metadata"]) for one in found}
    except (KeyError, TypeError) as error:
        words = (
            f"The metadata of the stream '{name}' in the catalog are none of Singer's. Make it anew with --discover."
        )
        raise ConfigError(words, detail=repr(error)) from error


def _is_selected(metadata: Mapping[str, Any], *, default: bool) -> bool:
    if metadata.get("inclusion") in ("unsupported", "automatic"):
        return bool(metadata["inclusion"] == "automatic")
    said = (metadata.get(word) for word in ("selected", "selected-by-default"))
    return next((bool(one) for one in said if one is not None), default)


def _method(root: Mapping[str, Any], entry: Mapping[str, Any], name: str) -> str | None:
    wanted = root.get("replication-method") or entry.get("replication_method")
    if wanted not in (FULL_TABLE, INCREMENTAL, None):
        raise ConfigError(
            f"The catalog asks for the replication method {wanted} for the stream '{name}'. There are FULL_TABLE and "
            "INCREMENTAL."
        )
    return wanted or root.get("forced-replication-method")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
