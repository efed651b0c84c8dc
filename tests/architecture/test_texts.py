"""What no file of the repository may hold, and that the pages' links lead somewhere."""

import re

import pytest

from tests.architecture.repository import ROOT, texts

# Written in pieces so that this file does not hold them itself.
FORBIDDEN = {
    "a package index address": r"--(extra-)?index" + r"-url|https?://[^\s\"]+/sim" + r"ple\b|pypi\." + r"org/sim",
    "a path of one particular machine": r"(?<![\w.])/(wo" + r"rk|fa" + r"rm|root/\.py" + r"env)/",
    "work left in a comment": r"(#|//|<!--)\s*(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b",
    "a check silenced without saying which": r"#\s*no" + r"qa\s*$|#\s*type:\s*ig" + r"nore\s*$",
    "talk of how the text was made": r"\b(sub"
    + r"agent|this ses"
    + r"sion|previous ses"
    + r"sion|language mo"
    + r"del)\b",
    "an unmerged conflict": r"^(<<<<" + r"<<< |>>>>" + r">>> )",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_tracked_text_holds_nothing_forbidden(what):
    pattern = re.compile(FORBIDDEN[what], re.MULTILINE)
    found = [
        f"{name}:{text.count(chr(10), 0, hit.start()) + 1}: {hit[0].strip()}"
        for name, text in texts()
        if name != "LICENSE"
        for hit in pattern.finditer(text)
    ]
    assert not found, what


def test_page_links_lead_to_files():
    broken = []
    for name, text in texts("*.md"):
        without_code = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", without_code):
            if not re.match(r"[a-z]+:", target) and not (ROOT / name).parent.joinpath(target).exists():
                broken.append(f"{name}: {target}")
    assert not broken


def test_tests_that_pages_name_exist():
    named = {(name, path) for name, text in texts("*.md") for path in re.findall(r"`(tests/[\w/]+\.py)", text)}
    assert named
    assert not sorted((name, path) for name, path in named if not (ROOT / path).exists())
