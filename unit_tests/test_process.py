"""How a process ends, on a process of its own."""

from __future__ import annotations

import os
import signal
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


STANDING = """
import sys, threading, time
from source_lms_reports.process import run_to_its_end, said_to_its_end

lock = threading.Lock()

def say():
    with lock:
        sys.stdout.write("x" * 1_000_000)
        sys.stdout.flush()

def work():
    with said_to_its_end(say):
        threading.Thread(target=say, daemon=True).start()
        while not lock.locked():
            time.sleep(0.01)
        print("standing", file=sys.stderr, flush=True)
        threading.Event().wait()
    return 0

run_to_its_end(work, lambda error: 1, lambda: None)
"""


def test_a_signal_ends_a_process_whose_messages_nobody_reads() -> None:
    out, into = os.pipe()
    with subprocess.Popen([sys.executable, "-c", STANDING], stdout=into, stderr=subprocess.PIPE) as process:
        os.close(into)
        assert process.stderr is not None
        assert process.stderr.readline() == b"standing\n"

        process.send_signal(signal.SIGTERM)

        try:
            assert process.wait(30) == -signal.SIGTERM
        finally:
            process.kill()
            os.close(out)
