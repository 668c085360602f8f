"""What each answer of the vendor means for the order that it answers."""

from __future__ import annotations

from dataclasses import replace

from source_lms_reports.errors import PayloadError, ReportError
from source_lms_reports.jobs import words
from source_lms_reports.jobs.actions import (
    Abort,
    Aborted,
    Action,
    BadPayload,
    Fetch,
    Fetched,
    Find,
    Found,
    JobReport,
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
from source_lms_reports.jobs.lifecycle import Life, Phase, Watch
from source_lms_reports.jobs.status import JobStatus


def settle(life: Life, action: Action, outcome: Outcome, now: float) -> None:
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


def _after_find(life: Life, outcome: Outcome, now: float) -> None:
    if isinstance(outcome, Refused) and outcome.kind != "gone":
        return _after_refused_find(life, outcome, now)
    if not isinstance(outcome, (Found, NothingFound, Refused)):
        raise _mismatch(Find, outcome)
    life.searched = True
    if isinstance(outcome, Found) and _is_adoptable(life, outcome, now):
        seen = life.take_up(replace(outcome.ticket, adopted=True), "adopted", now)
        return _observe(life, seen, outcome.report, now)
    return _place(life, now)


def _after_refused_find(life: Life, refused: Refused, now: float) -> None:
    if refused.kind != "fatal" and life.retry(refused, now):
        return None
    life.searched = True
    if refused.kind != "fatal" and life.unsure is not None:
        # The vendor may have a job of ours: a second one beside it would be worse than none.
        return life.fail(
            words.gave_up(life.order, "could not be ordered for certain", life.orders, refused.error)
        )
    life.warn(words.without_listing(life.order, refused.error))
    return _place(life, now)


def _is_adoptable(life: Life, found: Found, now: float) -> bool:
    policy, report = life.terms.policy, found.report
    if found.ticket.id in life.closed_ids:
        return False
    if report.status.is_alive:
        return now - found.ticket.ordered_at <= policy.ticket_max_age
    ended = report.finished_at
    return report.status is JobStatus.READY and ended is not None and now - ended <= policy.fresh_for


def _place(life: Life, now: float) -> None:
    if life.may_order:
        life.enter(Phase.PLACE, now)
    elif life.unsure is not None:
        life.fail(words.gave_up(life.order, "could not be ordered", life.orders, life.unsure))
    else:
        raise ValueError("an order beyond the limit was looked for")


# -- ordering


def _after_place(life: Life, outcome: Outcome, now: float) -> None:
    if isinstance(outcome, Placed):
        return _after_placed(life, outcome, now)
    if not isinstance(outcome, Refused):
        raise _mismatch(Place, outcome)
    if outcome.uncertain:
        return _after_uncertain_place(life, outcome, now)
    if outcome.kind in ("throttled", "quota"):
        return _put_off(life, outcome, now)
    if outcome.kind != "transient":
        return life.fail(words.refused(life.order, outcome.error))
    if not life.retry(outcome, now):
        life.fail(_gave_up_placing(life, outcome.error, life.request_failures))
    return None


def _after_placed(life: Life, placed: Placed, now: float) -> None:
    life.orders += 1
    life.throttled, life.throttled_since = 0, None
    if life.terms.quota is not None:
        life.terms.quota.accepted()
    seen = life.take_up(replace(placed.ticket, adopted=False), "ordered", now)
    _observe(life, seen, placed.report, now)


def _after_uncertain_place(life: Life, refused: Refused, now: float) -> None:
    """The vendor may have the job: look for it where possible, and count the order in any case."""
    life.orders += 1
    life.unsure = refused.error
    delay = life.terms.policy.retry_delay(life.orders, life.terms.rng, refused.retry_after)
    if life.terms.can_find:
        life.enter(Phase.FIND, now + delay)
    elif life.may_order:
        life.enter(Phase.PLACE, now + delay)
    else:
        life.fail(_gave_up_placing(life, refused.error, life.orders))


def _put_off(life: Life, refused: Refused, now: float) -> None:
    """Wait for the vendor to take orders again, but never longer than for a job."""
    life.throttled += 1
    since = life.throttled_since = now if life.throttled_since is None else life.throttled_since
    policy, quota = life.terms.policy, life.terms.quota
    delay = policy.retry_delay(life.throttled, life.terms.rng, refused.retry_after)
    if quota is not None:
        quota.refund(life.spent_at)
        quota.exhaust(now, refused.retry_after, long=refused.kind == "quota")
        delay = quota.when(now) - now
    elif refused.kind == "quota":
        delay = policy.wait_limit + 1.0
    hopeless = now + delay - since > policy.wait_limit
    if hopeless and not (quota is not None and quota.is_spent(now)):
        return life.fail(_gave_up_placing(life, refused.error, life.throttled))
    life.not_before = now if quota is not None else now + delay
    return None


def _gave_up_placing(life: Life, error: ReportError, tries: int) -> ReportError:
    return words.gave_up(life.order, "could not be ordered", tries, error)


# -- waiting


def _after_poll(life: Life, seen: Watch, outcome: Outcome, now: float) -> None:
    seen.looks += 1
    seen.looked_at = now
    if isinstance(outcome, Observed):
        life.request_failures = 0
        return _observe(life, seen, outcome.report, now)
    if not isinstance(outcome, Refused):
        raise _mismatch(Poll, outcome)
    if outcome.kind == "gone":
        return _lost(life, seen, JobStatus.GONE, outcome.error.message, now)
    if outcome.kind == "fatal":
        # A job that may still run is worth a second sync's look, but not a third's.
        kept = seen.how != "resumed"
        return life.fail(words.refused(life.order, outcome.error), keep_ticket=kept)
    return _wait_after_trouble(life, seen, outcome, now)


def _wait_after_trouble(life: Life, seen: Watch, refused: Refused, now: float) -> None:
    policy, rng = life.terms.policy, life.terms.rng
    seen.trouble = refused.error
    life.request_failures += 1
    delay = max(
        policy.poll_delay(seen.looks, rng, refused.retry_after),
        policy.retry_delay(life.request_failures, rng),
    )
    life.look_later(now, seen, delay, policy.soonest_poll(refused.retry_after))


def _observe(life: Life, seen: Watch, report: JobReport, now: float) -> None:
    seen.report, seen.trouble, seen.alive = report, None, report.status.is_alive
    if report.status is JobStatus.READY:
        return life.enter(Phase.FETCH, now)
    if not report.status.is_alive:
        return _lost(life, seen, report.status, report.words, now)
    policy = life.terms.policy
    life.tell(Progressed(life.order, report))
    delay = policy.poll_delay(seen.looks, life.terms.rng, report.retry_after)
    return life.look_later(now, seen, delay, policy.soonest_poll(report.retry_after))


def _lost(life: Life, seen: Watch, status: JobStatus, said: str | None, now: float) -> None:
    """The job failed or is gone. Somebody else's failure, or an earlier sync's, is not held against us."""
    gone = status is JobStatus.GONE
    if seen.how != "adopted":
        life.failed_jobs += 1
    delay = 0.0 if gone and seen.how == "resumed" else life.terms.policy.cooldown(life.failed_jobs)
    life.replace_ticket(
        "gone" if gone else "failed",
        now,
        lambda: words.job_failed(life.order, life.orders, said, gone=gone),
        delay,
    )


# -- downloading


def _after_fetch(life: Life, seen: Watch, outcome: Outcome, now: float) -> None:
    if isinstance(outcome, Fetched):
        return life.deliver(outcome.payload)
    if isinstance(outcome, LinkDead):
        said = outcome.words
        return _renew(life, seen, now, words.link_expired(life.order, life.orders, said))
    if isinstance(outcome, BadPayload):
        return _after_bad_payload(life, seen, outcome.error, now)
    if not isinstance(outcome, Refused):
        raise _mismatch(Fetch, outcome)
    if outcome.kind == "gone":
        return _lost(life, seen, JobStatus.GONE, outcome.error.message, now)
    if outcome.kind == "fatal":
        return life.fail(words.refused(life.order, outcome.error))
    if not life.retry(outcome, now):
        tries = life.request_failures
        return _renew(
            life, seen, now, words.gave_up(life.order, "could not be downloaded", tries, outcome.error)
        )
    return None


def _renew(life: Life, seen: Watch, now: float, error: ReportError) -> None:
    seen.renewals += 1
    if seen.renewals <= life.terms.policy.max_link_renewals:
        life.look_again(now, seen)
    else:
        life.replace_ticket("link dead", now, lambda: error)


def _after_bad_payload(life: Life, seen: Watch, error: PayloadError, now: float) -> None:
    life.bad_payloads += 1
    seen.bad_payloads += 1
    if seen.bad_payloads == 1:
        return life.look_again(now, seen)
    told = words.gave_up(life.order, "did not arrive as a whole report", life.bad_payloads, error)
    return life.replace_ticket("bad payload", now, lambda: told, life.terms.policy.cooldown(life.orders))


def _after_direct_fetch(life: Life, outcome: Outcome, now: float) -> None:
    if isinstance(outcome, Fetched):
        return life.deliver(outcome.payload)
    if isinstance(outcome, BadPayload):
        return _after_bad_answer(life, outcome.error, now)
    if isinstance(outcome, LinkDead):
        outcome = Refused("transient", words.link_expired(life.order, 0, outcome.words))
    if not isinstance(outcome, Refused):
        raise _mismatch(Fetch, outcome)
    if outcome.kind in ("fatal", "gone"):
        return life.fail(words.refused(life.order, outcome.error))
    if not life.retry(outcome, now):
        tries = life.request_failures
        return life.fail(words.gave_up(life.order, "could not be read", tries, outcome.error))
    return None


def _after_bad_answer(life: Life, error: PayloadError, now: float) -> None:
    life.orders += 1
    if life.may_order:
        return life.enter(Phase.FETCH, now + life.terms.policy.cooldown(life.orders))
    return life.fail(words.gave_up(life.order, "did not arrive as a whole report", life.orders, error))


# -- giving up an old ticket


def _after_abort(life: Life, outcome: Outcome, now: float) -> None:
    if isinstance(outcome, Refused):
        if outcome.kind not in ("fatal", "gone") and life.retry(outcome, now):
            return
        if outcome.kind != "gone" and life.watch is not None:
            life.warn(words.not_aborted(life.order, life.watch.ticket, outcome.error))
    elif not isinstance(outcome, Aborted):
        raise _mismatch(Abort, outcome)
    life.close("too old")
    life.order_anew(now)


def _mismatch(action: type, outcome: Outcome) -> TypeError:
    return TypeError(f"{action.__name__} cannot come to {type(outcome).__name__}")
