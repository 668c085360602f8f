"""The catalog and the states that a command is given, as the CDK has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airbyte_cdk.models import (
    AirbyteStateBlob,
    AirbyteStateMessage,
    AirbyteStateType,
    AirbyteStreamState,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteCatalogSerializer,
    StreamDescriptor,
)

from source_lms_reports.errors import ConfigError
from source_lms_reports.spec.input_file import read_documents, read_json


def read_catalog(path: str) -> ConfiguredAirbyteCatalog:
    """The configured catalog.

    Raises:
        ConfigError: The file holds none; it may be what `discover` prints, which is not configured yet.
    """
    document = read_json(path, "catalog")
    streams = document.get("streams") if isinstance(document, dict) else None
    if not isinstance(streams, list) or not all(isinstance(one, dict) and "stream" in one for one in streams):
        raise ConfigError(
            f"The catalog file {path} is no configured catalog. It is an object with `streams`, each with `stream` (as "
            "discover prints it), `sync_mode` and `destination_sync_mode`."
        )
    try:
        return ConfiguredAirbyteCatalogSerializer.load(document)
    except ValueError as error:
        words = (
            f"The catalog file {path} is no configured catalog. Refresh the stream list (discover) and select again."
        )
        raise ConfigError(words, detail=str(error)) from error


def read_state(path: str | None) -> list[AirbyteStateMessage]:
    """The states of streams, whatever form they were kept in.

    Taken are a list of states, a lone one, STATE messages around them, also one a line, the GLOBAL form, and the legacy
    form (one object with a state for each stream's name). Of two states of a stream the last one counts.

    Raises:
        ConfigError: It is none of these; says what is wanted.
    """
    documents = read_documents(path, "state") if path else []
    return [_message(name, state) for name, state in dict(_states(documents)).items()]


def _states(document: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not document:
        return
    if isinstance(document, list):
        for one in document:
            yield from _states(one)
        return
    if not isinstance(document, dict):
        raise _no_state()
    if document.get("type") == "STATE":
        yield from _states(document.get("state"))
    elif isinstance(document.get("stream"), dict) and "stream_descriptor" in document["stream"]:
        yield _of_stream(document["stream"])
    elif isinstance(document.get("global"), dict):
        yield from _of_streams(document["global"].get("stream_states"))
    elif isinstance(document.get("data"), dict):
        yield from _legacy(document["data"])
    else:
        yield from _legacy(document)


def _of_streams(states: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from map(_of_stream, states if isinstance(states, Iterable) else ())


def _of_stream(state: Any) -> tuple[str, Mapping[str, Any]]:
    name = state.get("stream_descriptor", {}).get("name") if isinstance(state, dict) else None
    kept = state.get("stream_state") if isinstance(state, dict) else None
    if not isinstance(name, str) or not isinstance(kept or {}, dict):
        raise _no_state()
    return name, kept or {}


def _legacy(states: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not all(isinstance(state, dict) for state in states.values()):
        raise _no_state()
    yield from states.items()


def _no_state() -> ConfigError:
    return ConfigError(
        "The state file does not hold a state. It is a list of the last STATE message of each stream, such as "
        '[{"type": "STREAM", "stream": {"stream_descriptor": {"name": "..."}, "stream_state": {...}}}].'
    )


def _message(name: str, state: Mapping[str, Any]) -> AirbyteStateMessage:
    described = AirbyteStreamState(StreamDescriptor(name=name), AirbyteStateBlob(state))
    return AirbyteStateMessage(type=AirbyteStateType.STREAM, stream=described)
