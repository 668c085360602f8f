"""The files that a vendor has ready: which sets of them there are, and which files a set has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from source_lms_reports.api.client import Client
from source_lms_reports.api.refusal import Refusal
from source_lms_reports.errors import TransientError
from source_lms_reports.plan.ready import ReadyFile
from source_lms_reports.platforms.model import ReadySourceSpec, ReadySpec
from source_lms_reports.platforms.paths import value_at
from source_lms_reports.times import instant

_SOURCE, _ITEMS = "source", "items"


def ready_sets(client: Client, ready: ReadySpec, phase: str) -> dict[str, Mapping[str, Any]]:
    """The sets by their names, each with what `ready_files` needs to know of it.

    Raises:
        Refusal: No source lists them.
    """
    refused: Refusal | None = None
    for number, source in enumerate(ready.sources):
        try:
            items = client.items(source.request, phase)
        except Refusal as refusal:
            if not refusal.is_closed:
                raise
            refused = refused or refusal
        else:
            return _by_set(source, number, items)
    if refused is None:
        raise ValueError("`ready` has no sources")
    raise refused


def _by_set(source: ReadySourceSpec, number: int, items: list[Any]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, list[Any]] = {}
    for item in items:
        name = value_at(item, source.name)
        if isinstance(name, str) and name:
            whose = name.removesuffix(source.changes_suffix) if source.changes_suffix else name
            found.setdefault(whose, []).append(item)
    return {name: {_SOURCE: number, _ITEMS: items} for name, items in found.items()}


def ready_files(client: Client, ready: ReadySpec, item: Mapping[str, Any], report: str) -> list[ReadyFile]:
    """The files of a set, in no particular order.

    Args:
        client: The vendor's API.
        ready: The platform's word on ready files.
        item: What `ready_sets` says of the set.
        report: What messages call it.

    Raises:
        Refusal: They are not told.
    """
    source = ready.sources[item[_SOURCE]]
    entries = _entries(client, source, item[_ITEMS], report)
    found = [(value_at(one, source.moment), value_at(one, source.link), one) for one in entries]
    return [_file(source, *one, report) for one in found if one[:2] != (None, None)]  # a set without a file so far


def _entries(client: Client, source: ReadySourceSpec, items: list[Any], report: str) -> Iterator[Any]:
    for item in items:
        if source.files:
            yield from client.items(source.files, "list", item=item, report=report)
            continue
        older = value_at(item, source.previous) if source.previous else None
        yield from [item, *(older if isinstance(older, list) else [])]


def _file(source: ReadySourceSpec, moment: Any, link: Any, entry: Any, report: str) -> ReadyFile:
    """A file. One that cannot be read ends the list: were it left out, the changes in it would be lost.

    Raises:
        Refusal: Its moment or its link is missing.
    """
    if not isinstance(moment, str) or instant(moment) is None or not isinstance(link, str) or not link:
        words = f"The list of the files of {report} has an entry without its moment or its link, so none can be chosen."
        raise Refusal("transient", TransientError(words, detail=str(entry)[:300]))
    is_full = str(value_at(entry, source.kind)).lower() == source.full.lower()
    return ReadyFile(moment, is_full, link)
