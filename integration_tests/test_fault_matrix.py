"""The page of faults is in step with the table of faults."""

from __future__ import annotations

from integration_tests.fault_matrix import PAGE, last_run, page
from integration_tests.fault_table import CASES, OF_REQUESTS, SUBJECTS, cases_of, in_brief


def test_the_page_shows_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(last_run()), "run: make faults"


def test_every_case_is_named_once_and_happens_somewhere() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    happening = {case.name for subject in SUBJECTS for case in cases_of(subject)}
    assert happening == set(names)


def test_what_befalls_a_request_is_tried_by_make_test() -> None:
    tried = {case.name for one in SUBJECTS for case in cases_of(one) if in_brief(one, case)}
    assert tried >= OF_REQUESTS


def test_every_other_promise_is_about_a_case() -> None:
    names = {case.name for case in CASES}
    for subject in SUBJECTS:
        assert set(subject.instead) <= names


def test_every_platform_is_a_subject() -> None:
    platforms = {subject.platform for subject in SUBJECTS}
    others = {"hapyak", "percipio", "adobe_learning_manager", "brightspace", "instructure_dap"}
    assert platforms == {"canvas", "second_nature", "sana", "tinqwise", *others}
