"""What officials read before they confirm a change of the court's rules: sentences, bound by their signature."""

import hashlib
import json
from datetime import date, timedelta

import pytest

from sopti_runner.adapters.log_key import WitnessKey
from sopti_runner.domain.governance import KINDS
from sopti_runner.domain.policy import ROUTINE
from sopti_runner.errors import IntegrityError
from sopti_runner.services import proposal_text
from tests.e2e.desk import Desk

DAY = date(2031, 11, 23)


def proposed(desk: Desk, *words: str) -> str:
    """Propose as the operator and give what the official's exported page says."""
    desk.extra = {"SOPTI_LANG": "id"}
    ident = desk.value(*words)["proposal"]
    target = desk.folder / "usulan.st"
    desk.do("office", "confirm", ident, "--by", "Sari", "--export", str(target))
    page = target.with_suffix(".txt").read_text("utf-8")
    bound = json.loads(target.read_bytes())["display"]
    assert bound == hashlib.sha256(page.encode()).hexdigest(), "the signature is over what is read"
    return page


def key_of(desk: Desk, person: str) -> str:
    """Give the fingerprint of a person's key."""
    rows = desk.value("office", "list")
    return next(row["keys"][0] for row in rows if row["name"] == person)


def test_enrolment_names_the_person_and_the_key(desk: Desk):
    page = proposed(desk, "office", "enrol", "Tono Contoh", "--public", desk.public("tono"))
    sentence = page.splitlines()[2]
    assert sentence.startswith("  Mendaftarkan Tono Contoh (p-")
    assert ") dengan kunci SHA256:" in sentence
    assert "Diusulkan oleh Budi Contoh (" in page
    assert page.index("Lampiran") > page.index("Diusulkan"), "raw data only after the sentence"


def test_appointment_names_person_office_status_days_and_order(desk: Desk):
    days = ("--from", str(DAY), "--to", str(DAY + timedelta(days=4)))
    page = proposed(desk, "office", "appoint", "Rina", "secretary", "--status", "plh", *days, "--order", "W1/12")
    who = f"Rina Contoh ({next(r['person'] for r in desk.value('office', 'list') if r['name'] == 'Rina Contoh')})"
    assert f"Mengangkat {who} sebagai Sekretaris (Plh.) mulai 23 November 2031 sampai 27 November 2031" in page
    assert "Berdasarkan surat nomor W1/12" in page


def test_policy_says_only_what_changes(desk: Desk):
    words = ("--validity-days", "7", "--own-signature", "dispose", "--waive", "adviser_approves=2031-12-31")
    page = proposed(desk, "office", "policy", *words).split("Lampiran")[0]
    lines = [line.strip() for line in page.splitlines() if line.startswith("    ")]
    assert lines == [
        "Masa berlaku persetujuan paling lama: 14 hari → 7 hari",
        "Pemisahan tugas yang dikesampingkan: tidak ada → yang memberi pertimbangan boleh menyetujui sampai "
        "31 Desember 2031",
        "Mulai sekarang memerlukan tanda tangan pejabat sendiri: mendisposisikan surat (dispose)",
    ]


def test_calendar_counts_holidays_and_joint_leave_and_lists_them(desk: Desk):
    page = proposed(desk, "office", "adopt-calendar", "2026").split("Lampiran")[0]
    days = page.count("2026: ") - 1  # the sentence itself
    (sentence,) = [line for line in page.splitlines() if "Mengadopsi kalender 2026" in line]
    numbers = [int(word) for word in sentence.replace("2026:", "").split() if word.isdigit()]
    assert sum(numbers) == days > 15
    assert "Sumber: holidays" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("office", "step", "B2", "chair"), "Ketua melaksanakan langkah SOP B2: Mendisposisikan surat permintaan"),
        (
            ("office", "override-day", "2031-12-09", "--free", "--legal-number", "Keppres 1/2031"),
            "Menjadikan Selasa, 9 Desember 2031 hari libur, berdasarkan Keppres 1/2031",
        ),
        (
            ("office", "override-day", "2031-12-09", "--working", "--legal-number", "SE 2", "--reason", "Diganti"),
            "Menjadikan Selasa, 9 Desember 2031 hari kerja, berdasarkan SE 2\n    Alasan: Diganti",
        ),
        (("office", "end", "Rina", "section_head", "--to", "2031-12-25"), ": hari terakhir 25 Desember 2031"),
        (("ledger", "clock-correct"), "Menyatakan jam komputer ini benar; jam menunjukkan "),
    ],
    ids=["step", "holiday", "working-day", "end", "clock"],
)
def test_every_other_proposal_is_a_sentence(desk: Desk, words, said):
    assert said in proposed(desk, *words).split("Lampiran")[0]


