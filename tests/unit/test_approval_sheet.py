"""What an official reads before approving, and what an expert reads: complete, and nobody else's line in it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sopti_runner.adapters.words_gettext import GettextWords
from sopti_runner.domain.approval_sheet import WIDTH, ApprovalSheet, display_text, host_groups
from sopti_runner.domain.change import ChangeType, Risk, Wording
from sopti_runner.domain.host_changes import change_lines, host_changes
from sopti_runner.domain.office import Status
from sopti_runner.domain.period import Zone
from sopti_runner.domain.plain import middle_cut, one_line, shortened
from sopti_runner.domain.plan import ObjectState, Plan, PlanRecord, RecordClass
from sopti_runner.domain.plan_text import plan_text
from sopti_runner.domain.signatory import Signatory

WORDS = {lang: GettextWords(lang) for lang in ("id", "en")}
DIGEST = "0123456789abcdef" * 4
NOW = datetime(2026, 11, 26, 0, 30, tzinfo=UTC)
SECRETARY = Wording("Sekretaris", "Secretary")
CHANGE, SAME, OPAQUE, FAILED = RecordClass.CHANGE, RecordClass.SAME, RecordClass.OPAQUE, RecordClass.FAILED


def record(host, kind, *objects, name="Tugas", diff="", detail=""):
    states = tuple(ObjectState(o, "0" * 64) for o in objects)
    return PlanRecord(host, 0, "main.yml:1", name, "x.y.z", "", "0" * 64, kind, states, diff=diff, detail=detail)


def plan_of(*records, hosts=("a", "b")):
    engine = {"ansible-core": "2.19"}
    return Plan("configure-firewall", {"f": "0"}, "0", {"port": 22}, hosts, (), engine, {}, "0", records)


def sheet_of(of, **changes):
    text = Wording("Teks", "Text")
    facts = {
        "letterhead": ("PENGADILAN CONTOH",),
        "place": "Contoh",
        "zone": Zone.JAYAPURA,
        "number": "REG-2026-0001",
        "requester": "Siti",
        "unit": "PTSP",
        "asked": "Buka akses",
        "why": "",
        "playbook": "configure-firewall",
        "change_type": ChangeType.NORMAL,
        "purpose": text,
        "effect": text,
        "worst_case": text,
        "backout": text,
        "risk": Risk.HIGH,
        "settings": (),
        "hosts": host_changes(of),
        "weaker": (),
        "blind_spots": (Wording("Titik buta", "Blind spot"),),
        "advice": "defer",
        "advice_note": "Tunggu",
        "adviser": Signatory("Dewi", SECRETARY, Status.PLT, at=NOW),
        "not_before": NOW,
        "expires": NOW,
        "recorded": (),
        "approver": Signatory("", SECRETARY),
        "plan": DIGEST,
        "made_at": NOW,
    }
    return ApprovalSheet(**(facts | changes))


PLAN = plan_of(
    record("a", CHANGE, "file:/etc/x", "unit:ssh.service"),
    record("a", OPAQUE, name="Jalankan skrip"),
    record("b", CHANGE, "file:/etc/x", "unit:ssh.service"),
    record("b", OPAQUE, name="Jalankan skrip"),
)


@pytest.mark.parametrize("lang", WORDS)
def test_sheet_text_is_the_same_every_time_and_fits_the_terminal(lang):
    text = display_text(sheet_of(PLAN), WORDS[lang])
    assert text == display_text(sheet_of(PLAN), GettextWords(lang))
    assert text.endswith("\n")
    assert max(len(line) for line in text.splitlines()) <= WIDTH


def test_sheet_text_names_everything_the_signature_stands_for():
    text = " ".join(display_text(sheet_of(PLAN), WORDS["id"]).split())
    for wanted in (
        "LEMBAR PERSETUJUAN",
        "REG-2026-0001",
        "Siti, PTSP",
        "Tinggi - Perubahan terencana",
        "a, b",
        "Berkas /etc/x ditulis atau diubah",
        "Layanan ssh.service",
        "Jalankan skrip",
        "Titik buta",
        "Disarankan ditunda (Dewi, Plt. Sekretaris, 26 November 2026 09.30 WIT) - Tunggu",
        "Satu kali, sejak",
        "01234567 89abcdef",
        "tidak memuat tanda tangan elektronik tersertifikasi",
    ):
        assert wanted in text, wanted


@pytest.mark.parametrize(
    "change",
    [
        {"number": "REG-2026-0002"},
        {"asked": "Buka akses lain"},
        {"risk": Risk.LOW},
        {"hosts": host_changes(plan_of(record("a", CHANGE, "file:/etc/y")))},
        {"weaker": ("b",)},
        {"blind_spots": ()},
        {"advice": "approve"},
        {"advice_note": ""},
        {"expires": NOW.replace(day=27)},
        {"plan": "f" * 64},
        {"approver": Signatory("", SECRETARY, Status.PLH)},
        {"settings": ((Wording("Porta", "Port"), "22"),)},
    ],
)
def test_sheet_text_differs_when_any_fact_differs(change):
    assert display_text(sheet_of(PLAN, **change), WORDS["id"]) != display_text(sheet_of(PLAN), WORDS["id"])


def test_sheet_text_says_of_weaker_hosts_how_many_which_and_what_it_means():
    text = " ".join(display_text(sheet_of(PLAN, weaker=("b",)), WORDS["id"]).split())
    assert "1 dari 2 perangkat masih dapat dibuka dengan kunci tetap" in text
    assert "tanpa persetujuan" in text
    assert "Perangkat: b" in text
    assert "kunci tetap" not in display_text(sheet_of(PLAN), WORDS["id"])
    everything = " ".join(display_text(sheet_of(PLAN, weaker=("a", "b")), WORDS["id"]).split())
    assert "Semua perangkat dalam rencana ini (2) masih dapat dibuka dengan kunci tetap" in everything


@given(st.text(max_size=300))
def test_free_text_never_makes_a_line_of_the_sheet(text):
    plain = display_text(sheet_of(PLAN, asked="x"), WORDS["id"]).splitlines()
    shown = display_text(sheet_of(PLAN, asked=f"x {text}"), WORDS["id"]).splitlines()
    first = next(n for n, line in enumerate(plain) if line.startswith("Yang diminta"))
    extra = len(shown) - len(plain)
    assert extra >= 0
    assert shown[:first] == plain[:first]
    assert shown[first + extra + 1 :] == plain[first + 1 :]
    assert all(line.startswith(" " * 24) for line in shown[first + 1 : first + extra + 1])


@pytest.mark.parametrize("hostile", ["a\nDisetujui", "a\x1b[2Jb", "a\u202eb", "a\r\x00b", "a\u2028b", "a\x85b"])
def test_control_and_direction_characters_are_made_visible(hostile):
    assert one_line(hostile).isprintable()


def test_hosts_that_change_alike_stand_together_and_others_apart():
    plan = plan_of(*PLAN.records, record("c", SAME), hosts=("a", "b", "c"))
    groups = host_groups(sheet_of(plan), WORDS["en"])
    assert [heading for heading, _ in groups] == ["a, b", "c"]
    assert groups[1][1] == ["No change: everything is as wanted already"]


def test_failed_tasks_are_shown_as_what_nobody_can_approve():
    lines = host_groups(sheet_of(plan_of(record("a", FAILED), hosts=("a",))), WORDS["en"])[0][1]
    assert lines == ["Tasks that failed while planning: 1; this can't be approved"]


def test_object_of_unknown_kind_is_named_as_it_is_and_each_once():
    records = [record("a", CHANGE, "thing:x", "file:/etc/y"), record("a", CHANGE, "file:/etc/y"), record("a", CHANGE)]
    lines = change_lines(WORDS["en"], records)
    assert lines == ["thing:x", "File /etc/y is written or changed", "Tugas"]


def test_plan_text_shows_every_task_that_is_not_the_same():
    diff = "--- before\n+++ after\n-\told\n+\tnew\x1b[31m"
    plan = plan_of(
        record("a", CHANGE, "file:/etc/x", name="Tulis", diff=diff),
        record("a", SAME),
        record("b", OPAQUE, name="Skrip"),
        record("b", FAILED, name="Gagal", detail="tidak ada\nberkas"),
    )
    text = plan_text(plan, DIGEST, WORDS["en"])
    assert f"SHA-256 {DIGEST}" in text
    assert "Hosts: 2. Tasks: 1 to change, 1 not predictable, 1 failed, 1 already right." in text
    for wanted in (
        "  ~ Tulis",
        "      -   old",
        "      +   new\ufffd[31m",
        "  ? Skrip",
        "x.y.z has no observer",
        "  ! Gagal",
    ):
        assert wanted in text, wanted
    assert "failed: tidak ada berkas" in text
    assert "can't be approved" in text
    assert "tasks already right: 1" in text


def test_plan_text_of_hosts_in_order_says_so():
    text = plan_text(plan_of(record("a", SAME), hosts=("a",)), DIGEST, WORDS["en"])
    assert "no change; tasks already right: 1" in text
    assert "can't be approved" not in text


def test_name_erased_or_still_to_come_leaves_the_office():
    text = display_text(replace(sheet_of(PLAN), approver=Signatory("", SECRETARY, Status.PLH)), WORDS["id"])
    assert "Dimohonkan kepada       Plh. Sekretaris" in text


@pytest.mark.parametrize(
    ("proof", "shown"),
    [
        ("signature", "tanda tangan sendiri"),
        ("attested", "dicatatkan oleh Budi Contoh"),
        ("paper", "di atas kertas"),
    ],
)
def test_recorded_step_and_advice_say_how_they_are_known(proof, shown):
    dewi = Signatory("Dewi", SECRETARY, step="B7", at=NOW, proof=proof, recorder="Budi Contoh")
    text = " ".join(display_text(sheet_of(PLAN, recorded=(dewi,), adviser=dewi), WORDS["id"]).split())
    assert f"Langkah yang telah tercatat - B7: Dewi, Sekretaris, 26 November 2026 09.30 WIT ({shown})" in text
    assert f"Disarankan ditunda (Dewi, Sekretaris, 26 November 2026 09.30 WIT; {shown}) - Tunggu" in text


def test_section_that_names_no_requester_is_shown_once():
    lines = display_text(sheet_of(PLAN, requester="PTSP", unit="PTSP"), WORDS["id"]).splitlines()
    assert next(line for line in lines if line.startswith("Pemohon")).split() == ["Pemohon", "PTSP"]


@given(st.text(max_size=80), st.integers(8, 40))
def test_cut_texts_keep_their_length(text, length):
    assert len(shortened(text, length)) <= length
    assert len(middle_cut(text, length)) <= length
    assert len(text) > length or shortened(text, length) == one_line(text)
