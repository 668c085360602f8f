"""Where an order stands, as far as its turn depends on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from source_lms_reports.jobs.fetching import Fetching, FetchingAtOnce
from source_lms_reports.jobs.open_job import OpenJob
from source_lms_reports.jobs.placing import Placing
from source_lms_reports.jobs.searching import Searching

if TYPE_CHECKING:
    from source_lms_reports.jobs.actions import Action
    from source_lms_reports.jobs.steps import Step


class Standing:
    """An order's step, when that may go on, and the action that is under way for it."""

    def __init__(self) -> None:
        self._step: Step | None = None
        self._not_before = 0.0
        self._busy: Action | None = None
        self._withdrawn = False

    @property
    def step(self) -> Step | None:
        """The step that it is at; None before the first and after the last."""
        return self._step

    @property
    def not_before(self) -> float:
        """When its next action may go, as far as it depends on this order alone."""
        return self._not_before

    @property
    def busy(self) -> Action | None:
        """The action that is handed out and not answered yet. Nothing else is due until it is."""
        return self._busy

    @property
    def withdrawn(self) -> bool:
        """True when nobody wants the order any more."""
        return self._withdrawn

    @property
    def live(self) -> bool:
        """True while somebody waits for this order."""
        return self._step is not None and not self._withdrawn

    @property
    def searches(self) -> bool:
        """True when it is to look for a job to adopt."""
        return isinstance(self._step, Searching)

    @property
    def places(self) -> bool:
        """True when it is to be ordered."""
        return isinstance(self._step, Placing)

    @property
    def is_placed_now(self) -> bool:
        """True while the answer to its order is still to come."""
        return self._busy is not None and self.places

    @property
    def wants_slot(self) -> bool:
        """True when its next action may put a further load on the vendor."""
        return isinstance(self._step, (Searching, Placing, FetchingAtOnce))

    @property
    def holds_slot(self) -> bool:
        """True while it is a load on the vendor that this sync has to reckon with."""
        if self._busy is not None and self.wants_slot:
            return True
        return self.live and isinstance(self._step, OpenJob) and self._step.is_alive

    @property
    def downloads(self) -> bool:
        """True while the result of its job is being downloaded."""
        return isinstance(self._step, Fetching) and (self.live or self._busy is not None)

    def is_due(self, now: float) -> bool:
        """True when its next action's time has come."""
        return self.live and self._busy is None and self._not_before <= now

    def is_overdue(self, now: float) -> bool:
        """True when the deadline has come, and with it no last look."""
        if not isinstance(self._step, OpenJob) or not self.live or self._busy is not None:
            return False
        return self._step.deadline <= now < self._not_before

    def wakes_at(self) -> float:
        """When it next does something by itself."""
        if isinstance(self._step, OpenJob):
            return min(self._not_before, self._step.deadline)
        return self._not_before

    def enter(self, step: Step | None, at: float) -> None:
        """Be at `step`, whose next action may go at `at`; None: at the end."""
        self._step = step
        self._not_before = at

    def hand_out(self, action: Action) -> Action:
        """`action`, which is under way from now on."""
        self._busy = action
        return action

    def answered(self) -> None:
        """The action is no longer under way."""
        self._busy = None

    def want(self, wanted: bool) -> None:
        """Somebody wants the order again, or nobody does."""
        self._withdrawn = not wanted
