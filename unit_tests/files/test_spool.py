from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from source_lms_reports.files.spool import Spool, remove_orphans

HOLD = """
import sys, pathlib
from source_lms_reports.files.spool import Spool
spool = Spool(pathlib.Path(sys.argv[1]))
spool.new_file().write_text("secret")
print("ready", flush=True)
sys.stdin.read()
"""


def age(folder: Path) -> None:
    old = time.time() - 3600
    for path in folder.iterdir():
        os.utime(path, (old, old))


def test_files_are_private_and_go_with_the_spool(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        file = spool.new_file()
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_made_before_it_is_needed(tmp_path: Path) -> None:
    with Spool(tmp_path):
        assert list(tmp_path.iterdir()) == []


def test_a_spool_can_be_used_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.new_file()
    spool.remove()
    spool.remove()
    assert spool.new_file().exists()
    spool.remove()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_killed_process_is_removed_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    age(tmp_path)
    remove_orphans(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1

    process.kill()
    process.communicate()
    remove_orphans(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_young_folder_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "source-lms-reports-new"
    folder.mkdir()
    (folder / "lock").touch()

    remove_orphans(tmp_path)

    assert folder.exists()
