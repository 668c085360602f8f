"""The picture and the table of docs/architecture.md, made from the package's imports.

`python -m unit_tests.project.docs.architecture` writes both; a test tells when they are no longer so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from unit_tests.project.docs import pages
from unit_tests.rooms import FLOOR, FLOORS, PACKAGE, arrows, says_of_itself, without_detours

PAGE = "docs/architecture.md"
PICTURE = "docs/rooms.svg"
#: Where a room stands from left (0) to right (1), so that no arrow runs through another room's box.
ACROSS = {
    "run": 0.5, "source": 0.5, "cdk": 0.68, "singer": 0.22, "streams": 0.34, "sync": 0.68, "api": 0.34, "plan": 0.34,
    "spec": 0.16, "jobs": 0.5, "records": 0.84, "platforms": 0.16, "files": 0.67,
}  # fmt: skip
_WIDTH, _STEP, _BOX_WIDTH, _BOX_HEIGHT = 860, 84, 132, 44
_TABLE = re.compile(r"(<!-- made from the imports -->\n).*?(<!-- end -->)", re.DOTALL)
#: `__init__` only hands out the source on first use.
_LEFT_OUT = {"__init__"}
_STYLE = """\
    text { font-family: -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; font-size: 14px; fill: #24292f; text-anchor: middle; }
    .small { font-size: 11.5px; fill: #57606a; }
    .room { fill: #ddf4ff; stroke: #0969da; stroke-width: 1.5; }
    .module { fill: #f6f8fa; stroke: #8c959f; stroke-width: 1.5; }
    .line { fill: none; stroke: #57606a; stroke-width: 1.5; }
    .head { fill: #57606a; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .small { fill: #9da7b1; }
      .room { fill: #0c2d6b; stroke: #4493f8; }
      .module { fill: #212830; stroke: #9198a1; }
      .line { stroke: #9198a1; }
      .head { fill: #9198a1; }
    }
"""  # noqa: E501


def picture() -> str:
    """The rooms as boxes, a floor a row; an arrow says "imports", and those that a longer way implies are left out."""
    graph = without_detours({room: ones - FLOORS[0] for room, ones in arrows().items()})
    shown = [room for floor in reversed(FLOORS[1:]) for room in sorted(floor - _LEFT_OUT)]
    height = int(_y(1)) + 2 * _STEP - 14
    lines = [
        _head(height, _told(graph, shown)),
        *(_line(room, other) for room in shown for other in sorted(graph[room])),
        *(line for room in shown for line in _box(room)),
        *_ground(int(_y(1)) + _STEP),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _head(height: int, told: str) -> str:
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img" \
aria-labelledby="title">
  <title id="title">{told}</title>
  <style>
{_STYLE}  </style>
  <defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">\
<path class="head" d="M0 0 10 5 0 10z"/></marker></defs>"""


def _told(graph: dict[str, set[str]], shown: list[str]) -> str:
    told = (f"{room} imports {' and '.join(sorted(graph[room]))}" for room in shown if graph[room])
    return escape(f"The rooms of the package: {'; '.join(told)}. All of them may import the ground floor.")


def _x(room: str) -> float:
    return _WIDTH * ACROSS.get(room, 0.5)


def _y(floor: int) -> float:
    return 12.0 + _STEP * (len(FLOORS) - 1 - floor)


def _line(room: str, other: str) -> str:
    top, bottom = _y(FLOOR[room]) + _BOX_HEIGHT, _y(FLOOR[other])
    start, end = _x(room), _x(other)
    lean = max(-_BOX_WIDTH / 3, min(_BOX_WIDTH / 3, (end - start) / 4))
    way = f"M{start + lean:.0f} {top:.0f} L{end - lean:.0f} {bottom:.0f}"
    return f'  <path class="line" marker-end="url(#arrow)" d="{way}"/>'


def _box(room: str) -> Iterator[str]:
    left, top = _x(room) - _BOX_WIDTH / 2, _y(FLOOR[room])
    is_folder = (PACKAGE / room).is_dir()
    yield (
        f'  <rect class="{"room" if is_folder else "module"}" x="{left:.0f}" y="{top:.0f}" width="{_BOX_WIDTH}" '
        f'height="{_BOX_HEIGHT}" rx="8"/>'
    )
    yield f'  <text x="{_x(room):.0f}" y="{top + 27:.0f}">{room}{"/" if is_folder else ".py"}</text>'


def _ground(top: int) -> Iterator[str]:
    names = " · ".join(f"{room}.py" for room in sorted(FLOORS[0]))
    yield f'  <rect class="module" x="40" y="{top}" width="{_WIDTH - 80}" height="{_BOX_HEIGHT + 14}" rx="8"/>'
    yield f'  <text x="{_WIDTH / 2:.0f}" y="{top + 25}">{names}</text>'
    yield f'  <text class="small" x="{_WIDTH / 2:.0f}" y="{top + 45}">the ground floor: any room may import it</text>'


def table() -> str:
    """Each room from the top down: what it says of itself, and what it imports beside the ground floor."""
    graph = arrows()
    lines = ["| Room | What it is | Imports |", "|---|---|---|"]
    for floor in reversed(FLOORS):
        for room in sorted(floor - _LEFT_OUT):
            name = f"{room}/" if (PACKAGE / room).is_dir() else f"{room}.py"
            imported = ", ".join(f"`{one}`" for one in sorted(graph[room] - FLOORS[0])) or "-"
            lines.append(f"| `{name}` | {says_of_itself(room)} | {imported} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page with the table as it should be."""
    return _TABLE.sub(lambda match: f"{match[1]}{table()}{match[2]}", pages.read(PAGE))


if __name__ == "__main__":
    (pages.ROOT / PICTURE).write_text(picture(), encoding="utf-8")
    (pages.ROOT / PAGE).write_text(page(), encoding="utf-8")
