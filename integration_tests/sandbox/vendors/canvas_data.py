"""Canvas' data: an institution of any size, and the rows of each report output as a function of the row's number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..data import DAY, SUBJECTS, Row, Table, first_name, last_name, mix, mountain_text, ruby_text
from .canvas_catalog import REPORT_TYPES

GLOBAL_ID = 12_340_000_000_000_000  # a cross-shard id: beyond 2**53, where doubles lose the last digit
PERIODS: dict[int, tuple[str, ...]] = {1: ("Q1", "Q2"), 2: ("P1", "P2", "P3"), 3: ("Été, 1",)}
NO_PERIODS = "no grading periods configured for this enrollment term"


@dataclass(frozen=True)
class Term:
    """An enrollment term; `set_id` is its grading period group."""

    id: int
    sis_id: str | None
    name: str
    status: str
    start: float | None
    end: float | None
    set_id: int | None


@dataclass(frozen=True)
class Wanted:
    """What the parameters of a report run come down to. Term and course numbers are places, not ids."""

    terms: frozenset[int] | None = None
    course: int | None = None
    include_deleted: bool = False
    created_by_sis: bool = False
    no_enrollments: bool = False
    living_tokens: bool = False
    start: float | None = None
    end: float | None = None
    states: frozenset[str] | None = None
    roles: frozenset[str] | None = None


Build = Callable[[Wanted], Iterator[Row]]


def canvas_id(base: int, number: int) -> int:
    """The id of thing number `number`; every eleventh comes from another shard."""
    return base + number + (GLOBAL_ID if number % 11 == 3 else 0)


def user_id(user: int) -> int:
    return canvas_id(101, user)


def course_id(course: int) -> int:
    return canvas_id(2001, course)


def section_id(section: int) -> int:
    return canvas_id(30001, section)


def login_user(login: int) -> tuple[int, int]:
    """The user of a login and which of the user's logins it is: every seventh user has two."""
    group, place = divmod(login, 8)
    return group * 7 + min(place, 6), 1 if place == 7 else 0


def user_sis(user: int) -> str | None:
    """The SIS id, with leading zeros; some users have none."""
    return None if user % 9 == 4 else f"{user * 7:07d}"


def course_sis(course: int) -> str | None:
    return None if course % 8 == 6 else f"00{course:04d}-C"


def section_sis(section: int) -> str | None:
    return None if section % 7 == 5 else f"00{section:05d}-S"


