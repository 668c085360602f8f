"""The page of the architecture is what the code is."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from unit_tests.project.docs import architecture, pages
from unit_tests.rooms import FLOORS, PACKAGE, arrows, without_detours

MAKE = "run: python -m unit_tests.project.docs.architecture"


def test_the_table_is_what_the_imports_say() -> None:
    assert pages.read(architecture.PAGE) == architecture.page(), MAKE


def test_the_picture_is_what_the_imports_say() -> None:
    drawn = pages.read(architecture.PICTURE)

    assert drawn == architecture.picture(), MAKE
    texts = {text.text for text in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")}  # noqa: S314 - our own
    for room in set().union(*FLOORS[1:]) - {"__init__"}:
        assert {f"{room}/", f"{room}.py"} & texts


def test_a_longer_way_implies_an_arrow() -> None:
    graph = {"run": {"source", "cdk", "api"}, "source": {"cdk"}, "cdk": {"api"}, "api": set[str]()}

    assert without_detours(graph) == {"run": {"source"}, "source": {"cdk"}, "cdk": {"api"}, "api": set()}


def test_every_module_that_the_page_names_is_there() -> None:
    spans = re.findall(r"`([a-z_]+/(?:[a-z_]+\.py|\*\.yaml)?|[a-z_]+\.py)`", pages.read(architecture.PAGE))
    assert len(set(spans)) > 30
    assert [span for span in spans if not (list(PACKAGE.glob(span)) or (pages.ROOT / span).exists())] == []


def test_the_ground_floor_stands_by_itself() -> None:
    graph = arrows()
    assert set().union(*(graph[room] for room in FLOORS[0])) <= {"errors"}
