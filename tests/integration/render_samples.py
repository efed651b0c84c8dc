"""Hand-made values for documents: a plainly invented court, its request, and a plan."""

from datetime import UTC, datetime

from sopti_runner.domain.approval_sheet import ApprovalSheet, Signatory, host_changes
from sopti_runner.domain.change import ChangeType, Risk, Wording
from sopti_runner.domain.office import Status
from sopti_runner.domain.period import Zone
from sopti_runner.domain.plan import ObjectState, Plan, PlanRecord, RecordClass

LETTERHEAD = (
    "MAHKAMAH AGUNG REPUBLIK INDONESIA",
    "PENGADILAN TINGGI CONTOH",
    "Jalan Teladan Nomor 1, Kota Contoh - Telepon (000) 000000 - surel kantor@contoh.example",
)
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
NOW = datetime(2026, 11, 26, 0, 30, tzinfo=UTC)
OPERATOR = Wording("Operator/Admin TI", "IT operator")
SECRETARY = Wording("Sekretaris", "Secretary")
SECTION_HEAD = Wording("Kepala Subbagian Kepegawaian dan TI", "Head of the personnel and IT section")
DIVISION_HEAD = Wording("Kepala Bagian Perencanaan dan Kepegawaian", "Head of the planning and personnel division")
LONG = "Raden Ajeng Maria Magdalena Kusumawardhani Contohningrat, S.H., M.H."[:60]


def record(host, ordinal, name, kind, *objects, diff="", module="ansible.builtin.template"):
    states = tuple(ObjectState(o, "0" * 64) for o in objects)
    return PlanRecord(host, ordinal, "roles/host_firewall/tasks/main.yml:7", name, module, "", "0" * 64, kind, states, diff=diff)


DIFF = "--- before\n+++ after\n@@ -3,2 +3,3 @@\n \ttcp dport 22 accept\n-\ttcp dport 80 accept\n+\ttcp dport { 80, 443 } accept"


def plan_of(hosts):
    records = []
    for host in hosts:
        records += [
            record(host, 0, "Install nftables", RecordClass.SAME, "package:nftables"),
            record(host, 1, "Write the rules", RecordClass.CHANGE, "file:/etc/nftables.d/sopti.nft", diff=DIFF),
            record(host, 2, "Load the rules", RecordClass.CHANGE, "nft:inet sopti"),
            record(host, 3, "Keep the service on", RecordClass.CHANGE, "unit:nftables.service"),
            record(host, 4, "Prove a new connection", RecordClass.OPAQUE, module="sopti.probe"),
        ]
    return Plan(
        playbook="configure-firewall",
        snapshot={"playbooks/configure-firewall.yml": "a" * 64},
        inventory="b" * 64,
        variables={"host_firewall_services": ["ssh", "https"]},
        hosts=tuple(hosts),
        tags=(),
        engine={"ansible-core": "2.19.14", "python": "3.11", "sopti": "0.1.0"},
        host_keys={},
        hmac_key_id="0" * 16,
        records=tuple(sorted(records, key=lambda r: (r.host, r.ordinal))),
    )


def sheet_of(**changes):
    facts = dict(
        letterhead=LETTERHEAD,
        place="Kota Contoh",
        zone=Zone.JAKARTA,
        number="REG-2026-0012",
        requester="Siti Permohonan",
        unit="Kepaniteraan Hukum",
        asked="Membuka akses aman (https) ke peladen berkas bagi ruang sidang agar berkas dapat dibuka dari meja hakim.",
        why="Surat Panitera Muda Hukum Nomor 12/CONTOH/XI/2026",
        playbook="configure-firewall",
        change_type=ChangeType.NORMAL,
        purpose=Wording(
            "Mengatur lalu lintas jaringan yang boleh masuk ke peladen.", "Sets which network traffic may reach the server."
        ),
        effect=Wording(
            "Layanan tidak berhenti. Sambungan yang tidak tercantum akan ditolak.",
            "Services keep running. Connections that are not listed will be refused.",
        ),
        worst_case=Wording(
            "Peladen tidak dapat dijangkau dari jaringan selama beberapa menit.",
            "The server can't be reached from the network for some minutes.",
        ),
        backout=Wording(
            "Peladen mengembalikan aturan lama dengan sendirinya bila sambungan baru tidak berhasil dalam 60 detik.",
            "The server restores the old rules by itself when no new connection succeeds within 60 seconds.",
        ),
        risk=Risk.MEDIUM,
        settings=((Wording("Layanan yang dibuka", "Services to open"), "ssh, https"),),
        hosts=host_changes(plan_of(["srv-arsip", "srv-berkas"])),
        blind_spots=(
            Wording(
                "Apakah aplikasi lain memakai sambungan yang akan ditutup.",
                "Whether another application uses a connection that will be closed.",
            ),
        ),
        advice="approve_with_conditions",
        advice_note="Dikerjakan setelah jam pelayanan.",
        adviser=Signatory("Bambang Pertimbangan, S.E.", DIVISION_HEAD, step="B7", at=NOW),
        not_before=NOW,
        expires=datetime(2026, 12, 4, 9, 0, tzinfo=UTC),
        signed=(
            Signatory("Dewi Penelitian, S.Kom.", SECTION_HEAD, step="B3", at=NOW),
            Signatory("Agus Operator", OPERATOR, step="B4", at=NOW),
            Signatory("Bambang Pertimbangan, S.E.", DIVISION_HEAD, step="B7", at=NOW),
        ),
        approver=Signatory("Ratna Sekretariat, S.H., M.H.", SECRETARY, Status.PLH),
        plan=DIGEST,
        made_at=NOW,
    )
    return ApprovalSheet(**(facts | changes))
