from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_lms_reports.jobs.quota import Limit, Quota
from unit_tests.jobs.desk import NOON

MINUTE, HOUR, DAY = Limit(4, 60), Limit(20, 3_600), Limit(100, 86_400)


def quota(*limits: Limit) -> Quota:
    return Quota(limits or (MINUTE, HOUR, DAY), patience=120, margin=0)


def test_given_room_then_an_order_goes_at_once() -> None:
    assert quota().when(NOON) == NOON


def test_given_the_minute_is_full_then_the_next_order_waits_for_the_first_use_to_pass() -> None:
    full = quota()
    for second in range(4):
        full.spend(NOON + second)
    assert full.when(NOON + 3) == NOON + 60
    assert not full.is_spent(NOON + 3)
    assert full.when(NOON + 60) == NOON + 60


def test_given_a_margin_then_windows_are_that_much_longer() -> None:
    careful = Quota([Limit(1, 60)], patience=120, margin=2)
    careful.spend(NOON)
    assert careful.when(NOON) == NOON + 62


def test_given_the_hour_is_full_then_the_quota_is_spent_and_says_which() -> None:
    full = quota()
    for minute in range(20):
        full.spend(NOON + minute * 60)
    now = NOON + 1_200
    assert full.is_spent(now)
    assert full.when(now) == NOON + 3_600
    assert full.reason(now) == "20 reports an hour"
    assert full.reason(NOON + 3_601) is None


def test_given_an_earlier_sync_spent_the_day_then_this_one_knows() -> None:
    second = quota(DAY)
    for use in range(100):
        second.recall(NOON + use, NOON + 200)
    assert second.is_spent(NOON + 200)
    assert second.reason(NOON + 200) == "100 reports a day"


def test_given_uses_of_long_ago_or_of_the_future_when_recalled_then_they_do_not_count() -> None:
    fresh = quota(Limit(1, 60))
    fresh.recall(NOON - 61, NOON)
    fresh.recall(NOON + 5_000, NOON)
    assert fresh.when(NOON) == NOON


def test_given_an_order_was_turned_away_when_refunded_then_it_does_not_count() -> None:
    one = quota(Limit(1, 60))
    one.spend(NOON)
    one.refund(NOON)
    one.refund(NOON)
    assert one.when(NOON) == NOON


def test_given_refusals_without_a_time_then_three_count_as_the_minute_then_one_as_the_hour_then_as_the_day() -> None:
    refused = quota()
    waits = []
    now = NOON
    for _ in range(6):
        refused.exhaust(now)
        waits.append(refused.when(now) - now)
        assert refused.is_spent(now) is (waits[-1] > 120)
        assert refused.reason(now) is None
        now = refused.when(now)
    assert waits == [60, 60, 60, 3_600, 86_400, 86_400]


def test_given_refusals_of_orders_sent_together_then_they_count_once() -> None:
    refused = quota()
    for _ in range(4):
        refused.exhaust(NOON + 1)
    assert refused.when(NOON + 1) == NOON + 61


def test_given_an_order_was_taken_between_then_the_count_starts_again() -> None:
    refused = quota()
    now = NOON
    for _ in range(6):
        refused.exhaust(now)
        now = refused.when(now)
        refused.accepted()
    assert now == NOON + 360


@pytest.mark.parametrize(("retry_after", "wait", "spent"), [(30, 30, False), (0, 1, False), (900, 900, True)])
def test_given_a_refusal_that_names_a_time_then_that_is_the_wait(retry_after: float, wait: float, spent: bool) -> None:
    refused = quota()
    refused.exhaust(NOON, retry_after)
    assert refused.when(NOON) == NOON + wait
    assert refused.is_spent(NOON) is spent


def test_given_the_vendor_says_that_the_quota_is_spent_then_it_is_for_the_next_longer_period() -> None:
    refused = quota()
    refused.exhaust(NOON, long=True)
    refused.exhaust(NOON, long=True)
    assert refused.when(NOON) == NOON + 3_600, "requests that were under way together count once"
    refused.exhaust(NOON + 3_600, long=True)
    assert refused.when(NOON + 3_600) == NOON + 90_000


def test_given_a_published_quota_that_is_longer_then_a_refusal_is_taken_to_be_about_that() -> None:
    refused = quota(Limit(5, 86_400))
    refused.exhaust(NOON, long=True)
    assert refused.when(NOON) == NOON + 86_400


def test_given_no_limits_at_all_then_refusals_are_obeyed_all_the_same() -> None:
    bare = Quota((), patience=120)
    bare.spend(NOON)
    assert bare.when(NOON) == NOON
    bare.exhaust(NOON)
    assert bare.when(NOON) == NOON + 60
    bare.exhaust(NOON, long=True)
    assert bare.is_spent(NOON)


@pytest.mark.parametrize(
    ("limit", "text"),
    [(MINUTE, "4 reports a minute"), (DAY, "100 reports a day"), (Limit(3, 90), "3 reports in 90 seconds")],
)
def test_a_limit_reads_as_a_user_would_say_it(limit: Limit, text: str) -> None:
    assert str(limit) == text


@pytest.mark.parametrize(("count", "seconds"), [(0, 60), (4, 0)])
def test_given_a_limit_that_allows_nothing_then_it_is_refused(count: int, seconds: int) -> None:
    with pytest.raises(ValueError, match="nothing could ever"):
        Limit(count, seconds)


@given(
    st.lists(st.builds(Limit, st.integers(1, 5), st.integers(1, 500)), min_size=1, max_size=3),
    st.lists(st.floats(0, 50), max_size=60),
)
def test_given_any_pace_then_no_window_ever_holds_more_than_its_limit(limits: list[Limit], pauses: list[float]) -> None:
    paced = quota(*limits)
    now, uses = NOON, list[float]()
    for pause in pauses:
        now = paced.when(now + pause)
        assert paced.when(now) == now, "the time it names is a time at which it lets go"
        paced.spend(now)
        uses.append(now)
    for limit in limits:
        for start in uses:
            inside = [use for use in uses if start <= use < start + limit.per_seconds]
            assert len(inside) <= limit.count
