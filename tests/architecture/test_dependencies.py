"""Each dependency says why it is there, is pinned, and may be combined with GPL-3.0-or-later."""

import ast
import importlib.metadata
import re
import sys
import tomllib

import pytest

from tests.architecture.repository import ROOT, texts

# SPDX words that may go into a work under GPL-3.0-or-later; Apache-2.0 is one-way, into version 3.
COMPATIBLE = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "GPL-3.0-or-later", "ISC", "LGPL-3.0-only", "MIT", "MIT-0",
    "MPL-2.0", "PSF-2.0",
}  # fmt: skip
CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def plain(requirement: str) -> str:
    """Give a requirement's name as package tools compare it."""
    return re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", requirement)[0]).lower()


def closure() -> dict[str, importlib.metadata.Distribution]:
    """Give everything that a running sopti may import, by name."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = [plain(requirement) for requirement in PROJECT["dependencies"]]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            found[name] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # asked for on another platform or Python only
        waiting += [plain(each) for each in found[name].requires or [] if not re.search(r"extra\s*==", each)]
    return found


def licence(distribution: importlib.metadata.Distribution) -> set[str]:
    """Give the licences one may choose from, as SPDX words."""
    expression = distribution.metadata.get("License-Expression")
    if expression:
        return set(expression.split(" OR "))
    stated = [each for each in distribution.metadata.get_all("Classifier", []) if each.startswith("License ::")]
    return {CLASSIFIERS.get(each.rpartition(" :: ")[2], each) for each in stated if not each.endswith("OSI Approved")}


RUNTIME = closure()


@pytest.mark.parametrize("name", sorted(RUNTIME))
def test_runtime_dependency_licence_is_compatible(name):
    assert licence(RUNTIME[name]) & COMPATIBLE


def test_direct_dependencies_say_why_in_the_architecture_page():
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([a-z0-9.-]+)` \| [^|]* \| ([^|]{10,}) \|$", page, re.MULTILINE | re.IGNORECASE))
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
    assert {plain(each) for each in wanted} == {plain(name) for name in told}


def test_constraints_pin_exactly_and_cover_every_dependency():
    lines = [
        line
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []
    pinned = {plain(line) for line in lines}
    wanted = set(RUNTIME) | {plain(each) for each in PROJECT["optional-dependencies"]["test"]} | {"setuptools"}
    assert wanted - pinned == set()


def imported(text: str) -> set[str]:
    """Give the top-level modules that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_product_imports_nothing_that_an_installation_lacks():
    owners = importlib.metadata.packages_distributions()
    lacking = [
        f"{name}: {module}"
        for name, text in texts("sopti_runner/*.py", "sopti_runner/**/*.py")
        for module in imported(text) - set(sys.stdlib_module_names) - {"sopti_runner"}
        if not {plain(owner) for owner in owners.get(module, [])} & set(RUNTIME)
    ]
    assert lacking == []
