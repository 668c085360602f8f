"""What each answer of the vendor means for the order that it answers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from source_lms_reports.jobs import messages as words
from source_lms_reports.jobs.actions import (
    Abort,
    Aborted,
    Action,
    BadPayload,
    Fetch,
    Fetched,
    Find,
    Found,
    JobState,
    LinkDead,
    NothingFound,
    Observed,
    Outcome,
    Place,
    Placed,
    Poll,
    Refused,
)
from source_lms_reports.jobs.events import Progressed
from source_lms_reports.jobs.order_state import OpenJob, OrderState, Phase
from source_lms_reports.jobs.policy import FRESH_FOR, TICKET_LIFE
from source_lms_reports.jobs.status import JobStatus

if TYPE_CHECKING:
    from source_lms_reports.errors import PayloadError, ReportError


def settle(life: OrderState, action: Action, outcome: Outcome, now: float) -> None:
    """Let `life` go on after `action` came to `outcome`.

    Raises:
        TypeError: The action cannot have such an outcome.
    """
    if isinstance(action, Find):
        _after_find(life, outcome, now)
    elif isinstance(action, Place):
        _after_place(life, outcome, now)
    elif isinstance(action, Abort):
        _after_abort(life, outcome, now)
    elif life.watch is None:
        _after_direct_fetch(life, outcome, now)
    elif isinstance(action, Poll):
        _after_poll(life, life.watch, outcome, now)
    else:
        _after_fetch(life, life.watch, outcome, now)


# -- looking for a job to adopt


def _after_find(life: OrderState, outcome: Outcome, now: float) -> None:
    if isinstance(outcome, Found) and _is_adoptable(life, outcome, now):
        life.searched = True
        seen = life.take_up(replace(outcome.ticket, adopted=True), "adopted", now)
        _observe(life, seen, outcome.state, now)
    elif isinstance(outcome, Refused):
        _after_refused_find(life, outcome, now)
    elif isinstance(outcome, (Found, NothingFound)):
        _order(life, now)
    else:
        raise _mismatch(Find, outcome)


def _after_refused_find(life: OrderState, refused: Refused, now: float) -> None:
    if refused.kind == "gone":
        _order(life, now)
    elif refused.kind == "config":
        life.warn(words.without_listing(refused.error))
        _order(life, now)
    elif not life.retry(refused, now):
        _order_unseen(life, refused.error, now)


def _order_unseen(life: OrderState, error: ReportError, now: float) -> None:
    """The list stays out of reach. If it may hold a job of ours, a second one would be worse than none."""
    if life.unsure is not None:
        life.fail(words.gave_up(life.order, "could not be ordered for certain", life.orders, error))
    else:
        life.warn(words.without_listing(error))
        _order(life, now)


def _is_adoptable(life: OrderState, found: Found, now: float) -> bool:
    state = found.state
    if found.ticket.id in life.closed_ids:
        return False
    if state.status.is_alive:
        return now - found.ticket.ordered_at <= TICKET_LIFE
    ended = state.finished_at
    return state.status is JobStatus.READY and ended is not None and abs(now - ended) < FRESH_FOR


def _order(life: OrderState, now: float) -> None:
    """There is nothing to adopt."""
    life.searched = True
    if life.may_order or life.unsure is None:
        life.enter(Phase.PLACE, now)
    else:
        life.fail(_not_ordered(life, life.unsure, life.orders))


# -- ordering


def _after_place(life: OrderState, outcome: Outcome, now: float) -> None:
    if isinstance(outcome, Placed):
        _after_placed(life, outcome, now)
    elif not isinstance(outcome, Refused):
        raise _mismatch(Place, outcome)
    elif outcome.uncertain:
        _after_uncertain_place(life, outcome, now)
    elif outcome.kind in ("throttled", "quota"):
        _after_throttled_place(life, outcome, now)
    elif outcome.kind in ("config", "gone"):
        life.fail(words.refused(life.order, outcome.error))
    elif not life.retry(outcome, now):
        life.fail(_not_ordered(life, outcome.error, life.request_failures))


def _after_placed(life: OrderState, placed: Placed, now: float) -> None:
    life.orders += 1
    life.throttled, life.throttled_since = 0, None
    if life.terms.quota is not None:
        life.terms.quota.accepted()
    seen = life.take_up(placed.ticket, "ordered", now)
    _observe(life, seen, placed.state, now)


def _after_uncertain_place(life: OrderState, refused: Refused, now: float) -> None:
    """The vendor may have the job: look for it where possible, and count the order in any case."""
    life.orders += 1
    life.unsure = refused.error
    delay = life.terms.policy.retry_delay(life.orders, life.terms.rng, refused.retry_after)
    if life.terms.can_find:
        life.enter(Phase.FIND, now + delay)
    elif life.may_order:
        life.enter(Phase.PLACE, now + delay)
    else:
        life.fail(_not_ordered(life, refused.error, life.orders))


def _after_throttled_place(life: OrderState, refused: Refused, now: float) -> None:
    """Wait for the vendor to take orders again, but never longer than for a job."""
    life.throttled += 1
    life.throttled_since = now if life.throttled_since is None else life.throttled_since
    life.not_before = _next_order(life, refused, now)
    quota = life.terms.quota
    if quota is not None and quota.is_spent(now):
        return  # every order that still has to be placed ends, this one with them
    at = life.not_before if quota is None else quota.when(now)
    if at - life.throttled_since > life.terms.policy.wait_limit:
        life.fail(_not_ordered(life, refused.error, life.throttled))


def _next_order(life: OrderState, refused: Refused, now: float) -> float:
    policy, quota = life.terms.policy, life.terms.quota
    if quota is not None:
        quota.refund(life.spent_at)
        quota.exhaust(now, refused.retry_after, long=refused.kind == "quota")
        return now
    if refused.kind == "quota":
        return math.inf
    return now + policy.retry_delay(life.throttled, life.terms.rng, refused.retry_after)


def _not_ordered(life: OrderState, error: ReportError, tries: int) -> ReportError:
    return words.gave_up(life.order, "could not be ordered", tries, error)


# -- waiting


def _after_poll(life: OrderState, seen: OpenJob, outcome: Outcome, now: float) -> None:
    seen.looks += 1
    seen.looked_at = now
    if isinstance(outcome, Observed):
        life.request_failures = 0
        _observe(life, seen, outcome.state, now)
    elif isinstance(outcome, Refused):
        _after_refused_poll(life, seen, outcome, now)
    else:
        raise _mismatch(Poll, outcome)


def _after_refused_poll(life: OrderState, seen: OpenJob, refused: Refused, now: float) -> None:
    if refused.kind == "gone":
        _lost(life, seen, JobStatus.GONE, refused.error.message, now)
    elif refused.kind == "config":
        # A job that the vendor denies us is worth a second sync's look, but not a third's.
        keep = refused.locked_out or seen.how != "resumed"
        life.fail(words.refused(life.order, refused.error), keep_ticket=keep)
    else:
        _wait_after_trouble(life, seen, refused, now)


def _wait_after_trouble(life: OrderState, seen: OpenJob, refused: Refused, now: float) -> None:
    """The job is not to blame for a request that fails: only the deadline ends this."""
    policy, rng = life.terms.policy, life.terms.rng
    seen.trouble = refused.error
    life.request_failures += 1
    delay = max(
        policy.poll_delay(seen.looks, rng, refused.retry_after),
        policy.retry_delay(life.request_failures, rng),
    )
    life.look_later(now, seen, delay, policy.soonest_poll(refused.retry_after))


def _observe(life: OrderState, seen: OpenJob, state: JobState, now: float) -> None:
    policy = life.terms.policy
    seen.state, seen.trouble, seen.alive = state, None, state.status.is_alive
    if state.status is JobStatus.READY:
        life.enter(Phase.FETCH, now)
    elif state.status.is_alive:
        life.tell(Progressed(life.order, state))
        delay = policy.poll_delay(seen.looks, life.terms.rng, state.retry_after)
        life.look_later(now, seen, delay, policy.soonest_poll(state.retry_after))
    else:
        _lost(life, seen, state.status, state.words, now)


def _lost(life: OrderState, seen: OpenJob, status: JobStatus, said: str | None, now: float) -> None:
    """The job failed or is gone. Where somebody else ordered it, that is not held against us."""
    gone = status is JobStatus.GONE
    if seen.how != "adopted":
        life.failed_jobs += 1
    at_once = gone and seen.how == "resumed"
    life.replace_ticket(
        "gone" if gone else "failed",
        now,
        words.job_failed(life.order, life.orders, said, gone=gone),
        0.0 if at_once else life.terms.policy.cooldown(life.failed_jobs),
    )


# -- downloading


def _after_fetch(life: OrderState, seen: OpenJob, outcome: Outcome, now: float) -> None:
    if isinstance(outcome, Fetched):
        life.deliver(outcome.payload)
    elif isinstance(outcome, LinkDead):
        _renew(life, seen, now, words.link_expired(life.order, life.orders, outcome.words))
    elif isinstance(outcome, BadPayload):
        _after_bad_payload(life, seen, outcome.error, now)
    elif isinstance(outcome, Refused):
        _after_refused_fetch(life, seen, outcome, now)
    else:
        raise _mismatch(Fetch, outcome)


def _after_refused_fetch(life: OrderState, seen: OpenJob, refused: Refused, now: float) -> None:
    if refused.kind == "gone":
        _lost(life, seen, JobStatus.GONE, refused.error.message, now)
    elif refused.kind == "config":
        life.fail(words.refused(life.order, refused.error), keep_ticket=refused.locked_out)
    elif not life.retry(refused, now):
        _renew(life, seen, now, _not_downloaded(life, refused.error))


def _renew(life: OrderState, seen: OpenJob, now: float, error: ReportError) -> None:
    """Ask for the job again, which brings a new link; then order anew."""
    seen.renewals += 1
    if seen.renewals <= life.terms.policy.max_link_renewals:
        life.look_again(now, seen)
    else:
        life.replace_ticket("link dead", now, error)


def _after_bad_payload(life: OrderState, seen: OpenJob, error: PayloadError, now: float) -> None:
    """Once more by a fresh link: the cut may be the network's. Then the job's result is to blame."""
    life.bad_payloads += 1
    seen.bad_payloads += 1
    if seen.bad_payloads == 1:
        life.look_again(now, seen)
    else:
        told = _not_whole(life, error, life.bad_payloads)
        life.replace_ticket("bad payload", now, told, life.terms.policy.cooldown(life.orders))


def _after_direct_fetch(life: OrderState, outcome: Outcome, now: float) -> None:
    if isinstance(outcome, Fetched):
        life.deliver(outcome.payload)
    elif isinstance(outcome, BadPayload):
        _after_bad_answer(life, outcome.error, now)
    elif isinstance(outcome, LinkDead):
        error = words.link_expired(life.order, 0, outcome.words)
        _after_refused_answer(life, Refused("transient", error), now)
    elif isinstance(outcome, Refused):
        _after_refused_answer(life, outcome, now)
    else:
        raise _mismatch(Fetch, outcome)


def _after_bad_answer(life: OrderState, error: PayloadError, now: float) -> None:
    life.orders += 1
    if life.may_order:
        life.enter(Phase.FETCH, now + life.terms.policy.cooldown(life.orders))
    else:
        life.fail(_not_whole(life, error, life.orders))


def _after_refused_answer(life: OrderState, refused: Refused, now: float) -> None:
    if refused.kind in ("config", "gone"):
        life.fail(words.refused(life.order, refused.error))
    elif not life.retry(refused, now):
        life.fail(_not_downloaded(life, refused.error))


def _not_downloaded(life: OrderState, error: ReportError) -> ReportError:
    return words.gave_up(life.order, "could not be downloaded", life.request_failures, error)


def _not_whole(life: OrderState, error: PayloadError, tries: int) -> ReportError:
    return words.gave_up(life.order, "did not arrive as a whole report", tries, error)


# -- giving up an old ticket


def _after_abort(life: OrderState, outcome: Outcome, now: float) -> None:
    if isinstance(outcome, Refused):
        if outcome.kind not in ("config", "gone") and life.retry(outcome, now):
            return
        if outcome.kind != "gone" and life.watch is not None:
            life.warn(words.not_aborted(life.order, life.watch.ticket, outcome.error))
    elif not isinstance(outcome, Aborted):
        raise _mismatch(Abort, outcome)
    life.close("too old")
    life.order_anew(now)


def _mismatch(action: type, outcome: Outcome) -> TypeError:
    return TypeError(f"{action.__name__} cannot come to {type(outcome).__name__}")
