from __future__ import annotations

import subprocess
import sys

import pytest

START = (
    "import os, socket, subprocess\n"
    "from sopti_runner.adapters.ansible.controller_guard import refuse_local_acts\n"
    "refuse_local_acts()\n"
)


@pytest.mark.parametrize(
    "act",
    ["subprocess.run(['id'])", "subprocess.run('id', shell=True)", "os.system('id')", "os.popen('id')",
     "os.execv('/usr/bin/id', ['id'])", "socket.create_connection(('127.0.0.1', 9))"],
)  # fmt: skip
def test_guard_act_on_this_machine_is_refused(act: str) -> None:
    done = subprocess.run([sys.executable, "-c", START + act], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "PermissionError: sopti:" in done.stderr


def test_guard_ssh_may_start() -> None:
    subprocess.run([sys.executable, "-c", START + "subprocess.run(['ssh', '-V'], check=True)"], check=True)
