"""TinQwise: seven synchronous lists, each behind a scope of its own.

Envelope, page size and filter spelling are not public: switches show the possible shapes. Ids are per attempt, `score`
is text such as `5/6`, and a time filter leaves out rows whose time is empty.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import accumulate
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..core import Pairs, Request, Response, Route, json_response, text_response
from ..data import DAY, Row, Table, first_name, hex_uuid, last_name, mix, records, utc_text
from ..formats import json_row
from ..tokens import Tokens, basic_credentials
from ..world import Record, Vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class List:
    """One list: its scope, its columns, the times it can be filtered by and the exact filters."""

    scope: str
    columns: tuple[str, ...]
    times: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()


LISTS = {
    "users": List(
        "read.user.reports",
        (
            "id", "uuid", "username", "email", "first_name", "last_name", "registration_date", "last_seen",
            "contract_start_date", "contract_end_date", "flexible_field", "status", "employee_id", "saml_username",
        ),
        ("contract_start_date", "contract_end_date", "last_seen", "registration_date"),
        ("email", "uuid", "employee_id"),
    ),
    "groups": List(
        "read.group.reports",
        ("name", "type", "name_i18n", "parent_name", "external_name", "created_by_user_importer", "extra"),
    ),
    "modules": List(
        "read.modules.reports",
        (
            "id", "user_id", "module_uuid", "module_name", "module_identifier", "module_type", "module_duration",
            "progress", "started_at", "completed_at", "expires_at", "expired_at", "graded_at", "failed_at",
            "modified_at", "is_completed", "grade", "score", "optional", "attempt", "accreditation_points",
        ),
        ("completed_at", "expires_at", "failed_at", "modified_at", "started_at"),
    ),
    "journeys": List(
        "read.journey.reports",
        (
            "id", "user_id", "journey_uuid", "journey_name", "section_uuid", "section_name", "progress", "created_at",
            "modified_at", "completed_at",
        ),
        ("created_at", "modified_at", "completed_at"),
    ),
    "programmes": List(
        "read.programmes.reports",
        ("programme_uuid", "programme_title", "user_id", "progress", "completed_at"),
        ("completed_at",),
        ("programme_uuid",),
    ),
    "skills": List(
        "read.skills.reports",
        (
            "id", "user_id", "skill_uuid", "skill_name", "progress", "seen_at", "flagged", "expires_at", "completed_at",
            "last_nudged_at", "modified_at",
        ),
        ("completed_at", "expires_at", "modified_at"),
        ("skill_uuid", "user_id"),
    ),
    "training_time": List(
        "read.trainingtime.reports",
        ("user_id", "total_training_time", "informal_training_time", "formal_training_time"),
        exact=("user_id",),
    ),
}  # fmt: skip
GROUPED = ("users", "modules", "journeys", "training_time")


#: Columns that are a text in one row and a number or an object in another.
SEVERAL_TYPES = frozenset({"name_i18n", "module_duration", "score"})


@dataclass
class Switches:
    """Settings of the platform and of what no page states.

    Args:
        granted: The scopes this client may have; all seven when None.
        ungranted_at: A scope that is not granted is refused at the `token` endpoint, or at the `endpoint`.
        ungranted_status: What the token endpoint answers then (400 in OAuth's words; older libraries 401).
        bare: Lists are bare arrays without pages.
        suffixes: What follows a field's name in its two filters; other spellings are ignored.
        ignore_filters: All filters are ignored.
        training_types: Whether the Training Type feature is on.
        offset: Times carry `+01:00` instead of `Z`.
        drifts: So many times that each list is read, a row of its first page goes before the second page is asked for:
            the others move up by one, and the first of the second page is skipped.
    """

    client_id: str = "tin-client"
    client_secret: str = "tin-client-secret"
    token_seconds: float = 3600
    granted: list[str] | None = None
    ungranted_at: str = "token"
    ungranted_status: int = 400
    bare: bool = False
    page_size: int = 100
    suffixes: list[str] = field(default_factory=lambda: ["__gte", "__lte"])
    ignore_filters: bool = False
    training_types: bool = True
    offset: bool = False
    drifts: int = 0


class TinQwise(Vendor):
    """One platform."""

    name = "tinqwise"
    switches_type = Switches
    switches: Switches

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._tokens = Tokens(self.world.clock, "tin")
        self._ends: dict[str, array[int]] = {}
        self._readings: Counter[str] = Counter()
        self.group_count = max(4, self.world.rows // 20)

    def reset(self) -> None:
        self._tokens = Tokens(self.world.clock, "tin")
        self._readings.clear()

    def config(self) -> dict[str, Any]:
        login = {"client_id": self.switches.client_id, "client_secret": self.switches.client_secret}
        return {"name": "tinqwise", "base_url": self.origin, **login}

    @property
    def routes(self) -> Sequence[Route]:
        return (
            Route("POST", "/o/token/", self._token, "token"),
            Route("GET", "/api/v2/reports/{report}/", self._list, "page"),
            Route("GET", "/api/v2/reports/{report}/{id}/?", self._one, "page"),
        )

    # errors and credentials

    def error(self, status: int, reason: str = "") -> Response:
        words = {
            401: "Authentication credentials were not provided.",
            403: "You do not have permission to perform this action.",
            404: "Not found.",
            429: "Request was throttled. Expected available in 1 second.",
            500: "Internal server error.",
        }
        answer = json_response({"detail": words.get(status, reason)}, status)
        return answer.header("WWW-Authenticate", 'Bearer realm="api"') if status == 401 else answer

    def faulty(self, effect: str, *rest: Any) -> Response:
        if effect == "401":
            self._tokens.revoke_all()
        return super().faulty(effect, *rest)

    def _token(self, request: Request) -> Response:
        form = dict(request.form)
        if not form or form.get("grant_type") != "client_credentials":
            return json_response({"error": "unsupported_grant_type"}, 400)
        login = basic_credentials(request) or (form.get("client_id"), form.get("client_secret"))
        if login != (self.switches.client_id, self.switches.client_secret):
            return json_response({"error": "invalid_client"}, 401)
        known = {about.scope for about in LISTS.values()}
        asked = frozenset(form.get("scope", "").split()) or frozenset(known)
        granted = known if self.switches.granted is None else set(self.switches.granted)
        if not asked <= known or (not asked <= granted and self.switches.ungranted_at == "token"):
            return json_response({"error": "invalid_scope"}, self.switches.ungranted_status)
        token = self._tokens.issue(asked & granted, self.switches.token_seconds)
        about = {
            "expires_in": int(self.switches.token_seconds),
            "token_type": "Bearer",
            "scope": " ".join(sorted(asked)),
        }
        return json_response({"access_token": token, **about})

    def _refused(self, request: Request) -> Response | None:
        about = LISTS.get(request.args["report"])
        if about is None:
            return self.error(404)
        refused = self._tokens.refusal(request, about.scope)
        return self.error(refused) if refused else None

    # lists

    def _list(self, request: Request) -> Response:
        refused = self._refused(request) or self._bad_filter(request)
        if refused is not None:
            return refused
        filters = sorted((key, value) for key, value in request.query if key not in ("page", "page_size"))
        path, ends = self._answer_file(request.args["report"], filters)
        if self.switches.bare:
            return text_response(f"[{self._slice(path, ends, 0, len(ends))}]", 200, "application/json")
        size = min(1000, max(1, int(request.param("page_size") or self.switches.page_size)))
        page = request.param("page", "1") or "1"
        first = (int(page) - 1) * size if page.isdigit() else -1
        if first < 0 or (first >= len(ends) and first > 0):
            return json_response({"detail": "Invalid page."}, 404)
        gone = self._gone(request.args["report"], page)
        first += gone
        head = json.dumps({
            "count": len(ends) - gone,
            "next": self._page_url(request, int(page) + 1) if first + size < len(ends) else None,
            "previous": self._page_url(request, int(page) - 1) if first else None,
        })  # fmt: skip
        rows = self._slice(path, ends, first, min(first + size, len(ends)))
        return text_response(f'{head[:-1]}, "results": [{rows}]}}', 200, "application/json")

    def _gone(self, report: str, page: str) -> int:
        """How many rows have gone since the first page was asked for."""
        self._readings[report] += page == "1"
        return int(page != "1" and self._readings[report] <= self.switches.drifts)

    def _page_url(self, request: Request, page: int) -> str:
        kept = [(key, value) for key, value in request.query if key != "page"]
        return f"{self.origin}{request.path}?{urlencode([*kept, ('page', str(page))])}"

    @staticmethod
    def _slice(path: Path, ends: array[int], first: int, last: int) -> str:
        """The JSON objects from row `first` to before row `last`, separated by commas."""
        if last <= first:
            return ""
        start = ends[first - 1] if first else 0
        with path.open("rb") as source:
            source.seek(start)
            return source.read(ends[last - 1] - start).decode().rstrip("\n").replace("\n", ",")

    def _answer_file(self, name: str, filters: Pairs) -> tuple[Path, array[int]]:
        """The filtered list as JSON lines on disk, and where each line ends."""
        world = self.world
        about = [world.overlay.version(self.name, name), world.rows, world.seed, world.anchor, repr(self.switches)]
        key = json.dumps([self.name, name, filters, *about])

        def write(path: Path) -> None:
            table = self._table(name, filters)
            with path.open("w", encoding="utf-8", newline="") as target:
                target.writelines(json_row(table.columns, row) + "\n" for row in table.rows)

        path = world.cache.build(key, write)
        if key not in self._ends:
            with path.open("rb") as source:
                self._ends[key] = array("Q", accumulate(len(line) for line in source))
        return path, self._ends[key]

    def _one(self, request: Request) -> Response:
        refused = self._refused(request)
        if refused is not None:
            return refused
        name, wanted = request.args["report"], request.args["id"]
        if name in ("groups", "programmes"):
            return self.error(404)
        table = self._table(name, [])
        found = next((row for row in table.rows if str(row[0]) == wanted), None)
        return self.error(404) if found is None else json_response(dict(zip(table.columns, found, strict=True)))

    def _bad_filter(self, request: Request) -> Response | None:
        names = {field + suffix for field in LISTS[request.args["report"]].times for suffix in self.switches.suffixes}
        for key, value in request.query:
            if key in names and _epoch(value) is None:
                return json_response({key: ["Enter a valid date/time."]}, 400)
        return None

    # data

    def _table(self, name: str, filters: Pairs) -> Table:
        about = LISTS[name]
        asked = {} if self.switches.ignore_filters else dict(filters)
        rows = self.world.overlay.apply(self.name, name, about.columns, self._rows(name, asked))
        columns = about.columns
        if name == "training_time" and not self.switches.training_types:
            columns, rows = columns[:2], (row[:2] for row in rows)
        return Table(columns, (row for row in rows if self._passes(about, row, asked, name)))

    def _passes(self, about: List, row: Row, asked: dict[str, str], name: str) -> bool:
        low_suffix, high_suffix = self.switches.suffixes
        for place, column in enumerate(about.columns[: len(row)]):
            if column in about.exact and column in asked and str(row[place]) != asked[column]:
                return False
            if column not in about.times:
                continue
            low, high = asked.get(column + low_suffix), asked.get(column + high_suffix)
            if (low or high) and not _within(row[place], low, high):
                return False
        if "group_name" in asked and name in GROUPED:
            user = int(row[0] if name in ("users", "training_time") else row[1])
            return asked["group_name"] == f"Group {user % self.group_count}"
        return True

    def _rows(self, name: str, asked: dict[str, str]) -> Iterator[Row]:
        makers: dict[str, Callable[[int], Row]] = {
            "users": self._user, "groups": self._group, "modules": self._module, "journeys": self._journey,
            "programmes": self._programme, "skills": self._skill,
            "training_time": lambda number: self._training(number, asked),
        }  # fmt: skip
        return map(makers[name], range(self.group_count if name == "groups" else self.world.rows))

    def _at(self, number: int, salt: int) -> float:
        return self.world.anchor - mix(self.world.seed, number, salt) % (400 * DAY) - number % 1000 / 1000

    def _text(self, at: float) -> str:
        if self.switches.offset:
            return utc_text(at + 3600, micros=True).replace("Z", "+01:00")
        return utc_text(at, micros=True)

    def _user(self, number: int) -> Row:
        seed, seen = self.world.seed, self._at(number, 601)
        start, end = utc_text(seen - 300 * DAY)[:10], utc_text(seen + 300 * DAY)[:10]
        fields = {
            "cost_center": f"{number % 50:04d}",
            "languages": ["nl", "en"][: number % 3],
            "leader": number % 2 == 0,
        }
        return (
            number + 1, hex_uuid(seed, number, 602), f"user{number}", f"user{number}@example.nl",
            first_name(seed, number), last_name(seed, number), self._text(seen - 200 * DAY),
            self._text(seen) if number % 8 else None,
            start if number % 4 else None, end if number % 5 == 0 else None, fields if number % 3 else None,
            ("active", "pending", "suspended")[number % 10 % 3], f"{number:07d}" if number % 6 else None,
            f"saml{number}" if number % 2 else None,
        )  # fmt: skip

    def _group(self, number: int) -> Row:
        names = {"nl": f"Groep {number}", "en": f"Group {number}"}
        parent = f"Group {number // 3}" if number else None
        outer = f"{number:05d}" if number % 2 else None
        return (
            f"Group {number}",
            ("team", "region")[number % 2],
            names,
            parent,
            outer,
            number % 3 == 0,
            {"colour": None, "size": number},
        )

    def _module(self, number: int) -> Row:
        seed, at = self.world.seed, self._at(number, 603)
        done, failed = number % 3 == 0, number % 7 == 5
        kind = ("learning-bite", "exam", "session")[number % 3]
        return (
            number + 1, number % self.world.rows + 1, hex_uuid(1, number % 9, 604), f"Module; {number % 9}",
            f"MOD-0{number % 9}", kind,
            number % 90, 100.0 if done else mix(seed, number, 605) % 1000 / 10, self._text(at - 5 * DAY),
            self._text(at) if done else None, self._text(at + 365 * DAY) if number % 2 else None, None,
            self._text(at) if kind == "exam" else None, self._text(at) if failed else None,
            self._text(at), done, ("good", "excellent", "NA", None)[number % 4],
            (f"{number % 7}/6", None)[number % 5 == 4], number % 4 == 0, 1 + number % 3, 0.5 * (number % 4),
        )  # fmt: skip

    def _journey(self, number: int) -> Row:
        at, section = self._at(number, 606), number % 3 == 1
        return (
            number + 1, number % self.world.rows + 1, hex_uuid(1, number % 5, 607), f"Journey {number % 5}",
            hex_uuid(1, number % 15, 608) if section else None, f'The "{number % 15}" part' if section else None,
            number % 101, self._text(at - 30 * DAY), self._text(at), self._text(at) if number % 101 == 100 else None,
        )  # fmt: skip

    def _programme(self, number: int) -> Row:
        at = self._at(number, 609)
        done = number % 2 == 0
        return (
            hex_uuid(1, number % 4, 610),
            f"Programme {number % 4}",
            number + 1,
            100 if done else 40.5,
            self._text(at) if done else None,
        )

    def _skill(self, number: int) -> Row:
        at = self._at(number, 611)
        return (
            number + 1, number % self.world.rows + 1, hex_uuid(1, number % 6, 612), f"Skill {number % 6}", number % 101,
            self._text(at - DAY) if number % 2 else None, number % 5 == 0,
            self._text(at + 100 * DAY) if number % 3 else None,
            self._text(at) if number % 4 == 0 else None, None, self._text(at),
        )  # fmt: skip

    def _training(self, number: int, asked: dict[str, str]) -> Row:
        """Minutes of a user in the period asked for (all time without one)."""
        start, end = (_epoch(asked.get(f"reporting_period_{end}")) for end in ("start", "end"))
        total = mix(self.world.seed, number, 613) % 600
        if start is not None or end is not None:
            days = ((end or self.world.anchor) - (start or 0)) // DAY
            total = int(min(total, days * 2))
        return number + 1, total, total // 3, total - total // 3

    # truth

    def streams(self) -> list[str]:
        return list(LISTS)

    def truth(self, stream: str, **options: Any) -> Iterator[Record]:
        """JSON values keep their types; what is of several types comes as text, objects as their text of JSON.

        Options: filters as in a request (`modified_at__gte`, `group_name`, ...).
        """
        for row in records(self._table(stream, [(key, str(value)) for key, value in options.items()])):
            for name in SEVERAL_TYPES & row.keys():
                if row[name] is not None and not isinstance(row[name], str):
                    row[name] = json.dumps(row[name], ensure_ascii=False, separators=(",", ":"))
            yield row


def _epoch(text: Any) -> float | None:
    """Seconds since 1970 of a date or date-time (UTC without an offset); None when it is neither."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _within(value: Any, low: str | None, high: str | None) -> bool:
    at, start, end = _epoch(value), _epoch(low), _epoch(high)
    if at is None:
        return False
    return (start is None or at >= start) and (end is None or at <= end)
