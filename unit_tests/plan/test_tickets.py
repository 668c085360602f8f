"""Windows that an earlier sync has ordered are planned again just so, and its tickets are taken up."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta, timezone

import msgspec

from source_lms_reports.jobs.ticket import Ticket, Window
from source_lms_reports.plan.orders import ReportPlan
from source_lms_reports.plan.stream import ReportStream, Selected, Slice
from source_lms_reports.platforms.model import load_platform
from source_lms_reports.spec.settings import Settings, make_settings
from source_lms_reports.streams.catalog import Reports

MONDAY = datetime(2026, 3, 2, 10, 30, tzinfo=timezone.utc)
TUESDAY = datetime(2026, 3, 3, 10, 30, tzinfo=timezone.utc)


def _hapyak(name: str, **more: object) -> tuple[ReportStream, Settings]:
    platform = load_platform("hapyak")
    config = {"platform": {"name": "hapyak", "credentials": {"auth_type": "api_key", "api_key": "k"}}, **more}
    settings = make_settings(platform, config)
    return Reports(platform, settings).declared()[name][0], settings


def _canvas(name: str, **more: object) -> tuple[ReportStream, Settings]:
    platform = load_platform("canvas")
    config = {"platform": {"name": "canvas", "base_url": "https://x.example", "access_token": "t"}, **more}
    settings = make_settings(platform, config)
    return Reports(platform, settings).declared()[name][0], settings


def _ticket(slice_: Slice) -> Ticket:
    order = slice_.order
    return Ticket("7", order.identity, order.report, order.parameters, order.window, ordered_at=0.0)


def _part(stream: ReportStream, settings: Settings, window: Window) -> Slice:
    """The order of a part of Monday's first window."""
    plan = ReportPlan([Selected(stream)], settings, MONDAY)
    (part,) = plan.parts(plan.slices()[0], [window])
    return part


def _windows(slices: list[Slice]) -> list[tuple[str | None, str | None]]:
    return [(slice_.window.start, slice_.window.end) for slice_ in slices if slice_.window]


def test_given_a_job_of_yesterday_when_days_are_planned_then_its_window_comes_first_and_the_new_day_after_it() -> None:
    stream, settings = _hapyak("user_stream_raw", start_date="2026-02-01T00:00:00Z")
    monday = ReportPlan([Selected(stream)], settings, MONDAY).slices()
    assert _windows(monday) == [("2026-02-01", "2026-03-01")]

    tuesday = ReportPlan([Selected(stream, tickets=(_ticket(monday[0]),))], settings, TUESDAY).slices()

    assert _windows(tuesday) == [("2026-02-01", "2026-03-01"), ("2026-03-02", "2026-03-02")]
    assert [slice_.ticket is not None for slice_ in tuesday] == [True, False]


def test_given_a_job_of_yesterday_when_instants_are_planned_then_its_window_comes_first() -> None:
    stream, settings = _canvas("students_with_no_submissions_csv", start_date="2026-02-25T00:00:00Z")
    monday = ReportPlan([Selected(stream)], settings, MONDAY).slices()

    tuesday = ReportPlan([Selected(stream, tickets=(_ticket(monday[0]),))], settings, TUESDAY).slices()

    assert _windows(tuesday) == [
        ("2026-02-25T00:00:00Z", "2026-03-02T10:30:00Z"),
        ("2026-03-02T10:30:00Z", "2026-03-03T10:30:00Z"),
    ]
    assert [slice_.ticket is not None for slice_ in tuesday] == [True, False]


def test_given_no_start_date_when_the_first_window_was_ordered_yesterday_then_it_is_taken_up() -> None:
    stream, settings = _canvas("students_with_no_submissions_csv")
    monday = ReportPlan([Selected(stream)], settings, MONDAY).slices()
    ticket = dataclasses.replace(_ticket(monday[0]), ordered_at=MONDAY.timestamp())

    tuesday = ReportPlan([Selected(stream, tickets=(ticket,))], settings, TUESDAY).slices()

    assert [slice_.ticket is not None for slice_ in tuesday] == [True, False]
    assert _windows(tuesday)[0] == _windows(monday)[0]
    assert _windows(tuesday)[1] == ("2026-03-02T10:30:00Z", "2026-03-03T10:30:00Z")


