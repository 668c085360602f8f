"""What the machine refuses is told apart from bugs."""

from __future__ import annotations

import errno
import threading

import pytest

from source_lms_reports.errors import MachineFault, machine_fault, machine_faults


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "gives the connector no more memory"),
        (RuntimeError("can't start new thread"), "start no more threads"),
        (OSError(errno.EMFILE, "Too many open files"), "open no more files"),
        (OSError(errno.ENFILE, "Too many open files in system"), "open no more files"),
    ],
)
def test_what_is_lacking_is_named(error: Exception, words: str) -> None:
    with pytest.raises(MachineFault, match=words) as raised, machine_faults():
        raise error
    assert type(error).__name__ in (raised.value.detail or "")


def test_python_says_in_these_words_that_no_thread_can_be_started() -> None:
    usual = threading.stack_size(2**47)  # more than there are addresses
    try:
        with pytest.raises(MachineFault, match="start no more threads"), machine_faults():
            threading.Thread(target=print).start()
    finally:
        threading.stack_size(usual)


@pytest.mark.parametrize("error", [RuntimeError("dictionary changed size"), OSError(errno.EIO, "I/O"), KeyError("a")])
def test_a_bug_stays_one(error: Exception) -> None:
    assert machine_fault(error) is None
    with pytest.raises(type(error)), machine_faults():
        raise error
