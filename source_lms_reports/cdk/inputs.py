"""Reads the files that a command is given: the configuration, the catalog and the state.

They are UTF-8 whatever the locale says; a byte order mark, which some editors and shells write, is understood.
"""

from __future__ import annotations

import codecs
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
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

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


Hook = Callable[["list[tuple[str, Any]]"], "dict[str, Any]"]


def read_json(path: str, what: str, members: Hook = dict) -> Any:
    """The JSON document in a file.

    Args:
        path: The file.
        what: What messages call it: `configuration`, `catalog`, `state`.
        members: Makes an object of its names and values.

    Raises:
        ConfigError: There is no such file, or it holds something else. Never quotes what stands in it.
    """
    try:
        content = Path(path).read_bytes()
    except PermissionError as error:
        user = os.getuid() if hasattr(os, "getuid") else "unknown"  # Windows
        raise ConfigError(
            f"The {what} file {path} may not be read by this user ({user}; in the image it is 1000). Let it be read, "
            "for instance with chmod a+r, or run as its owner."
        ) from error
    except OSError as error:
        raise ConfigError(f"The {what} file {path} cannot be read: {error.strerror}. Check its path.") from error
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return json.loads(content.decode(encoding), object_pairs_hook=members)
    except UnicodeDecodeError as error:
        raise ConfigError(f"The {what} file {path} is not in UTF-8. Save it as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        line = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ConfigError(f"The {what} file {path} is not JSON{line}. Check brackets, commas and quotes.") from None


def read_config(path: str) -> dict[str, Any]:
    """The configuration.

    Raises:
        ConfigError: The file holds none.
    """
    config = read_json(path, "configuration", _named_once)
    if not isinstance(config, dict):
        raise ConfigError(f"The configuration file {path} does not hold an object. It begins with {{.")
    return config


def _named_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are all different: of two settings with one name, one would have no effect."""
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise ConfigError(f"The configuration has `{twice}` twice in one object. Remove one of them.")
    return found


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

    Taken are a list of states, a lone one, STATE messages around them, the GLOBAL form, and the legacy form (one object
    with a state for each stream's name).

    Raises:
        ConfigError: It is none of these; says what is wanted.
    """
    document = read_json(path, "state") if path else None
    return [_message(name, state) for name, state in dict(_states(document)).items()]


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
