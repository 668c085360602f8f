"""Fills the `{{ ... }}` templates of a platform file.

Templates are Jinja, as in every low-code manifest. A name that does not exist is an error, never an empty string.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from source_lms_reports.times import instant

Context = Mapping[str, Any]

_EMPTY = (None, "")
_TYPES = ("integer", "boolean")


def _sql_identifier(name: str) -> str:
    """`name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _sql_text(value: str) -> str:
    """`value` as a quoted SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def _sql_statement(text: str) -> str:
    """`text` without the semicolons that would end it too early inside another statement.

    A comment behind them stays, so whatever follows the statement belongs on a line of its own:
    `SELECT 1; -- done` -> `SELECT 1 -- done`, and `SELECT ';' -- ;` stays as it is.
    """
    parts = [part[0] for part in _SQL_PART.finditer(text)]
    at = len(parts)
    while at and (parts[at - 1] == ";" or _SQL_NOTHING.fullmatch(parts[at - 1])):
        at -= 1
    return "".join(parts[:at] + [part for part in parts[at:] if part != ";"]).strip()


#: Quoted texts and names, comments, and everything else a character at a time.
_SQL_PART = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | \$(\w*)\$.*?\$\1\$ | --[^\n]* | /\*.*?\*/ | .""", re.DOTALL | re.VERBOSE
)
_SQL_NOTHING = re.compile(r"\s|--[^\n]*|/\*.*\*/", re.DOTALL)


def _none_is_empty(value: Any) -> Any:
    return "" if value is None else value


class UnfitSegment(ValueError):
    """A value that cannot be a segment of a path: nothing, or a step up."""


class _Path(str):
    """A value that is a path by itself, slashes and all."""

    __slots__ = ()


def _segment(value: Any) -> str:
    """A value as one segment of a path, whatever stands in it: `a#b/c` -> `a%23b%2Fc`.

    Raises:
        UnfitSegment: It is empty, `.` or `..`: escaped or not, they mean a path of another shape.
    """
    if isinstance(value, _Path):
        return value
    text = str(_none_is_empty(value))
    if text in ("", ".", ".."):
        raise UnfitSegment(text)
    return quote(text, safe="", errors="replace")


def _path(value: str, **segments: Any) -> _Path:
    """A whole path from the configuration, with the segments that it leaves open as `{name}`."""
    for name, segment in segments.items():
        value = value.replace(f"{{{name}}}", _segment(segment))
    return _Path(value)


def _milliseconds(moment: str) -> str:
    """An instant in UTC with three digits behind the second: `2026-01-28T01:00:00+01:00` -> `2026-01-28T00:00:00.000Z`.

    What is no instant stays as it is.
    """
    at = instant(moment)
    if at is None:
        return moment
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


@functools.cache
def _environment(finalize: Callable[[Any], Any] = _none_is_empty) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, finalize=finalize)
    environment.filters["milliseconds"] = _milliseconds
    environment.filters["path"] = _path
    environment.filters["sql_identifier"] = _sql_identifier
    environment.filters["sql_text"] = _sql_text
    environment.filters["sql_statement"] = _sql_statement
    return environment


@functools.lru_cache(maxsize=512)
def _compiled(template: str, finalize: Callable[[Any], Any] = _none_is_empty) -> Template:
    return _environment(finalize).from_string(template)


def fill(template: Any, context: Context) -> Any:
    """`template` with its placeholders replaced.

    Args:
        template: A text, or anything else, which is returned as it is.
        context: The names that the template may use.

    Raises:
        jinja2.UndefinedError: The template uses a name that is not there: a fault of the platform file.
    """
    if isinstance(template, Mapping):
        return _typed(template, context)
    if not isinstance(template, str) or "{" not in template:
        return template
    return _compiled(template).render(context)


def fill_path(template: str, context: Context) -> str:
    """The path of an address with its placeholders replaced, each by one escaped segment.

    What is a path by itself goes through the filter `path`.

    Args:
        template: The path.
        context: The names that the template may use.

    Raises:
        UnfitSegment: A value cannot be a segment.
        jinja2.UndefinedError: The template uses a name that is not there: a fault of the platform file.
    """
    return _compiled(template, _segment).render(context)


def _typed(template: Mapping[str, Any], context: Context) -> Any:
    """`{integer: "..."}` or `{boolean: "..."}`: a template whose result is no text."""
    ((kind, inner),) = template.items()
    text = fill(inner, context)
    if text in _EMPTY:
        return None
    return int(text) if kind == "integer" else is_true(text)


def fill_all(templates: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """A mapping with its names and values filled; entries whose value comes out empty are left out."""
    filled = {str(fill(name, context)): fill(template, context) for name, template in templates.items()}
    return {name: value for name, value in filled.items() if value not in _EMPTY}


def fill_body(template: Any, context: Context) -> Any:
    """A JSON body with the templates of its objects and lists filled, whatever their depth.

    `{"a": {"b": "{{ x }}", "c": ["{{ y }}", 1]}}` with an empty `x` and a `y` of 2 -> `{"a": {"c": ["2", 1]}}`. What
    comes out empty is left out, and so is an object or a list of which nothing is left.

    Args:
        template: Templates in mappings and lists; `{integer: "..."}` and `{boolean: "..."}` are values.
        context: The names that the templates may use.

    Returns:
        The body; None where nothing is left of it.
    """
    if isinstance(template, list):
        filled = (fill_body(part, context) for part in template)
        return [part for part in filled if part not in _EMPTY] or None
    if not isinstance(template, Mapping) or _is_typed(template):
        return fill(template, context)
    members = {str(fill(name, context)): fill_body(part, context) for name, part in template.items()}
    return {name: part for name, part in members.items() if part not in _EMPTY} or None


def _is_typed(template: Mapping[str, Any]) -> bool:
    return len(template) == 1 and next(iter(template)) in _TYPES


def is_true(value: Any) -> bool:
    """Whether a filled template means yes."""
    return str(value).strip().lower() in ("true", "1", "yes")
