"""Ratios are drawn per row, and within rounds if both have the same ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.contenders.commands import CONTENDERS
from benchmarks.measure import ContenderFailed, Cost, run
from benchmarks.plan import Case, rounds
from benchmarks.results import Results, ratio
from benchmarks.table import growth_table, main_table, marginal_table, write_tables
from benchmarks.waits.results import Waited, Waits


def results() -> Results:
    made = Results()
    for contender, rows, walls in (
        ("connector", 100, [2.0, 8.0, 4.0]),
        ("loop", 100, [1.0, 4.0, 4.0]),
        ("cdk", 10, [10.0]),
    ):
        case = Case(CONTENDERS[contender], "csv", rows, len(walls))
        for number, wall in enumerate(walls):
            made.add(case, number, Cost(wall, wall / 2, 50.0))
    return made


def test_rounds_go_through_all_cases_in_turn() -> None:
    often, once = (Case(CONTENDERS[key], "csv", 1, runs) for key, runs in (("loop", 3), ("cdk", 1)))

    assert [(number, case.contender.key) for number, case in rounds([often, once])] == [
        (0, "loop"),
        (0, "cdk"),
        (1, "loop"),
        (2, "loop"),
    ]


def test_a_ratio_compares_runs_of_one_round_where_both_have_the_same() -> None:
    made = results()
    ours, loop, cdk = (made.sizes("csv", key)[0] for key in ("connector", "loop", "cdk"))

    assert ratio(ours, loop, "wall") == 2.0
    assert ratio(cdk, ours, "wall") == 25.0


def test_the_main_table_is_about_the_published_size_in_the_order_of_the_contenders() -> None:
    made = Results()
    for contender, rows in (("cdk", 20_000), ("loop", 2_000_000), ("loop", 500_000), ("connector", 500_000)):
        made.add(Case(CONTENDERS[contender], "csv", rows, 1), 0, Cost(rows / 100_000, 1.0, 50.0))

    sizes = [(one.contender, one.rows) for one in made.mains("csv")]
    assert sizes == [("connector", 500_000), ("loop", 500_000), ("cdk", 20_000)]
    assert "2,000,000" not in main_table(made, "csv")


def test_a_further_record_costs_no_start_up() -> None:
    made = Results()
    for contender, walls in (("connector", {100: 3.0, 200: 4.0}), ("loop", {100: 2.0, 200: 4.0})):
        for rows, wall in walls.items():
            made.add(Case(CONTENDERS[contender], "csv", rows, 1), 0, Cost(wall, wall, 1.0))

    assert "| 10000.0 | 10000.0 | 0.50 | 0.50 |" in marginal_table(made)


def test_results_survive_a_file(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results().save(path)

    assert main_table(Results.load(path), "csv") == main_table(results(), "csv")


def test_a_later_run_of_a_format_takes_the_place_of_its_results_alone() -> None:
    older, newer = results(), Results()
    older.facts = {"minutes": 25}
    older.add(Case(CONTENDERS["connector"], "json", 100, 1), 0, Cost(1.0, 1.0, 1.0))
    newer.add(Case(CONTENDERS["connector"], "json", 200, 1), 0, Cost(3.0, 1.0, 1.0))

    mixed = older.with_kinds(newer, ["json"])

    assert [one.rows for one in mixed.all("json")] == [200]
    assert main_table(mixed, "csv") == main_table(older, "csv")
    assert mixed.facts == {"minutes": 25}


def test_tables_take_their_places_in_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    places = ["start", "csv", "json", "jsonl", "xlsx", "growth", "marginal", "sheets", "targets", "waits"]
    waits = Waits({"ours": Waited(30.0, [4.0], [1.0], [3]), "theirs": Waited(60.0, [4.0], [2.0], [3])}, 42.0)
    page.write_text("".join(f"before\n<!-- {name} -->\nold\n<!-- end -->\nafter\n" for name in places))
    write_tables(results(), waits, page)
    text = page.read_text()

    assert main_table(results(), "csv") in text
    assert growth_table(results()) in text
    assert waits.table() in text
    assert "| at most 60 s | 42 s |" in text
    assert "old" not in text
    assert text.count("before\n") == text.count("\nafter\n") == len(places)


def test_a_program_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(ContenderFailed, match="no such thing"):
        run(["sh", "-c", "echo no such thing >&2; exit 3"], tmp_path / "log")
