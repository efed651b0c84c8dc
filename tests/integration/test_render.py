"""Documents as a reader gets them: one page, PDF/A, the same bytes every time, and only what belongs on it."""

import base64
import hashlib
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdf
import pytest

from sopti_runner.adapters.render import recap, recovery_kit
from sopti_runner.adapters.render.documents import TypstDocuments
from sopti_runner.adapters.render.glyphs import SHOWN, displayable
from sopti_runner.adapters.render.letterhead import letterhead
from sopti_runner.adapters.render.typst_pdf import pdf
from sopti_runner.adapters.words_gettext import GettextWords
from sopti_runner.domain.change import Wording
from sopti_runner.domain.host_changes import host_changes
from sopti_runner.domain.plan import RecordClass
from sopti_runner.domain.signatory import Signatory
from sopti_runner.domain.statement import short_code
from sopti_runner.errors import ReportError
from tests.integration import render_samples as samples

TEMPLATES = Path(__file__).parents[2] / "reports"
DOCUMENTS = {lang: TypstDocuments(TEMPLATES, GettextWords(lang)) for lang in ("id", "en")}
TWENTY = [f"srv-{n:02d}.contoh" for n in range(20)]
TWELVE = [f"srv-ruang-sidang-utama-lantai-{n:02d}" for n in range(12)]


def wide_sheet():
    return samples.sheet_of(
        hosts=host_changes(samples.plan_of(TWELVE)),
        requester=samples.LONG,
        unit=f"Subbagian {samples.LONG}",
        asked="kata " * 400,
        why="alasan " * 400,
        advice_note="catatan " * 200,
        approver=Signatory(samples.LONG, samples.SECRETARY),
        adviser=Signatory(samples.LONG, samples.DIVISION_HEAD, at=samples.NOW),
    )


def differing_sheet():
    """Twenty hosts that change each in a way of its own, all with a standing key."""
    plan = samples.plan_of(TWENTY)
    own = [
        samples.record(host, 5 + n, "Write", RecordClass.CHANGE, f"file:/etc/app/{host}-{n}.conf")
        for host in TWENTY
        for n in range(4)
    ]
    records = tuple(sorted((*plan.records, *own), key=lambda r: (r.host, r.ordinal)))
    return samples.sheet_of(hosts=host_changes(replace(plan, records=records)), weaker=tuple(TWENTY))


def many_sheet():
    hosts = [f"srv-ruang-sidang-{n:03d}" for n in range(300)]
    return samples.sheet_of(hosts=host_changes(samples.plan_of(hosts)), weaker=tuple(hosts))


def bare_sheet():
    return samples.sheet_of(
        letterhead=(), place="", why="", settings=(), hosts=(), blind_spots=(), advice="", adviser=None, recorded=()
    )


PAGES = {
    "sheet": lambda d: d.approval_sheet_pdf(samples.sheet_of()),
    "sheet-wide": lambda d: d.approval_sheet_pdf(wide_sheet()),
    "sheet-differing": lambda d: d.approval_sheet_pdf(differing_sheet()),
    "sheet-many": lambda d: d.approval_sheet_pdf(many_sheet()),
    "sheet-bare": lambda d: d.approval_sheet_pdf(bare_sheet()),
    "recap": lambda d: d.recap_pdf(samples.page_of()),
    "recap-empty": lambda d: d.recap_pdf(samples.empty_page()),
    "recap-full": lambda d: d.recap_pdf(samples.full_page()),
    "minutes": lambda d: d.minutes_pdf(samples.minutes_of()),
    "recovery-kit": lambda d: d.recovery_kit_pdf(samples.kit_of()),
    "console-slip": lambda d: d.console_slip_pdf(samples.slip_of()),
    "minutes-wide": lambda d: d.minutes_pdf(
        samples.minutes_of(
            runs=tuple(
                samples.run_of(
                    "interrupted" if n < 11 else "done", {f"{h}-{m}": "unknown" for h in TWELVE for m in range(3)}
                )
                for n in range(12)
            ),
            executor=Signatory(samples.LONG, samples.OPERATOR),
            requester=Signatory(samples.LONG, samples.SECTION_HEAD),
            result="hasil " * 300,
        )
    ),
}


def text_of(raw):
    return " ".join(pypdf.PdfReader(io.BytesIO(raw)).pages[0].extract_text().split())


