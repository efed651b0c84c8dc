"""Containment: whatever a run starts ends with its runner, in each kind that this machine allows."""

import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from sopti_runner.adapters.ansible import containment
from sopti_runner.adapters.run_lock_file import FileRunLocks
from sopti_runner.domain.run import CONTAINMENTS, PARENT_DEATH, USER_NAMESPACE

PROGRAM = Path(__file__).with_name("contained.py")
ROOT = Path(__file__).parents[2]
ORDINARY, SYSTEM_PYTHON = "65533", "/usr/bin/python3"


@pytest.fixture(params=CONTAINMENTS)
def kind(request):
    if request.param != PARENT_DEATH and not containment._allowed(request.param):
        pytest.skip(f"this machine has no {request.param} for this user")
    return request.param


@pytest.fixture
def lock(tmp_path):
    path = tmp_path / "runs/run-1.lock"
    path.parent.mkdir()
    path.touch()
    return path


@pytest.fixture
def mark():
    """A word that only the processes of this test have on their command line; none is left after it."""
    word = f"contained-{secrets.token_hex(6)}"
    yield word
    for process in living(word):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def start(*words, by=(sys.executable,)):
    command = [*by, str(PROGRAM), *words]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def living(mark):
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if folder.name.isdigit() and mark.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def wait_gone(mark, seconds=20):
    deadline = time.monotonic() + seconds
    while living(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    return living(mark)


def begun(*words, **options):
    """Start a runner; gives it and its guardian once everything stands."""
    process = start("runner", *words, **options)
    guardian = int(process.stdout.readline())
    deadline = time.monotonic() + 20
    while len(living(words[-1])) < 5:  # runner, guardian, launcher, and two that want to stay
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process, guardian


def test_runner_that_is_killed_takes_everything_with_it(kind, lock, mark):
    locks = FileRunLocks(lock.parent)
    process, _guardian = begun(kind, str(lock), mark)
    assert locks.lives("run-1")
    process.kill()
    process.wait()
    assert wait_gone(mark) == []
    with process.stdout, locks.bury("run-1") as dead:
        assert dead


def test_run_whose_lock_file_was_removed_is_dead_only_when_nothing_of_it_is_left(kind, lock, mark):
    locks = FileRunLocks(lock.parent)
    process, _guardian = begun(kind, str(lock), mark)
    lock.unlink()
    with locks.bury("run-1") as dead:
        assert not dead
    process.kill()
    process.wait()
    assert wait_gone(mark) == []
    with process.stdout, locks.bury("run-1") as dead:
        assert dead


@pytest.mark.parametrize("kind", sorted(set(CONTAINMENTS) - {PARENT_DEATH}), indirect=True)
def test_guardian_that_is_killed_takes_everything_with_it_where_there_are_namespaces(kind, lock, mark):
    process, guardian = begun(kind, str(lock), mark)
    os.kill(guardian, signal.SIGKILL)
    with process.stdout:
        assert process.wait(timeout=20) == 256 - signal.SIGKILL
    assert wait_gone(mark) == []


def test_guardian_that_is_asked_ends_everything_after_the_grace(kind, lock, mark):
    process, guardian = begun(kind, str(lock), mark)
    os.kill(guardian, signal.SIGTERM)
    with process.stdout:
        assert process.wait(timeout=20) == 128 + signal.SIGKILL
    assert wait_gone(mark) == []


def test_launcher_that_ends_hands_its_exit_code_on_and_leaves_nothing(kind, lock, mark):
    process = start("runner", kind, str(lock), f"{mark}-ends")
    with process.stdout:
        assert process.wait(timeout=20) == 7
    assert living(mark) == []


def test_launcher_whose_run_was_buried_or_whose_runner_is_dead_starts_nothing(kind, lock, mark):
    for words in ((str(lock) + ".gone", mark, str(os.getpid())), (str(lock), mark, "1")):
        process = start("launcher", kind, *words)
        with process.stdout:
            assert process.wait(timeout=20) == containment.GONE
        assert living(mark) == []


def test_launcher_waits_while_its_run_is_buried_and_starts_nothing_then(kind, lock, mark):
    with FileRunLocks(lock.parent).bury("run-1") as dead:
        assert dead
        process = start("launcher", kind, str(lock), mark, str(os.getpid()))
        while not living(mark):
            time.sleep(0.02)
    with process.stdout:
        assert process.wait(timeout=20) == containment.GONE
    assert wait_gone(mark) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_ordinary_user_is_contained_by_a_user_namespace(mark):
    by = ("setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups", "--", SYSTEM_PYTHON)
    with start("kind", by=by) as asked:
        kind = asked.stdout.read().strip()
    if kind != USER_NAMESPACE:
        pytest.skip(f"this machine gives an ordinary user no namespace, or not our programs ({kind})")
    process, _guardian = begun(kind, "", mark, by=by)
    process.kill()
    process.wait()
    process.stdout.close()
    assert wait_gone(mark) == []


def test_machine_says_which_kind_it_allows():
    assert containment.containment() in CONTAINMENTS
