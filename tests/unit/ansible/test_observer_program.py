from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

from sopti_runner.adapters.ansible import observer_program
from sopti_runner.adapters.ansible.observation import MARK, PROGRAM


def test_program_is_python_3_6() -> None:
    ast.parse(PROGRAM.read_text("utf-8"), feature_version=(3, 6))
    assert "__future__" not in PROGRAM.read_text("utf-8")


def test_program_sent_by_standard_input_answers_one_line(tmp_path: Path) -> None:
    wanted = [f'file:{tmp_path}/it\'s "quoted"', "user:root"]
    program = f"{PROGRAM.read_text('utf-8')}\nmain(json.loads({json.dumps(json.dumps(wanted))}))\n"
    done = subprocess.run([sys.executable, "-"], input=program.encode(), capture_output=True, check=True)
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 1
    seen = json.loads(lines[0].removeprefix(MARK))
    assert seen[wanted[0]]["seen"] == "absent"
    assert seen["user:root"]["seen"].startswith("uid 0")


def test_observe_file_each_change_is_another_fact(tmp_path: Path) -> None:
    path = tmp_path / "file"

    def look() -> str:
        return json.dumps(observer_program.observe([f"file:{path}"])[f"file:{path}"]["facts"])

    seen = [look()]
    path.write_text("one")
    path.chmod(0o644)
    seen.append(look())
    path.write_text("two")
    seen.append(look())
    path.chmod(0o600)
    seen.append(look())
    path.unlink()
    path.symlink_to("elsewhere")
    seen.append(look())
    path.unlink()
    path.mkdir()
    seen.append(look())
    path.rmdir()
    os.mkfifo(path)
    seen.append(look())
    assert len(set(seen)) == len(seen)
    assert look() == seen[-1]


def test_observe_unreadable_object_says_so() -> None:
    seen = observer_program.observe(["file:/\0"])
    assert seen["file:/\0"]["seen"].startswith("unreadable")
