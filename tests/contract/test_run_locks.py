"""Run locks as files: a run lives as long as any process that holds its file, and is buried by one alone."""

import os
import subprocess
import sys

import pytest

from sopti_runner.adapters.run_lock_file import FileRunLocks
from sopti_runner.errors import LedgerError

HOLDER = """
import fcntl, os, subprocess, sys
handle = os.open(sys.argv[1], os.O_RDWR)
os.set_inheritable(handle, True)
fcntl.flock(handle, fcntl.LOCK_SH)
wait = "import sys; print('holds', flush=True); sys.stdin.read()"
subprocess.Popen([sys.executable, "-c", wait], close_fds=False)
os._exit(0)  # the one that opened it is gone; the one that inherited it holds it
"""


@pytest.fixture
def locks(tmp_path):
    return FileRunLocks(tmp_path / "runs")


def test_run_that_is_held_lives_and_is_not_buried(locks, tmp_path):
    with locks.hold("run-1"):
        assert locks.lives("run-1")
        with FileRunLocks(tmp_path / "runs").bury("run-1") as dead:
            assert not dead
        assert locks.lives("run-1")
    assert not locks.lives("run-1")
    assert list((tmp_path / "runs").iterdir()) == []


def test_run_lives_until_the_last_process_that_inherited_its_lock_has_gone(locks, tmp_path):
    path = tmp_path / "runs/run-1.lock"
    path.parent.mkdir()
    path.touch()
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "holds\n"
    process.wait(timeout=30)
    assert locks.lives("run-1")
    with locks.bury("run-1") as dead:
        assert not dead
    process.stdin.close()
    with process.stdout as ended:
        assert ended.read() == ""  # its last holder is gone
    with locks.bury("run-1") as dead:
        assert dead
    assert not path.exists()


def test_run_is_buried_by_one_at_a_time_and_its_file_stays_when_that_fails(locks, tmp_path):
    path = tmp_path / "runs/run-1.lock"
    path.parent.mkdir()
    path.touch()
    burial = locks.bury("run-1")
    assert burial.__enter__()
    with FileRunLocks(path.parent).bury("run-1") as second:
        assert not second
    failure = RuntimeError("the ledger is down")
    assert not burial.__exit__(RuntimeError, failure, None)
    assert path.exists()
    assert not locks.lives("run-1")


def test_run_without_a_lock_file_is_dead(locks):
    assert not locks.lives("run-1")
    with locks.bury("run-1") as dead:
        assert dead


def test_lock_that_can_not_be_made_or_is_there_already_refuses(locks, tmp_path):
    with locks.hold("run-1"), pytest.raises(LedgerError), locks.hold("run-1"):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="can't be written"), FileRunLocks(tmp_path / "file").hold("run-1"):
        pass


def test_process_that_dies_leaves_its_file_and_frees_its_lock(locks, tmp_path):
    process = os.fork()
    if not process:
        with locks.hold("run-1"):
            os._exit(9)
    os.waitpid(process, 0)
    assert (tmp_path / "runs/run-1.lock").exists()
    assert not locks.lives("run-1")


@pytest.fixture
def living(locks, tmp_path):
    """Start a process that goes on with run-1, its runner dead: it has inherited the lock; it ends when told."""
    path = tmp_path / "runs/run-1.lock"
    path.parent.mkdir()
    path.touch()
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process, process.stdin, process.stdout:
        assert process.stdout.readline() == "holds\n"
        process.wait(timeout=30)
        yield process
        end(process)


def end(process):
    process.stdin.close()
    assert process.stdout.closed or process.stdout.read() == ""


def buried(locks):
    with locks.bury("run-1") as dead:
        return dead


def test_living_run_whose_lock_file_was_removed_is_not_buried(locks, living, tmp_path):
    (tmp_path / "runs/run-1.lock").unlink()
    assert locks.lives("run-1")
    assert not buried(locks)
    end(living)
    assert not locks.lives("run-1")
    assert buried(locks)


def test_living_run_whose_lock_file_was_made_anew_is_not_buried(locks, living, tmp_path):
    path = tmp_path / "runs/run-1.lock"
    path.unlink()
    path.touch()
    assert locks.lives("run-1")
    assert not buried(locks)
    assert path.exists()
    end(living)
    assert buried(locks)
    assert not path.exists()


def test_runner_whose_lock_file_was_removed_lives_by_a_linked_folder_too(locks, tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "runs")
    with FileRunLocks(tmp_path / "linked").hold("run-1"):
        (tmp_path / "runs/run-1.lock").unlink()
        assert locks.lives("run-1")
        assert not buried(FileRunLocks(tmp_path / "linked"))
    assert buried(locks)


def test_launcher_whose_lock_file_was_moved_lives_by_the_job_in_its_command(locks, tmp_path):
    words = [sys.executable, "-c", "import sys; print('goes on', flush=True); sys.stdin.read()"]
    job = tmp_path / "runs/run-1/runner/job.json"
    launcher = subprocess.Popen([*words, str(job)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with launcher, launcher.stdin:
        assert launcher.stdout.readline() == "goes on\n"
        assert locks.lives("run-1")
        assert not buried(locks)
        assert not locks.lives("run-11")
    assert buried(locks)


def test_run_is_not_called_dead_where_processes_can_not_be_looked_through(tmp_path):
    locks = FileRunLocks(tmp_path / "runs", processes=tmp_path / "proc")
    assert locks.lives("run-1")
    assert not buried(locks)
