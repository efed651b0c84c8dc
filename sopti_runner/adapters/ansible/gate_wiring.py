"""Where the gate is fastened inside Ansible, and the proof at each start that it holds.

Ansible has no public place to stand before an action, so three private methods are wrapped (``WRAPPED``). An upgrade
may rename them. So versions outside ``PROVEN`` are refused, a missing method is refused, and before the first host is
touched a task of no host is sent through: it must come to the gate on its way in and out, and the interlock be shut.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from sopti_runner.adapters.ansible.known_secrets import SecretGuard
from sopti_runner.adapters.ansible.parent_death import die_with_parent
from sopti_runner.adapters.ansible.task_gate import UNPROVEN, TaskGate

PROVEN = (2, 19)
"""The series of ansible-core on which the gate was proven."""
CONNECTION, TALLY = "sopti_gated", "sopti_tally"
"""The plugins of ours: the only way to a host, and the only callback."""

WRAPPED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "TaskExecutor": {
        "_execute": ("self", "templar", "variables"),
        "_get_action_handler_with_module_context": ("self", "templar"),
    },
    "ActionBase": {
        "_get_diff_data": ("self", "destination", "source", "task_vars", "content", "source_file"),
    },
}
"""Class → private method → the names of its parameters, as the gate calls them."""


def version_refusal(version: str) -> str:
    """Say why a version of ansible-core may not be used, or give an empty text."""
    series = tuple(int(part) if part.isdigit() else -1 for part in version.split(".")[:2])
    if series == PROVEN:
        return ""
    return f"ansible-core {version} is not {'.'.join(map(str, PROVEN))}, on which the gate was proven"


def wiring_refusal(executor: type, action: type) -> str:
    """Say which private method is missing or other than the gate knows it, or give an empty text."""
    for cls, methods in ((executor, WRAPPED["TaskExecutor"]), (action, WRAPPED["ActionBase"])):
        for name, expected in methods.items():
            method = getattr(cls, name, None)
            if method is None:
                return f"{cls.__name__}.{name} is not there; the gate has nothing to hold on to"
            found = tuple(inspect.signature(method).parameters)
            if found != expected:
                return f"{cls.__name__}.{name} takes ({', '.join(found)}), expected ({', '.join(expected)})"
    return ""


def install(gate: TaskGate | SecretGuard, executor: Any, action: Any) -> None:
    """Wrap Ansible's classes.

    Args:
        gate: Stands before and after each task; in a run that has secrets with their guard before it.
        executor: ``TaskExecutor``.
        action: ``ActionBase``.
    """
    get_diff, execute = action._get_diff_data, executor._execute
    get_handler = executor._get_action_handler_with_module_context

    def gated_execute(self: Any, templar: Any, variables: Any) -> Any:
        die_with_parent()
        self._sopti_variables = variables
        gate.begin()
        result = execute(self, templar=templar, variables=variables)
        gate.leave(result)
        return result

    def gated_handler(self: Any, templar: Any) -> Any:
        handler, context = get_handler(self, templar=templar)
        gate.enter(self, handler, self._sopti_variables, lambda: get_handler(self, templar=templar)[0])
        return handler, context

    def noting_diff(self: Any, destination: Any, source: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("source_file", True) and len(args) < 3 and gate.note_source(source):
            return {}
        return get_diff(self, destination, source, *args, **kwargs)

    action._get_diff_data = noting_diff
    executor._execute = gated_execute
    executor._get_action_handler_with_module_context = gated_handler


def prove(gate: TaskGate) -> str:
    """Send a task of no host through Ansible; gives what does not hold, or an empty text and a gate that is ready.

    To be called when Ansible has read its settings and before it has opened any connection.
    """
    gate.passed.clear()
    result = _probe()
    if result.get("msg") != UNPROVEN or not {"enter", "leave"} <= gate.passed:
        return f"the gate was not asked before a task (passed: {', '.join(sorted(gate.passed)) or 'nothing'})"
    open_ways = _open_ways()
    if open_ways:
        return f"the interlock let through: {', '.join(open_ways)}"
    gate.proven = True
    return ""


class _NoVariables:
    """Stands in for Ansible's variable manager, of which a task without delegation asks one thing."""

    def get_delegated_vars_and_hostname(self, templar: Any, task: Any, variables: Any) -> tuple[dict[str, Any], None]:
        return {}, None


def _probe() -> Mapping[str, Any]:
    """Run ``ping`` on a host that does not exist, through the very classes that will run the play."""
    from ansible.executor.task_executor import TaskExecutor  # noqa: PLC0415  only there inside the launcher
    from ansible.inventory.host import Host  # noqa: PLC0415  only there inside the launcher
    from ansible.parsing.dataloader import DataLoader  # noqa: PLC0415  only there inside the launcher
    from ansible.playbook.play import Play  # noqa: PLC0415  only there inside the launcher
    from ansible.playbook.play_context import PlayContext  # noqa: PLC0415  only there inside the launcher
    from ansible.plugins import loader as plugins  # noqa: PLC0415  only there inside the launcher

    reader = DataLoader()
    task = {"name": "Probe", "ansible.builtin.ping": {}}
    play = {"name": "Probe", "hosts": "all", "gather_facts": False, "connection": CONNECTION, "tasks": [task]}
    probe = Play.load(play, loader=reader).tasks[0].block[0]
    variables = {"inventory_hostname": "probe.invalid", "ansible_connection": CONNECTION}
    executor = TaskExecutor(
        Host("probe.invalid"), probe, variables, PlayContext(), reader, plugins, None, _NoVariables()
    )
    return dict(executor.run())


def _open_ways() -> list[str]:
    """Give the ways to a host that a connection takes without being admitted, or admitted to another address."""
    from ansible.errors import AnsibleConnectionFailure, AnsibleError  # noqa: PLC0415  only there inside the launcher
    from ansible.playbook.play_context import PlayContext  # noqa: PLC0415  only there inside the launcher
    from ansible.plugins.loader import connection_loader  # noqa: PLC0415  only there inside the launcher

    found = []
    for address in (None, ("other.invalid", "")):
        for way, words in (("exec_command", ("true",)), ("put_file", ("/", "/")), ("fetch_file", ("/", "/"))):
            connection = connection_loader.get(CONNECTION, PlayContext())
            if connection is None:
                return [f"no connection plugin {CONNECTION}"]
            connection.set_options(var_options={"inventory_hostname": "probe.invalid", "ansible_host": "probe.invalid"})
            connection.admit(address)
            try:
                getattr(connection, way)(*words)
            except (AnsibleError, OSError) as error:
                if isinstance(error, AnsibleConnectionFailure) and "interlock" in str(error):
                    continue
            found.append(way)
    return found
