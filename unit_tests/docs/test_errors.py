"""docs/errors.md has every failure that the code can tell, and no other."""

from __future__ import annotations

import pytest

from unit_tests.docs import pages
from unit_tests.docs.messages import Message, all_messages, normal

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


def test_the_collector_finds_messages_of_every_kind(messages: list[Message]) -> None:
    """A guard for the tests above: a collector that finds nothing would make them pass."""
    sources = {one.source.split(":")[0].split(",")[0] for one in messages}
    assert {
        "settings.py",
        "validation.py",
        "jobs/words.py",
        "http/client.py",
        "http/transport.py",
        "files/verify.py",
        "platforms/canvas.yaml",
    } <= sources
    assert len(messages) > 100
