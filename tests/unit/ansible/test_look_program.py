"""One look at a whole host, run here as it runs there: what is seen, and what a bound leaves out."""

import json
import os
import subprocess
import sys

import pytest

from sopti_runner.adapters.ansible import look_program
from sopti_runner.adapters.ansible.observation import said
from sopti_runner.adapters.ansible.work_place import look_program as whole
from sopti_runner.domain.hand_work import Seen, changes, decode_changes, encode_changes


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
        k.removeprefix(f"file:{root}/etc/"): v
        for k, v in answer["objects"].items()
        if k.startswith(f"file:{root}/etc/")
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


def test_folder_that_begins_a_look_is_seen_itself_and_a_link_in_its_place_is_told(root):
    (root / "etc").chmod(0o755)
    assert look(root)["objects"][f"file:{root}/etc"].endswith("0755")
    (root / "etc").rename(root / "lain")
    (root / "etc").symlink_to("lain")
    behind = look(root)
    assert behind["objects"][f"file:{root}/etc"] == "link to lain"
    assert behind["left_out"] == [f"what the link {root}/etc leads to"]


def test_only_files_that_change_by_themselves_are_passed_over_and_none_whose_names_begin_so(root):
    seen = files(root, look(root, CHANGES_BY_ITSELF=(f"{root}/etc/satu/", f"{root}/etc/bawah/")))
    assert set(seen) == {"tautan"}
    (root / "etc/satu-lagi").touch()
    assert set(files(root, look(root, CHANGES_BY_ITSELF=(f"{root}/etc/satu/",)))) >= {"satu-lagi", "bawah"}
    assert all(each.endswith("/") for each in look_program.CHANGES_BY_ITSELF)


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


def test_names_that_are_no_utf8_can_be_kept(root):
    (root / "etc" / os.fsdecode(b"caf\xe9")).symlink_to(os.fsdecode(b"\xff"))
    answer = said(f"Welcome\nsopti1 {json.dumps(look(root))}\n".encode())
    after = Seen(answer["objects"], tuple(answer["left_out"]))
    kept = decode_changes(encode_changes(changes(Seen({}), after)))
    (change,) = [each for each in kept.listed if "caf" in each.object]
    assert (change.object, change.after) == (f"file:{root}/etc/caf\\udce9", "link to \\udcff")
