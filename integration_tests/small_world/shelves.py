"""Files that the vendor has ready, through the command line: made, listed and withdrawn while they are read."""

from __future__ import annotations

from typing import Any

from integration_tests.connector import Json
from integration_tests.small_world.story import Story


class ShelfStory(Story):
    """A data set of Brightspace. A row is its number, and the version that it is in."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._versions: dict[int, int] = {}
        self._changed: set[int] = set()
        self._sandbox.vendors[self.subject.platform].apply_settings({"newer": self._chance.random() < 0.7})

    def _prepare(self) -> None:
        for _ in range(self._chance.randint(2, 12)):
            self._put(None)
        self._withdraw(self._now)
        self._publish(is_full=True)

    def _settle(self) -> None:
        self._publish(is_full=True)
        self._sandbox.clock.advance(60)
        self._publish(is_full=False)

    def _change(self) -> None:
        kind = self._chance.random()
        if kind < 0.5:
            self._put(None)
        elif kind < 0.9:
            self._publish(is_full=False)
        elif kind < 0.97:
            self._publish(is_full=True)
        else:
            self._publish(is_full=True)
            self._withdraw(self._now)

    def _put(self, moment: float | None) -> None:  # noqa: ARG002 - a row bears no time
        number = self._chance.choice([*sorted(self._versions), len(self._versions)])
        self._versions[number] = self._versions.get(number, 0) + 1
        self._changed.add(number)
        self._tell(f"{number} is version {self._versions[number]}")

    def _publish(self, *, is_full: bool) -> None:
        numbers = sorted(self._versions if is_full else self._changed)
        if not is_full:
            self._changed.clear()
        rows = [(number, self._versions[number]) for number in numbers]
        self._tell(f"a file of {'all' if is_full else 'changes'}: {rows}")
        self._act("publish", rows=rows, full=is_full, moment=self._now)
        self._sandbox.clock.advance(1)  # no two files are of one moment

    def _withdraw(self, moment: float) -> None:
        """Files of before `moment` are listed no more."""
        self._tell("older files are withdrawn")
        self._act("expire", moment=moment - 1.5)

    def _act(self, action: str, **args: Any) -> None:
        self._sandbox.act(self.subject.platform, action, of=self.subject.table, **args)

    def _truth(self) -> list[Json]:
        return [{"UserId": 3_000 + number, "Version": version} for number, version in self._versions.items()]
