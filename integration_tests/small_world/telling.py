"""A table whose jobs say how far they reach, through the command line: changed, deleted, and loaded anew meanwhile."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from integration_tests.connector import Json
from integration_tests.sandbox.core import Request
from integration_tests.small_world.story import HOUR, Story


class TellingStory(Story):
    """Instructure's platform, which takes changes in at times of its own."""

    #: A file takes two requests.
    kills = (2, 3, 4, 5, 6, 8, 9, 10, 10, 11, 12)

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._sandbox.vendors[self.subject.platform].apply_settings(
            {
                "orders_a_minute": 500,
                "lists_a_minute": 500,
                "parts": self._chance.choice([1, 3, 5]),
                "refresh_seconds": self._chance.choice([0, HOUR, 4 * HOUR]),
                "restart_in_job": self._chance.random() < 0.5,
                "kept_days": self._chance.choice([1, 30]),
            }
        )
        #: Rows that are gone and that no increment tells any more: whoever has them keeps them.
        self._untold: set[str] = set()
        self._gone: set[str] = set()

    def _watch(self, request: Request) -> None:
        super()._watch(request)
        if request.kind == "order" and "since" not in request.json:
            self._untold |= self._gone

    def _prepare(self) -> None:
        for _ in range(self._chance.randint(2, 12)):
            self._put(None)

    def _settle(self) -> None:
        self._sandbox.vendors[self.subject.platform].apply_settings({"refresh_seconds": 0})

    def _has_reached(self) -> bool:
        """An order that equals one of the last day is answered by the job of that one, which may be older."""
        changed_at = self._sandbox.act(self.subject.platform, "changed_at", table=self.subject.stream)
        reached = datetime.fromisoformat(self._state["meta_ts"].replace("Z", "+00:00"))
        return reached.timestamp() > float(changed_at)

    def _change(self) -> None:
        kind, known = self._chance.random(), sorted(self._rows)
        if kind < 0.2 and known:
            self._delete(self._chance.choice(known))
        elif kind < 0.25:
            self._tell("the table is loaded anew")
            self._sandbox.act(self.subject.platform, "reload", table=self.subject.stream)
            self._untold |= self._gone
        else:
            self._put(None)

    def _put(self, moment: float | None) -> None:  # noqa: ARG002 - the platform dates its rows
        known = sorted(self._rows)
        key = self._chance.choice([*known, ""]) or f"{7_000 + self._made_so_far}"
        version = int(str(self._rows.get(key, {}).get("name", "v0")).rpartition("v")[2]) + 1
        self._rows[key] = {"id": int(key), "name": f"{key} v{version}"}
        self._lay_over()

    @property
    def _made_so_far(self) -> int:
        return len(self._rows) + len(self._gone)

    def _delete(self, key: str) -> None:
        del self._rows[key]
        self._gone.add(key)
        self._lay_over()

    def _lay_over(self) -> None:
        self._tell(f"{list(self._rows.values())}")
        self._sandbox.world.overlay.reset()
        rows: list[Json] = list(self._rows.values())
        self._sandbox.mutate(self.subject.platform, self.subject.stream, add=rows, remove=[0])

    def _land(self, row: Json) -> None:
        if row.get("_ab_cdc_deleted_at"):
            self._landed.pop(self._key(row), None)
        else:
            super()._land(row)

    def _may_stay(self, key: str) -> bool:
        return key in self._untold