class CanvasData:
    """The institution.

    Args:
        rows: The number of logins and of enrollments.
        anchor: Seconds since 1970 at which activity ends.
    """

    def __init__(self, rows: int, seed: int, anchor: float) -> None:
        self.rows = max(rows, 0)
        self.seed = seed
        self.anchor = anchor
        self.users = login_user(self.rows - 1)[0] + 1 if self.rows else 1
        self.courses = max(8, self.rows // 20)
        self.accounts = max(3, self.rows // 200)
        self.groups = max(5, self.rows // 25)
        self.terms = [
            Term(1, None, "Default Term", "active", None, None, None),
            Term(12, "0025F", "Fall 2025", "active", anchor - 140 * DAY, anchor - 20 * DAY, 71),
            Term(13, "0026S", "Spring 2026", "active", anchor - 5 * DAY, anchor + 120 * DAY, 72),
            Term(14, "0026E", "Été 2026", "active", anchor + 130 * DAY, anchor + 200 * DAY, 73),
            Term(9, "0019X", "Fall 2019", "deleted", anchor - 2300 * DAY, anchor - 2200 * DAY, None),
        ]
        self._outputs: dict[tuple[str, str], Build] = self._builders()

    def _builders(self) -> dict[tuple[str, str], Build]:
        provisioning: dict[str, Build] = {
            "users": self._users, "accounts": self._accounts, "terms": self._terms, "courses": self._courses,
            "sections": self._sections, "enrollments": self._enrollments, "groups": self._groups,
            "group_membership": self._memberships, "group_categories": self._categories, "xlist": self._xlist,
            "user_observers": self._observers, "admins": self._admins,
            "institutional_tag_categories": self._tag_categories, "institutional_tags": self._tags,
            "institutional_tag_associations": self._tag_associations,
        }  # fmt: skip
        single: dict[str, Build] = {
            "eportfolio_report_csv": self._eportfolios, "grade_export_csv": self._grades,
            "last_user_access_csv": self._accesses, "last_enrollment_activity_csv": self._activities,
            "outcome_export_csv": self._outcome_export, "outcome_results_csv": self._outcome_results,
            "student_assignment_outcome_map_csv": self._outcome_map,
            "recently_deleted_courses_csv": lambda w: self._course_list(w, self.courses, self._extra(self.courses)),
            "unpublished_courses_csv": lambda w: self._course_list(w, 0, self.courses, lambda c: c % 5 == 1),
            "public_courses_csv": lambda w: self._course_list(w, 0, self.courses, lambda c: c % 4 == 2),
            "course_storage_csv": self._storage, "unused_courses_csv": self._unused,
            "students_with_no_submissions_csv": self._no_submissions, "zero_activity_csv": self._zero_activity,
            "user_access_tokens_csv": self._tokens, "lti_report_csv": self._lti,
            "developer_key_report_csv": self._developer_keys,
        }  # fmt: skip
        found = {("provisioning_csv", name): build for name, build in provisioning.items()}
        found |= {("sis_export_csv", name): self._sis(name, build) for name, build in provisioning.items()}
        return found | {(name, name.removesuffix("_csv")): build for name, build in single.items()}

    def rows_of(self, report: str, output: str, wanted: Wanted) -> Iterator[Row]:
        """The rows of an output, with every column of the catalog."""
        return self._outputs[report, output](wanted)

    @staticmethod
    def _extra(count: int) -> int:
        """How many deleted things stand behind `count` living ones."""
        return count // 20 + 1

    def _span(self, count: int, wanted: Wanted) -> range:
        return range(count + self._extra(count) if wanted.include_deleted else count)

    def _ago(self, number: int, salt: int, days: int = 400) -> float:
        """A moment in the last `days` days before the anchor."""
        return self.anchor - mix(self.seed, number, salt) % (days * DAY)

    def _maybe(self, number: int, salt: int, every: int, value: float) -> str | None:
        return None if mix(self.seed, number, salt) % every == 0 else mountain_text(value)

    def full_name(self, user: int) -> str:
        return f"{first_name(self.seed, user)} {last_name(self.seed, user)}"

    def sortable(self, user: int) -> str:
        return f"{last_name(self.seed, user)}, {first_name(self.seed, user)}"

    def subject(self, course: int) -> str:
        return f"{SUBJECTS[course % len(SUBJECTS)]} {course}"

    def term_of(self, course: int) -> int:
        """The place of a course's term."""
        return 0 if course % 10 == 9 else 1 + course % 3

    def _course_wanted(self, course: int, wanted: Wanted) -> bool:
        if wanted.course is not None and course != wanted.course:
            return False
        return wanted.terms is None or self.term_of(course) in wanted.terms

    # provisioning and SIS export

    def _users(self, wanted: Wanted) -> Iterator[Row]:
        for login in self._span(self.rows, wanted):
            user, which = login_user(login)
            sis = user_sis(user) if which == 0 else None
            if wanted.created_by_sis and sis is None:
                continue
            first, last = first_name(self.seed, user), last_name(self.seed, user)
            yield (
                user_id(user), sis, f"INT-{user:05d}" if user % 3 == 0 else None,
                str(100 + which) if user % 2 else None,
                f"{user:06d}" if which == 0 else f"user{user}@alt.example.edu", first, last, f"{first} {last}",
                f"{last}, {first}", first, None if user % 13 == 7 else f"user{user}@example.edu",
                "deleted" if login >= self.rows else "suspended" if user % 29 == 3 else "active",
                sis is not None, ("she/her", "they/them", None)[user % 3],
            )  # fmt: skip

    def _accounts(self, wanted: Wanted) -> Iterator[Row]:
        for number in self._span(self.accounts, wanted):
            sis = None if number % 4 == 3 else f"0{number:03d}-A"
            if wanted.created_by_sis and sis is None:
                continue
            status = "deleted" if number >= self.accounts else "active"
            yield (
                canvas_id(2, number),
                sis,
                1,
                None,
                f"School of {SUBJECTS[number % 10]}",
                status,
                sis is not None,
            )

    def _terms(self, wanted: Wanted) -> Iterator[Row]:
        for term in self.terms:
            sis = term.sis_id is not None
            if (term.status == "deleted" and not wanted.include_deleted) or (wanted.created_by_sis and not sis):
                continue
            start, end = (None if at is None else mountain_text(at) for at in (term.start, term.end))
            yield term.id, term.sis_id, term.name, term.status, start, end, sis

    def _courses(self, wanted: Wanted) -> Iterator[Row]:
        for course in self._span(self.courses, wanted):
            sis = course_sis(course)
            if not self._course_wanted(course, wanted) or (wanted.created_by_sis and sis is None):
                continue
            term, start = self.terms[self.term_of(course)], self._ago(course, 11)
            blueprint = course_id(0) if course % 6 == 2 else None
            yield (
                course_id(course), sis, f"CI-{course}" if course % 4 == 0 else None, f"C{course:03d}",
                self.subject(course), 2, "0000-A", term.id, term.sis_id,
                "deleted" if course >= self.courses else "unpublished" if course % 5 == 1 else "active",
                self._maybe(course, 12, 4, start), self._maybe(course, 13, 3, start + 90 * DAY),
                ("online", "on_campus", "blended", None)[course % 4], blueprint,
                course_sis(0) if blueprint else None, sis is not None,
            )  # fmt: skip

    def _sections(self, wanted: Wanted) -> Iterator[Row]:
        for section in self._span(2 * self.courses, wanted):
            course, sis = section // 2, section_sis(section)
            if not self._course_wanted(course, wanted) or (wanted.created_by_sis and sis is None):
                continue
            yield (
                section_id(section), sis, course_id(course), course_sis(course), None,
                f"{self.subject(course)} / {'AB'[section % 2]}",
                "deleted" if section >= 2 * self.courses else "active",
                self._maybe(section, 14, 2, self._ago(section, 15)), None, 2, "0000-A", sis is not None,
            )  # fmt: skip

    def _place(self, enrollment: int) -> tuple[int, int]:
        """The user and section of an enrollment; no pair comes twice."""
        lap, user = divmod(enrollment, self.users)
        course = (user + lap * 3) % self.courses
        return user, course * 2 + (user + lap) % 2

    def _enrollments(self, wanted: Wanted) -> Iterator[Row]:
        states = ("active", "active", "active", "invited", "active", "inactive")
        for number in self._span(self.rows, wanted):
            user, section = self._place(number)
            course, sis = section // 2, user_sis(user)
            kind = "teacher" if user % 23 == 1 else "observer" if user % 31 == 5 else "student"
            status = "deleted" if number >= self.rows else states[number % 6]
            base = f"{kind.capitalize()}Enrollment"
            if not self._course_wanted(course, wanted) or (wanted.created_by_sis and sis is None):
                continue
            if (wanted.states and status not in wanted.states) or (wanted.roles and base not in wanted.roles):
                continue
            watched = (user + 1) % self.users if kind == "observer" else None
            source = (user + 2) % self.users if number % 5 == 0 else None
            yield (
                course_id(course), course_sis(course), user_id(user), sis, kind, 19 if kind == "student" else 20,
                section_id(section), section_sis(section), status,
                None if watched is None else user_id(watched), None if watched is None else user_sis(watched),
                sis is not None, base, user % 4 == 0, canvas_id(500001, number),
                None if source is None else user_id(source), None if source is None else user_sis(source),
                "canvas.example.edu",
            )  # fmt: skip

    def _groups(self, wanted: Wanted) -> Iterator[Row]:
        for group in self._span(self.groups, wanted):
            in_course, sis = group % 2 == 1, None if group % 6 == 5 else f"0{group:04d}-G"
            course = group % self.courses
            if wanted.created_by_sis and sis is None:
                continue
            yield (
                canvas_id(7001, group), sis, canvas_id(8001, group // 3), f"0{group // 3:03d}-GC",
                None if in_course else 1, None, course_id(course) if in_course else None,
                course_sis(course) if in_course else None, f"Team {last_name(self.seed, group)}",
                "deleted" if group >= self.groups else "available", sis is not None,
                course_id(course) if in_course else 1, "Course" if in_course else "Account",
                None if group % 3 else 12,
            )  # fmt: skip

    def _memberships(self, wanted: Wanted) -> Iterator[Row]:
        count = min(self.rows // 2 + 3, self.users * self.groups)
        for number in self._span(count, wanted):
            lap, user = divmod(number, self.users)
            group = (user + lap) % self.groups
            sis = None if group % 6 == 5 else f"0{group:04d}-G"
            if wanted.created_by_sis and sis is None:
                continue
            status = "deleted" if number >= count else "accepted"
            yield canvas_id(7001, group), sis, user_id(user), user_sis(user), status, sis is not None

    def _categories(self, wanted: Wanted) -> Iterator[Row]:
        count = self.groups // 3 + 1
        for number in self._span(count, wanted):
            in_course = number % 2 == 1
            yield (
                canvas_id(8001, number), f"0{number:03d}-GC", course_id(0) if in_course else 1,
                "Course" if in_course else "Account", f"Sets; {SUBJECTS[number % 10]}",
                "communities" if number % 5 == 4 else None, ("enabled", "restricted", None)[number % 3],
                None if number % 2 else 6, ("first", "random", None)[number % 3],
                "deleted" if number >= count else "active",
            )  # fmt: skip

    def _xlist(self, wanted: Wanted) -> Iterator[Row]:
        for section in range(1, 2 * self.courses, 6):
            course, target = section // 2, (section // 2 + 1) % self.courses
            if self._course_wanted(course, wanted):
                yield (
                    course_id(target), course_sis(target), section_id(section), section_sis(section), "active",
                    course_id(course), course_sis(course),
                )  # fmt: skip

    def _observers(self, wanted: Wanted) -> Iterator[Row]:
        count = max(2, self.users // 12)
        for number in self._span(count, wanted):
            student = (number * 5 + 1) % self.users
            sis = user_sis(number)
            if wanted.created_by_sis and sis is None:
                continue
            status = "deleted" if number >= count else "active"
            yield user_id(number), sis, user_id(student), user_sis(student), status, sis is not None

    def _admins(self, _wanted: Wanted) -> Iterator[Row]:
        for number in range(min(self.users, 6)):
            role = ("AccountAdmin", "Sub-Account Admin", "Help Desk, Tier 1")[number % 3]
            yield (
                self.full_name(number), user_id(number), user_sis(number), canvas_id(2, number % 3), "0000-A",
                3 + number % 3, role, "active", user_sis(number) is not None, "canvas.example.edu",
            )  # fmt: skip

    def _tag_categories(self, _wanted: Wanted) -> Iterator[Row]:
        for number in range(3):
            yield (
                str(canvas_id(470, number)), f"CAT-{number}", f"Category {number}", f"Things, of kind {number}",
                "active", "true",
            )  # fmt: skip

    def _tags(self, _wanted: Wanted) -> Iterator[Row]:
        for number in range(9):
            category = number % 3
            yield (
                str(canvas_id(471, number)), f"TAG-{number}", str(canvas_id(470, category)), f"CAT-{category}",
                f"Tag {number}", None if number % 2 else "First, of its family", "active", "true",
            )  # fmt: skip

    def _tag_associations(self, _wanted: Wanted) -> Iterator[Row]:
        for user in range(self.users):
            tag = user % 9
            yield (
                str(canvas_id(471, tag)), f"TAG-{tag}", str(user_id(user)), user_sis(user) or f"U-{user}", "active",
                "true",
            )  # fmt: skip

    def _sis(self, output: str, build: Build) -> Build:
        """The SIS export of an output: fewer columns, and only what has a SIS id."""
        source = [column.split(" ?")[0].split(":")[0] for column in REPORT_TYPES["provisioning_csv"].outputs[output]]
        source = ["category_name" if name == "name" and output == "group_categories" else name for name in source]
        target = [column.split(" ?")[0].split(":")[0] for column in REPORT_TYPES["sis_export_csv"].outputs[output]]
        places = [source.index(name) if name in source else None for name in target]
        key = places[0]
        status = target.index("status") if output == "courses" else None

        def rows(wanted: Wanted) -> Iterator[Row]:
            for row in build(wanted):
                if key is not None and row[key] is None:
                    continue
                cells = [None if place is None else row[place] for place in places]
                if status is not None and cells[status] == "unpublished":
                    cells[status] = "active"
                yield cells

        return rows

    # grades

    def _grade_cells(self, number: int) -> tuple[Row, Row]:
        """Scores and letters: (current, final, state, unposted current, unposted final, override), (five grades)."""
        score = mix(self.seed, number, 21) % 1001 / 10
        state = ("active", "completed", "invited")[number % 7 % 3]
        if number % 12 == 7:
            return (None, None, state, None, None, None), (None, None, None, None, None)
        letter = "ABCDF"[mix(self.seed, number, 22) % 5]
        override = 95.5 if number % 10 == 0 else None
        return (
            (score, round(score * 0.9, 2), state, score, round(score * 0.85, 2), override),
            (letter, letter, letter, letter, "A" if override else None),
        )

    def _student(self, number: int) -> tuple[int, Row]:
        """The course, and the first 13 cells of both grade exports."""
        user, section = self._place(number)
        course = section // 2
        term = self.terms[self.term_of(course)]
        return course, (
            self.full_name(user), user_id(user), user_sis(user), f"INT-{user:05d}", self.subject(course),
            course_id(course), course_sis(course), f"{self.subject(course)} / {'AB'[section % 2]}",
            section_id(section), section_sis(section), term.name, term.id, term.sis_id,
        )  # fmt: skip

    def _grades(self, wanted: Wanted) -> Iterator[Row]:
        for number in self._span(self.rows, wanted):
            course, student = self._student(number)
            if self._course_wanted(course, wanted):
                scores, letters = self._grade_cells(number)
                yield (*student, *scores, *letters)

    def period_table(self, place: int, wanted: Wanted, keep: Callable[[tuple[str, ...]], list[int]]) -> Table:
        """The member of the grading-period export for the term at `place`; `keep` picks columns by their switches."""
        term = self.terms[place]
        if place not in PERIODS:
            return Table([NO_PERIODS], ())
        columns = _period_columns(PERIODS[place])
        places = keep(columns)
        plain = [column.split(" ?")[0].split(":")[0] for column in columns]
        rows = self._period_rows(term, place, wanted)
        return Table([plain[p] for p in places], ([row[p] for p in places] for row in rows))

    def _period_rows(self, term: Term, place: int, wanted: Wanted) -> Iterator[Row]:
        for number in self._span(self.rows, wanted):
            course, student = self._student(number)
            if self.term_of(course) != place:
                continue
            cells: list[str | None] = []
            for at in range(len(PERIODS[place])):
                scores, letters = self._grade_cells(number * 7 + at)
                figures = [None if value is None else str(value) for value in (*scores[:2], *scores[3:])]
                cells += [str(place * 100 + at), *figures, *(str(g) if g else None for g in letters)]
            scores, letters = self._grade_cells(number)
            yield (*student, f"Set of {term.name}", term.set_id, *cells, *scores, *letters)

    # access and activity

    def _accesses(self, wanted: Wanted) -> Iterator[Row]:
        for login in self._span(self.rows, wanted):
            user, which = login_user(login)
            if not self._course_wanted(user % self.courses, wanted):
                continue
            at = None if login % 17 == 5 else mountain_text(self._ago(login, 31))
            ip = None if at is None else f"10.{login >> 16 & 255}.{login >> 8 & 255}.{login & 255}"
            yield user_id(user), user_sis(user) if which == 0 else None, self.sortable(user), at, ip

    def _activities(self, wanted: Wanted) -> Iterator[Row]:
        for user in range(self.users):
            if self._course_wanted(user % self.courses, wanted):
                at = None if user % 19 == 6 else mountain_text(self._ago(user, 32))
                yield user_id(user), self.sortable(user), at

    def _eportfolios(self, wanted: Wanted) -> Iterator[Row]:
        count = max(4, self.rows // 30)
        numbers = range(count, count + self._extra(count)) if wanted.include_deleted else range(count)
        for number in numbers:
            user = number % self.users
            if wanted.no_enrollments and number % 3:
                continue
            at = self._ago(number, 41)
            for login in (f"{user:06d}", f"user{user}@alt.example.edu")[: 2 if user % 7 == 6 else 1]:
                yield (
                    f"My {self.subject(number)}", canvas_id(60001, number), self.full_name(user), user_id(user),
                    user_sis(user), login, ruby_text(at - 30 * DAY), ruby_text(at), number % 3 == 0,
                    "deleted" if wanted.include_deleted else "active",
                )  # fmt: skip

    def _no_submissions(self, wanted: Wanted) -> Iterator[Row]:
        window = int((wanted.start or 0) // DAY)
        for number in range(self.rows // 2 + 2):
            user, section = self._place(number)
            state = ("active", "completed", "invited", "inactive")[number % 4]
            unwanted = wanted.states is not None and state not in wanted.states
            if mix(self.seed, number, window) % 3 or not self._course_wanted(section // 2, wanted) or unwanted:
                continue
            yield (*self._where(user, section, self.sortable(user)), state)

    def _where(self, user: int, section: int, name: str) -> Row:
        course = section // 2
        return (
            user_id(user), user_sis(user), name, section_id(section), section_sis(section),
            f"{self.subject(course)} / {'AB'[section % 2]}", course_id(course), course_sis(course),
            self.subject(course),
        )  # fmt: skip

    def _zero_activity(self, wanted: Wanted) -> Iterator[Row]:
        for number in range(self.rows):
            user, section = self._place(number)
            never = user % 6 == 0
            idle = never or (wanted.start is not None and self._ago(user, 33) < wanted.start)
            if idle and self._course_wanted(section // 2, wanted):
                yield self._where(user, section, self.sortable(user))

    # courses, outcomes, tools

    def _course_list(
        self, wanted: Wanted, start: int, count: int, chosen: Callable[[int], bool] = lambda _: True
    ) -> Iterator[Row]:
        for course in range(start, start + count):
            if chosen(course) and self._course_wanted(course, wanted):
                at = self._ago(course, 11)
                yield (
                    course_id(course), course_sis(course), f"C{course:03d}", self.subject(course),
                    self._maybe(course, 12, 4, at), self._maybe(course, 13, 3, at + 90 * DAY),
                )  # fmt: skip

    def _storage(self, wanted: Wanted) -> Iterator[Row]:
        for course in range(self.courses):
            if self._course_wanted(course, wanted):
                used = mix(self.seed, course, 51) % 90000 / 100
                yield (
                    course_id(course), course_sis(course), f"C{course:03d}", self.subject(course), 2, "0000-A",
                    f"School of {SUBJECTS[0]}", used, round(used * 1.5, 2),
                )  # fmt: skip

    def _unused(self, wanted: Wanted) -> Iterator[Row]:
        for course in range(0, self.courses, 3):
            if self._course_wanted(course, wanted):
                status = ("unpublished", "active", "concluded")[course % 3]
                made = mountain_text(self._ago(course, 52))
                yield (
                    course_id(course),
                    course_sis(course),
                    f"C{course:03d}",
                    self.subject(course),
                    status,
                    made,
                )

    def _outcome_export(self, _wanted: Wanted) -> Iterator[Row]:
        yield (
            "canvas_outcome_group:1", "group", "Root, of all", None, None, None, None, None, None, "active", None, None,
        )  # fmt: skip
        for number in range(max(4, self.rows // 50)):
            ratings = ("5", "Exceeds", "3", "Meets, mostly", "0", "Does\nnot meet")[: 6 - 2 * (number % 2)]
            yield (
                f"canvas_outcome:{number + 1}", "outcome", f"Outcome {number}", f"<p>Can {SUBJECTS[number % 10]}</p>",
                None, f"O{number}", "decaying_average" if number % 2 else "highest", 65 if number % 2 else None,
                "canvas_outcome_group:1 canvas_outcome_group:2", "active", 3.0, *ratings,
            )  # fmt: skip

    def _outcome_tail(self, number: int, course: int, section: int) -> Row:
        """The cells from `course name` to `enrollment state`, shared by both outcome reports."""
        mastered = (1, 0, None)[number % 3]
        return (
            self.subject(course), course_id(course), course_sis(course),
            f"{self.subject(course)} / {'AB'[section % 2]}", section_id(section), section_sis(section),
            f"https://canvas.example.edu/courses/{course_id(course)}/assignments/{number % 40 + 1}",
            "I can do this" if number % 4 else None, 5.0, 3.0, mastered,
            None if mastered is None else ("Does not meet", "Exceeds")[mastered],
            None if mastered is None else (0.0, 5.0)[mastered], "Root, of all", 1, 1, "Example University",
            ("active", "completed")[number % 2],
        )  # fmt: skip

    def _outcome_head(self, number: int, title: str) -> tuple[int, int, Row]:
        user, section = self._place(number)
        return section // 2, section, (self.sortable(user), user_id(user), user_sis(user), title)

    def _outcome_results(self, wanted: Wanted) -> Iterator[Row]:
        for number in self._span(self.rows, wanted):
            course, section, head = self._outcome_head(number, f"Quiz {number % 40}")
            if not self._course_wanted(course, wanted):
                continue
            at = None if number % 14 == 8 else mountain_text(self._ago(number, 61))
            quiz = number % 2 == 0
            yield (
                *head, canvas_id(90001, number % 40), "quiz" if quiz else "assignment", at,
                None if at is None else mix(self.seed, number, 62) % 500 / 10, f"Outcome {number % 9}", number % 9 + 1,
                1 + number % 3, mix(self.seed, number, 63) % 6 / 1, "Which one?\nChoose, please" if quiz else None,
                (str(400 + number) if number % 4 else f"item-{number:08x}") if quiz else None,
                *self._outcome_tail(number, course, section),
            )  # fmt: skip

    def _outcome_map(self, wanted: Wanted) -> Iterator[Row]:
        for number in self._span(self.rows, wanted):
            course, section, head = self._outcome_head(number, f"Essay {number % 40}")
            if not self._course_wanted(course, wanted):
                continue
            at = None if number % 15 == 9 else mountain_text(self._ago(number, 64))
            yield (
                *head, canvas_id(91001, number % 40), at,
                None if at is None else mix(self.seed, number, 65) % 500 / 10, f"Outcome {number % 9}", number % 9 + 1,
                1 + number % 3, mix(self.seed, number, 66) % 6 / 1, *self._outcome_tail(number, course, section),
            )  # fmt: skip

    def _tokens(self, wanted: Wanted) -> Iterator[Row]:
        count = max(5, self.rows // 10)
        for number in self._span(count, wanted):
            user, state = number % self.users, ("active", "active", "expired")[number % 3]
            if wanted.living_tokens and state != "active":
                continue
            made = self._ago(number, 71)
            hint = f"{mix(self.seed, number, 72):08x}"[:5]
            yield (
                user_id(user), self.sortable(user), canvas_id(480, number), f"Purpose {number % 4}", hint,
                None if number % 4 else f"1016~{hint}", "never" if number % 7 == 3 else mountain_text(made),
                "never" if number % 3 == 0 else mountain_text(made + 365 * DAY),
                "never" if number % 4 == 1 else mountain_text(made + 2 * DAY),
                "deleted" if number >= count else state, 170 + number % 4, "User-Generated",
            )  # fmt: skip

    def _lti(self, wanted: Wanted) -> Iterator[Row]:
        for number in self._span(max(4, self.rows // 60), wanted):
            in_course, course = number % 2 == 1, number % self.courses
            yield (
                "Course" if in_course else "Account", course_id(course) if in_course else 1,
                "Example University", self.subject(course) if in_course else None, canvas_id(450, number),
                f"Tool; {number}", f"tool_{number:03d}", ruby_text(self._ago(number, 81)),
                ("public", "anonymous", "name_only")[number % 3], f"https://tool{number}.example.com/launch?a=1,2",
                '{"course"=>"$Canvas.course.id", "key"=>nil}' if number % 2 else "{}",
            )  # fmt: skip

    def _developer_keys(self, _wanted: Wanted) -> Iterator[Row]:
        for number in range(5):
            scoped = number % 2 == 0
            yield (
                10_000_000_000_000 * (number + 901) + number, f"Key {last_name(self.seed, number)}", number % 3 == 0,
                f"admin{number}@example.edu", "LTI Key" if number % 2 else "API Key",
                '["course_navigation", "account_navigation"]' if number % 2 else "None",
                "on" if number % 4 else "off",
                "All" if scoped else '["url:GET|/api/v1/accounts/:account_id/reports"]',
            )  # fmt: skip


def _period_columns(titles: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of a member of the grading-period export, in the catalog's notation."""
    parts = (
        "grading period id", "current score", "final score", "unposted current score", "unposted final score",
        "override score ?grade_override", "current grade", "final grade", "unposted current grade",
        "unposted final grade", "override grade ?grade_override",
    )  # fmt: skip
    columns: list[str] = []
    for column in REPORT_TYPES["mgp_grade_export_csv"].outputs["<term name>"]:
        if column == "{periods}":
            columns += [f"{title} {part}" for title in titles for part in parts]
        else:
            columns.append(column)
    return tuple(columns)
