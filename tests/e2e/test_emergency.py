"""A defacement at 23.00 takes three commands; next day it is ratified, or stays an exception."""

import hashlib
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from tests.e2e.desk import Desk
from tests.lab import Lab

ROOT = "/var/www/html"
NIGHT = ("preserve-evidence", "show-maintenance-page", "disable-account")
AWAY = (
    "systemctl stop var-www-html.mount site.service 2>/dev/null; rm -rf /etc/systemd/system/var-www-html.mount"
    " /etc/systemd/system/local-fs.target.wants/var-www-html.mount /var/lib/sopti-evidence /var/lib/sopti-maintenance"
    " /var/www; pkill -KILL -u web; userdel -r web 2>/dev/null; systemctl daemon-reload; true"
)


def day(offset):
    return (datetime.now(UTC) + timedelta(hours=7, days=offset)).date().isoformat()


def register_decree(court: Desk, *words: str, models=NIGHT) -> str:
    """Register a decree by two officials; gives its id."""
    (court.folder / "sk.pdf").write_bytes(b"%PDF-1.7 SK contoh")
    allowed = [word for model in models for word in ("--model", model)]
    text = str(court.folder / "sk.pdf")
    command = ["emergency", "decree", text, *allowed, "--office", "operator", "--to", day(30), "--number", "SK 12/2026"]
    proposal = court.value(*command, *words)["proposal"]
    court.do("office", "confirm", proposal, who="sari")
    return str(proposal)


def record(court: Desk, *words: str, who: str = "budi", code: int | None = 0):
    moment = (datetime.now(UTC) + timedelta(hours=7)).strftime("%Y-%m-%dT%H:%M")
    return court.do("emergency", "record", "--did", "Kabel dicabut", "--at", moment, *words, who=who, code=code)


# --- without hosts --------------------------------------------------------------------------------------------------


def test_emergency_is_off_until_a_decree_is_confirmed(desk: Desk):
    assert "Emergency changes are off" in desk.do("emergency", "list").out
    words = ("emergency", "apply", "preserve-evidence", "--seen", "Diubah", "--var", "incident_evidence_label=a")
    said = desk.do(*words, "--json", code=10)
    assert said.error["reasons"][0]["code"] == "no_decree"
    assert said.error["next"] == "sopti emergency list"
    assert desk.refusals() == [["no_decree"]]
    assert desk.counts()["emergency.declared"] == 0


@pytest.mark.parametrize("did", ["", " \n\t"])
def test_emergency_recorded_without_a_word_of_what_was_done_is_no_record(desk: Desk, did: str):
    moment = (datetime.now(UTC) + timedelta(hours=7)).strftime("%Y-%m-%dT%H:%M")
    desk.do("emergency", "record", "--did", did, "--at", moment, "--host", "srv01", code=2)
    assert desk.counts()["emergency.recorded"] == 0


def test_emergency_of_a_model_that_the_decree_leaves_out_makes_no_request(desk: Desk):
    register_decree(desk, models=["preserve-evidence"])
    words = ("emergency", "apply", "disable-account", "--seen", "Diubah", "--var", "incident_account_name=web")
    assert desk.do(*words, "--json", code=10).error["reasons"][0]["code"] == "model_not_allowed"
    assert desk.counts()["emergency.declared"] == 0


def test_emergency_without_a_word_of_what_was_seen_changes_no_byte(desk: Desk):
    register_decree(desk)
    before = desk.fingerprint()
    desk.do("emergency", "apply", "preserve-evidence", "--var", "incident_evidence_label=a", code=2)
    desk.do("emergency", "apply", "preserve-evidence", "--seen", "x", "--var", "label=a", code=2)
    desk.do("emergency", "apply", "configure-nothing", "--seen", "x", code=2)
    assert desk.fingerprint() == before


