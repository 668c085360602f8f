"""The steps of an order: what each asks of the vendor, and what an answer means to it."""

from __future__ import annotations

from typing import TypeAlias

from typing_extensions import assert_never

from source_lms_reports.jobs import actions
from source_lms_reports.jobs.aborting import Aborting
from source_lms_reports.jobs.fetching import Fetching, FetchingAtOnce
from source_lms_reports.jobs.open_job import OpenJob
from source_lms_reports.jobs.placing import Placing
from source_lms_reports.jobs.searching import Searching
from source_lms_reports.jobs.ticket import Order
from source_lms_reports.jobs.verdicts import Verdict

Step: TypeAlias = Searching | Placing | OpenJob | Fetching | FetchingAtOnce | Aborting


def action_of(step: Step, order: Order) -> actions.Action:
    """What `order` needs at `step`."""
    match step:
        case Searching():
            return actions.Find(order)
        case Placing():
            return actions.Place(order)
        case OpenJob():
            return actions.Poll(order, step.ticket)
        case Fetching():
            return actions.Fetch(order, step.job.ticket, step.job.state)
        case FetchingAtOnce():
            return actions.Fetch(order, None, None)
        case Aborting():
            return actions.Abort(order, step.ticket)
        case _:
            assert_never(step)


def judged(step: Step | None, action: actions.Action, outcome: actions.Outcome, now: float) -> Verdict:
    """What it means to `step` that its action came to `outcome`.

    Raises:
        TypeError: The action cannot have such an outcome.
    """
    match step, outcome:
        case Searching(), (actions.Found() | actions.NothingFound() | actions.Refused()) as told:
            return step.after(told, now)
        case Placing(), (actions.Placed() | actions.Refused()) as told:
            return step.after(told, now)
        case OpenJob(), (actions.Observed() | actions.Refused()) as told:
            return step.after(told, now)
        case (
            (Fetching() | FetchingAtOnce()),
            (actions.Fetched() | actions.LinkDead() | actions.BadPayload() | actions.Refused()) as told,
        ):
            return step.after(told, now)
        case Aborting(), (actions.Aborted() | actions.Refused()) as told:
            return step.after(told, now)
        case _:
            raise TypeError(f"{type(action).__name__} cannot come to {type(outcome).__name__}")
