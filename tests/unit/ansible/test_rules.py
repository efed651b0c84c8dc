from __future__ import annotations

import re
from pathlib import Path

from sopti_runner.adapters.ansible.rules import RULES

PAGE = Path(__file__).parents[3] / "docs/content-rules.md"


def test_page_of_rules_has_every_rule_in_its_words() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert dict(rows) == RULES
