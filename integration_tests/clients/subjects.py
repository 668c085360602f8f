"""What each platform is synced with by every client, what changes there between syncs, and what it then holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from integration_tests.connector import quick
from integration_tests.sandbox import Sandbox

Json = dict[str, Any]
Landed = Callable[[str, object], None]

LATER = "2026-02-01T12:00:00Z"
LONG_ID = "123456789012345678901234567"
#: Letters, quotes and a backslash that a database or a file may have its own ideas of.
ODD_NAME = "Zoë 'Q' \\ Ω"
#: What tells how a row came, and not what it is: the window, or that it is of an increment.
MANNER = {"_report_start", "_report_end", "meta_action"}
#: How a report is ordered, where that changes its columns or its rows.
ORDERED: dict[tuple[str, str], Json] = {("second_nature", "course_user_state"): {"include_external_user_id": True}}


@dataclass(frozen=True)
class Subject:
    """A platform as it is synced.

    Args:
        settings: What its part of the configuration has beside the credentials.
        more: What the configuration has beside that part.
        hours: Between the two syncs; of some reports a platform makes a few a day only.
        change: Changes the vendor's rows between them.
    """

    settings: Json = field(default_factory=dict)
    more: Json = field(default_factory=dict)
    hours: int = 1
    change: Callable[[Sandbox], None] = lambda _: None


def _canvas(sandbox: Sandbox) -> None:
    changed = {"last access at": LATER, "last ip": "10.9.9.9", "user sis id": LONG_ID}
    sandbox.mutate("canvas", "last_user_access", update={3: changed})
    sandbox.mutate("canvas", "provisioning_users", update={2: {"full_name": ODD_NAME}}, remove=[5])


def _second_nature(sandbox: Sandbox) -> None:
    sandbox.mutate("second_nature", "course_user_state", update={1: {"updated_at": LATER}})


def _sana(sandbox: Sandbox) -> None:
    sandbox.mutate("sana", "users", update={4: {"user_status": LONG_ID}}, remove=[6])


def _tinqwise(sandbox: Sandbox) -> None:
    sandbox.mutate("tinqwise", "users", remove=[2])


def _instructure_dap(sandbox: Sandbox) -> None:
    added = [{"id": 12, "name": "New"}]
    sandbox.mutate("instructure_dap", "users", update={3: {"name": ODD_NAME}}, remove=[5, 7], add=added)


def _adobe_learning_manager(sandbox: Sandbox) -> None:
    changed = {"name": ODD_NAME, "_time": sandbox.clock.now() - 60}
    sandbox.mutate("adobe_learning_manager", "users", update={1: changed})


def _brightspace(sandbox: Sandbox) -> None:
    sandbox.act("brightspace", "publish", of="Users", rows=[(1, 50), (2, 50)], days=1)


def _percipio(sandbox: Sandbox) -> None:
    now = datetime.fromtimestamp(sandbox.clock.now() - 60, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    sandbox.mutate("percipio", "learning_activity", update={1: {"lastAccess": now, "status": "Completed"}})


_SESSIONS = {"report": "sessions", "name": "courseIds", "value": "course:1,course:2"}

SUBJECTS: dict[str, Subject] = {
    "canvas": Subject(change=_canvas),
    "instructure_dap": Subject({"tables": ["users", "submissions"]}, change=_instructure_dap),
    "second_nature": Subject(change=_second_nature),
    "sana": Subject(change=_sana),
    "tinqwise": Subject(change=_tinqwise),
    "hapyak": Subject({"reports": ["user_stream_raw", "poll_widget_detail"]}, {"start_date": "2026-06-01T00:00:00Z"}),
    "adobe_learning_manager": Subject({"report_parameters": [_SESSIONS]}, hours=25, change=_adobe_learning_manager),
    "percipio": Subject(change=_percipio),
    "brightspace": Subject(change=_brightspace),
}


def started(platform: str, **options: Any) -> Sandbox:
    """A sandbox, to be entered, whose clock is so far behind that the second sync is not before now.

    Args:
        platform: What is synced.
        options: As `Sandbox` takes them.
    """
    sandbox = Sandbox(rows=20, **options)
    sandbox.clock.advance(-3600 * SUBJECTS[platform].hours)
    return sandbox


def config_of(sandbox: Sandbox, platform: str) -> Json:
    """The configuration of a platform's syncs."""
    return quick(sandbox, platform, **SUBJECTS[platform].settings) | SUBJECTS[platform].more


def go_on(sandbox: Sandbox, platform: str) -> None:
    """Let the time between the syncs pass, and the vendor's rows change."""
    subject = SUBJECTS[platform]
    sandbox.clock.advance(3600 * subject.hours)
    subject.change(sandbox)


def held(sandbox: Sandbox, platform: str, stream: str, key: list[str] | None = None) -> list[Json]:
    """The rows of a stream at its vendor, as one sync that begins now would bring them.

    Args:
        sandbox: Where the windows that were delivered so far count.
        platform: Its name.
        stream: Its name.
        key: Where rows are merged by a key, its columns: of the rows of one key the last one is there.
    """
    options = ORDERED.get((platform, stream), {}) | ({"incremental": True} if platform == "brightspace" else {})
    rows = list(sandbox.truth(platform, stream, **options))
    return list({tuple(row.get(column) for column in key): row for row in rows}.values()) if key else rows


def tell(record: Landed, client: str, destination: str, platform: str, counts: Mapping[str, tuple[int, int]]) -> None:
    """Have the numbers of a first sync shown in docs/clients.md.

    Args:
        record: pytest's `record_property`.
        client: As the column's head names it.
        destination: What it wrote into.
        platform: What it read.
        counts: The rows that are there of each stream, and those that should be.
    """
    there, due = (sum(numbers) for numbers in zip(*counts.values(), strict=True))
    record("landed", [f"{client} → {destination}", platform, len(counts), there, due])
