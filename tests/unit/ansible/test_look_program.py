"""One look at a whole host, run here as it runs there: what is seen, and what a bound leaves out."""

import json
import subprocess
import sys

import pytest

from sopti_runner.adapters.ansible import look_program
from sopti_runner.adapters.ansible.work_place import look_program as whole


@pytest.fixture
def root(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/satu").write_text("satu")
    (tmp_path / "etc/tautan").symlink_to("satu")
    (tmp_path / "etc/bawah").mkdir()
    (tmp_path / "etc/bawah/dua").write_text("dua")
    return tmp_path


def look(root, **bounds):
    """Run the program in a process of its own over another root; gives its answer."""
    program = whole().replace("\nlook_around()\n", "\n")
    settings = "".join(f"{name} = {value!r}\n" for name, value in {"ROOTS": (f"{root}/etc",), **bounds}.items())
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{settings}look_around()\n"], capture_output=True, text=True, check=True
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("sopti1 ")]
    return json.loads(line.removeprefix("sopti1 "))


def files(root, answer):
    return {
        k.removeprefix(f"file:{root}/etc/"): v for k, v in answer["objects"].items() if k.startswith(f"file:{root}")
    }


def test_every_file_folder_and_link_is_seen_and_a_change_of_any_shows(root):
    first = files(root, look(root))
    assert set(first) == {"satu", "tautan", "bawah", "bawah/dua"}
    assert first["tautan"] == "link to satu"
    (root / "etc/bawah/dua").write_text("tiga")
    (root / "etc/satu").chmod(0o600)
    (root / "etc/baru").touch()
    second = files(root, look(root))
    assert {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)} == {
        "bawah/dua", "satu", "baru",
    }  # fmt: skip


def test_accounts_are_seen(root):
    assert {"user:root", "group:root"} <= look(root)["objects"].keys()


def test_what_a_bound_leaves_out_is_said(root):
    cut = look(root, MAXIMUM_FILES=2)
    assert (cut["cut"], len(files(root, cut))) == (True, 2)
    assert cut["left_out"][0].startswith(f"files from {root}")
    (root / "etc/besar").write_bytes(bytes(100))
    large = look(root, WHOLE_BYTES=50)
    assert large["left_out"] == ["content of 1 large files"]
    assert "100 bytes" in files(root, large)["besar"]
    assert large["cut"] is False


def test_program_is_python_without_imports_of_ours():
    assert "sopti_runner" not in whole()
    compile(whole(), "look", "exec")
    assert look_program.ROOTS[0] == "/etc"
