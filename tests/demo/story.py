"""The story of the demo: what is told, and what is really done at each step."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import yaml

from tests.demo.stage import COURT, NAMES, OFFICES, DemoError, Stage
from tests.lab.lab import Lab

REQUEST = "REG-{year}-0001"
PLAYBOOK = "configure-firewall"


def play(stage: Stage) -> None:
    """Play every step; the hosts go down again whatever happens."""
    stage.tell(
        {
            "id": "Dua server sungguhan dinyalakan\nDua Debian dengan systemd, SSH dan nftables sendiri; keduanya dibuang setelah demo selesai. "
            "Pembuatan yang pertama kali memakan beberapa menit.",
            "en": "Two real servers come up\nTwo Debian hosts with systemd, SSH and nftables of their own; both are thrown away at the end. "
            "The very first build takes some minutes.",
        }
    )
    with Lab.up(2) as lab:
        (stage.folder / "inventory.yml").write_text(yaml.safe_dump(lab.inventory(), width=1000), "utf-8")
        network = lab.hosts[0].address.rsplit(".", 1)[0] + ".0/24"
        _settings(stage, network)
        number = _ask(stage)
        _plan(stage, number)
        _refusals_then_approval(stage, lab, number)
        _apply(stage, lab, number)
        _prove(stage, number)
    stage.tell(
        {
            "id": "Selesai; tidak ada yang tertinggal berjalan\nLihat lembar persetujuan, rekapitulasi dan berkas bukti di bawah ini. "
            "Bacaan berikutnya: README.md, bagian pengadilan pertama Anda.",
            "en": "Done; nothing is left running\nLook at the approval sheet, the recap and the evidence below. "
            "Read on: README.md, your first real court.",
        }
    )
    for name in ("lembar-persetujuan.pdf", "rekap.pdf", "rekap.json", "bukti.zip"):
        print(f"    {stage.folder / name}")


def _settings(stage: Stage, network: str) -> None:
    values = {
        "host_firewall_management_sources": [network],
        "host_firewall_allow": [{"port": 80, "proto": "tcp"}, {"port": 443, "proto": "tcp"}],
        "host_firewall_rollback_seconds": 20,
    }
    (stage.folder / "firewall.yml").write_text(yaml.safe_dump(values), "utf-8")


def _ask(stage: Stage) -> str:
    stage.tell(
        {
            "id": "Pengadilan rekaan didirikan oleh dua orang\nOperator dan Sekretaris mendirikan jejak audit bersama; kunci pejabat tidak pernah ada di mesin sopti. "
            "Setiap pengangkatan butuh tanda tangan kedua.",
            "en": "An invented court is founded by two persons\nOperator and secretary found the ledger together; officials' keys never lie on sopti's machine. "
            "Every appointment needs a second signature.",
        }
    )
    founders = [f"{NAMES[p]}:{OFFICES[p]}:officials/{p}.pub" for p in ("budi", "sari")]
    stage.sopti(
        "init",
        "--court",
        COURT,
        "--place",
        "Contoh Raya",
        "--preset",
        "banding",
        "--zone",
        "WIB",
        "--origin",
        "sopti.pt-contoh.example/ledger",
        "--person",
        founders[0],
        "--person",
        founders[1],
        show=7,
    )
    for person in ("rina", "dewi"):
        stage.governed("enrol", NAMES[person], "--public", f"officials/{person}.pub")
        stage.governed("appoint", NAMES[person], OFFICES[person])
    stage.governed("adopt-calendar", str(datetime.now(UTC).year))
    stage.tell(
        {
            "id": "B1 - B6: permintaan didaftarkan, didisposisi, diteliti, diklasifikasi, diverifikasi, diprioritaskan\n"
            "Operator mencatat; pejabat menandatangani sendiri atau tindakannya disaksikan operator, sesuai kebijakan.",
            "en": "B1 - B6: the request is registered, disposed, examined, classified, verified, prioritised\n"
            "The operator records; officials sign themselves, or the operator attests what they did, as the policy allows.",
        }
    )
    added = stage.value(
        "request",
        "add",
        "--what",
        "Batasi akses ke server hanya untuk layanan yang dipakai",
        "--why",
        "Nota dinas 12/KP/XI (rekaan)",
        "--unit",
        "Subbagian Kepegawaian dan TI",
        "--requester",
        "Panitera Contoh",
        "--category",
        "security",
        "--urgency",
        "medium",
    )
    number = str(added["request"])
    stage.sopti("request", "dispose", number, "--by", "Sari")
    stage.sopti("request", "examine", number, "--key", str(stage.key("rina")))
    stage.sopti("request", "classify", number, "--change-type", "normal", "--category", "security")
    stage.sopti("request", "verify", number, "--key", str(stage.key("rina")))
    stage.sopti("request", "prioritise", number, "--by", "Rina", "--impact", "wide", show=14)
    return number


def _plan(stage: Stage, number: str) -> None:
    stage.tell(
        {
            "id": "Rencana dibuat dari server yang sebenarnya\nAnsible berjalan dalam mode periksa; tidak ada yang berubah. "
            "Isi, inventaris, variabel dan perubahan yang diperkirakan disegel menjadi satu sidik.",
            "en": "A plan is made from the real servers\nAnsible runs in check mode; nothing changes. "
            "Content, inventory, variables and predicted changes are sealed under one digest.",
        }
    )
    stage.sopti("plan", number, PLAYBOOK, "--vars-file", "firewall.yml", show=28)
    stage.sopti("plan", number, "--print", "lembar-persetujuan.pdf")


def _refusals_then_approval(stage: Stage, lab: Lab, number: str) -> None:
    stage.tell(
        {
            "id": "Dicoba tanpa persetujuan: ditolak\nGerbang menolak sebelum satu server pun disentuh, dan penolakan itu tercatat.",
            "en": "Tried without approval: refused\nThe gate refuses before any host is touched, and the refusal is recorded.",
        }
    )
    stage.sopti("apply", number, expect=10, show=6)
    stage.tell(
        {
            "id": "B7 - B8: pertimbangan Kabag, lalu persetujuan Sekretaris di komputernya sendiri\n"
            "Pernyataan diekspor, dibaca, ditandatangani dengan ssh-keygen di komputer Sekretaris, lalu dibawa kembali.",
            "en": "B7 - B8: the division head advises, then the secretary approves on her own computer\n"
            "The statement is exported, read, signed with ssh-keygen on the secretary's machine, and brought back.",
        }
    )
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
    stage.sopti("approve", number, "--by", "Sari", "--export", "persetujuan.json", show=44)
    sign = ["ssh-keygen", "-Y", "sign", "-n", "act@sopti", "-f", str(stage.key("sari")), "persetujuan.json"]
    print("    $ ssh-keygen -Y sign -n act@sopti -f officials/sari persetujuan.json")
    subprocess.run(sign, cwd=stage.folder, check=True, capture_output=True)
    stage.sopti("approve", "--import", "persetujuan.json.sig", show=2)
    _edited(stage, number)
    _drifted(stage, lab, number)


def _edited(stage: Stage, number: str) -> None:
    stage.tell(
        {
            "id": "Seseorang mengubah playbook setelah disetujui: ditolak\nHanya satu baris komentar; yang berjalan harus persis yang disetujui, jadi gerbang menyebut berkasnya.",
            "en": "Somebody edits the playbook after approval: refused\nOnly one line of comment; what runs must be exactly what was approved, so the gate names the file.",
        }
    )
    playbook = stage.folder / "content" / "playbooks" / f"{PLAYBOOK}.yml"
    approved = playbook.read_text("utf-8")
    playbook.write_text(approved + "# diubah diam-diam\n", "utf-8")
    stage.sopti("apply", number, expect=10, show=6)
    playbook.write_text(approved, "utf-8")


def _drifted(stage: Stage, lab: Lab, number: str) -> None:
    host = lab.hosts[0]
    stage.tell(
        {
            "id": f"Seseorang mengubah {host.name} dengan tangan: ditolak\nServer tidak lagi seperti saat rencana dibuat; gerbang menyebut server, objek, dan bedanya.",
            "en": f"Somebody changes {host.name} by hand: refused\nThe host is no longer as it was when the plan was made; the gate names host, object and difference.",
        }
    )
    host.ssh("nft add table inet sopti", timeout=20)
    print(f"    {host.name}# nft add table inet sopti")
    stage.sopti("apply", number, expect=10, show=6)
    host.ssh("nft delete table inet sopti", timeout=20)


def _apply(stage: Stage, lab: Lab, number: str) -> None:
    stage.tell(
        {
            "id": "B9: yang disetujui dijalankan, satu kali\nAturan lama dipasang sebagai pengaman di server; aturan baru bertahan hanya bila sambungan BARU dari luar berhasil.",
            "en": "B9: what was approved runs, once\nThe old rules are armed on the host as a safety net; the new ones stay only if a NEW connection from outside succeeds.",
        }
    )
    stage.sopti("apply", number, show=8)
    stage.sopti("apply", number, expect=10, show=5)
    stage.sopti("request", "close", number, "--result", "Dilaksanakan sesuai rencana")
    stage.tell(
        {
            "id": "Jejak: siapa meminta, menimbang, menyetujui dan mengerjakan\nDari satu berkas di server kembali ke permintaan dan setiap tanda tangan di belakangnya.",
            "en": "Trace: who asked, weighed, approved and did it\nFrom one file on a host back to the request and every signature behind it.",
        }
    )
    stage.sopti("trace", f"{lab.hosts[0].name}:/etc/sopti/firewall.nft", show=40)


def _prove(stage: Stage, number: str) -> None:
    stage.tell(
        {
            "id": "Buku diperiksa di luar sopti\nBundel bukti diperiksa oleh satu berkas Python tanpa jaringan, dengan daftar kepercayaan milik auditor sendiri.",
            "en": "The ledger is verified outside sopti\nThe bundle is checked by one Python file without network, with the auditor's own trust file.",
        }
    )
    stage.sopti("ledger", "export", "bukti.zip")
    stage.sopti("ledger", "trust", "kepercayaan.json")
    command = [sys.executable, "-I", "-m", "zipfile", "-e", "bukti.zip", "bukti"]
    subprocess.run(command, cwd=stage.folder, check=True)
    verify = [
        sys.executable,
        "-I",
        "bukti/sopti_verify.py",
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
    stage.tell(
        {
            "id": "Rekapitulasi satu halaman untuk pimpinan\nSetiap angka berasal dari peristiwa di buku; yang tidak diperiksa disebutkan.",
            "en": "A one-page recap for the leaders\nEvery figure comes from events of the ledger; what was not checked is said.",
        }
    )
    month = stage.value("request", "show", number)["steps"][-1]["at"][:7]
    stage.sopti("recap", month, "--output", "rekap.pdf", show=3)
