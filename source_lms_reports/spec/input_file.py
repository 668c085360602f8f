"""Reads the JSON files that a command is given: the configuration, the catalog and the state.

They are UTF-8 whatever the locale says; a byte order mark, which some editors and shells write, is understood.
"""

from __future__ import annotations

import codecs
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from source_lms_reports.errors import ConfigError

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

Hook = Callable[["list[tuple[str, Any]]"], "dict[str, Any]"]


def read_json(path: str, what: str) -> Any:
    """The JSON document in a file.

    Args:
        path: The file.
        what: What messages call it: `configuration`, `catalog`, `state`.

    Raises:
        ConfigError: There is no such file, or it holds something else. Never quotes what stands in it.
    """
    return _parsed(_text(path, what), path, what)


def read_config(path: str) -> dict[str, Any]:
    """The configuration in a file.

    Raises:
        ConfigError: The file holds none.
    """
    config = _parsed(_text(path, "configuration"), path, "configuration", _named_once)
    if not isinstance(config, dict):
        raise ConfigError(f"The configuration file {path} does not hold an object. It begins with {{.")
    return config


def read_documents(path: str, what: str) -> list[Any]:
    """The JSON documents in a file: a lone one, however it is laid out, or one a line.

    Who appends the messages of a run to a file has one a line, and the last one is the newest.

    Raises:
        ConfigError: There is no such file, or it holds something else.
    """
    text = _text(path, what)
    try:
        return [_parsed(text, path, what)]
    except ConfigError:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2 or not all(line.lstrip().startswith("{") for line in lines):
            raise
        return [_parsed(line, path, what) for line in lines]


def require_once(streams: Sequence[str]) -> None:
    """Refuse a catalog that has a stream twice: of two ways to read one stream, one would have no effect.

    Raises:
        ConfigError: It has.
    """
    twice = next((name for name, count in Counter(streams).items() if count > 1), None)
    if twice is not None:
        raise ConfigError(f"The catalog has the stream '{twice}' twice. Remove one of the two.")


def _text(path: str, what: str) -> str:
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
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ConfigError(f"The {what} file {path} is not in UTF-8. Save it as UTF-8.") from error


def _parsed(text: str, path: str, what: str, members: Hook = dict) -> Any:
    if not text.strip():
        raise ConfigError(
            f"The {what} file {path} is empty: what was to write it has failed, or has not ended. Give one that holds "
            "something, or leave the option out where it may be left out."
        )
    try:
        return json.loads(text, object_pairs_hook=members)
    except (ValueError, RecursionError) as error:  # without its words, which may quote a secret
        line = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ConfigError(f"The {what} file {path} is not JSON{line}. Check brackets, commas and quotes.") from None


def _named_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are all different: of two settings with one name, one would have no effect."""
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise ConfigError(f"The configuration has `{twice}` twice in one object. Remove one of them.")
    return found
