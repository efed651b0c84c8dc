"""Content as ``ports.Content``: what may be run, sealed before it is planned, compared before it is applied."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible import snapshot
from sopti_runner.adapters.ansible.change_models import read_change_model
from sopti_runner.adapters.ansible.closure import Closure
from sopti_runner.adapters.ansible.connection_rules import check_connection
from sopti_runner.adapters.ansible.differences import differences
from sopti_runner.adapters.ansible.gate_wiring import CONNECTION
from sopti_runner.adapters.ansible.inventory import Inventory, evaluate
from sopti_runner.adapters.ansible.inventory_files import read_inventory
from sopti_runner.adapters.ansible.refusals import findings
from sopti_runner.adapters.ansible.rules import Finding
from sopti_runner.adapters.ansible.secret_store import SecretStore
from sopti_runner.adapters.ansible.snapshot import Manifest, Snapshots, write_file, write_json
from sopti_runner.adapters.ansible.task_rules import INVENTORY_VARIABLES, check_values
from sopti_runner.domain.change import ChangeModel
from sopti_runner.domain.variables import check_variables, secrets_of
from sopti_runner.errors import N_, ContentError, NotFoundError, UsageError
from sopti_runner.ports import Sealed

_INVENTORY = "inventory.json"
_PLAYBOOK = re.compile(r"[a-z0-9][a-z0-9-]*")
_DEFAULT_SETTINGS = b"[defaults]\nroles_path = roles\ncollections_path = collections\ninventory = inventory.json\n"


class AnsibleContent:
    """Playbooks, roles and inventory of this court, and their sealed copies.

    Args:
        content_dir: Holds ``playbooks/``, ``roles/``, perhaps ``collections/`` and ``ansible.cfg``.
        inventory: A static inventory file or folder.
        state_dir: Copies go to ``snapshots/`` in it; only this program's user may write there.
        secrets: The court's secrets; without them those of the state folder.
    """

    def __init__(self, content_dir: Path, inventory: Path, state_dir: Path, secrets: SecretStore | None = None) -> None:
        self._root = content_dir
        self._inventory = inventory
        self._snapshots = Snapshots(state_dir / "snapshots")
        self._secrets = secrets or SecretStore.of(state_dir, {})

    def playbooks(self) -> Sequence[str]:
        """Give the playbooks that have a change model, sorted."""
        models = (self._root / "playbooks").glob("*.change.yml")
        names = (each.name.removesuffix(".change.yml") for each in models)
        return sorted(name for name in names if (self._root / "playbooks" / f"{name}.yml").is_file())

    def change_model(self, playbook: str, sealed_id: str = "") -> ChangeModel:
        """Read the model beside the playbook, as it is now or as it stands in a sealed copy.

        Raises:
            ContentError: It is missing or malformed; names line and key.
            IntegrityError: In the sealed copy it is no longer what was sealed.
        """
        file = f"playbooks/{playbook}.change.yml"
        if sealed_id:
            return read_change_model(self._snapshots.intact(sealed_id, file), playbook, file)
        self._known(playbook)
        return read_change_model(self._root / file, playbook, file)

    def seal(self, playbook: str, *, limit: Sequence[str], variables: Mapping[str, Any]) -> Sealed:
        """Copy the closure, check it statically, digest the copy.

        Args:
            playbook: Name without folder and ending.
            limit: Names of hosts and groups; empty means all groups of the change model.
            variables: As given; checked against the change model.

        Raises:
            ContentError: Names the file and rule broken; ``fields["findings"]`` lists them all.
            VariableError: A variable is unknown or out of bounds.
        """
        with self._snapshots.fresh() as copy:
            manifest = self._fill(copy, playbook, limit, variables)
            self._snapshots.keep(copy, manifest)
        return manifest.sealed

    def altered(self, sealed_id: str) -> Sequence[str]:
        """Give the files of a stored copy that no longer match its digests, sorted; empty when intact."""
        return self._snapshots.altered(sealed_id)

    def compare(
        self, sealed_id: str, playbook: str, *, limit: Sequence[str], variables: Mapping[str, Any]
    ) -> Sequence[str]:
        """Seal the working tree again, keep nothing, and name every input that differs from the approved copy.

        Returns:
            Sorted names for a person: ``roles/firewall/tasks/main.yml``, ``inventory host web1: ansible_port``,
            ``variable allow``, ``limit``, ``host key web1``, ``engine ansible-core``; a refusal of the tree
            as it is now is given as ``file:line: rule: found``.
        """
        kept = self._snapshots.manifest(sealed_id)
        names = [f"{file} (sealed copy)" for file in self._snapshots.altered(sealed_id)]
        with self._snapshots.fresh() as copy:
            try:
                now = self._fill(copy, playbook, limit, variables)
                names += differences(kept, self._snapshots.path(sealed_id), now, copy)
            except UsageError as error:
                found = error.fields.get("findings")
                names += [str(each) for each in found] if isinstance(found, tuple) else [f"{error.on}: {error}"]
        return sorted(set(names))

    def _known(self, playbook: str) -> None:
        if not _PLAYBOOK.fullmatch(playbook) or not (self._root / "playbooks" / f"{playbook}.yml").is_file():
            raise NotFoundError(
                N_("There is no playbook {playbook}"),
                on=playbook,
                expected=", ".join(self.playbooks()),
                found=playbook,
                playbook=playbook,
            )

    def _fill(self, copy: Path, playbook: str, limit: Sequence[str], variables: Mapping[str, Any]) -> Manifest:
        model = self.change_model(playbook)
        accepted = check_variables(model, variables)
        found = self._copy_closure(copy, playbook)
        read = read_inventory(self._inventory, self._root / "playbooks")
        found += read.findings
        found += findings(copy, snapshot.digest_tree(copy))
        if found:
            raise snapshot.refuse(playbook, sorted(set(found)))
        inventory = evaluate(read, self._root / "playbooks")
        hosts = inventory.chosen(limit or model.groups)
        _check_groups(playbook, model, inventory, hosts)
        _write_inventory(copy, playbook, inventory.document(hosts))
        write_file(copy / "known_hosts", inventory.known_hosts(hosts).encode())
        hidden = secrets_of(model, accepted)
        write_json(copy / "variables.json", {name: each for name, each in accepted.items() if name not in hidden})
        if hidden:
            write_json(copy / "secrets.json", self._secrets.bound(hidden))
        write_json(copy / "run.json", {"playbook": playbook, "limit": list(hosts)})
        files = snapshot.digest_tree(copy)
        sealed = Sealed(
            id=snapshot.tree_id(files),
            files=files,
            inventory=hashlib.sha256((copy / "inventory.json").read_bytes()).hexdigest(),
            hosts=hosts,
            host_keys=inventory.fingerprints(hosts),
            engine=snapshot.engine_versions(),
        )
        return Manifest(sealed=sealed, playbook=playbook, variables=accepted)

    def _copy_closure(self, copy: Path, playbook: str) -> list[Finding]:
        closure = Closure(self._root, playbook)
        found = set(closure.findings)
        for file in sorted(closure.files):
            refusal = snapshot.copy_file(self._root, copy, file)
            if refusal:
                found.add(refusal)
        if (self._root / "ansible.cfg").is_file():
            refusal = snapshot.copy_file(self._root, copy, "ansible.cfg")
            if refusal:
                found.add(refusal)
        else:
            write_file(copy / "ansible.cfg", _DEFAULT_SETTINGS)
        return sorted(found)


def _write_inventory(copy: Path, playbook: str, document: dict[str, Any]) -> None:
    """Write the inventory of a copy; its hosts are reached through the interlock or not at all."""
    hosts = document["all"]["hosts"]
    wrong = sorted(
        {*check_values(_INVENTORY, document, 1, allowed=INVENTORY_VARIABLES), *check_connection(_INVENTORY, hosts)}
    )
    if wrong:
        raise snapshot.refuse(playbook, wrong)
    document["all"]["vars"] = {"ansible_connection": CONNECTION}
    write_json(copy / "inventory.json", document)


def _check_groups(playbook: str, model: ChangeModel, inventory: Inventory, hosts: Sequence[str]) -> None:
    allowed = {host for group in model.groups for host in inventory.groups.get(group, ())}
    for host in hosts:
        if host not in allowed:
            raise ContentError(
                N_("Playbook {playbook} may not be run on host {host}"),
                on=host,
                expected=", ".join(model.groups),
                found=", ".join(sorted(g for g, members in inventory.groups.items() if host in members)),
                playbook=playbook,
                host=host,
            )
