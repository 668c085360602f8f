"""Names of streams are unique, and do not hang on the order in which the vendor lists its reports."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.streams.naming import Origin, marked, marked_origin, named

WORDS = st.sampled_from(["a", "b", "a_b", "a_2", "b_2", "A"])
ORIGINS = st.lists(st.builds(Origin, WORDS, st.just("") | WORDS), unique=True, max_size=8)


def plain(origin: Origin) -> str:
    return "_".join(filter(None, (origin.report.lower(), origin.part.lower())))


def names(*origins: Origin, taken: tuple[str, ...] = ()) -> dict[str, str]:
    return {str(one.origin): one.name for one in named(origins, plain, taken)}


def test_the_declared_stream_wins_then_a_whole_report_then_the_first_part() -> None:
    assert names(Origin("a", "b"), Origin("A", "b"), Origin("a_b"), Origin("c"), taken=("c",)) == {
        "the report a_b": "a_b",
        "the report c": "c_2",
        "the part 'b' of the report A": "a_b_2",
        "the part 'b' of the report a": "a_b_3",
    }


def test_a_number_takes_no_name_from_something_else() -> None:
    assert names(Origin("a"), Origin("A"), Origin("a_2")) == {
        "the report A": "a",
        "the report a": "a_3",
        "the report a_2": "a_2",
    }


def test_who_has_the_name_is_told() -> None:
    (first, second) = named([Origin("a", "b"), Origin("a_b")], plain)
    assert (first.rival, second.rival) == ("", "the report a_b")


@given(ORIGINS, st.sets(WORDS), st.randoms())
def test_names_are_unique_and_the_same_in_any_order(
    origins: list[Origin], taken: set[str], chance: random.Random
) -> None:
    mixed = origins.copy()
    chance.shuffle(mixed)
    parts = sorted(mixed, key=lambda one: (one.report, origins.index(one)))  # those of one report keep their order

    found = named(origins, plain, taken)

    assert named(parts, plain, taken) == found
    assert len({one.name for one in found}) == len(origins)
    assert not {one.name for one in found} & taken
    for one in found:
        assert one.name == plain(one.origin) or one.rival


def test_an_origin_is_written_into_the_schema_and_read_again() -> None:
    for origin in (Origin("a"), Origin("a", "b")):
        assert marked_origin(marked({"properties": {}}, origin)) == origin
    assert marked_origin({"properties": {}}) is None
    assert marked_origin({"x-report": 7}) is None