@pytest.mark.parametrize("lang", DOCUMENTS)
@pytest.mark.parametrize("name", PAGES)
def test_document_is_one_page_of_pdf_a(name, lang):
    reader = pypdf.PdfReader(io.BytesIO(PAGES[name](DOCUMENTS[lang])))
    assert len(reader.pages) == 1
    metadata = reader.xmp_metadata
    assert metadata is not None
    fields = metadata.rdf_root.toxml()
    assert "<pdfaid:part>2</pdfaid:part>" in fields
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in fields
    width, height = (float(side) for side in reader.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (595, 842)


@pytest.mark.parametrize("name", ["sheet", "recap", "minutes"])
def test_document_of_the_same_input_has_the_same_bytes(name):
    again = TypstDocuments(TEMPLATES, GettextWords("id"))
    assert PAGES[name](DOCUMENTS["id"]) == PAGES[name](again)


def test_document_made_at_another_time_has_other_bytes():
    later = samples.page_of(made_at=samples.page_of().made_at + timedelta(hours=1))
    assert DOCUMENTS["id"].recap_pdf(later) != DOCUMENTS["id"].recap_pdf(samples.page_of())


def test_approval_sheet_shows_what_is_decided_and_by_which_code():
    text = text_of(DOCUMENTS["id"].approval_sheet_pdf(samples.sheet_of()))
    for wanted in (
        "LEMBAR PERSETUJUAN",
        "REG-2026-0012",
        short_code(samples.DIGEST),
        "Siti Permohonan, Kepaniteraan Hukum",
        "srv-arsip, srv-berkas",
        "Plh. Sekretaris",
        "Disetujui dengan syarat",
        "Ditolak",
        "Dikembalikan",
        "26 November 2026 07.30 WIB",
        "tidak memuat tanda tangan elektronik tersertifikasi",
    ):
        assert wanted in text, wanted


def test_approval_sheet_names_every_host_of_twelve():
    text = text_of(DOCUMENTS["id"].approval_sheet_pdf(wide_sheet())).replace(" ", "")
    assert [host for host in TWELVE if host not in text] == []


def test_approval_sheet_of_hosts_that_all_change_differently_names_each_on_one_page():
    records = [
        samples.record(host, n, f"Tugas {n}", RecordClass.CHANGE, f"file:/etc/{host}/{n}")
        for host in TWELVE
        for n in range(6)
    ]
    plan = replace(samples.plan_of(TWELVE), records=tuple(records))
    made = DOCUMENTS["id"].approval_sheet_pdf(samples.sheet_of(hosts=host_changes(plan)))
    assert len(pypdf.PdfReader(io.BytesIO(made)).pages) == 1
    text = text_of(made)
    assert [host for host in TWELVE if host not in text] == []
    assert text.count("dan 5 baris lain: lihat rencana lengkap") == 12


def test_free_text_is_never_read_as_markup():
    hostile = '#panic("x") $ x^2 $ *tebal* \\ @rujukan <a> `kode` #include "/etc/passwd" \x1b[31m\u202e'
    made = DOCUMENTS["id"].approval_sheet_pdf(samples.sheet_of(asked=hostile, requester=hostile))
    assert '#panic("x") $ x^2 $ *tebal*' in text_of(made)


def test_characters_without_a_glyph_are_shown_as_replaced():
    strange = "Ruang 测试 😀 العربية e\u0301 ok"
    made = DOCUMENTS["id"].approval_sheet_pdf(samples.sheet_of(asked=strange, requester=strange))
    assert "\u00e9 ok" in text_of(made)
    assert "Ruang \ufffd\ufffd" in text_of(made)


def test_every_character_that_passes_has_a_glyph():
    chars = "".join(chr(code) for first, last in SHOWN for code in range(first, last + 1))
    towers = [chars[n : n + 60] for n in range(0, len(chars), 60)]
    words = GettextWords("en")
    page = replace(samples.page_of(), around=replace(samples.page_of().around, letterhead=()))
    shown = recap.view(page, words) | {"sentence": " ".join(displayable(towers))}
    assert pdf(TEMPLATES, recap.TEMPLATE, shown, words, samples.NOW).startswith(b"%PDF")


def test_letterhead_sets_names_in_capitals_and_the_first_line_bold():
    assert letterhead(("Mahkamah Contoh", "PENGADILAN CONTOH", " ", "Jalan A 1")) == [
        ["Mahkamah Contoh", True],
        ["PENGADILAN CONTOH", True],
        ["Jalan A 1", False],
    ]


def test_recap_page_shows_its_period_words_and_figures_in_indonesian():
    text = text_of(DOCUMENTS["id"].recap_pdf(samples.page_of()))
    for wanted in (
        "REKAPITULASI HASIL MONITORING DAN PEMELIHARAAN PERANGKAT TI",
        "Periode: November 2026",
        "PERLU PERHATIAN",
        "7/8 87,5%",
        "2 Desember 2026",
        "1 Desember 2026 07.30 WIB",
        "halaman 1 dari 1",
        "Kode verifikasi internal sopti - bukan tanda tangan elektronik",
    ):
        assert wanted in text, wanted


def test_recap_page_prints_the_checkpoint_as_signed_and_as_the_verifier_prints_it():
    text = text_of(DOCUMENTS["id"].recap_pdf(samples.page_of()))
    lines = samples.CHECKPOINT.split("\n")[:3]
    assert " ".join([*lines, f"Akar: {base64.b64decode(lines[2]).hex()}"]) in text


def test_recap_page_claims_nothing_that_is_not_measured():
    for page in (samples.page_of(), samples.empty_page(unconfirmed=(), overdue=(), waivers=samples.Figure())):
        text = text_of(DOCUMENTS["id"].recap_pdf(page))
        assert "Layanan berjalan" not in text
        assert "Pencadangan dan uji pemulihan (D7): tidak diukur oleh sopti versi ini" in text
    assert "Kesimpulan: Ada 1 hal yang memerlukan perhatian." in text


def test_recap_page_of_a_month_that_goes_on_says_up_to_which_day():
    text = text_of(DOCUMENTS["id"].recap_pdf(samples.page_of(made_at=datetime(2026, 11, 22, 3, tzinfo=UTC))))
    assert "Periode: November 2026 (s.d. 22 November 2026)" in text
    assert "pada akhir periode" not in text


def test_recap_page_says_when_attempts_had_several_reasons():
    words, several = GettextWords("id"), "satu percobaan dapat memiliki beberapa alasan"
    reasons = {code: samples.fig(3) for code in recap.REASON_WORDS}
    shown = dict(recap.view(samples.page_of(refusals=samples.fig(16), refusals_by_reason=reasons), words)["facts"])
    counts = [int(part.split(" (")[0].split()[-1]) for part in shown["Alasan penolakan"].split(", ")]
    assert several in shown["Alasan penolakan"]
    assert sum(counts) == 3 * len(reasons)
    plain = dict(recap.view(samples.page_of(), words)["facts"])
    assert several not in plain["Alasan penolakan"]


def test_recap_page_prints_the_digest_of_its_data_file():
    page = samples.page_of()
    digest = hashlib.sha256(page.encode()).hexdigest()
    assert digest in text_of(DOCUMENTS["id"].recap_pdf(page)).replace(" ", "")
    data = json.loads(page.encode())
    assert data["requests"]["received"] == {"value": 9, "events": list(range(10, 19))}


def test_recap_page_with_a_ledger_that_does_not_verify_is_critical():
    assert "KRITIS" in text_of(DOCUMENTS["id"].recap_pdf(samples.full_page()))


def test_recap_page_shows_no_address():
    rows = tuple(
        replace(samples.full_page().hosts[0], host=host)
        for host in ("10.20.30.40", "fe80::1", "ip-192-168-7-9", "srv-a")
    )
    text = text_of(DOCUMENTS["id"].recap_pdf(samples.page_of(hosts=rows)))
    assert "srv-a" in text
    assert not [part for part in ("10.20.30.40", "fe80", "192-168") if part in text]


def test_recap_page_names_reasons_in_words_and_never_by_code():
    reasons = {"input_changed": samples.fig(2), "copy_tampered": samples.fig(1), "nonce_of_tomorrow": samples.fig(1)}
    text = text_of(DOCUMENTS["id"].recap_pdf(samples.page_of(refusals_by_reason=reasons)))
    assert "isi berubah setelah disetujui 3, alasan lain 1" in text
    assert "nonce" not in text


def test_minutes_spell_the_day_out():
    text = text_of(DOCUMENTS["id"].minutes_pdf(samples.minutes_of()))
    spelled = "Pada hari ini, Senin tanggal dua puluh tiga bulan November tahun dua ribu dua puluh enam"
    assert spelled in text
    for signer in ("Agus Operator", "Siti Permohonan", "Dewi Penelitian, S.Kom."):
        assert signer in text


def test_minutes_tell_the_result_every_run_and_speak_one_language():
    runs = (
        samples.run_of("interrupted", {"srv-arsip": "changed", "srv-berkas": "unknown"}, 7, "run-7"),
        samples.run_of("done", {"srv-arsip": "changed", "srv-berkas": "unchanged"}),
    )
    text = text_of(DOCUMENTS["id"].minutes_pdf(samples.minutes_of(runs=runs)))
    for wanted in (
        "Keterangan hasil Sesuai rencana; akses diuji bersama petugas PTSP.",
        "Waktu mulai 23 November 2026 14.00 WIB",
        "Waktu selesai 23 November 2026 16.04 WIB",
        "Penyimpangan Pelaksanaan 23 November 2026 14.00 WIB: Terhenti; keadaan sebagian perangkat tidak diketahui "
        "(srv-berkas tidak diketahui)",
        "catatan nomor 4102: persetujuan",
        "catatan nomor 4109: awal pelaksanaan",
        "Kode pelaksanaan: run-7",
    ):
        assert wanted in text, wanted
    assert not [word for word in ("approve", "start", "run ", "finished") if word in text.replace("run-7", "")]


def test_minutes_of_a_stopped_run_or_one_without_an_end_say_so():
    stopped = samples.run_of("interrupted", {"srv-arsip": "changed", "srv-berkas": "not_started"}, stopped=True)
    text = text_of(DOCUMENTS["id"].minutes_pdf(samples.minutes_of(runs=(stopped,))))
    assert "Hasil Dihentikan oleh petugas sebelum selesai" in text
    assert "sebelum selesai (srv-berkas belum dimulai)" in text
    endless = samples.run_of("running", {"srv-arsip": "unknown"}, ended_at=None)
    text = text_of(DOCUMENTS["id"].minutes_pdf(samples.minutes_of(runs=(endless,))))
    assert "Waktu selesai Akhir pelaksanaan tidak tercatat" in text


def test_minutes_of_many_bad_runs_cut_none_short_and_count_the_rest():
    text = text_of(PAGES["minutes-wide"](DOCUMENTS["id"]))
    assert "dan 6 pelaksanaan lain: lihat jejak audit" in text


def test_minutes_of_work_without_a_host_claim_no_host():
    printer = samples.minutes_of(
        runs=(),
        plan="",
        result="Toner diganti.",
        requester=Signatory("", Wording("PTSP", "PTSP")),
        evidence=(("grant", 12), ("fulfil", 14)),
    )
    text = text_of(DOCUMENTS["id"].minutes_pdf(printer))
    assert "Hasil Terlaksana tanpa perubahan melalui sistem Keterangan hasil Toner diganti." in text
    assert "Waktu pencatatan 23 November 2026 16.04 WIB" in text
    assert "semua perangkat" not in text
    assert text.count("Pemohon") == 1


def test_minutes_use_the_courts_own_day():
    late = samples.minutes_of(ended_at=samples.minutes_of().ended_at.replace(hour=20))
    assert "Selasa tanggal dua puluh empat" in text_of(DOCUMENTS["id"].minutes_pdf(late))


def test_template_missing_or_faulty_gives_a_report_error(tmp_path):
    with pytest.raises(ReportError):
        TypstDocuments(tmp_path, GettextWords("id")).recap_pdf(samples.page_of())
    (tmp_path / "recap.typ").write_text("#panic()")
    with pytest.raises(ReportError):
        TypstDocuments(tmp_path, GettextWords("id")).recap_pdf(samples.page_of())


def test_text_that_fits_no_page_gives_a_report_error():
    towers = tuple(f"BARIS KOP {n}" for n in range(200))
    with pytest.raises(ReportError, match="can't be made"):
        DOCUMENTS["id"].approval_sheet_pdf(samples.sheet_of(letterhead=towers))


def test_approval_sheet_names_every_host_also_where_each_changes_in_its_own_way():
    text = text_of(DOCUMENTS["id"].approval_sheet_pdf(differing_sheet()))
    changes = text.partition("Yang berubah pada tiap perangkat")[2]
    assert [host for host in TWENTY if host not in changes] == []
    assert "masing-masing berubah dengan caranya sendiri" in changes


def test_recovery_kit_tells_what_to_type_from_what_to_read():
    steps = recovery_kit.view(samples.kit_of(), GettextWords("id"))["steps"]
    typed = [part["typed"] for step in steps for part in step if "typed" in part]
    assert "sopti self restore sftp:cadangan@simpan.pn-contoh.example:/srv/sopti --password-file password.txt" in typed
    assert not [part for step in steps for part in step if "`" in "".join(part.values())]
    text = text_of(DOCUMENTS["id"].recovery_kit_pdf(samples.kit_of()))
    assert "--password-file" in text
