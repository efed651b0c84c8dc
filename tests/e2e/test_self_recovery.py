"""sopti's own backup and its way back, with the real program: what is destroyed in the middle, and by what."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.desk import ROOT, Desk
from tests.e2e.waiting import until

pytestmark = pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed: make deps")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk: needs root")


@pytest.fixture(scope="module")
def backed(staffed: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A court that was backed up once; never changed by a test."""
    desk = staffed.copy(tmp_path_factory.mktemp("backed"))
    desk.content = desk.folder / "content"
    desk.inventory.write_text("all: {}\n")
    (desk.folder / "away").mkdir()
    _to(desk)
    desk.do("self", "backup", "--new-repository")
    return desk


@pytest.fixture
def desk(backed: Desk, tmp_path: Path) -> Desk:
    """The same court, with its backup, for one test alone."""
    desk = backed.copy(tmp_path / "court")
    _to(desk)
    return desk


def _to(desk: Desk, place: str = "away/repo") -> None:
    desk.extra["SOPTI_BACKUP_REPOSITORY"] = str(desk.folder / place)


def password(desk: Desk, text: str = "") -> str:
    """Give a person's file with the password of the backups."""
    file = desk.folder / "password.txt"
    file.write_text(text or (desk.state / "backup.password").read_text())
    return str(file)


def lost(desk: Desk) -> str:
    """Destroy the machine; what is left is the share, the backups and the envelope."""
    file = password(desk)
    shutil.rmtree(desk.state)
    desk.inventory.unlink()
    return file


def restored(desk: Desk, *words: str, code: int | None = 0, **options):
    place = desk.extra["SOPTI_BACKUP_REPOSITORY"]
    return desk.process("self", "restore", place, "--password-file", *words, code=code, **options)


def resumed(desk: Desk, *words: str) -> None:
    desk.do("office", "confirm", desk.value("self", "resume", *words)["proposal"], who="sari")


def test_court_goes_on_where_it_was(desk: Desk):
    number = desk.ask("Sebelum hilang")
    desk.do("self", "backup")
    before = desk.events()
    restored(desk, lost(desk))
    assert desk.inventory.read_text() == "all: {}\n"
    assert desk.do("request", "add", "--what", "x", "--unit", "PTSP", code=10).out == ""
    resumed(desk)
    assert [event.body for event in desk.events()][: len(before)] == [event.body for event in before]
    assert "Sebelum hilang" in desk.do("request", "show", number).out
    assert desk.ask("Sesudah kembali").endswith("0002")
    assert desk.value("ledger", "verify")["defects"] == []
    desk.do("self", "backup")


def test_copy_put_back_by_hand_is_a_copy_too(desk: Desk):
    """Whatever way the file comes back, the mark is in it."""
    environment = {"PATH": os.environ["PATH"], "RESTIC_PASSWORD_FILE": password(desk), "HOME": str(desk.folder)}
    words = ["restic", "--no-cache", "-r", desk.extra["SOPTI_BACKUP_REPOSITORY"], "dump", "latest"]
    made = subprocess.run(
        [*words, str(_source(desk) / "backup/ledger.db")], env=environment, capture_output=True, check=True
    )
    for path in desk.state.glob("ledger.db*"):
        path.unlink()
    (desk.state / "ledger.db").write_bytes(made.stdout)
    assert "copy_waits" in desk.do("request", "add", "--what", "x", "--unit", "PTSP", code=10).err


def _source(desk: Desk) -> Path:
    """Give the state folder from which the first backup was made."""
    environment = {"PATH": os.environ["PATH"], "RESTIC_PASSWORD_FILE": password(desk), "HOME": str(desk.folder)}
    words = ["restic", "--no-cache", "-r", desk.extra["SOPTI_BACKUP_REPOSITORY"], "ls", "latest"]
    listed = subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout
    return Path(next(line for line in listed.splitlines() if line.endswith("/log.key"))).parent


def test_old_copy_is_refused_with_the_reason_and_the_loss_is_told_for_good(desk: Desk):
    for what in ("Satu", "Dua", "Tiga"):
        desk.ask(what)
    desk.do("ledger", "checkpoint")
    seen = len(desk.events())
    restored(desk, lost(desk))
    end = len(desk.events())
    refused = desk.do("self", "resume", "--json", code=10)
    (reason,) = refused.error["reasons"]
    assert reason["code"] == "copy_behind"
    assert str(seen - end) in reason["message"]
    resumed(desk, "--accept-loss")
    verdict = desk.do("ledger", "verify")
    assert "lost for good" in verdict.out
    assert "lost for good" in offline(desk)
    desk.content = ROOT
    now = datetime.now(UTC)
    recap = desk.value("recap", f"{now.year}-{now.month:02d}", "--output", str(desk.folder / "rekap.pdf"))
    assert list(recap["restored"]["lost_events"].values()) == [seen - end]
    desk.ask("Sesudah kehilangan")
    desk.do("ledger", "checkpoint")


