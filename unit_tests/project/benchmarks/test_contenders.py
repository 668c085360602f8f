"""Each contender does the work: on a tiny report it emits the rows of the report, value by value."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from benchmarks.contenders.commands import CONTENDERS, Contender
from benchmarks.measure import Cost, run
from benchmarks.outputs import difference, expected
from benchmarks.plan import Case, make_plan
from benchmarks.session import SAMPLE, Session, WrongOutput, session
from integration_tests.connector import PATIENCE, SCRIPT, TAP, forked, forked_tap

NEED_MORE = ("dap-files", "dap-postgres")
PAIRS = [(one, kind) for one in CONTENDERS.values() for kind in one.kinds if kind != "start"]


FORKS = {str(SCRIPT): forked, str(TAP): forked_tap}


def run_quickly(command: list[str], log: Path, out: IO[bytes] | int) -> Cost:
    """Run a program as the benchmark does, but fork those of ours: for CSV alone each is started by its script."""
    fork = FORKS.get(command[0])
    if fork is None or isinstance(out, int) or any("csv" in argument for argument in command):
        return run(command, log, out)
    with log.open("wb") as errors:
        process = fork(command[1:], os.environ, out.fileno(), errors.fileno())
    code, _ = process.wait(PATIENCE)
    assert code == 0, log.read_text()
    return Cost(0, 0, 0)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with session(tmp_path_factory.mktemp("benchmarks"), (), run_quickly, difference) as opened:
        opened.generate([Case(CONTENDERS["loop"], kind, SAMPLE, 1) for kind in ("csv", "json", "jsonl", "xlsx")])
        yield opened


@pytest.mark.parametrize(("one", "kind"), PAIRS, ids=lambda value: getattr(value, "key", value))
def test_a_contender_emits_the_rows_of_the_report(one: Contender, kind: str, here: Session) -> None:
    if one.key == "singer" and importlib.util.find_spec("singer_sdk") is None:
        pytest.skip("the Singer SDK comes with `make bench`")
    if one.key in NEED_MORE:
        pytest.skip("a client and a database of their own come with `make bench`")

    here.compare(Case(one, kind, SAMPLE, 1))


def test_a_contender_that_emits_less_is_refused(here: Session) -> None:
    lazy = Contender("lazy", "lazy", CONTENDERS["download"].command)

    with pytest.raises(WrongOutput, match="0 records instead of"):
        here.compare(Case(lazy, "csv", SAMPLE, 1))


def test_a_value_that_differs_is_named(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.write_text('{"type":"LOG"}\n{"type":"RECORD","record":{"data":{"id":1000000,"uuid":null}}}\n')

    assert expected(1)[0]["id"] == 1_000_000
    assert (difference(output, 1) or "").startswith("{'id': 1000000} instead of {'id': 1000000, 'uuid': ")


def test_a_plan_runs_slow_contenders_less_often_and_on_fewer_rows() -> None:
    cases = make_plan(["csv"], None, 2, ())
    sizes = {(case.contender.key, case.rows): case.runs for case in cases}

    assert sizes["connector", 500_000] == sizes["loop", 500_000] == 6
    assert sizes["cdk", 500_000] == sizes["cdk-decoder", 100_000] == 2
    assert sizes["connector", 2_000_000] == sizes["loop", 2_000_000] == 6
    assert sizes["cdk", 20_000] == sizes["cdk-decoder", 20_000] == 1


def test_a_round_goes_from_size_to_size_so_that_what_is_compared_stands_together() -> None:
    cases = make_plan(["xlsx", "csv"], None, 1, ["connector", "loop", "xlsx-read"])

    assert [(case.kind, case.rows, case.contender.key) for case in cases][:9] == [
        ("xlsx", 50_000, "connector"),
        ("xlsx", 50_000, "xlsx-read"),
        ("xlsx", 200_000, "connector"),
        ("xlsx", 200_000, "loop"),
        ("xlsx", 200_000, "xlsx-read"),
        ("xlsx", 1_000_000, "connector"),
        ("xlsx", 1_000_000, "xlsx-read"),
        ("csv", 50_000, "connector"),
        ("csv", 50_000, "loop"),
    ]


def test_a_plan_for_development_has_one_size() -> None:
    cases = make_plan(["csv"], 50, 1, ["connector", "loop"])

    assert [(case.contender.key, case.rows, case.runs) for case in cases] == [("connector", 50, 1), ("loop", 50, 1)]
