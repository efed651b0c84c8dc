"""The architecture page names every module there is, and none that is gone."""

import re

from tests.architecture.repository import ROOT, tracked

PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
PARTS = PAGE.partition("### domain")[2].partition("\n## ")[0]


def modules():
    """Give the names of the package's modules, without packages and entry points."""
    names = {path.stem for path in tracked("sopti_runner/*.py", "sopti_runner/**/*.py")}
    return names - {"__init__", "__main__"}


def test_every_module_has_its_place_in_the_page():
    assert sorted(name for name in modules() if not re.search(rf"\b{name}\b", PARTS)) == []


def test_blocks_of_the_page_name_no_module_that_is_gone():
    blocks = "\n".join(re.findall(r"(?ms)^### (?:domain|services).*?^```\n(.*?)^```", PAGE))
    named = set(re.findall(r"\b[a-z]+_[a-z_]+\b", blocks))
    assert named - modules() == set()


def test_folders_of_the_house_exist():
    house = PAGE.partition("## The house\n```\n")[2].partition("```")[0]
    named = re.findall(r"(?m)^([a-z_]+)/", house)
    assert len(named) > 8
    assert [name for name in named if not (ROOT / name).is_dir()] == []