def offline(desk: Desk) -> str:
    """Give what the verifier inside an evidence bundle prints on a machine without sopti."""
    bundle = desk.folder / "bukti.zip"
    desk.do("ledger", "export", str(bundle))
    with zipfile.ZipFile(bundle) as packed:
        verifier = Path(packed.extract("sopti_verify.py", desk.folder))
    words = [sys.executable, "-I", str(verifier), str(bundle), "--lang", "en"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def test_wrong_password_leaves_the_machine_empty(desk: Desk):
    lost(desk)
    said = restored(desk, password(desk, "salah-salah-salah"), "--json", code=13)
    assert "password" in said.error["message"]
    assert not (desk.state / "ledger.db").exists()
    assert not (desk.state / "log.key").exists()


def test_damaged_repository_puts_nothing_back_and_is_not_backed_up_to(desk: Desk):
    place = Path(desk.extra["SOPTI_BACKUP_REPOSITORY"])
    for pack in (place / "data").rglob("*"):
        if pack.is_file():
            content = bytearray(pack.read_bytes())
            content[len(content) // 2] ^= 1
            pack.chmod(0o600)
            pack.write_bytes(content)
    count = desk.counts()["backup.made"]
    assert desk.do("self", "backup", code=None).code in (12, 13)
    assert desk.counts()["backup.made"] == count
    said = restored(desk, lost(desk), code=None)
    assert said.code in (12, 13), said
    assert not (desk.state / "ledger.db").exists()


def test_backup_killed_in_the_middle_leaves_no_program_and_the_next_one_works(desk: Desk):
    (desk.state / "snapshots").mkdir(exist_ok=True)
    (desk.state / "snapshots/besar").write_bytes(os.urandom(48 << 20))
    locks, count = Path(desk.extra["SOPTI_BACKUP_REPOSITORY"]) / "locks", desk.counts()["backup.made"]
    with desk.start("self", "backup") as process:
        until(lambda: any(locks.iterdir()))
        process.kill()
    until(lambda: not _restics(desk))
    assert desk.counts()["backup.made"] == count
    desk.do("self", "backup")
    assert desk.counts()["backup.made"] == count + 1
    assert list((desk.state / "backup").iterdir()) == []


def test_restoration_killed_in_the_middle_begins_anew(desk: Desk):
    (desk.state / "snapshots").mkdir(exist_ok=True)
    (desk.state / "snapshots/besar").write_bytes(os.urandom(48 << 20))
    desk.do("self", "backup")
    file = lost(desk)
    place = desk.extra["SOPTI_BACKUP_REPOSITORY"]
    with desk.start("self", "restore", place, "--password-file", file) as process:
        until(lambda: (desk.state / "restoring").is_dir() and any((desk.state / "restoring").iterdir()))
        process.kill()
    until(lambda: not _restics(desk))
    assert not (desk.state / "ledger.db").exists()
    restored(desk, file)
    assert (desk.state / "snapshots/besar").stat().st_size == 48 << 20
    assert not (desk.state / "restoring").exists()
    resumed(desk)


def _restics(desk: Desk) -> list[str]:
    """Give the backup programs that still run on this court's repository."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"restic" in words and desk.extra["SOPTI_BACKUP_REPOSITORY"].encode() in words:
            found.append(process.name)
    return found


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


@needs_root
def test_full_backup_disk_is_told_and_nothing_is_recorded(desk: Desk, small: Path):
    shutil.copytree(desk.extra["SOPTI_BACKUP_REPOSITORY"], small / "repo")
    desk.extra["SOPTI_BACKUP_REPOSITORY"] = str(small / "repo")
    (desk.state / "snapshots").mkdir(exist_ok=True)
    (desk.state / "snapshots/besar").write_bytes(os.urandom(8 << 20))
    count = desk.counts()["backup.made"]
    said = desk.do("self", "backup", "--json", code=13)
    assert "no space left" in said.error["found"]
    assert desk.counts()["backup.made"] == count


@needs_root
def test_full_disk_while_putting_back_leaves_no_half_ledger(desk: Desk, small: Path):
    (desk.state / "snapshots").mkdir(exist_ok=True)
    (desk.state / "snapshots/besar").write_bytes(os.urandom(8 << 20))
    desk.do("self", "backup")
    file, whole = lost(desk), desk.state
    desk.state = small / "state"
    assert restored(desk, file, code=None).code in (11, 12, 13)
    assert list(desk.state.iterdir()) == []
    desk.state = whole
    restored(desk, file)
    resumed(desk)


def test_kit_is_made_for_root_alone_and_leaves_no_secret_elsewhere(desk: Desk):
    secret = (desk.state / "backup.password").read_text().strip()
    desk.content = ROOT
    said = desk.do("self", "kit", "--holder", "Budi", "--holder", "Sari")
    kit = desk.state / "kit.pdf"
    assert kit.read_bytes().startswith(b"%PDF")
    assert kit.stat().st_mode & 0o777 == 0o600
    assert secret not in said.out + said.err
    assert secret.encode() not in b"".join(event.body for event in desk.events())
    checks = {(c["check"], c["verdict"]): c["found"] for c in desk.value("doctor")}
    assert checks["Recovery kit", "warning"] == "the printed sheet still lies on this machine"
    desk.do("self", "kit", "--destroy")
    assert not kit.exists()
    assert ("Recovery kit", "ok") in {(c["check"], c["verdict"]) for c in desk.value("doctor")}
