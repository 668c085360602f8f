from __future__ import annotations

from typing import Any

import pytest

from source_lms_reports.errors import ConfigError
from source_lms_reports.plan.stream import ReportStream
from source_lms_reports.platforms.model import ReportSpec, StreamSpec
from source_lms_reports.singer.catalog import Choice, make_catalog, read_catalog, schema_of

Json = dict[str, Any]
COLUMNS = {"id": {"type": ["null", "integer"]}, "at": {"type": ["null", "string"]}, "x": {"type": ["null", "string"]}}


def stream(key: str = "id", cursor: str = "at", columns: Json | None = None) -> ReportStream:
    part = StreamSpec(primary_key=[key] if key else [], cursor=cursor)
    schema = {"$schema": "s", "properties": COLUMNS if columns is None else columns}
    return ReportStream("s", "report", ReportSpec(streams={"s": part}), part, schema)


def entry(root: Json | None = None, columns: Json | None = None, **more: Any) -> Json:
    """An entry of a catalog: the metadata of the stream, and those of its columns."""
    metadata = [] if root is None else [{"breadcrumb": [], "metadata": root}]
    metadata += [{"breadcrumb": ["properties", name], "metadata": one} for name, one in (columns or {}).items()]
    return {"tap_stream_id": "s", "schema": {"properties": COLUMNS}, "metadata": metadata, **more}


def choice(*given: Json) -> Choice | None:
    return next(iter(read_catalog({"streams": list(given)})), None)


def test_a_stream_with_a_cursor_and_a_key() -> None:
    (found,) = make_catalog([stream()])["streams"]
    assert found["key_properties"] == ["id"]
    assert found["replication_key"] == "at"
    assert found["schema"] == {"type": "object", "additionalProperties": True, "properties": COLUMNS}
    assert found["metadata"] == [
        {
            "breadcrumb": [],
            "metadata": {
                "inclusion": "available",
                "selected-by-default": True,
                "table-key-properties": ["id"],
                "valid-replication-keys": ["at"],
            },
        },
        {"breadcrumb": ["properties", "id"], "metadata": {"inclusion": "automatic"}},
        {"breadcrumb": ["properties", "at"], "metadata": {"inclusion": "automatic"}},
        {"breadcrumb": ["properties", "x"], "metadata": {"inclusion": "available"}},
    ]


def test_a_stream_without_either_can_only_be_read_in_full() -> None:
    (found,) = make_catalog([stream(key="", cursor="")])["streams"]
    assert "replication_key" not in found
    assert found["metadata"][0]["metadata"] == {
        "inclusion": "available",
        "selected-by-default": True,
        "table-key-properties": [],
        "forced-replication-method": "FULL_TABLE",
    }


def test_key_and_cursor_are_columns_even_where_none_are_known() -> None:
    text = {"type": ["null", "string"]}
    assert schema_of(stream(columns={}), ["id"])["properties"] == {"id": text, "at": text}


def test_the_type_that_a_catalogs_user_has_given_a_column_counts() -> None:
    text = {"type": ["null", "string"]}
    found = schema_of(stream(), ["id"], {"properties": {"id": text, "at": None, "new": {"type": "integer"}}})
    assert found["properties"] == {**COLUMNS, "id": text}


def test_words_of_airbyte_alone_are_left_out() -> None:
    column = {"type": ["null", "string"], "format": "date-time", "airbyte_type": "timestamp_with_timezone"}
    found = schema_of(stream(columns={"at": column}), [])["properties"]["at"]
    assert found == {"type": ["null", "string"], "format": "date-time"}


def test_what_is_offered_is_selected_as_it_is() -> None:
    (found,) = read_catalog(make_catalog([stream()]))
    assert (found.name, found.is_full, found.replication_key) == ("s", False, "at")
    assert found.key_of(stream()) == ["id"]
    assert found.left_out_of(stream()) == frozenset()


@pytest.mark.parametrize(
    ("given", "selected"),
    [
        (entry(), True),
        (entry({}), False),
        (entry(None, {"id": {}}), False),
        (entry({"selected-by-default": True}), True),
        (entry({"selected-by-default": True, "selected": False}), False),
        (entry({"selected-by-default": False, "selected": True}), True),
        (entry({"selected": True, "inclusion": "unsupported"}), False),
        (entry({"selected": None, "selected-by-default": True}), True),
        (entry({"selected-by-default": True}, selected=False), False),
        (entry({"selected": True}, selected=False), True),
    ],
)
def test_a_stream_is_selected_as_singer_says(given: Json, selected: bool) -> None:
    assert (choice(given) is not None) is selected


@pytest.mark.parametrize(
    ("metadata", "left_out"),
    [
        ({"selected": False}, True),
        ({"selected": True}, False),
        ({}, False),
        ({"selected-by-default": False}, True),
        ({"selected-by-default": False, "selected": True}, False),
        ({"inclusion": "unsupported", "selected": True}, True),
        ({"inclusion": "automatic", "selected": False}, False),
        ({"inclusion": "available"}, False),
    ],
)
def test_a_column_is_selected_as_singer_says(metadata: Json, left_out: bool) -> None:
    found = choice(entry({"selected": True}, {"x": metadata}))
    assert found is not None
    assert found.left_out_of(stream()) == ({"x"} if left_out else set())


def test_key_and_cursor_cannot_be_left_out_whatever_the_catalog_says() -> None:
    found = choice(entry({"selected": True}, {name: {"selected": False} for name in COLUMNS}))
    assert found is not None
    assert found.left_out_of(stream()) == {"x"}


@pytest.mark.parametrize(
    ("given", "is_full"),
    [
        (entry({"selected": True}), False),
        (entry({"selected": True, "replication-method": "FULL_TABLE"}), True),
        (entry({"selected": True, "replication-method": "INCREMENTAL"}), False),
        (entry({"selected": True}, replication_method="FULL_TABLE"), True),
        (entry({"selected": True, "replication-method": "INCREMENTAL"}, replication_method="FULL_TABLE"), False),
        (entry({"selected": True, "forced-replication-method": "FULL_TABLE"}), True),
    ],
)
def test_how_a_stream_is_replicated(given: Json, is_full: bool) -> None:
    found = choice(given)
    assert found is not None
    assert found.is_full is is_full


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (entry({"selected": True}), ["id"]),
        (entry({"selected": True, "table-key-properties": ["id", "x"]}, key_properties=["id"]), ["id", "x"]),
        (entry({"selected": True, "table-key-properties": ["id"]}, key_properties=["x"]), ["x"]),
        (entry({"selected": True, "table-key-properties": []}), []),
    ],
)
def test_a_user_may_name_another_key(given: Json, key: list[str]) -> None:
    found = choice(given)
    assert found is not None
    assert found.key_of(stream()) == key


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"streams": None},
        {"streams": [1]},
        {"streams": [{}]},
        {"streams": [{"tap_stream_id": "s", "metadata": [{"breadcrumb": []}]}]},
        {"streams": [{"tap_stream_id": "s", "metadata": [{"breadcrumb": 1, "metadata": {}}]}]},
        {"streams": [entry({"selected": True, "replication-method": "LOG_BASED"})]},
        {"streams": [entry({"selected": True}), entry({"selected": True})]},
    ],
)
def test_what_is_no_catalog_is_refused_in_words(document: Any) -> None:
    with pytest.raises(ConfigError):
        read_catalog(document)
