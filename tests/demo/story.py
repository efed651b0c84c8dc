"""The story of the demo: what is told, and what is really done at each step."""

from __future__ import annotations

import shlex
import subprocess
import sys
from datetime import UTC, datetime

import yaml

from sopti_runner.adapters.bundle.source import verifier_source
from tests.demo.stage import COURT, NAMES, OFFICES, DemoError, Stage
from tests.lab.lab import Lab

REQUEST = "REG-{year}-0001"
PLAYBOOK = "configure-firewall"


def play(stage: Stage) -> None:
    """Play every step; the hosts go down again whatever happens."""
    stage.tell("hosts")
    with Lab.up(2) as lab:
        (stage.folder / "inventory.yml").write_text(yaml.safe_dump(lab.inventory(), width=1000), "utf-8")
        network = lab.hosts[0].address.rsplit(".", 1)[0] + ".0/24"
        _settings(stage, network)
        number = _ask(stage)
        _plan(stage, number)
        _refusals_then_approval(stage, lab, number)
        _apply(stage, lab, number)
        _prove(stage, number)
    stage.tell("end")
    for name in ("lembar-persetujuan.pdf", "berita-acara.pdf", "rekap.pdf", "rekap.json", "bukti.zip"):
        print(f"    {stage.folder / name}")


def _settings(stage: Stage, network: str) -> None:
    values = {
        "host_firewall_management_sources": [network],
        "host_firewall_allow": [{"port": 80, "proto": "tcp"}, {"port": 443, "proto": "tcp"}],
        "host_firewall_rollback_seconds": 20,
    }
    (stage.folder / "firewall.yml").write_text(yaml.safe_dump(values), "utf-8")


def _ask(stage: Stage) -> str:
    stage.tell("court")
    founders = [f"{NAMES[p]}:{OFFICES[p]}:officials/{p}.pub" for p in ("budi", "sari")]
    founding = f"--court '{COURT}' --place 'Contoh Raya' --preset banding --zone WIB"
    named = [word for founder in founders for word in ("--person", founder)]
    origin = "sopti.pt-contoh.example/ledger"
    stage.sopti("init", *shlex.split(founding), "--origin", origin, *named, show=7)
    for person in ("rina", "dewi"):
        stage.governed("enrol", NAMES[person], "--public", f"officials/{person}.pub")
        stage.governed("appoint", NAMES[person], OFFICES[person])
    stage.governed("adopt-calendar", str(datetime.now(UTC).year))
    stage.tell("steps")
    asked = (
        "--what 'Batasi akses ke server hanya untuk layanan yang dipakai' --why 'Nota dinas 12/KP/XI (rekaan)' "
        "--unit 'Subbagian Kepegawaian dan TI' --requester 'Panitera Contoh' --category security --urgency medium"
    )
    added = stage.value("request", "add", *shlex.split(asked))
    number = str(added["request"])
    stage.sopti("request", "dispose", number, "--by", "Sari")
    stage.sopti("request", "examine", number, "--key", str(stage.key("rina")))
    stage.sopti("request", "classify", number, "--change-type", "normal", "--category", "security")
    stage.sopti("request", "verify", number, "--key", str(stage.key("rina")))
    stage.sopti("request", "prioritise", number, "--by", "Rina", "--impact", "wide")
    stage.sopti("request", "show", number, show=14)
    return number


def _plan(stage: Stage, number: str) -> None:
    stage.tell("plan")
    stage.sopti("plan", number, PLAYBOOK, "--vars-file", "firewall.yml", show=28)


def _refusals_then_approval(stage: Stage, lab: Lab, number: str) -> None:
    stage.tell("unapproved")
    stage.sopti("apply", number, expect=10, show=6)
    stage.tell("approval")
    stage.sopti(
        "consider",
        number,
        "--advice",
        "approve",
        "--note",
        "Mengurangi risiko serangan",
        "--key",
        str(stage.key("dewi")),
    )
    stage.sopti("plan", number, "--print", "lembar-persetujuan.pdf")
    stage.sopti("approve", number, "--by", "Sari", "--export", "persetujuan.json", show=44)
    sign = ["ssh-keygen", "-Y", "sign", "-n", "act@sopti", "-f", str(stage.key("sari")), "persetujuan.json"]
    print("    $ ssh-keygen -Y sign -n act@sopti -f officials/sari persetujuan.json")
    subprocess.run(sign, cwd=stage.folder, check=True, capture_output=True)
    stage.sopti("approve", "--import", "persetujuan.json.sig", show=2)
    _edited(stage, number)
    _drifted(stage, lab, number)


def _edited(stage: Stage, number: str) -> None:
    stage.tell("edited")
    playbook = stage.folder / "content" / "playbooks" / f"{PLAYBOOK}.yml"
    approved = playbook.read_text("utf-8")
    playbook.write_text(approved + "# diubah diam-diam\n", "utf-8")
    stage.sopti("apply", number, expect=10, show=6)
    playbook.write_text(approved, "utf-8")


def _drifted(stage: Stage, lab: Lab, number: str) -> None:
    host = lab.hosts[0]
    stage.tell("drifted")
    host.ssh("nft add table inet sopti", timeout=20)
    print(f"    {host.name}# nft add table inet sopti")
    stage.sopti("apply", number, expect=10, show=6)
    host.ssh("nft delete table inet sopti", timeout=20)


def _apply(stage: Stage, lab: Lab, number: str) -> None:
    stage.tell("apply")
    stage.sopti("apply", number, show=8)
    stage.sopti("apply", number, expect=10, show=5)
    stage.sopti("request", "close", number, "--result", "Dilaksanakan sesuai rencana")
    stage.sopti("request", "minutes", number, "--output", "berita-acara.pdf")
    stage.tell("trace")
    stage.sopti("trace", f"{lab.hosts[0].name}:/etc/sopti/firewall.nft", show=60)


def _prove(stage: Stage, number: str) -> None:
    stage.tell("verify")
    stage.sopti("ledger", "export", "bukti.zip")
    stage.sopti("ledger", "trust", "kepercayaan.json")
    verifier = stage.folder / "auditor" / "sopti_verify.py"
    verifier.parent.mkdir(exist_ok=True)
    verifier.write_text(verifier_source(), "utf-8")
    verify = [
        sys.executable,
        "-I",
        str(verifier),
        "bukti.zip",
        "--trust",
        "kepercayaan.json",
        "--lang",
        stage.lang,
    ]
    print("    $ python3 sopti_verify.py bukti.zip --trust kepercayaan.json")
    done = subprocess.run(verify, cwd=stage.folder, capture_output=True, text=True, check=False)
    print("\n".join(f"      {line}" for line in done.stdout.splitlines()[:12]))
    if done.returncode:
        raise DemoError(done.stdout + done.stderr)
    stage.tell("recap")
    month = stage.value("request", "show", number)["steps"][-1]["at"][:7]
    stage.sopti("recap", month, "--output", "rekap.pdf", show=3)
