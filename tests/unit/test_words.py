"""Every text of the package has its Indonesian words, with the same placeholders, compiled and fresh."""

import ast
import gettext
import io
import string
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from sopti_runner.adapters.render.labels import labels_in
from sopti_runner.adapters.words_gettext import GettextWords
from sopti_runner.cli import language
from sopti_runner.domain.period import Period, Zone
from sopti_runner.errors import UsageError

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "sopti_runner" / "locale" / "id" / "LC_MESSAGES"
FOUNDED = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)


def used_ids():
    methods, options = parse_mapping_cfg(io.StringIO((ROOT / "babel.cfg").read_text()))
    rows = extract_from_dir(ROOT, methods, options, {"_": None, "N_": None}, directory_filter=_holds_texts)
    return {row[2] for row in rows if row[2]}


def _holds_texts(folder):
    return Path(folder).relative_to(ROOT).parts[0] in ("sopti_runner", "reports")


def catalogue():
    with (FOLDER / "sopti.po").open("rb") as file:
        return read_po(file, locale="id")


def placeholders(text):
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


@pytest.fixture(scope="module")
def indonesian():
    return {m.id: m for m in catalogue() if m.id}


def test_every_text_has_indonesian_words(indonesian):
    ids = used_ids()
    assert len(ids) > 300
    assert sorted(i for i in ids if i not in indonesian or not indonesian[i].string or indonesian[i].fuzzy) == []


def test_translations_have_the_placeholders_of_their_ids(indonesian):
    assert [i for i, m in indonesian.items() if m.string and placeholders(i) != placeholders(m.string)] == []


def test_compiled_catalogue_is_fresh(indonesian):
    with (FOLDER / "sopti.mo").open("rb") as file:
        compiled = {m.id: m.string for m in read_mo(file) if m.id}
    assert compiled == {i: m.string for i, m in indonesian.items() if m.string}


def test_status_words_are_those_of_the_sop(indonesian):
    wanted = {
        "registered": "terdaftar",
        "disposed": "didisposisi",
        "examined": "diteliti",
        "classified": "diklasifikasi",
        "verified": "diverifikasi",
        "prioritised": "diprioritaskan",
        "considered": "dipertimbangkan",
        "approved": "disetujui",
        "rejected": "ditolak",
        "returned": "dikembalikan",
        "being carried out": "dalam penanganan",
        "finished": "selesai",
        "withdrawn": "dibatalkan",
        "SAFE": "AMAN",
        "NEEDS ATTENTION": "PERLU PERHATIAN",
        "CRITICAL": "KRITIS",
    }
    assert {i: indonesian[i].string for i in wanted} == wanted


def test_labels_of_templates_are_found_with_their_lines():
    assert list(labels_in('#t("One")\n#let x = t("T\\"wo")\n#at("no")')) == [(1, "One"), (2, 'T"wo')]


@pytest.mark.parametrize(
    ("lang", "day", "moment", "number", "percent"),
    [
        ("id", "22 November 2026", "22 November 2026 07.30 WIB", "1.284", "97,5%"),
        ("en", "22 November 2026", "22 November 2026 07:30 WIB", "1,284", "97.5%"),
    ],
)
def test_dates_and_numbers_are_written_as_readers_do(lang, day, moment, number, percent):
    words = GettextWords(lang)
    assert words.day(date(2026, 11, 22)) == day
    assert words.moment(FOUNDED, Zone.JAKARTA) == moment
    assert (words.number(1284), words.percent(39, 40)) == (number, percent)


def test_indonesian_days_and_months_have_their_names():
    words = GettextWords("id")
    assert words.weekday(date(2026, 11, 22)) == "Minggu"
    assert [words.month(Period(2026, m), short=True) for m in (5, 8, 10)] == ["Mei", "Agu", "Okt"]
    assert words.month(Period(2027, 3)) == "Maret 2027"


@pytest.mark.parametrize(("part", "whole", "shown"), [(0, 0, "–"), (0, 3, "0%"), (3, 3, "100%"), (22, 24, "91,7%")])
def test_shares_are_rounded_to_one_decimal(part, whole, shown):
    assert GettextWords("id").percent(part, whole) == shown


def test_hour_shows_the_abbreviation_of_its_zone():
    words = GettextWords("id")
    assert [words.hour(FOUNDED, z) for z in (Zone.PONTIANAK, Zone.MAKASSAR, Zone.JAYAPURA)] == [
        "07.30 WIB",
        "08.30 WITA",
        "09.30 WIT",
    ]


def test_placeholders_are_filled_in_both_languages():
    text = "There is no request {request}"
    assert GettextWords("en")(text, request="REG-1") == "There is no request REG-1"
    assert GettextWords("id")(text, request="REG-1") == "Permintaan REG-1 tidak ada"
    assert GettextWords("id")("") == ""


def test_language_unknown_is_refused():
    for ask in (GettextWords, language.use):
        with pytest.raises(UsageError):
            ask("fr")


@pytest.mark.parametrize(
    ("given", "variable", "chosen"),
    [
        ("", None, "id"),
        ("", "en", "en"),
        ("id", "en", "id"),
        ("en_GB.UTF-8", None, "en"),
        ("", "", "id"),
        ("EN", "id", "en"),
    ],
)
def test_command_line_speaks_what_is_asked_for_else_indonesian(given, variable, chosen, monkeypatch):
    monkeypatch.delenv(language.VARIABLE, raising=False)
    if variable is not None:
        monkeypatch.setenv(language.VARIABLE, variable)
    assert language.use(given) == chosen == language.current()
    shown = language._("There is no request {request}", request=7)
    assert shown == ("Permintaan 7 tidak ada" if chosen == "id" else "There is no request 7")
    language.use("id")


def test_catalogue_is_found_beside_the_package():
    assert isinstance(gettext.translation("sopti", FOLDER.parents[1], ["id"]), gettext.GNUTranslations)


def test_no_text_to_translate_stands_inside_an_f_string():
    """The extractor does not look into f-strings, so such a text would never reach the catalogue."""
    found = []
    for path in sorted((ROOT / "sopti_runner").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found += [
                    f"{path.name}:{call.lineno} {ast.unparse(call)}"
                    for call in ast.walk(node)
                    if isinstance(call, ast.Call)
                    and getattr(call.func, "id", "") in ("_", "N_")
                    and call.args
                    and isinstance(call.args[0], ast.Constant)
                ]
    assert found == []
