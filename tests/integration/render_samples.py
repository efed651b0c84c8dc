"""Hand-made values for documents: a plainly invented court, its request, and a plan."""

from datetime import UTC, date, datetime

from sopti_runner.domain.approval_sheet import ApprovalSheet
from sopti_runner.domain.calendar import CalendarWarning, WarningKind
from sopti_runner.domain.change import ChangeType, Risk, Wording
from sopti_runner.domain.console_slip import ConsoleSlip
from sopti_runner.domain.host_changes import host_changes
from sopti_runner.domain.minutes import Minutes
from sopti_runner.domain.office import Status
from sopti_runner.domain.period import Period, Zone
from sopti_runner.domain.plan import ObjectState, Plan, PlanRecord, RecordClass
from sopti_runner.domain.recap import Around, Figure, HostRow, MonthRow, Overdue, RecapPage
from sopti_runner.domain.recovery_kit import RecoveryKit
from sopti_runner.domain.run import Run
from sopti_runner.domain.signatory import Signatory

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
    return PlanRecord(
        host, ordinal, "roles/host_firewall/tasks/main.yml:7", name, module, "", "0" * 64, kind, states, diff=diff
    )


DIFF = (
    "--- before\n+++ after\n@@ -3,2 +3,3 @@\n \ttcp dport 22 accept\n"
    "-\ttcp dport 80 accept\n+\ttcp dport { 80, 443 } accept"
)


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
    facts = {
        "letterhead": LETTERHEAD,
        "place": "Kota Contoh",
        "zone": Zone.JAKARTA,
        "number": "REG-2026-0012",
        "requester": "Siti Permohonan",
        "unit": "Kepaniteraan Hukum",
        "asked": "Membuka akses aman (https) ke peladen berkas bagi ruang sidang agar berkas dapat dibuka hakim.",
        "why": "Surat Panitera Muda Hukum Nomor 12/CONTOH/XI/2026",
        "playbook": "configure-firewall",
        "change_type": ChangeType.NORMAL,
        "purpose": Wording(
            "Mengatur lalu lintas jaringan yang boleh masuk ke peladen.",
            "Sets which network traffic may reach the server.",
        ),
        "effect": Wording(
            "Layanan tidak berhenti. Sambungan yang tidak tercantum akan ditolak.",
            "Services keep running. Connections that are not listed will be refused.",
        ),
        "worst_case": Wording(
            "Peladen tidak dapat dijangkau dari jaringan selama beberapa menit.",
            "The server can't be reached from the network for some minutes.",
        ),
        "backout": Wording(
            "Peladen mengembalikan aturan lama dengan sendirinya bila sambungan baru tidak berhasil dalam 60 detik.",
            "The server restores the old rules by itself when no new connection succeeds within 60 seconds.",
        ),
        "risk": Risk.MEDIUM,
        "settings": ((Wording("Layanan yang dibuka", "Services to open"), "ssh, https"),),
        "hosts": host_changes(plan_of(["srv-arsip", "srv-berkas"])),
        "weaker": ("srv-berkas",),
        "blind_spots": (
            Wording(
                "Apakah aplikasi lain memakai sambungan yang akan ditutup.",
                "Whether another application uses a connection that will be closed.",
            ),
        ),
        "advice": "approve_with_conditions",
        "advice_note": "Dikerjakan setelah jam pelayanan.",
        "adviser": Signatory("Bambang Pertimbangan, S.E.", DIVISION_HEAD, step="B7", at=NOW),
        "not_before": NOW,
        "expires": datetime(2026, 12, 4, 9, 0, tzinfo=UTC),
        "recorded": (
            Signatory("Dewi Penelitian, S.Kom.", SECTION_HEAD, step="B3", at=NOW, proof="signature"),
            Signatory("Agus Operator", OPERATOR, step="B4", at=NOW, proof="signature"),
            Signatory("Dewi Penelitian, S.Kom.", SECTION_HEAD, Status.PLH, "B6", NOW, "", "attested", "Agus Operator"),
            Signatory("Bambang Pertimbangan, S.E.", DIVISION_HEAD, step="B7", at=NOW, proof="paper"),
        ),
        "approver": Signatory("Ratna Sekretariat, S.H., M.H.", SECRETARY, Status.PLH),
        "plan": DIGEST,
        "made_at": NOW,
    }
    return ApprovalSheet(**(facts | changes))


