from __future__ import annotations

import re
from pathlib import Path

import pytest

from source_lms_reports.files.opening import verify
from unit_tests.files.reading import blocks_of, notes, payload, read
from unit_tests.files.shapes import SHAPES, Shape


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_file_as_it_is_found_in_the_wild(shape: Shape, tmp_path: Path) -> None:
    for block in (16, 65536):
        with blocks_of(block):
            content = payload(tmp_path, shape.content, names=(shape.file_name,), charset=shape.charset)
            if shape.error is not None:
                with pytest.raises(shape.error[0], match=shape.error[1]):
                    verify(content, shape.options)
                continue
            assert read(content, shape.options) == shape.tables
            told = notes(content, shape.options)
        assert len(told) == len(shape.told), told
        for line, words in zip(told, shape.told, strict=True):
            assert words in line or re.search(words, line), line
