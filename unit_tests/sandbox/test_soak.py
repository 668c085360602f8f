from __future__ import annotations

from integration_tests.soak import difference


def test_rows_that_are_lost_are_told_apart_from_rows_that_nobody_wrote() -> None:
    assert difference({"a", "b", "c"}, {"b", "x"}) == (
        "2 of 3 rows are lost, such as a; 1 rows are in no undisturbed sync, such as x"
    )
    assert difference({"a", "b"}, {"a"}) == "1 of 2 rows are lost, such as b"
