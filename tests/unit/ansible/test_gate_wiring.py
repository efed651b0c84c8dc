"""The gate is fastened to private methods of Ansible: what each start proves, and what another version would do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from sopti_runner.adapters.ansible import interlock
from sopti_runner.adapters.ansible.gate_wiring import WRAPPED, version_refusal, wiring_refusal

START = """
import json, sys
sys.argv = ["ansible-playbook", "none.yml"]
from ansible.cli.playbook import PlaybookCLI
from ansible.executor.task_executor import TaskExecutor
from ansible.plugins.action import ActionBase
from ansible.plugins.connection.ssh import Connection as OpenSSH
from ansible.plugins.loader import connection_loader, init_plugin_loader
from sopti_runner.adapters.ansible.gate_wiring import install, prove, wiring_refusal
from sopti_runner.adapters.ansible.task_gate import TaskGate
cli = PlaybookCLI(sys.argv); cli.parse(); init_plugin_loader([])
class Mark:
    stopped = False
gate = TaskGate(None, b"k", None, Mark(), None)
reason = wiring_refusal(TaskExecutor, ActionBase)
"""
"""Brings Ansible to the point at which the launcher proves the gate."""


def start(then: str, tmp_path: Path, plugins: str = str(Path(str(interlock.__file__)).parent)) -> str:
    """Give what a new process says after the start and ``then``."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8",
                   "ANSIBLE_LOCAL_TEMP": str(tmp_path), "ANSIBLE_CONNECTION_PLUGINS": plugins}  # fmt: skip
    program = f"{START}\n{then}\nprint(json.dumps([reason, gate.proven]))\n"
    done = subprocess.run(
        [sys.executable, "-B", "-c", program], env=environment, cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    reason, proven = json.loads(done.stdout.splitlines()[-1])
    assert proven is (reason == "")
    return str(reason)


INSTALL = "install(gate, TaskExecutor, ActionBase)\n"


def test_prove_gate_and_interlock_in_place_holds(tmp_path: Path) -> None:
    assert start(f"{INSTALL}reason = reason or prove(gate)", tmp_path) == ""


@pytest.mark.parametrize(
    ("tampered", "reason"),
    [
        ("reason = prove(gate)", "the gate was not asked before a task (passed: nothing)"),
        (f"{INSTALL}gate.enter = lambda *a: None\nreason = prove(gate)",
         "the gate was not asked before a task (passed: leave)"),
        (f"{INSTALL}TaskExecutor._execute = TaskExecutor._execute_internal\nreason = prove(gate)",
         "the gate was not asked before a task"),
        (f"{INSTALL}TaskExecutor._get_action_handler_with_module_context = TaskExecutor._get_action_handler\n"
         "reason = prove(gate)", "the gate was not asked before a task"),
        (f"{INSTALL}C = type(connection_loader.get('sopti_gated', __import__('ansible.playbook.play_context', "
         "fromlist=['x']).PlayContext()))\nC._require_admitted = lambda self: None\nreason = prove(gate)",
         "the interlock let through: exec_command, put_file, fetch_file, exec_command, put_file, fetch_file"),
    ],
    ids=["never installed", "gate patched out", "execute renamed", "handler renamed", "interlock patched out"],
)  # fmt: skip
def test_prove_what_does_not_hold_is_named(tmp_path: Path, tampered: str, reason: str) -> None:
    assert start(tampered, tmp_path).startswith(reason)


def test_prove_without_the_connection_plugin_refuses(tmp_path: Path) -> None:
    assert start(f"{INSTALL}reason = prove(gate)", tmp_path, plugins=str(tmp_path)) != ""


def test_version_installed_is_the_one_the_gate_was_proven_on() -> None:
    assert version_refusal(metadata.version("ansible-core")) == ""


@pytest.mark.parametrize("version", ["2.18.9", "2.20.0", "2.20.0b1", "3.0", "2.190.1", "2", ""])
def test_version_outside_the_range_is_refused_with_the_reason(version: str) -> None:
    assert version_refusal(version) == f"ansible-core {version} is not 2.19, on which the gate was proven"


def test_wrapped_methods_are_those_of_the_installed_version(tmp_path: Path) -> None:
    assert start("gate.proven = reason == ''", tmp_path) == ""


def _class(name: str, left_out: str = "", **changed: str) -> type:
    """Give a class with the wrapped methods of one of Ansible's, but for one left out or taking something else."""
    lines = [
        f"def {method}({changed.get(method) or ', '.join(parameters)}): pass"
        for method, parameters in WRAPPED[name].items()
        if method != left_out
    ]
    space: dict[str, object] = {}
    exec("\n".join(lines), space)
    return type(name, (), {key: value for key, value in space.items() if key != "__builtins__"})


@pytest.mark.parametrize(("name", "method"), [(name, method) for name in WRAPPED for method in WRAPPED[name]])
def test_wiring_method_renamed_or_other_is_refused_by_name(name: str, method: str) -> None:
    whole = {each: _class(each) for each in WRAPPED}
    assert wiring_refusal(whole["TaskExecutor"], whole["ActionBase"]) == ""
    renamed = {**whole, name: _class(name, left_out=method)}
    expected = f"{name}.{method} is not there; the gate has nothing to hold on to"
    assert wiring_refusal(renamed["TaskExecutor"], renamed["ActionBase"]) == expected
    other = {**whole, name: _class(name, **{method: "self, surprise"})}
    found = wiring_refusal(other["TaskExecutor"], other["ActionBase"])
    assert found.startswith(f"{name}.{method} takes (self, surprise), expected (self")
