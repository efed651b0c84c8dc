"""Every command that a document shows is run by a test, or says why not."""

import pytest

from tests.e2e.fences import ROOT, Block, blocks, pages

SHOWN = [block for page in pages() for block in blocks(page)]


def name(block: Block) -> str:
    return f"{block.page}:{block.line}"


@pytest.mark.parametrize("block", SHOWN, ids=name)
def test_shown_commands_are_run_or_say_why_not(block):
    if reason := block.info.get("not-run"):
        assert len(reason) >= 15, "a reason that explains nothing"
    else:
        runner = ROOT / block.info.get("run-by", "")
        assert runner.is_file(), "neither run-by=<test file> nor not-run=<reason>"
        assert "fences" in runner.read_text(encoding="utf-8"), f"{runner} doesn't read the pages"


def test_documents_show_commands_at_all():
    assert any(block.page == "README.md" for block in SHOWN)
