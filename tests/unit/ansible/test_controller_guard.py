from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

START = """\
import os, pathlib, socket, subprocess, sys
from sopti_runner.adapters.ansible.controller_guard import Places, refuse_local_acts
state = pathlib.Path(sys.argv[1])
refuse_local_acts(Places(state, state / "snapshots/a", [state / "runs/r"]))
"""
PROXY = "ProxyCommand=id"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with a key, two copies and a run, and a link out of the copy."""
    for name in ("log.key", "snapshots/a/in", "snapshots/b/other", "runs/r/evidence"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "snapshots/a/link").symlink_to(tmp_path / "log.key")
    return tmp_path


def run(state: Path, act: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", START + act, str(state)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "act",
    [
        "subprocess.run(['id'])",
        "subprocess.run('id', shell=True)",
        "os.system('id')",
        "os.popen('id')",
        "os.execv('/usr/bin/id', ['id'])",
        "socket.create_connection(('127.0.0.1', 9))",
        "subprocess.run(['/tmp/ssh', '-V'])",
        f"subprocess.run(['ssh', '-o', '{PROXY}', 'web1', 'true'])",
        f"subprocess.run(['ssh', '-o{PROXY}', 'web1', 'true'])",
        "subprocess.run(['ssh', '-o', ' knownhostscommand id', 'web1', 'true'])",
        "subprocess.run(['ssh', '-F', '/tmp/config', 'web1', 'true'])",
        "subprocess.run(['ssh', '-F/tmp/config', 'web1', 'true'])",
        "open(state / 'log.key')",
        "open(state / 'snapshots/b/other')",
        "open(state / 'snapshots/a/link')",
        "open(state / 'snapshots/a/in', 'a')",
        "(state / 'runs/r/../../new').write_text('x')",
        "os.open(state.parent / 'new', os.O_CREAT)",
    ],
)
def test_guard_act_on_this_machine_is_refused(state: Path, act: str) -> None:
    done = run(state, act)
    assert done.returncode == 1
    assert "PermissionError: sopti:" in done.stderr


@pytest.mark.parametrize(
    "act",
    [
        "subprocess.run(['ssh', '-V'], check=True)",
        "subprocess.run(['ssh', '-F', '/dev/null', '-V', 'true'], check=True)",
        "assert open(state / 'snapshots/a/in').read() == 'x'",
        "(state / 'runs/r/result').write_text('x')",
        "open('/dev/null', 'w').write('x')",
        "open('/etc/passwd').read()",
    ],
)
def test_guard_what_a_run_needs_is_allowed(state: Path, act: str) -> None:
    done = run(state, act)
    assert done.returncode == 0, done.stderr
