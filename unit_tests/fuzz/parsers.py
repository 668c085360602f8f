"""All parsers that read what others have written."""

from __future__ import annotations

from unit_tests.fuzz import answers, columns, csvs, jsons, packs, states, texts, workbooks
from unit_tests.fuzz.parser import Parser

_MODULES = (texts, csvs, jsons, workbooks, packs, columns, states, answers)
PARSERS: tuple[Parser, ...] = tuple(module.PARSER for module in _MODULES)
