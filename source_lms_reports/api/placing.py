"""Puts an order's parameters into a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from source_lms_reports.platforms.model import PairsSpec, RequestSpec


@dataclass(frozen=True)
class Placed:
    """Parameters by the place that they go to.

    Attributes:
        query: Parts of the address.
        json: A JSON body.
        multipart: Fields of a form.
    """

    query: Mapping[str, Any] = field(default_factory=dict)
    json: Mapping[str, Any] = field(default_factory=dict)
    multipart: Sequence[tuple[str, str]] = ()


def placed(spec: RequestSpec, parameters: Mapping[str, Any], body: Mapping[str, Any]) -> Placed:
    """An order's parameters where the request has them, under the names that it gives them.

    Args:
        spec: The request.
        parameters: The parameters. A list is one parameter of several values.
        body: The request's own JSON body. It is not changed.
    """
    named = {
        (spec.list_name if isinstance(value, list) else spec.parameter_name).format(name=name): value
        for name, value in parameters.items()
    }
    if spec.parameters_in == "json":
        return Placed(json=_at(body, spec.parameters_at, _as_pairs(named, spec.pairs) if spec.pairs else named))
    if spec.parameters_in == "query":
        return Placed(query=named, json=body)
    return Placed(json=body, multipart=_fields(named) if spec.parameters_in == "multipart" else ())


def _as_pairs(parameters: Mapping[str, Any], pairs: PairsSpec) -> list[dict[str, Any]]:
    return [{pairs.name: name, pairs.value: value} for name, value in parameters.items()]


def _at(body: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    """`body` with `value` at `path`: `{"a": {"b": 1}}`, `["a", "c"]`, `{"d": 2}` -> `{"a": {"b": 1, "c": {"d": 2}}}`.

    Objects are merged. An empty object is no reason for the members that lead to it; an empty list is.
    """
    if not path:
        return {**body, **value}
    head, *rest = path
    inner = body.get(head)
    own = inner if isinstance(inner, Mapping) else {}
    below = _at(own, rest, value) if rest or isinstance(value, Mapping) else value
    return {**body, head: below} if below or isinstance(below, list) else dict(body)


def _fields(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The fields of a form: one a parameter, or one an element of it."""
    parts = ((key, value if isinstance(value, list) else [value]) for key, value in parameters.items())
    return [(key, str(one)) for key, values in parts for one in values]
