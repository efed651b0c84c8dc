"""The commands on a ledger in PostgreSQL: founded by the owner's role, used by sopti's, and a server that dies."""

import re
import subprocess
import sys
from contextlib import closing

import pytest
import yaml

from tests.e2e import notes
from tests.e2e.desk import Desk
from tests.lab import Lab
from tests.postgres import Cluster

OTHER = "sopti.pa-contoh.example/ledger"


def court(folder, database, **extra) -> Desk:
    """Give a desk whose ledger is in a database."""
    folder.mkdir(exist_ok=True)
    desk = Desk(folder)
    desk.extra = {"SOPTI_DATABASE_URL": database.url, "SOPTI_DATABASE_OWNER_URL": database.owner_url, **extra}
    return desk


@pytest.fixture(scope="module")
def database(postgres: Cluster):
    """A database of its own, as an administrator makes it."""
    return postgres.own_database()


@pytest.fixture(scope="module")
def founded(database, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A founded and staffed court; the owner's address is no longer in its settings."""
    desk = court(tmp_path_factory.mktemp("court"), database)
    desk.found()
    del desk.extra["SOPTI_DATABASE_OWNER_URL"]
    desk.staff()
    return desk


def verdict(desk: Desk) -> str:
    """Give what ledger verify says, after it said it well."""
    return desk.value("ledger", "verify")["verdict"]


def test_everyday_commands_on_postgresql_record_and_verify_and_leave_no_file(founded: Desk, database):
    number = founded.ask()
    founded.do("request", "triage", number)
    founded.do("approve", number, code=10)
    founded.do("approve", number, who="sari")
    founded.do("request", "fulfil", number, "--result", "Kabel diganti")
    assert founded.value("request", "show", number)["state"] == "closed"
    founded.prioritised()
    founded.do("ledger", "checkpoint")
    assert list((founded.folder / "sink").rglob("*")), "the checkpoint left the machine"
    assert verdict(founded) == "self_consistent"
    founded.do("ledger", "rebuild")
    checks = {c["check"]: c for c in founded.value("doctor")}
    assert checks["Role in the database"]["verdict"] == checks["Database server"]["verdict"] == "ok"
    assert database.run("SELECT count(*) FROM event") == [(len(founded.events()),)]
    assert not list(founded.state.glob("ledger.db*"))


def test_bundle_verifies_without_the_database(founded: Desk):
    bundle, trust = founded.folder / "bukti.zip", founded.folder / "trust.json"
    founded.do("ledger", "trust", str(trust))
    founded.do("ledger", "export", str(bundle))
    program = founded.folder / "verifier"
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(bundle), str(program)], check=True)
    words = [sys.executable, str(program / "sopti_verify.py"), str(bundle), "--trust", str(trust)]
    assert subprocess.run(words, capture_output=True, check=False).returncode == 0


def test_requests_added_at_once_are_all_recorded_with_numbers_of_their_own(founded: Desk):
    before = {r["request"] for r in founded.value("request", "list")}
    words = ("request", "add", "--unit", "PTSP", "--json", "--what")
    started = [founded.start(*words, f"Permintaan {n}") for n in range(4)]
    ended = [(p.communicate(timeout=120), p.returncode) for p in started]
    assert [code for _said, code in ended] == [0] * 4, ended
    assert len({r["request"] for r in founded.value("request", "list")} - before) == 4
    assert verdict(founded) == "self_consistent"


def test_second_founding_is_refused_and_changes_nothing(founded: Desk, database, tmp_path):
    before = len(founded.events())
    assert "a ledger already" in founded.do("init", *words_of(founded), code=2).err
    elsewhere = court(tmp_path / "other", database)
    assert "a ledger already" in elsewhere.do("init", *words_of(elsewhere), code=2).err
    assert not (elsewhere.state / "log.key").exists()
    assert len(founded.events()) == before


