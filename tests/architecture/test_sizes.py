"""A module says one thing: its size is bounded, and each exception says why."""

import ast

from tests.architecture.repository import ROOT, texts

MODULE_LINES = 400
STATEMENT_LINES = 260
FUNCTION_LINES = 60

# module -> why it has more lines of statements than STATEMENT_LINES
LONG_MODULES = {
    "sopti_runner/domain/request.py": "the tables of states, acts, offices, events and words are read side by side",
    "sopti_runner/cli/office.py": "a dozen small commands, most of it their declared options",
    "sopti_runner/domain/authority.py": "every reason to refuse an act, to be read in one place from top to bottom",
    "sopti_runner/domain/court.py": "the fold: one short function for each type of event",
}


def statement_lines(text: str) -> int:
    """Count lines that hold code: no blank line, comment or docstring (those are welcome)."""
    tree = ast.parse(text)
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    docstrings = {
        line
        for node in ast.walk(tree)
        if isinstance(node, documented) and ast.get_docstring(node) is not None
        for line in range(node.body[0].lineno, node.body[0].end_lineno + 1)
    }
    lines = enumerate(text.splitlines(), 1)
    return sum(1 for number, line in lines if line.split("#")[0].strip() and number not in docstrings)


def test_modules_are_short_or_say_why():
    modules = texts("sopti_runner/*.py", "sopti_runner/**/*.py")
    long = {name: size for name, text in modules if (size := statement_lines(text)) > STATEMENT_LINES}
    assert {name: size for name, size in long.items() if name not in LONG_MODULES} == {}
    assert set(LONG_MODULES) <= set(long), "an exception that is no longer needed"
    assert [name for name, text in modules if text.count("\n") > MODULE_LINES] == []


def test_functions_are_short():
    long = []
    for name, text in texts("sopti_runner/*.py", "sopti_runner/**/*.py", "collections/**/*.py"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > FUNCTION_LINES:
                    long.append(f"{name}:{node.lineno} {node.name}: {size} lines")
    assert not long


def test_modules_have_no_catch_all_names():
    names = {path.stem for path in (ROOT / "sopti_runner").rglob("*.py")}
    assert not names & {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def test_modules_open_with_what_they_are():
    silent = [
        name
        for name, text in texts("sopti_runner/*.py", "sopti_runner/**/*.py")
        if text.strip() and not ast.get_docstring(ast.parse(text))
    ]
    assert not silent