def test_given_a_job_with_other_parameters_when_planned_then_it_is_not_taken_up() -> None:
    stream, settings = _hapyak("user_stream_raw", start_date="2026-02-01T00:00:00Z")
    monday = ReportPlan([Selected(stream)], settings, MONDAY).slices()
    other = dataclasses.replace(
        _ticket(monday[0]), identity="of another order", window=Window("2026-02-01", "2026-02-10")
    )

    tuesday = ReportPlan([Selected(stream, tickets=(other,))], settings, TUESDAY).slices()

    assert _windows(tuesday) == [("2026-02-01", "2026-03-02")]
    assert tuesday[0].ticket is None


def test_given_a_half_of_a_window_when_its_job_is_known_then_it_is_taken_up() -> None:
    stream, settings = _hapyak("user_stream_raw", start_date="2026-02-01T00:00:00Z")
    windows = [Window("2026-02-01", "2026-02-15"), Window("2026-02-16", "2026-03-01")]
    half = _part(stream, settings, windows[0])
    plan = ReportPlan([Selected(stream, tickets=(_ticket(half),))], settings, TUESDAY)
    halves = plan.parts(plan.slices()[0], windows)
    assert [(one.ticket is not None, one.closes_window) for one in halves] == [(True, True), (False, True)]


def test_given_a_job_for_a_later_window_when_instants_are_planned_then_the_window_before_it_ends_there() -> None:
    stream, settings = _canvas("students_with_no_submissions_csv", start_date="2026-02-25T00:00:00Z")
    window = Window("2026-03-01T00:00:00Z", "2026-03-02T10:30:00Z")
    later = _part(stream, settings, window)

    tuesday = ReportPlan([Selected(stream, tickets=(_ticket(later),))], settings, TUESDAY).slices()

    assert _windows(tuesday) == [
        ("2026-02-25T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("2026-03-01T00:00:00Z", "2026-03-02T10:30:00Z"),
        ("2026-03-02T10:30:00Z", "2026-03-03T10:30:00Z"),
    ]
    assert [slice_.ticket is not None for slice_ in tuesday] == [False, True, False]


def test_given_a_job_for_later_days_when_days_are_planned_then_the_window_before_it_ends_the_day_before() -> None:
    stream, settings = _hapyak("user_stream_raw", start_date="2026-02-01T00:00:00Z")
    later = _part(stream, settings, Window("2026-02-20", "2026-03-01"))

    tuesday = ReportPlan([Selected(stream, tickets=(_ticket(later),))], settings, TUESDAY).slices()

    assert _windows(tuesday) == [
        ("2026-02-01", "2026-02-19"),
        ("2026-02-20", "2026-03-01"),
        ("2026-03-02", "2026-03-02"),
    ]
    assert [slice_.ticket is not None for slice_ in tuesday] == [False, True, False]


def test_a_job_whose_window_ended_a_moment_ago_by_a_clock_that_is_a_little_behind_is_taken_up() -> None:
    stream, settings = _canvas("students_with_no_submissions_csv", start_date="2026-02-25T00:00:00Z")
    monday = ReportPlan([Selected(stream)], settings, MONDAY).slices()
    tickets = (_ticket(monday[0]),)

    for seconds, taken in ((1, True), (59, True), (61, False)):
        plan = ReportPlan([Selected(stream, tickets=tickets)], settings, MONDAY - timedelta(seconds=seconds))
        assert [slice_.ticket is not None for slice_ in plan.slices()] == [taken]


def test_the_parts_of_a_window_of_several_orders_are_read_when_the_last_of_them_is() -> None:
    stream, settings = _canvas("students_with_no_submissions_csv", start_date="2026-02-25T00:00:00Z")
    spec = msgspec.structs.replace(stream.report_spec, also_with=[{"locale": "de"}])
    stream = dataclasses.replace(stream, report_spec=spec)
    plan = ReportPlan([Selected(stream)], settings, MONDAY)
    halves = [Window("2026-02-25T00:00:00Z", "2026-02-28T00:00:00Z"), Window("2026-02-28T00:00:00Z", None)]

    first, last = plan.slices()
    told = [
        [(one.order.parameters.get("locale"), one.closes_window) for one in plan.parts(each, halves)]
        for each in (first, last)
    ]

    assert told == [[(None, False), (None, False)], [("de", False), ("de", True)]]
