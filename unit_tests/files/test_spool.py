from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from source_lms_reports.errors import DiskFault
from source_lms_reports.files.spool import Spool, disk_faults, remove_orphans, require_room, temporary_folder

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


def test_a_file_system_without_inodes_is_told_apart_from_one_without_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = list(os.statvfs(tmp_path))
    about[5:8] = [9, 0, 0]  # files, and those that are free
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(about))
    with pytest.raises(DiskFault, match="takes no more files, however small"), disk_faults(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")


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


def test_what_there_is_no_room_for_is_not_begun(tmp_path: Path) -> None:
    require_room(tmp_path, 1)
    with pytest.raises(DiskFault) as raised:
        require_room(tmp_path, 1 << 60)
    assert "it needs 1,099,511,627,776.0 MiB" in raised.value.message
    assert f"{tmp_path} has " in raised.value.message
    assert "TMPDIR" in raised.value.message


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_that_fills_up_says_how_much_came(tmp_path: Path, number: int) -> None:
    with pytest.raises(DiskFault, match=r"it needs more than 5\.0 MiB"), disk_faults(tmp_path, None, lambda: 5 << 20):
        raise OSError(number, "no")
    with pytest.raises(DiskFault, match=r"it needs 7\.0 MiB"), disk_faults(tmp_path, 7 << 20):
        raise OSError(number, "no")


def test_other_faults_are_not_the_disks(tmp_path: Path) -> None:
    for fault in (ConnectionResetError(errno.ECONNRESET, "no"), OSError("no number")):
        with pytest.raises(OSError, match="no"), disk_faults(tmp_path):
            raise fault


def test_a_folder_that_cannot_be_written_is_named() -> None:
    with pytest.raises(DiskFault, match="Temporary files cannot be written to /nowhere"):
        Spool(Path("/nowhere")).new_file()


def test_no_folder_at_all_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", none)
    with pytest.raises(DiskFault, match="There is no folder for temporary files"):
        temporary_folder()


def test_the_room_that_its_files_take_is_told(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    assert spool.use() == (0, sys.maxsize)
    spool.new_file().write_bytes(b"x" * 1000)
    two = spool.new_file()
    two.write_bytes(b"x" * 500)
    assert spool.use()[0] == 1500
    two.unlink()
    unread, free = spool.use()
    assert unread == 1000
    assert 0 < free < sys.maxsize
    spool.remove()
    assert spool.use() == (0, sys.maxsize)


def test_a_folder_that_somebody_has_removed_takes_no_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    shutil.rmtree(spool.new_file().parent)
    assert spool.use() == (0, sys.maxsize)
