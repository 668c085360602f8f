"""The streams of all platforms as the platform files declare them, and the tables that the pages show of them.

`python -m unit_tests.project.docs.streams` writes the tables of README.md anew and prints the rows that other pages
lack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from source_lms_reports.files.parts import snake_case
from source_lms_reports.platforms.model import Platform, ReportSpec, StreamSpec, load_platform, platform_names
from unit_tests.project.docs import pages

_BEGIN, _END = "<!-- streams: {} -->\n", "<!-- /streams -->"


@dataclass(frozen=True)
class Stream:
    """One row of a table of streams.

    Attributes:
        name: The stream's name; in angle brackets what an account decides.
        cursor: The cursor column, or how it is found; empty for none.
        key: The primary key, or how it is found; empty for none.
        filter: What the platform itself filters by time: `window`, `cursor` or nothing.
    """

    name: str
    cursor: str
    key: str
    filter: str

    @property
    def modes(self) -> str:
        """The sync modes."""
        return "full refresh, incremental" if self.cursor else "full refresh"

    @property
    def facts(self) -> list[str]:
        """What every page says of a stream: its name, its sync modes, its cursor, its key."""
        return [_code(self.name), self.modes, _code(self.cursor), _code(self.key)]


def streams_of(platform: Platform) -> list[Stream]:
    """The declared streams, then those that an account or a user adds."""
    reports = platform.reports.values()
    declared = [_stream(name, report, one) for report in reports for name, one in report.streams.items()]
    return [*declared, *_open_ended(platform)]


def all_streams() -> dict[str, list[Stream]]:
    """The streams of every platform."""
    return {name: streams_of(load_platform(name)) for name in platform_names()}


def table(platform: str) -> str:
    """The table of a platform's streams for README.md."""
    lines = ["| Stream | Sync modes | Cursor | Primary key |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(stream.facts)} |" for stream in streams_of(load_platform(platform))]
    return "\n".join(re.sub(r" +\|", " |", line) for line in lines) + "\n"


def with_tables(text: str) -> str:
    """A page with all its marked tables written anew."""
    for name in platform_names():
        begin = _BEGIN.format(name)
        head, found, rest = text.partition(begin)
        if found:
            _, _, tail = rest.partition(_END)
            text = f"{head}{begin}\n{table(name)}\n{_END}{tail}"
    return text


def _stream(name: str, report: ReportSpec, stream: StreamSpec) -> Stream:
    asks = any("cursor" in str(template) for template in report.parameters.values())
    has_window = report.windows is not None
    return Stream(
        name, stream.cursor, ", ".join(stream.primary_key), "window" if has_window else "cursor" if asks else ""
    )


def _open_ended(platform: Platform) -> Iterator[Stream]:
    if platform.configured is not None:
        yield Stream("<query>", "the query's cursor_field", "the query's primary_key", "cursor")
    listing = platform.listing
    if listing is not None and listing.sample == "last_run":
        yield Stream("<custom report>", "", "", "")
    elif listing is not None and listing.sample == "none":
        yield Stream("<data set>", "_report_end", "", "window")
    elif listing is not None and listing.sample == "schema":
        yield Stream("<table>", listing.cursors[0], "the table's key", "cursor")
    elif listing is not None:
        cursor = ", ".join([*listing.cursors, "else _report_end"])
        yield Stream("<report>", cursor, "", "window")
        yield Stream("<report>_<sheet>", cursor, "", "window")
    if platform.ready is not None:
        yield Stream(
            f"{snake_case(platform.ready.prefix)}_<data set>", platform.ready.column, "the data set's key", "cursor"
        )


def _code(text: str) -> str:
    own = ("the query's", "the data set's", "the table's", "modified_at, ")
    return f"`{text}`" if text and not text.startswith(own) else text


def main() -> None:
    """Write the tables of README.md."""
    path = pages.ROOT / "README.md"
    path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
