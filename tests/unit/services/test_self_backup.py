"""sopti's own backup: read back before it is recorded, and the newest snapshot holds the record of itself."""

import contextlib
import hashlib
from datetime import timedelta

import pytest

from sopti_runner.errors import ExecutionError, IntegrityError, PartialError
from sopti_runner.ports.backup import Saved, Staged
from sopti_runner.services.self_backup import back_up, backup_check
from tests.unit.domain.memory_ledger import MemoryLedger
from tests.unit.services.test_outside import SharedDesk

LEDGER = "/state/backup/ledger.db"


class FakeState:
    """The state folder, whose ledger is the court's own in memory; implements StateCopier."""

    def __init__(self, ledger):
        self.ledger, self.facts = ledger, []

    @contextlib.contextmanager
    def staged(self, facts):
        self.facts.append(facts)
        end = self.ledger.head()
        yield Staged(("/state",), LEDGER, hashlib.sha256(end.root).hexdigest(), end.size, end.root)


class FakeRepository:
    """Keeps the size of the ledger in each snapshot; implements BackupRepository."""

    address = "/mnt/cadangan"

    def __init__(self, ledger):
        self.ledger, self.saved, self.did = ledger, [], []
        self.bends = self.lacks = 0
        self.broken = ""

    def save(self, paths, tags, progress):
        if self.lacks:
            self.lacks -= 1
            raise PartialError("not everything")
        self.did.append("save")
        self.saved.append((self.ledger.head(), tags))
        return Saved(f"s{len(self.saved)}", 100, 10)

    def read_back(self, snapshot, path):
        assert path == LEDGER
        self.did.append("read back")
        root = self.saved[int(snapshot[1:]) - 1][0].root
        return hashlib.sha256(bytes(32) if self.bends else root).hexdigest()

    def check(self, part, parts):
        self.did.append("check")
        assert 1 <= part <= parts
        if self.broken:
            raise IntegrityError(self.broken)

    def tidy(self):
        self.did.append("tidy")


@pytest.fixture
def desk():
    desk = SharedDesk()
    desk.request("approve")
    desk.repository = FakeRepository(desk.ledger)
    return desk


def backed_up(desk):
    return back_up(desk.books, FakeState(desk.ledger), desk.repository, lambda *_told: None)


def recorded(desk):
    return [event.data for event in desk.ledger.events(types=["backup.made"])]


def test_backup_is_read_back_then_recorded_then_its_record_is_saved(desk):
    before = desk.ledger.head()
    made = backed_up(desk)
    assert desk.repository.did == ["save", "read back", "check", "save", "read back", "tidy"]
    (said,) = recorded(desk)
    assert (said["size"], said["root"], said["snapshot"]) == (before.size, before.root.hex(), "s1")
    newest, tags = desk.repository.saved[-1]
    assert newest == desk.ledger.head()
    assert tags == [made.id]
    assert max(size for _origin, size in desk.share.kept) == newest.size, "what left the machine is in the snapshot"


def test_ledger_that_reads_back_otherwise_is_not_recorded(desk):
    desk.repository.bends = 1
    with pytest.raises(IntegrityError):
        backed_up(desk)
    assert recorded(desk) == []
    assert "tidy" not in desk.repository.did, "older snapshots stay"


def test_damaged_repository_is_not_recorded_and_keeps_its_older_snapshots(desk):
    desk.repository.broken = "damaged"
    with pytest.raises(IntegrityError):
        backed_up(desk)
    assert recorded(desk) == []
    assert "tidy" not in desk.repository.did


def test_file_that_went_away_meanwhile_is_tried_once_more(desk):
    desk.repository.lacks = 1
    backed_up(desk)
    assert len(recorded(desk)) == 1
    desk.repository.lacks = 2
    with pytest.raises(PartialError):
        backed_up(desk)
    assert len(recorded(desk)) == 1


def test_old_copy_is_never_backed_up_over_good_ones(desk):
    old = MemoryLedger(desk.ledger)
    backed_up(desk)
    desk.back(old)
    count = len(desk.repository.saved)
    with pytest.raises(IntegrityError):
        backed_up(desk)
    assert len(desk.repository.saved) == count


def test_record_that_can_not_be_saved_is_told(desk):
    def full(*_given):
        raise ExecutionError("no space left on device")

    first = desk.repository.check
    desk.repository.check = lambda part, parts: (first(part, parts), setattr(desk.repository, "save", full))
    with pytest.raises(ExecutionError):
        backed_up(desk)
    assert len(recorded(desk)) == 1, "the first snapshot stands and was read back"


@pytest.mark.parametrize(("hours", "verdict"), [(0, "ok"), (25, "ok"), (27, "warning"), (24 * 8, "fault")])
def test_doctor_judges_the_age_of_the_newest_backup(desk, hours, verdict):
    backed_up(desk)
    desk.clock.time += timedelta(hours=hours)
    check = backup_check(desk.books, "/mnt/cadangan")
    assert (check.verdict, check.fields["hours"], check.fields["events"]) == (verdict, hours, 0)


def test_doctor_notes_that_nothing_is_backed_up(desk):
    assert backup_check(desk.books, "").verdict == "warning"
    assert backup_check(desk.books, "/mnt/cadangan").found == "never made"
