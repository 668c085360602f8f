"""The project's pages, taken apart: headings, tables, links and blocks of code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(
    [ROOT / name for name in ("README.md", "AGENTS.md", "CONTRIBUTING.md", "CHANGELOG.md") if (ROOT / name).is_file()]
    + list((ROOT / "docs").glob("*.md"))
)
_FENCE = re.compile(r"^( *)(```+|~~~+)(.*?)\n(.*?)^\1\2 *$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of code: its language, what else the first line says, and the code."""

    language: str
    info: str
    code: str


def read(name: str) -> str:
    """The text of a page, by its path from the top."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    """All fenced blocks of a page."""
    found = []
    for match in _FENCE.finditer(text):
        language, _, info = match[3].strip().partition(" ")
        code = re.sub(f"^{match[1]}", "", match[4], flags=re.MULTILINE)
        found.append(Block(language, info, code))
    return found


def prose(text: str) -> str:
    """A page without its blocks of code."""
    return _FENCE.sub("", text)


def headings(text: str) -> list[tuple[int, str]]:
    """All headings with their levels."""
    return [(len(marks), title.strip()) for marks, title in re.findall(r"^(#{1,6}) (.+)$", prose(text), re.MULTILINE)]


def section(text: str, title: str) -> str:
    """What stands under a heading, up to the next one of its level or a higher one."""
    match = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^(?!\1#)#{{1,6}} |\Z)", text, re.MULTILINE | re.DOTALL)
    if match is None:
        raise AssertionError(f"there is no section called {title}")
    body = text[match.start(2) :]
    level = len(match[1])
    end = re.search(rf"^#{{1,{level}}} ", body, re.MULTILINE)
    return body[: end.start()] if end else body


def rows(text: str) -> list[list[str]]:
    """The cells of all table rows, without the rows of headers' rules."""
    found = []
    for line in text.splitlines():
        if line.startswith("|") and not re.fullmatch(r"[|\s:-]+", line):
            cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
            found.append([cell.strip().replace("\\|", "|") for cell in cells])
    return found


def code(cell: str) -> str:
    """The text of a cell that is one code span."""
    match = re.fullmatch(r"(`+) ?(.*?) ?\1", cell)
    return match[2] if match else cell


def anchors(text: str) -> set[str]:
    """The anchors of a page: those of its headings, and those that it sets itself."""
    named = set(re.findall(r'<a (?:id|name)="([^"]+)"', text))
    return named | {slug(title) for _, title in headings(text)}


def slug(title: str) -> str:
    """The anchor that GitHub gives a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "")
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


def links(text: str) -> list[str]:
    """The targets of all links and pictures."""
    without_code = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", prose(text))
    return re.findall(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)", without_code) + re.findall(
        r"(?:src|href|srcset)=\"([^\"]+)\"", without_code
    )
