"""Where an order's parameters go in a request."""

from __future__ import annotations

from typing import Any

import pytest

from source_lms_reports.api.placing import placed
from source_lms_reports.platforms.model import PairsSpec, RequestSpec

PAIRS = PairsSpec(name="Name", value="Value")


@pytest.mark.parametrize(
    ("path", "body", "parameters", "sent"),
    [
        ([], {}, {}, {}),
        ([], {"a": 1}, {"b": "2"}, {"a": 1, "b": "2"}),
        (["d", "p"], {"d": {"t": "job"}}, {"b": "2"}, {"d": {"t": "job", "p": {"b": "2"}}}),
        (["d", "p"], {"d": {"t": "job", "p": {"a": 1}}}, {"b": "2"}, {"d": {"t": "job", "p": {"a": 1, "b": "2"}}}),
        (["d", "p"], {"d": {"t": "job"}}, {}, {"d": {"t": "job"}}),
        (["d", "p"], {}, {}, {}),
        (["d", "p"], {}, {"x": ["1", "2"]}, {"d": {"p": {"x": ["1", "2"]}}}),
    ],
)
def test_parameters_go_to_their_place_in_the_body(
    path: list[str], body: dict[str, Any], parameters: dict[str, Any], sent: dict[str, Any]
) -> None:
    before = str(body)
    assert placed(RequestSpec(parameters_in="json", parameters_at=path), parameters, body).json == sent
    assert str(body) == before


@pytest.mark.parametrize(
    ("parameters", "sent"),
    [
        ({"from": "1", "to": "2"}, [{"Name": "from", "Value": "1"}, {"Name": "to", "Value": "2"}]),
        ({}, []),
    ],
)
def test_parameters_may_be_a_list_of_pairs(parameters: dict[str, Any], sent: list[dict[str, Any]]) -> None:
    spec = RequestSpec(parameters_in="json", parameters_at=["Filters"], pairs=PAIRS)
    assert placed(spec, parameters, {"Id": "x"}).json == {"Id": "x", "Filters": sent}


def test_pairs_may_stand_deep() -> None:
    spec = RequestSpec(parameters_in="json", parameters_at=["a", "b"], pairs=PAIRS)
    assert placed(spec, {}, {}).json == {"a": {"b": []}}


def test_a_body_goes_along_with_parameters_elsewhere() -> None:
    order = placed(RequestSpec(parameters_in="query"), {"x": "1"}, {"a": 1})
    assert (order.query, order.json) == ({"x": "1"}, {"a": 1})