def test_keys_are_named_with_their_owner(desk: Desk):
    further = proposed(desk, "office", "add-key", "Rina", "--public", desk.public("tono"))
    assert "Menerima satu kunci lagi dari Rina Contoh (" in further
    retired = proposed(desk, "office", "retire-key", key_of(desk, "Rina Contoh"), "--compromised-from", "5")
    assert f"Memensiunkan kunci {key_of(desk, 'Rina Contoh')} milik Rina Contoh (" in retired
    assert "sejak catatan 5" in retired


def test_erasure_says_which_text_without_its_words(desk: Desk):
    number = desk.ask("Rahasia sekali")
    ref = next(b for b in desk.events("request.registered")[-1].blobs if b.name == "description")
    page = proposed(desk, "ledger", "erase", ref.digest.hex())
    assert f"Menghapus untuk selamanya: uraian permintaan {number}" in page
    assert "Rahasia" not in page
    name = desk.house().books.court().register.persons
    named = next(p for p in name.values() if p.name is not None)
    assert f"nama {desk.house().books.name(desk.house().books.court(), named.id)}" in proposed(
        desk, "ledger", "erase", named.name.digest.hex()
    )


def test_witness_is_named_by_its_key(desk: Desk):
    vkey = WitnessKey.create(desk.folder / "witness.key", "pt.contoh.example/saksi").vkey
    page = proposed(desk, "office", "witness", vkey)
    assert f"Menerima pt.contoh.example/saksi sebagai saksi jejak audit ini, dengan kunci {vkey}" in page


@pytest.mark.parametrize("data", [{}, {"person": 1, "office": [], "status": "x", "first": "", "last": None}, None])
@pytest.mark.parametrize("kind", [*sorted(KINDS.keys() - {"clock"}), "unknown"])
def test_proposal_that_nobody_could_have_written_is_said_to_be_unreadable(desk: Desk, kind, data):
    house = desk.house()
    what = proposal_text.Told(house.books, house.books.court(), house.words, kind, data, {})
    assert proposal_text.proposal_lines(what) == ["This proposal can't be read; do not confirm it"]
    with pytest.raises(IntegrityError):
        proposal_text.proposing_text(what)


def test_every_kind_of_proposal_has_its_sentence():
    assert set(proposal_text._KINDS) == set(KINDS)


def test_name_cannot_add_a_line_to_what_is_signed(desk: Desk):
    page = proposed(
        desk, "office", "enrol", "Tono\nMengangkat Tono\u202e sebagai Ketua", "--public", desk.public("tono")
    )
    sentence = page.splitlines()[2]
    assert sentence.startswith("  Mendaftarkan Tono Mengangkat Tono")
    assert "\u202e" not in page


def test_list_shows_the_sentence_that_is_signed_and_who_proposed_it(desk: Desk):
    page = proposed(desk, "office", "step", "B2", "chair")
    said = desk.do("office", "proposals").out
    assert page.splitlines()[2] in said.splitlines()
    assert "Diusulkan oleh Budi Contoh, " in said
    assert "{" not in said
    assert "Paling lambat" not in said
    (value,) = desk.value("office", "proposals")
    assert (value["kind"], value["content"]) == ("step", {"step": "B2", "office": "chair"})


def test_proposer_reads_the_same_sentence_before_signing(desk: Desk):
    desk.extra = {"SOPTI_LANG": "id"}
    said = desk.do("office", "step", "B2", "chair").out
    assert said.index("Ketua melaksanakan langkah SOP B2") < said.index("Diusulkan sebagai")


def test_policy_is_shown_in_words(desk: Desk):
    desk.extra = {"SOPTI_LANG": "id"}
    said = desk.do("office", "policy").out
    assert "Masa berlaku persetujuan paling lama: 14 hari" in said
    assert not [raw for raw in ("[", "True", "False", "_", "{}") if raw in said]
    assert desk.value("office", "policy")["validity_days"] == 14


def test_help_names_every_act_that_may_need_an_own_signature(desk: Desk):
    said = " ".join(desk.do("office", "policy", "--help").out.replace("│", " ").split())
    named = said.split("own signature:")[1].split("--")[0].replace(",", " ").replace(".", " ").split()
    assert {act.value for act in ROUTINE} <= set(named)
    assert not {"approve", "grant", "revoke", "start"} & set(named)


def test_own_signature_for_something_that_is_no_act_is_refused(desk: Desk):
    said = desk.do("office", "policy", "--own-signature", "aprove", "--json", code=2)
    assert said.error["on"] == "aprove"
    assert "dispose" in said.error["expected"]
