"""A hundred wild inputs for each parser; `make fuzz` gives them minutes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unit_tests.fuzz import runner
from unit_tests.fuzz.parser import Case, Parser, cases
from unit_tests.fuzz.parsers import PARSERS

_EXAMPLES = {"columns": 400, "text": 400}  # the quick ones


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_wild_input_is_read_in_both_ways_or_refused(parser: Parser) -> None:
    @settings(max_examples=_EXAMPLES.get(parser.name, 100), suppress_health_check=list(HealthCheck))
    @given(parser.cases)
    def one(case: Case) -> None:
        parser.check(case)

    one()


def test_a_finding_is_kept_and_can_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]

    def check(case: Case) -> bool:
        if case["number"] > 7:
            clock[0] = 1e9  # its minute is over, and the finding is made small all the same
            raise KeyError(case["number"])
        return bool(case["number"] > 3)

    monkeypatch.setattr(runner, "FOLDER", tmp_path)
    monkeypatch.setattr(runner, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    parser = Parser("picky", cases(number=st.integers(0, 100)), check)

    with pytest.raises(SystemExit):
        runner.fuzz_one(parser, 1.0, first_seed=1)

    (saved,) = tmp_path.glob("picky-*.txt")
    assert saved.read_text() == "{'number': 8}"
    with pytest.raises(KeyError):
        runner.replay([parser], saved)
