"""What one parser is fuzzed with, and what must hold whatever comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Case = dict[str, Any]
"""One input: Python literals only, so that its `repr` is its file and can be pasted into a test."""


@dataclass(frozen=True)
class Parser:
    """A parser to be fuzzed.

    Args:
        name: What the command line calls it.
        cases: Inputs, built to be almost right.
        check: Reads one. Returns whether it was read (False: refused with a declared error). Anything that it raises is
            a finding.
    """

    name: str
    cases: st.SearchStrategy[Case]
    check: Callable[[Case], bool]


def cases(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Case]:
    """Cases with these members."""
    return st.fixed_dictionaries(parts)
