"""An act by hand is recorded for who did it: an enrolled person as that person, free text for strangers alone."""

import pytest

from sopti_runner.adapters.words_gettext import GettextWords
from sopti_runner.errors import UsageError
from sopti_runner.services.emergencies import Emergencies
from tests.unit.domain.desk import Desk


@pytest.fixture
def desk():
    return Desk()


def record(desk, acted_by="", acted=""):
    done = (desk.clock.time - desk.clock.time.resolution).isoformat()
    data = {
        "acted": acted,
        "done_at": done,
        "hosts": ["web1"],
        "evidence": "",
        "category": "security",
        "personal_data": "unknown",
    }
    texts = {"description": "Kabel dicabut", **({"acted_by": acted_by} if acted_by else {})}
    service = Emergencies(desk.acts, desk.content, desk.applying, GettextWords("id"))
    return service.record(data, texts, desk.key["op"])


def spellings(desk):
    person = desk.id["sec"]
    name = desk.books.name(desk.court(), person)
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in name)
    return [name, f"  {name.upper()} ", " ".join(name), f"{name}.", wide, person.upper()]


@pytest.mark.parametrize("spelling", range(6))
def test_record_of_an_act_by_an_enrolled_name_as_free_text_is_refused(desk, spelling):
    size = desk.court().size
    with pytest.raises(UsageError, match="enrolled person") as refused:
        record(desk, spellings(desk)[spelling])
    assert refused.value.next.endswith(f"--who {desk.id['sec']}")
    assert desk.court().size == size


def test_record_of_an_act_by_a_stranger_or_an_enrolled_person_stands(desk):
    assert record(desk, "Petugas Luar").emergency.persons
    assert desk.id["sec"] in record(desk, acted=desk.id["sec"]).emergency.persons
