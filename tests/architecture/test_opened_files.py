"""Commands open no file themselves: what a person names goes through ``adapters/handed_files``."""

import ast

from tests.architecture.repository import tracked

OPENING = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "touch", "unlink", "rename"}
OWN_STREAMS = {("main.py", "open")}
"""``cli/main.py`` puts /dev/null in the place of a stream that is closed."""


def test_no_command_opens_a_file_itself():
    found = set()
    for path in tracked("sopti_runner/cli/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                found |= {(path.name, name)} & {(path.name, each) for each in OPENING}
    assert found == OWN_STREAMS
