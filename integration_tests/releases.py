"""What a released version promised: its specification and its catalogs, kept in `releases/<version>/`.

`python -m integration_tests.releases` records the version at hand. A later version may add; what would stop a sync or
change a table is a breaking change (Airbyte: Managing breaking changes in connectors), which needs a new minor version
below 1.0.0, a new major one from then on, and an entry under `releases.breakingChanges` in metadata.yaml. What a later
version changes all the same, because the promise was a fault, stands with its reason in `changes.json` beside it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from integration_tests.connector import Connector, Json, forked, quick
from integration_tests.sandbox import Sandbox
from unit_tests.project.packaging.project import ROOT, version

RELEASES = ROOT / "releases"
PLATFORMS = ("canvas", "second_nature", "sana", "tinqwise", "hapyak")
# HapYak makes four reports a minute; one of each shape stands for the ten.
CHOSEN: dict[str, dict[str, Any]] = {
    "hapyak": {"reports": ["project_engagement_summary_raw", "user_stream_raw", "poll_widget_detail"]}
}
#: A type may become one that holds every value of it.
WIDENINGS = {("integer", "number")}


def latest() -> Path:
    """The folder of the newest kept version."""
    return max(RELEASES.iterdir(), key=lambda folder: [int(part) for part in folder.name.split(".")])


def promises(connector: Connector, sandbox: Sandbox) -> dict[str, Any]:
    """The specification and the catalog of each platform, by file name."""
    (spec,) = connector.spec().of("SPEC")
    found: dict[str, Any] = {"spec": spec}
    for platform in PLATFORMS:
        streams = connector.discover(quick(sandbox, platform, **CHOSEN.get(platform, {}))).catalog
        found[f"catalog_{platform}"] = {name: streams[name] for name in sorted(streams)}
    return found


def broken(previous: Mapping[str, Json], current: Mapping[str, Json]) -> Iterator[str]:
    """What of an earlier catalog a later one no longer keeps, in words."""
    for name, before in previous.items():
        if name not in current:
            yield f"{name}: the stream is gone"
            continue
        after = current[name]
        gone = set(before["supported_sync_modes"]) - set(after["supported_sync_modes"])
        if gone:
            yield f"{name}: no longer read as {', '.join(sorted(gone))}"
        for key in ("source_defined_primary_key", "default_cursor_field"):
            if before.get(key) != after.get(key):
                yield f"{name}: {key} was {before.get(key)}, is {after.get(key)}"
        yield from _broken_columns(name, before["json_schema"]["properties"], after["json_schema"]["properties"])


def _broken_columns(stream: str, previous: Mapping[str, Json], current: Mapping[str, Json]) -> Iterator[str]:
    for column, before in previous.items():
        if column not in current:
            yield f"{stream}.{column}: the column is gone"
            continue
        after = current[column]
        if _lost_types(before, after) or _form(before) != _form(after):
            yield f"{stream}.{column}: was {_said(before)}, is {_said(after)}"


def _types(column: Json) -> set[str]:
    stated = column.get("type", [])
    return {stated} if isinstance(stated, str) else set(stated)


def _lost_types(before: Json, after: Json) -> set[str]:
    widened = {narrow for narrow, wide in WIDENINGS if wide in _types(after)}
    return _types(before) - _types(after) - widened


def _form(column: Json) -> tuple[Any, Any]:
    return column.get("format"), column.get("airbyte_type")


def _said(column: Json) -> str:
    return json.dumps({key: column[key] for key in ("type", "format", "airbyte_type") if key in column})


def record() -> None:
    """Keep what the version at hand promises."""
    folder = RELEASES / version()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, Sandbox(rows=10) as sandbox:
        for name, promise in promises(Connector(Path(temporary)), sandbox).items():
            text = json.dumps(promise, indent=1, ensure_ascii=False)
            (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    forked.close()


if __name__ == "__main__":
    record()
