"""How a process ends, on a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, sys, threading
from source_lms_reports.process import run_to_its_end, uninterrupted

def work():
    with uninterrupted():
        for _ in range({signals}):
            os.kill(os.getpid(), signal.SIGTERM)
        print("whole", flush=True)
    print("more", flush=True)
    return 0

def in_a_thread():
    begun, go = threading.Event(), threading.Event()
    def keep():
        with uninterrupted():
            begun.set()
            go.wait(10)
            print("whole", flush=True)
    threading.Thread(target=keep, daemon=True).start()
    begun.wait(10)
    threading.Timer(0.05, go.set).start()
    raise KeyError("a fault meanwhile")

run_to_its_end({work}, lambda error: 1, lambda: None)
"""


@pytest.mark.parametrize(
    ("work", "signals", "code", "printed"),
    [
        ("work", 0, 0, "whole\nmore\n"),
        ("work", 1, -15, "whole\n"),
        ("work", 2, -15, ""),
        ("in_a_thread", 0, 1, "whole\n"),
    ],
)
def test_what_must_not_be_cut_in_two_is_done_first(work: str, signals: int, code: int, printed: str) -> None:
    script = SCRIPT.format(work=work, signals=signals)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.returncode) == (printed, code), done.stderr
