"""The main job, B1 to B9, on two real hosts: from a request for a firewall to its trace, minutes, recap and proof."""

import json
import re
from datetime import UTC, datetime

import pytest
import yaml

from tests.e2e.desk import Desk
from tests.lab import Lab

pytestmark = pytest.mark.lab

PLAYBOOK = "configure-firewall"
TABLE = "nft list table inet sopti"
AWAY = (
    "systemctl disable --now 'sopti-firewall*' 2>/dev/null; nft delete table inet sopti 2>/dev/null;"
    " rm -rf /etc/sopti /etc/systemd/system/sopti-firewall* /run/sopti-firewall*; systemctl daemon-reload"
)


@pytest.fixture
def court(desk: Desk, hosts: Lab):
    """A court whose servers are the lab's; their firewall is taken away again."""
    desk.inventory.write_text(yaml.safe_dump(hosts.inventory(), width=1000))
    network = hosts.hosts[0].address.rsplit(".", 1)[0] + ".0/24"
    values = {"host_firewall_management_sources": [network], "host_firewall_rollback_seconds": 20}
    (desk.folder / "firewall.yml").write_text(yaml.safe_dump(values))
    yield desk
    for host in hosts.hosts:
        host.ssh(AWAY)


def numbers_in(value) -> set[int]:
    """Give every whole number of a JSON value."""
    if isinstance(value, dict):
        return set().union(*map(numbers_in, value.values()))
    if isinstance(value, list):
        return set().union(*map(numbers_in, value))
    return {value} if type(value) is int else set()


def test_request_becomes_a_proven_change_on_two_hosts(court: Desk, hosts: Lab):
    names = {host.name for host in hosts.hosts}
    number = court.prioritised("Batasi akses ke server")
    planned = court.value("plan", number, PLAYBOOK, "--vars-file", str(court.folder / "firewall.yml"))
    assert planned["approvable"]
    assert planned["counts"]["change"] > 0
    assert "Batasi akses ke server" in court.do("plan", number, "--print", "-").out
    sheet = court.folder / "lembar.pdf"
    court.do("plan", number, "--print", str(sheet))
    assert sheet.read_bytes().startswith(b"%PDF")

    court.do("consider", number, "--advice", "approve", "--note", "Perlu", who="dewi")
    statement = court.folder / "setuju.json"
    court.do("approve", number, "--by", "Sari", "--export", str(statement))
    court.do("approve", "--import", str(court.sign(statement, "sari")))

    applied = court.process("apply", number, "--json").value
    assert applied["hosts"] == dict.fromkeys(names, "changed")
    assert applied["not_begun"] == {}
    for host in hosts.hosts:
        assert "table inet sopti" in host.ssh(TABLE).stdout

    run = court.value("trace", number)["runs"][0]
    assert run["outcome"] == "done"
    thing = court.value("trace", f"{hosts.hosts[0].name}:/etc/sopti/firewall.nft")
    assert thing["stands"] is True
    assert [r["request"] for r in thing["requests"]] == [number]
    who = {e["who"] for e in thing["requests"][0]["events"]}
    assert {"Budi Contoh", "Sari Contoh", "Rina Contoh", "Dewi Contoh"} <= who
    hosts.hosts[0].ssh("echo '# diubah' >> /etc/sopti/firewall.nft")
    assert court.value("trace", f"{hosts.hosts[0].name}:/etc/sopti/firewall.nft")["stands"] is False

    court.do("request", "close", number, "--result", "Sesuai rencana")
    court.do("request", "minutes", number, "--output", str(court.folder / "berita-acara.pdf"))
    month = datetime.now(UTC).strftime("%Y-%m")
    court.do("recap", month, "--output", str(court.folder / "rekap.pdf"))
    assert (court.folder / "rekap.pdf").read_bytes().startswith(b"%PDF")
    figures = json.loads((court.folder / "rekap.json").read_text())
    seqs = {event.seq for event in court.events("run.finished")}
    assert figures["period"] == month
    assert seqs
    assert seqs <= numbers_in(figures)  # each figure names its events
    assert court.value("ledger", "verify")["verdict"] != "tampered"
    shown = court.value("request", "show", number)
    assert shown["state"] == "closed"
    assert [s["act"] for s in shown["steps"]] == [
        "register", "dispose", "examine", "classify", "verify", "prioritise", "plan", "consider", "approve", "start",
        "run.finished", "close",
    ]  # fmt: skip
    assert len(list((court.folder / "sink").rglob("*"))) > 1  # checkpoints left the machine


