"""docs/errors.md has every failure that the code can tell, and no other."""

from __future__ import annotations

import pytest

from unit_tests.project.docs import pages
from unit_tests.project.docs.messages import Message, all_messages, all_texts, normal, warnings

Row = tuple[str, str]


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    return all_messages()


@pytest.fixture(scope="module")
def documented() -> dict[str, str]:
    """The messages of the page with their types."""
    found = {}
    for cells in pages.rows(pages.read("docs/errors.md")):
        if len(cells) == 4 and cells[0] != "Message":
            found[normal(pages.code(cells[0]))] = cells[1]
    return found


def test_each_message_of_the_code_has_a_row(messages: list[Message], documented: dict[str, str]) -> None:
    missing = {f"{normal(one.text)}   ({one.source})" for one in messages if normal(one.text) not in documented}
    assert not missing, "docs/errors.md lacks:\n" + "\n".join(sorted(missing))


def test_each_row_is_a_message_of_the_code(messages: list[Message], documented: dict[str, str]) -> None:
    told = {normal(one.text) for one in messages}
    assert not set(documented) - told, "docs/errors.md has what no code says:\n" + "\n".join(set(documented) - told)


def test_each_row_tells_the_type_that_the_code_gives(messages: list[Message], documented: dict[str, str]) -> None:
    wrong = {
        f"{normal(one.text)}: {one.kind} ({one.source})"
        for one in messages
        if one.kind and one.kind.removesuffix("_error") not in documented[normal(one.text)]
    }
    assert not wrong, "\n".join(sorted(wrong))


def test_each_row_says_what_it_means_and_what_to_do() -> None:
    thin = [
        cells
        for cells in pages.rows(pages.read("docs/errors.md"))
        if len(cells) == 4 and not (cells[2].endswith((".", "Meaning", "means")) and cells[3].endswith((".", "Cure")))
    ]
    assert not thin


def told_warnings() -> list[list[str]]:
    """The warnings of the page as their pieces between what is left open."""
    rows = pages.rows(pages.section(pages.read("docs/errors.md"), "Warnings"))
    return [[piece.strip(" :") for piece in cells[0].replace("\\\\", "\\").split("…")] for cells in rows[1:]]


def test_each_warning_of_the_page_is_one_of_the_code() -> None:
    texts = all_texts()
    assert not [piece for pieces in told_warnings() for piece in pieces if piece not in texts]


def test_each_warning_of_the_code_is_on_the_page() -> None:
    told = told_warnings()
    missing = [one for one in warnings() if not any(all(piece in one.text for piece in pieces) for pieces in told)]
    assert not missing


def test_the_collector_finds_messages_of_every_kind(messages: list[Message]) -> None:
    """A guard for the tests above: a collector that finds nothing would make them pass."""
    sources = {one.source.split(":")[0].split(",")[0] for one in messages}
    assert {
        "spec/settings.py",
        "spec/validation.py",
        "jobs/messages.py",
        "api/client.py",
        "api/transport.py",
        "files/archive.py",
        "platforms/canvas.yaml",
    } <= sources
    assert len(messages) > 100