def words_of(desk: Desk, origin: str = "sopti.contoh.example/ledger") -> list[str]:
    """Give the words of an ``init``."""
    (desk.folder / "sink").mkdir(exist_ok=True)
    words = ["--court", "X", "--place", "Y", "--preset", "banding", "--zone", "WIB", "--origin", origin]
    return [*words, f"--person=B:operator:{desk.public('budi')}", f"--person=S:secretary:{desk.public('sari')}"]


def test_second_court_shares_the_database_and_sees_only_its_own_log(founded: Desk, database, tmp_path):
    before = len(founded.events())
    other = court(tmp_path / "other", database)
    other.do("init", *words_of(other, OTHER))
    assert other.counts() == {"court.created": 1}
    assert len(founded.events()) == before
    assert (verdict(other), verdict(founded)) == ("self_consistent", "self_consistent")


@pytest.mark.parametrize("left", [{}, {"founding": b""}, {"founding": b"", "log.key": b"", "hmac.key": b""}])
def test_founding_that_was_cut_off_is_done_again(ledger_database, tmp_path, left):
    desk = court(tmp_path, ledger_database)
    desk.state.mkdir()
    for name, content in left.items():
        (desk.state / name).write_bytes(content)
    with closing(ledger_database.store()) as store:
        store.create("sopti.contoh.example/ledger")
    desk.found()
    assert desk.counts() == {"court.created": 1}
    assert not (desk.state / "founding").exists()


def test_founding_without_a_server_says_so_and_makes_nothing(ledger_database, postgres, tmp_path):
    desk = court(tmp_path, ledger_database)
    desk.extra["SOPTI_DATABASE_URL"] = ledger_database.url.replace(f"port={postgres.port}", "port=1")
    said = desk.do("init", *words_of(desk), "--json", code=11)
    assert "can't be reached" in said.error["message"]
    assert not desk.state.exists()


def test_founding_without_the_owner_is_refused_and_leaves_nothing(ledger_database, tmp_path):
    desk = court(tmp_path, ledger_database)
    ledger_database.run(f"GRANT USAGE ON SCHEMA {ledger_database.schema} TO {ledger_database.writer}")
    del desk.extra["SOPTI_DATABASE_OWNER_URL"]
    assert "owner's role" in desk.do("init", *words_of(desk), "--json", code=11).error["expected"]
    desk.extra["SOPTI_DATABASE_OWNER_URL"] = ledger_database.owner_url
    desk.do("init", *words_of(desk))


@pytest.mark.parametrize("end", ["fast", "immediate", "kill"])
def test_server_that_is_gone_is_told_and_the_next_command_after_it_works(founded: Desk, postgres: Cluster, end):
    before = len(founded.events())
    if end == "kill":
        postgres.kill()
    else:
        postgres.stop(end)
    try:
        for words in (("request", "list"), ("request", "add", "--what", "x", "--unit", "PTSP"), ()):
            error = founded.do(*words, "--json", code=11).error
            assert re.search("can't be reached", error["message"])
            assert error["next"]
        assert founded.do("doctor", code=4).out
        assert "tidak dapat dijangkau" in founded.do("--lang", "id", "request", "list", code=11).err
    finally:
        postgres.start()
    assert len(founded.events()) == before
    founded.ask()
    assert verdict(founded) == "self_consistent"


@pytest.mark.lab
def test_approved_change_is_carried_out_and_traced(founded: Desk, hosts: Lab):
    founded.content = notes.write(founded.folder / "content")
    founded.inventory.write_text(yaml.safe_dump(hosts.inventory(), width=1000))
    number = founded.prioritised("Tulis catatan")
    founded.do("plan", number, notes.PLAYBOOK)
    founded.approved(number)
    notes.let_go(hosts)
    try:
        applied = founded.process("apply", number, "--json").value
    finally:
        notes.clean(hosts)
    assert set(applied["hosts"].values()) == {"changed"}
    assert founded.value("trace", number)["runs"][0]["outcome"] == "done"
    assert verdict(founded) == "self_consistent"