def test_approval_on_paper_needs_scan_recorder_and_a_second_person(ready):
    desk, number = ready
    desk.do("revoke", number, "--reason", "Dengan kertas", who="sari")
    desk.do("consider", number, "--advice", "approve", who="dewi")
    scan = desk.folder / "scan.pdf"
    scan.write_bytes(b"%PDF-1.7 pindaian")
    paper = ("approve", number, "--by", "Sari", "--paper", str(scan), "--json")
    desk.do(*paper, who="rina", code=2)
    for recorder, who in (("Rina", "rina"), ("Rina", "budi"), ("Budi", "sari")):  # Budi made the plan
        said = desk.do(*paper, "--recorder", recorder, who=who, code=10)
        assert "second_person_needed" in [r["code"] for r in said.error["reasons"]], (recorder, who)
    desk.do(*paper, "--recorder", "Budi", who="rina")
    event = desk.events("request.approved")[-1]
    assert event.data["proof"]["kind"] == "paper"
    assert [blob for blob in event.blobs if blob.name == "scan"]
    assert desk.value("request", "show", number)["state"] == "approved"


def test_one_event_is_proven_to_who_gets_nothing_else(ready, tmp_path):
    desk, _number = ready
    approved = desk.events("request.approved")[-1].seq
    trust, file = str(tmp_path / "trust.json"), tmp_path / "bukti.tlog-proof"
    desk.do("ledger", "trust", trust)
    desk.do("ledger", "proof", str(approved), str(file))
    said = desk.value("ledger", "check-proof", str(file), "--trust", trust)
    assert (said["event"], json.loads(said["body"])["type"]) == (approved, "request.approved")
    file.write_text(file.read_text().replace(f"index {approved}", f"index {approved - 1}"))
    assert "number" in desk.do("ledger", "check-proof", str(file), "--trust", trust, code=12).err
    before = desk.fingerprint()
    desk.do("ledger", "proof", "99999", code=2)
    desk.do("ledger", "check-proof", trust, "--trust", trust, code=12)
    assert desk.fingerprint() == before


def test_sheet_shows_what_was_sealed_or_nothing(ready):
    desk, number = ready
    desk.do("revoke", number, "--reason", "Dilihat lagi", who="sari")
    desk.do("consider", number, "--advice", "approve", who="dewi")
    model = next(desk.content.glob("playbooks/*.change.yml"))
    kept, before = model.read_text(), desk.counts()
    model.write_text(re.sub(r"id: [^,}]*", "id: Mengganti toner", kept, count=1))
    assert "toner" not in desk.do("plan", number, "--print", "-").out
    said = desk.do("approve", number, "--json", who="sari", code=10)
    assert [r["code"] for r in said.error["reasons"]] == ["input_changed"]
    assert "toner" not in said.out + said.err
    assert desk.counts() - before == {"gate.refused": 1}
    copy = next(desk.state.glob("snapshots/*/playbooks/*.change.yml"))
    copy.write_text(model.read_text())
    assert "toner" not in desk.do("plan", number, "--print", "-", code=12).out


def test_who_may_not_approve_is_refused_before_any_sheet_is_shown(ready):
    desk, number = ready
    desk.do("revoke", number, "--reason", "Dilihat lagi", who="sari")
    desk.do("consider", number, "--advice", "approve", who="dewi")
    said = desk.do("approve", number, "--by", "Rina", code=10)
    assert said.out == ""
    assert "not_in_office" in desk.refusals()[-1]
    assert desk.events("gate.refused")[-1].actor.person == "system", "nobody signed it"
