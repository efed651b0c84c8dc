"""The page of the ledger's format names every type of event and every key of a statement."""

import re

from sopti_runner.domain.authority_audit import GOVERNANCE, MACHINE
from sopti_runner.domain.request import EVENT_OF
from sopti_runner.domain.statement import _KEYS as STATEMENT_KEYS
from tests.architecture.repository import ROOT

PAGE = (ROOT / "docs/ledger-format.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## 7.")[2].partition("\n## ")[0]


def test_every_event_type_is_in_the_page_and_no_other():
    told = set(re.findall(r"`((?:[a-z]+)\.(?:[a-z]+))`", SECTION)) - {"data.statement", "data.proof", "data.nonce"}
    assert told == {*EVENT_OF.values(), *GOVERNANCE, *MACHINE, "court.created"}


def test_every_act_stands_beside_its_event():
    told = dict(re.findall(r"`([a-z]+\.[a-z]+)` \| `([a-z]+)`", SECTION))
    assert {event: told.get(event) for event in EVENT_OF.values()} == {e: a.value for a, e in EVENT_OF.items()}


def test_every_key_of_a_statement_is_in_the_page():
    table = SECTION.partition("| key | value |")[2].partition("\n\n")[0]
    told = {
        key for row in table.splitlines() for key in re.findall(r"`([a-z_]+)`", row.split("|")[1] if "|" in row else "")
    }
    assert told == STATEMENT_KEYS
