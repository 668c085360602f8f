from __future__ import annotations

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.records.batch import Batch
from source_lms_reports.sync import bundles as batches
from source_lms_reports.sync.bundles import bundled


class Lettered(Batch):
    """As many rows as letters, of as many bytes each as the time says."""

    def __init__(self, text: str) -> None:
        self.count = len(text)
        self._text = text

    def lines(self, emitted_at: int) -> bytes:
        return self._text.encode() * emitted_at


@given(st.lists(st.text("abc", max_size=9)), st.integers(1, 20))
def test_bundles_hold_all_batches_in_order_and_only_the_last_one_is_small(texts: list[str], size: int) -> None:
    with patch.object(batches, "BUNDLE", size):
        bundles = list(bundled(map(Lettered, texts), clock=lambda: 0.002))

    assert b"".join(text for bundle in bundles for text in bundle.texts) == b"".join(
        text.encode() * 2 for text in texts
    )
    assert sum(bundle.count for bundle in bundles) == sum(map(len, texts))
    assert all(sum(map(len, bundle.texts)) >= size for bundle in bundles[:-1])
    assert all(sum(map(len, bundle.texts[:-1])) < size for bundle in bundles)