def test_emergency_on_a_host_that_nobody_knows_or_the_decree_leaves_out_makes_no_request(desk: Desk):
    register_decree(desk, "--host", "web2")
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHr1a0mkJ3kXyqYV3kQxjQx0t6k2cJYJt7yN3Yl2m2nT"
    host = {"ansible_host": "127.0.0.1", "ansible_user": "root", "sopti_host_key": key}
    desk.inventory.write_text(yaml.safe_dump({"all": {"children": {"servers": {"hosts": {"web1": host}}}}}))
    words = ("emergency", "apply", "preserve-evidence", "--seen", "x", "--var", "incident_evidence_label=a", "--json")
    desk.do(*words, "--host", "web9", code=2)
    assert desk.do(*words, "--host", "web1", code=10).error["reasons"][0]["code"] == "host_not_allowed"
    assert desk.counts()["emergency.declared"] == 0


def test_request_that_is_no_emergency_is_not_gone_on_with_as_one(desk: Desk):
    register_decree(desk)
    number = desk.prioritised()
    before = desk.fingerprint()
    words = ("emergency", "apply", "preserve-evidence", "--again", number, "--var", "incident_evidence_label=a")
    desk.do(*words, code=2)
    assert desk.fingerprint() == before


def test_decree_of_a_model_that_is_no_emergency_is_a_slip(desk: Desk):
    (desk.folder / "sk.pdf").write_bytes(b"SK")
    desk.content = desk.folder / "content"
    (desk.content / "playbooks").mkdir(parents=True)
    (desk.content / "playbooks/x.change.yml").write_text("purpose: 1\n")
    words = ["emergency", "decree", str(desk.folder / "sk.pdf"), "--model", "x", "--office", "operator", "--to", day(1)]
    before = desk.counts()
    said = desk.do(*words, "--json", code=2)
    assert "x" in said.error["on"]
    assert desk.counts() == before


def test_decree_is_read_by_whoever_confirms_it_and_its_text_is_kept(desk: Desk):
    ident = register_decree(desk, "--host", "web1")
    event = next(e for e in desk.events("governance.proposed") if e.id == ident)
    assert [b.name for b in event.blobs] == ["decree", "number"]
    listed = desk.value("emergency", "list")
    assert listed["decrees"][0] == {"decree": ident, "in_force": True, "models": sorted(NIGHT), "hosts": ["web1"]}
    desk.do("office", "confirm", desk.value("emergency", "end-decree", ident[:20])["proposal"], who="sari")
    assert desk.value("emergency", "list")["decrees"][0]["in_force"] is False


def test_decree_page_says_that_the_acts_run_without_an_approval(desk: Desk):
    (desk.folder / "sk.pdf").write_bytes(b"%PDF-1.7")
    command = ["emergency", "decree", str(desk.folder / "sk.pdf"), "--model", "disable-account", "--office", "operator"]
    said = desk.do("--lang", "id", *command, "--to", day(30), "--number", "SK 12/2026").out
    for words in ("SK 12/2026", "disable-account", "Operator", "tanpa persetujuan", "persetujuan susulan"):
        assert words in said


def test_act_by_hand_is_recorded_with_its_evidence_and_ratified_on_paper(desk: Desk):
    photo = desk.folder / "foto.jpg"
    photo.write_bytes(b"foto")
    said = record(desk, "--host", "web1", "--evidence", str(photo), "--who", "Petugas Luar", "--json").value
    assert said["state"] == "unratified"
    event = desk.events("emergency.recorded")[0]
    assert event.data["evidence"] == hashlib.sha256(b"foto").hexdigest()
    assert b"Petugas" not in event.body
    waits = desk.value()["waiting"]
    assert [(w["next"], w["offices"]) for w in waits] == [("ratify", ["secretary"])]
    scan = desk.folder / "scan.pdf"
    scan.write_bytes(b"%PDF scan")
    paper = ("--by", "Sari", "--paper", str(scan), "--recorder", "Rina")
    desk.do("emergency", "ratify", said["request"], *paper, who="budi", code=10)
    assert "second_person_needed" in desk.refusals()[-1]
    assert desk.value("emergency", "ratify", said["request"], *paper, who="dewi")["state"] == "done"
    assert desk.value("ledger", "verify")["verdict"] != "tampered"