CHECKPOINT = (
    "sopti/pengadilan-contoh\n4211\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— sopti/pengadilan-contoh "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
OFFICES = (OPERATOR, SECTION_HEAD, SECRETARY)


def fig(value, first=10):
    return Figure.count(tuple(range(first, first + value)))


def page_of(**changes):
    facts = {
        "period": Period(2026, 11),
        "zone": Zone.JAKARTA,
        "made_at": datetime(2026, 12, 1, 0, 30, tzinfo=UTC),
        "around": Around(LETTERHEAD, "Kota Contoh", CHECKPOINT, 14, 7200, True),
        "last_seq": 4210,
        "received": fig(9),
        "finished": fig(8),
        "on_time": fig(7),
        "overdue": (Overdue("REG-2026-0017", "B5", date(2026, 11, 26), 2, 400),),
        "open_by_state": {"verified": fig(1), "planned": fig(1), "returned": fig(1)},
        "runs_good": fig(5),
        "runs_bad": fig(1),
        "unclear": Figure(),
        "unclear_requests": (),
        "unsettled": (),
        "hosts": (
            HostRow("srv-berkas", fig(14), fig(3), fig(1), fig(0)),
            HostRow("srv-web", fig(9), fig(2), fig(0), fig(0)),
            HostRow("srv-arsip", fig(4), fig(1), fig(0), fig(0)),
        ),
        "refusals": fig(3),
        "refusals_by_reason": {"no_approval": fig(1), "input_changed": fig(1), "drift": fig(1)},
        "waivers": fig(1),
        "attested": fig(12),
        "paper": fig(2),
        "unconfirmed": ("A1", "B7"),
        "before": {"received": 7, "finished": 7, "on_time": 6, "runs_good": 4, "runs_bad": 0, "refusals": 1},
        "history": tuple(
            MonthRow(Period(2026, m), r, f)
            for m, r, f in ((6, 4, 4), (7, 6, 5), (8, 11, 9), (9, 5, 7), (10, 7, 7), (11, 9, 8))
        ),
        "unreached": ("srv-berkas",),
        "offices": OFFICES,
        "next_close": date(2026, 12, 30),
        "next_working_day": date(2026, 12, 2),
    }
    return RecapPage(**(facts | changes))


def empty_page(**changes):
    facts = {
        "around": Around(),
        "last_seq": 0,
        "received": Figure(),
        "finished": Figure(),
        "on_time": Figure(),
        "overdue": (),
        "open_by_state": {},
        "runs_good": Figure(),
        "runs_bad": Figure(),
        "hosts": (),
        "refusals": Figure(),
        "refusals_by_reason": {},
        "waivers": Figure(),
        "attested": Figure(),
        "paper": Figure(),
        "unconfirmed": tuple(f"C{n}" for n in range(1, 10)),
        "before": dict.fromkeys(("received", "finished", "on_time", "runs_good", "runs_bad", "refusals"), 0),
        "history": tuple(MonthRow(Period(2026, m), 0, 0) for m in range(6, 12)),
        "unreached": (),
    }
    return page_of(**(facts | changes))


def full_page(**changes):
    facts = {
        "around": Around(
            (*LETTERHEAD[:1], f"PENGADILAN TINGGI {LONG.upper()}", LETTERHEAD[2]),
            "Kota " + LONG,
            CHECKPOINT,
            999,
            10**6,
            False,
        ),
        "overdue": tuple(Overdue(f"REG-2026-{n:04d}", "B5", date(2026, 11, 2), 20, n) for n in range(30)),
        "open_by_state": {
            s: fig(12) for s in ("registered", "disposed", "examined", "classified", "verified", "planned", "partial")
        },
        "unclear": fig(2),
        "unclear_requests": ("REG-2026-0001", "REG-2026-0002"),
        "unsettled": ("REG-2026-0001", "REG-2026-0002", "REG-2026-0003"),
        "hosts": (
            *tuple(
                HostRow(f"srv-ruang-sidang-utama-lantai-{i:02d}", fig(1284), fig(99), fig(9), fig(9)) for i in range(11)
            ),
            HostRow("10.20.30.40", fig(1), fig(1), fig(0), fig(0)),
        ),
        "refusals": fig(40),
        "refusals_by_reason": {
            c: fig(8)
            for c in ("no_approval", "input_changed", "drift", "approval_expired", "host_not_checked", "wrong_state")
        },
        "unconfirmed": tuple(f"C{n}" for n in range(1, 10)),
        "warnings": (CalendarWarning(2027, WarningKind.NOT_ADOPTED),),
    }
    return page_of(**(facts | changes))


def run_of(outcome, hosts, hour=9, ident="019ab5d2-0000-7000-8000-00000000c0de", **changes):
    started = datetime(2026, 11, 23, hour, 0, tzinfo=UTC)
    ended = started.replace(minute=4)
    facts = {"outcome": outcome, "ended_at": ended, "hosts": hosts}
    return Run(ident, "r", "a", DIGEST, "p-operator", started, 4100 + hour, **(facts | changes))


def minutes_of(**changes):
    facts = {
        "letterhead": LETTERHEAD,
        "place": "Kota Contoh",
        "zone": Zone.JAKARTA,
        "number": "REG-2026-0012",
        "work": Wording("Mengatur firewall peladen berkas.", "Set the firewall of the file server."),
        "approval": Signatory("Ratna Sekretariat, S.H., M.H.", SECRETARY, Status.PLH, at=NOW),
        "result": "Sesuai rencana; akses diuji bersama petugas PTSP.",
        "runs": (run_of("done", {"srv-arsip": "changed", "srv-berkas": "unchanged"}),),
        "ended_at": datetime(2026, 11, 23, 9, 4, tzinfo=UTC),
        "log": "sopti/pengadilan-contoh",
        "evidence": (("approve", 4102), ("start", 4109), ("run.finished", 4190), ("close", 4191)),
        "executor": Signatory("Agus Operator", OPERATOR),
        "requester": Signatory("Siti Permohonan", Wording("Kepaniteraan Hukum", "Legal registry")),
        "knowing": Signatory("Dewi Penelitian, S.Kom.", SECTION_HEAD),
        "plan": DIGEST,
        "made_at": NOW,
    }
    return Minutes(**(facts | changes))


def kit_of(**changes):
    given = {
        "letterhead": LETTERHEAD,
        "holders": {"p-1": "Budi Contoh", "p-2": "Sari Contoh"},
        "repository": "sftp:cadangan@simpan.pn-contoh.example:/srv/sopti",
        "password": "abcd-efgh-jkmn-pqrs-tuvw-xyz2-3456-789a",
        "password_id": "0123456789abcdef",
        "log": "sopti.pn-contoh.example/ledger",
        "vkey": "sopti.pn-contoh.example/ledger+8d6bba9a+AWsz2z9hM4ZwdfSJMAnsXpkcLTzfQLbBBl0vVd1k0lfl",
        "authority": "SHA256:uNiVztksCsDhcc0u9e8BrXBJ8mBbHgGhQ4ZgyWYcbTk",
        "checkpoint": CHECKPOINT,
        "release": "1.0.0",
        "zone": Zone.JAKARTA,
        "made_at": NOW,
    }
    return RecoveryKit(**(given | changes))


def slip_of(host="web1"):
    """Give the slip of a host's console."""
    holders = {"p-1": "Sari Contoh", "p-2": LONG, "p-3": "Rina Contoh", "p-4": "Dewi Contoh"}
    return ConsoleSlip(
        LETTERHEAD, host, "sopti-console", "abcd-efgh-jkmn-pqrs-tuvw-xyz2", DIGEST, holders, Zone.JAKARTA, NOW
    )
