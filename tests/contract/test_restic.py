"""The wrapper of restic against the real program: each outcome by its name, no secret where others can read it."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from sopti_runner.adapters.restic import command
from sopti_runner.adapters.restic.process import Outcome, Restic, outcome_of
from sopti_runner.adapters.restic.repository import ResticRepository
from sopti_runner.errors import ExecutionError, IntegrityError, PartialError

pytestmark = pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed: make deps")

PASSWORD = "abcd-efgh-jkmn-pqrs"


def quiet(*_told):
    """No one listens."""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "surat.txt").write_text("Surat tugas\n")
    (folder / "besar.bin").write_bytes(os.urandom(3 << 20))
    return folder


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository without snapshots; making one takes seconds, so each test copies it."""
    folder = tmp_path_factory.mktemp("empty") / "repo"
    ResticRepository(Restic(str(folder), PASSWORD, folder.parent)).make()
    return folder


@pytest.fixture
def repository(empty: Path, tmp_path: Path) -> ResticRepository:
    return ResticRepository(Restic(str(shutil.copytree(empty, tmp_path / "repo")), PASSWORD, tmp_path))


def saved(repository: ResticRepository, *paths: Path) -> str:
    return repository.save([str(path) for path in paths], ["one"], quiet).snapshot


@pytest.mark.parametrize(
    ("code", "trouble", "expected"),
    [
        (0, "", Outcome.OK),
        (0, "/nothing does not exist, skipping", Outcome.PARTIAL),
        (3, '{"message_type":"error"}', Outcome.PARTIAL),
        (1, "Fatal: wrong password or no key found", Outcome.BAD_PASSWORD),
        (1, "Is there a repository at the following location?", Outcome.NO_REPOSITORY),
        (1, "Fatal: unable to create lock in backend: repository is already locked", Outcome.LOCKED),
        (1, "Pack ID does not match, want 12345678, got 87654321", Outcome.DAMAGED),
        (1, "ciphertext verification failed", Outcome.DAMAGED),
        (1, "no space left on device", Outcome.FAILED),
        (10, "", Outcome.NO_REPOSITORY),
        (11, "", Outcome.LOCKED),
        (12, "", Outcome.BAD_PASSWORD),
        (-9, "", Outcome.FAILED),
        (77, "something newer", Outcome.FAILED),
    ],
)
def test_outcome_follows_from_code_and_words(code, trouble, expected):
    assert outcome_of(code, (trouble,)) is expected


def test_backup_reads_back_and_restores(repository, files, tmp_path):
    snapshot = saved(repository, files)
    assert repository.read_back(snapshot, str(files / "surat.txt")) == hashlib.sha256(b"Surat tugas\n").hexdigest()
    repository.check(1, 1)
    repository.fetch(snapshot, str(tmp_path / "back"))
    assert (tmp_path / "back" / files.relative_to("/") / "besar.bin").read_bytes() == (files / "besar.bin").read_bytes()
    (found,) = repository.snapshots()
    assert (found.id[:8], found.paths, found.tags) == (snapshot, (str(files),), ("sopti-self", "one"))


def test_older_snapshots_of_a_day_are_forgotten_whatever_their_paths(repository, files):
    saved(repository, files / "surat.txt")
    last = saved(repository, files)
    repository.tidy()
    assert [one.id[:8] for one in repository.snapshots()] == [last]


def test_missing_path_is_no_success(repository, files):
    with pytest.raises(PartialError) as told:
        saved(repository, files, files / "hilang")
    assert "hilang" in told.value.found


def test_wrong_password_is_told_apart(repository, tmp_path):
    with pytest.raises(ExecutionError) as told:
        ResticRepository(Restic(repository.address, "salah", tmp_path)).snapshots()
    assert "password" in str(told.value)


def test_empty_place_is_no_repository_and_stays_empty(tmp_path, files):
    place = tmp_path / "unmounted"
    place.mkdir()
    with pytest.raises(ExecutionError) as told:
        saved(ResticRepository(Restic(str(place), PASSWORD, tmp_path)), files)
    assert "no backup repository" in str(told.value)
    assert list(place.iterdir()) == []


def test_damage_is_found_by_reading(repository, files, tmp_path):
    snapshot = saved(repository, files)
    pack = max((Path(repository.address) / "data").rglob("*"), key=lambda path: path.stat().st_size)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(content)
    with pytest.raises(IntegrityError):
        repository.check(1, 1)
    with pytest.raises(IntegrityError):
        repository.read_back(snapshot, str(files / "besar.bin"))
    with pytest.raises(IntegrityError):
        repository.fetch(snapshot, str(tmp_path / "back"))


def test_lock_of_a_dead_program_is_taken_away_and_a_living_one_is_not(repository, files):
    saved(repository, files)
    with _running(repository, files) as process:
        with pytest.raises(ExecutionError) as told:
            repository.tidy()
        assert "Another program holds" in str(told.value)
        process.kill()
        process.wait()
    assert list((Path(repository.address) / "locks").iterdir()), "a killed backup leaves its lock"
    repository.tidy()
    assert repository.snapshots()


class _running:  # noqa: N801  reads as what it is: a backup that is running
    """A backup that stands in the middle: it saves what comes from a pipe that nobody closes."""

    def __init__(self, repository, files):
        environment = {"PATH": "/usr/bin:/bin", "RESTIC_PASSWORD": PASSWORD, "RESTIC_REPOSITORY": repository.address}
        words = ["restic", "--no-cache", "backup", "--stdin", "--json"]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self.locks = Path(repository.address) / "locks"

    def __enter__(self):
        while not any(self.locks.iterdir()):
            assert self.process.poll() is None
        return self.process

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def test_time_over_interrupts_and_leaves_no_lock(repository, files, tmp_path):
    path = str(files / "besar.bin")
    words, locks = command.dump(saved(repository, files), path).words, Path(repository.address) / "locks"

    def wait_for_the_end(_chunk):
        while any(locks.iterdir()):
            threading.Event().wait(0.02)

    result = Restic(repository.address, PASSWORD, tmp_path).run(command.Command(words, 1), on_bytes=wait_for_the_end)
    assert (result.outcome, result.in_time) == (Outcome.FAILED, False)


def test_password_stands_in_no_argument_and_no_environment(repository, files, tmp_path):
    seen: set[bytes] = set()

    def look(_chunk):
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (process / "cmdline").read_bytes()
                if words.startswith(b"restic") and repository.address.encode() in words:
                    seen.add(words + (process / "environ").read_bytes())

    snapshot = saved(repository, files)
    Restic(repository.address, PASSWORD, tmp_path).run(command.dump(snapshot, str(files / "besar.bin")), on_bytes=look)
    assert seen, "the program was looked at while it ran"
    assert not any(PASSWORD.encode() in each for each in seen)


def test_command_is_its_words_and_names_no_repository():
    assert command.check(3, 7).words == ("check", "--read-data-subset=3/7")
    assert command.backup(["/a"], ["t"]).words == ("backup", "--json", "--tag", "t", "--", "/a")