def test_ratification_is_signed_elsewhere_and_refused_ones_stay_in_the_recap(desk: Desk):
    number = record(desk, "--host", "web1", "--json").value["request"]
    desk.do("emergency", "refuse", number, who="sari", code=2)
    statement = desk.folder / "jawaban.json"
    desk.do("emergency", "refuse", number, "--by", "Sari", "--reason", "Tidak perlu", "--export", str(statement))
    assert "FOR RATIFICATION AFTERWARDS" in statement.with_suffix(".txt").read_text(encoding="utf-8")
    said = desk.value("emergency", "refuse", "--import", str(desk.sign(statement, "sari")))
    assert (said["state"], said["emergency"]["verdict"]) == ("done", "refused")
    month = desk.events()[-1].time.astimezone(UTC).strftime("%Y-%m")
    recap = desk.value("recap", month, "--output", str(desk.folder / "rekap.pdf"))
    assert [e["verdict"] for e in recap["emergencies"]["exceptions"]] == ["refused"]


def test_record_with_a_time_that_is_none_is_a_slip(desk: Desk):
    before = desk.fingerprint()
    desk.do("emergency", "record", "--did", "x", "--at", "kemarin", "--host", "web1", code=2)
    assert desk.fingerprint() == before


# --- a defacement at 23.00 ------------------------------------------------------------------------------------------


@pytest.fixture
def night(desk: Desk, hosts: Lab):
    """A court with a decree, and a host whose web site was defaced through the account ``web``."""
    host = hosts.hosts[0]
    host.ssh(f"useradd --create-home --shell /bin/bash web; mkdir -p {ROOT}; echo '<h1>gacor</h1>' >{ROOT}/index.html")
    host.ssh("systemd-run --quiet --uid=web --unit=backdoor sleep 9999")
    serve = f"systemd-run --quiet --unit=site --working-directory=/ python3 -m http.server 8080 --directory {ROOT}"
    host.ssh(serve)
    desk.inventory.write_text(yaml.safe_dump(hosts.inventory(), width=1000))
    register_decree(desk)
    yield desk
    host.ssh(AWAY)


def page(host):
    with urllib.request.urlopen(f"http://{host.address}:8080/", timeout=5) as answer:
        return answer.read().decode()


@pytest.mark.lab
def test_defacement_takes_three_commands_and_one_ratification_each(night: Desk, hosts: Lab):
    host = hosts.hosts[0]
    at = ("--host", host.name, "--seen", "Beranda berubah", "--json")
    assert "gacor" in page(host)

    evidence = ("--var", "incident_evidence_label=malam", "--var", f"incident_evidence_paths=[{ROOT}]")
    first = night.process("emergency", "apply", "preserve-evidence", *evidence, *at).value
    shown = night.process("emergency", "apply", "show-maintenance-page", "--var", f"incident_page_root={ROOT}", *at)
    night.process("emergency", "apply", "disable-account", "--var", "incident_account_name=web", *at)

    assert (first["outcome"], shown.value["hosts"]) == ("done", {host.name: "changed"})
    kept = "/var/lib/sopti-evidence/malam"
    host.ssh(f"cd {kept} && sha256sum --check --quiet manifest.sha256 && test -e complete-*")
    assert "backdoor" in host.ssh(f"cat {kept}/12-units").stdout
    assert host.ssh(f"cat {kept}/manifest.sha256", user="admin", check=False).returncode != 0
    assert "Pemeliharaan" in page(host)
    assert host.ssh("pgrep -u web", check=False).returncode == 1
    assert host.ssh("su - web -c true", user="admin", check=False).returncode != 0

    waiting = night.value()["waiting"]
    assert [w["next"] for w in waiting] == ["ratify"] * 3
    for each in waiting:
        night.do("emergency", "ratify", each["request"], who="budi", code=10)
        assert night.value("emergency", "ratify", each["request"], who="sari")["state"] == "done"
    assert night.counts()["run.started"] == 3
    assert night.counts()["request.approved"] == 0
    assert night.value("ledger", "verify")["verdict"] != "tampered"
    trace = night.value("trace", f"{host.name}:{kept}/manifest.sha256")
    assert trace["stands"] is True

    back = ("--var", f"incident_page_root={ROOT}", "--var", "incident_page_state=removed")
    night.process("emergency", "apply", "show-maintenance-page", *back, *at)
    assert "gacor" in page(host)
