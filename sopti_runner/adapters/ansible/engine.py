"""The engine as ``ports.Engine``: plan, drift and apply, always from a sealed copy and judged by our own evidence."""

from __future__ import annotations

import secrets
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from sopti_runner.adapters.ansible import ssh
from sopti_runner.adapters.ansible.approved import Seen
from sopti_runner.adapters.ansible.containment import containment
from sopti_runner.adapters.ansible.evidence import EvidenceFile, Line, task_key
from sopti_runner.adapters.ansible.hmac_key import key_id
from sopti_runner.adapters.ansible.observers import Look, Observers
from sopti_runner.adapters.ansible.outcomes import LOST_EVIDENCE, Outcomes
from sopti_runner.adapters.ansible.phase import Phase
from sopti_runner.adapters.ansible.runs import CANCEL, EVIDENCE, PhaseEnd, run_phase
from sopti_runner.adapters.ansible.snapshot import Snapshots, engine_versions
from sopti_runner.domain.plan import ObjectState, Plan, PlanRecord, RecordClass
from sopti_runner.domain.run import UNKNOWN
from sopti_runner.errors import N_, ExecutionError, IntegrityError, StoppedError
from sopti_runner.ports import HostOutcome, Progress, Sealed, TaskOutcome, Veto
from sopti_runner.ports.access import HostKeys

ABSENT_PLAY = N_("no play of this playbook is for this host")


class AnsibleEngine:
    """Ansible, through our launcher.

    Args:
        state_dir: Copies are in ``snapshots/``, evidence of runs goes to ``runs/``, facts wait in ``facts/``.
        hmac_key: 32 bytes, see ``hmac_key.load_or_create``.
        keys: Certificates to reach hosts with; None: the inventory's own keys.
        secrets: Folders that hold the court's secrets; without them that of the state folder.
    """

    def __init__(
        self, state_dir: Path, hmac_key: bytes, keys: HostKeys | None = None, secrets: Sequence[Path] = ()
    ) -> None:
        self._keys = keys
        self._secrets = tuple(secrets) or (state_dir / "secrets",)
        self._snapshots = Snapshots(state_dir / "snapshots")
        self._runs = state_dir / "runs"
        self._facts = state_dir / "facts"
        self._key = hmac_key
        self._as_planned: Plan | None = None  # the plan whose objects were all found unchanged when last compared

    def plan(
        self, sealed: Sealed, playbook: str, variables: Mapping[str, Any], tags: Sequence[str], progress: Progress
    ) -> Plan:
        """Run in check mode on the real hosts and give the plan.

        Raises:
            ExecutionError: The play could not run at all, or is not for one of the hosts.
            DeviceError: A host can't be reached, shows another key or refuses the login.
            IntegrityError: The sealed copy does not match its digests, before or after.
            StoppedError: A person stopped it.
        """
        self._require_intact(sealed)
        folder = self._runs / f"plan-{secrets.token_hex(8)}"
        lines: list[Line] = []

        def take(line: Line) -> None:
            lines.append(line)
            if line["e"] == "result":
                progress(line["host"], line["name"] or line["module"])

        try:
            with ssh.identities(self._snapshots.path(sealed.id), self._keys) as identities:
                phase = self._phase(sealed, playbook, tuple(sorted(tags)), identities, None)
                end = run_phase(folder, self._key, phase, take)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self._require_intact(sealed)
        _require_complete(sealed, lines, end)
        results = [line for line in lines if line["e"] == "result"]
        states = self._observe(sealed, results)
        return Plan(
            playbook=playbook,
            snapshot=dict(sealed.files),
            inventory=sealed.inventory,
            variables=dict(variables),
            hosts=sealed.hosts,
            tags=tuple(sorted(tags)),
            engine=engine_versions(),
            host_keys=dict(sealed.host_keys),
            hmac_key_id=key_id(self._key),
            records=_records(results, states),
        )

    def drift(self, plan: Plan, sealed: Sealed) -> Sequence[tuple[str, str, str, str]]:
        """Compare each approved object on each host now: (host, object, expected, found) for each difference.

        Raises:
            IntegrityError: The HMAC key is not the plan's, so that nothing can be compared.
            DeviceError: A host can't be looked at.
        """
        approved = {(r.host, state.object): state for r in plan.records for state in r.objects}
        now = self.observe(plan, sealed, plan.hosts)
        differences = [
            (host, name, expected.seen, now[host][name].seen)
            for (host, name), expected in sorted(approved.items())
            if now[host][name].before != expected.before
        ]
        self._as_planned = None if differences else plan
        return differences

    def observe(self, plan: Plan, sealed: Sealed, hosts: Sequence[str]) -> Mapping[str, Mapping[str, ObjectState]]:
        """Look at a plan's objects on some of its hosts now: host → object → state, ``before`` being what is seen.

        Raises:
            IntegrityError: The HMAC key is not the plan's, so that nothing can be compared.
            DeviceError: A host can't be looked at.
        """
        self._require_key(plan)
        mine = {host: {s.object for r in plan.records if r.host == host for s in r.objects} for host in hosts}
        looks = [Look(host, tuple(sorted(mine[host]))) for host in hosts]
        return self._seen(sealed, looks)

    def apply(
        self, plan: Plan, sealed: Sealed, run_id: str, on_task: Callable[[TaskOutcome | Veto], None], progress: Progress
    ) -> Sequence[HostOutcome]:
        """Run for real; ``on_task`` is called in order as the workers record outcomes.

        Where ``drift`` has just found every object as planned, a task that had nothing to do is not asked again before
        the run has touched its host. Every host of the plan gets an outcome, whatever happened. A person's
        interruption ends the play and shows in the outcomes, not as an error.

        Raises:
            IntegrityError: The sealed copy does not match its digests, or the HMAC key is not the plan's; nothing ran.
            ExecutionError: The run was started before.
        """
        self._require_intact(sealed)
        self._require_key(plan)
        outcomes = Outcomes(sealed.hosts)

        def take(line: Line) -> None:
            outcome = outcomes.take(line)
            if isinstance(outcome, TaskOutcome):
                progress(outcome.host, line["name"] or line["module"])
            if outcome is not None:
                on_task(outcome)

        with ssh.identities(self._snapshots.path(sealed.id), self._keys) as identities:
            phase = self._phase(sealed, plan.playbook, plan.tags, identities, _approved(plan))
            phase = replace(phase, lock=self._lock(run_id), compared=self._as_planned == plan)
            self._as_planned = None
            end = run_phase(self._runs / run_id, self._key, phase, take)
        return outcomes.close(end, self._snapshots.altered(sealed.id))

    def recall(
        self, hosts: Sequence[str], run_id: str, on_task: Callable[[TaskOutcome | Veto], None]
    ) -> Sequence[HostOutcome]:
        """Tell what a run did whose runner died, from the evidence that its workers wrote.

        Where the evidence is gone, nobody knows. A run that has its lock file and no folder yet never began.
        """
        folder, outcomes = self._runs / run_id, Outcomes(hosts, recalled=True)
        evidence = EvidenceFile(folder / EVIDENCE)
        never_began = not folder.exists() and self._lock(run_id) is not None
        if not evidence.path.exists() and not never_began:
            return [HostOutcome(host, UNKNOWN, LOST_EVIDENCE) for host in hosts]
        for line in evidence.lines():
            outcome = outcomes.take(line)
            if outcome is not None:
                on_task(outcome)
        shutil.rmtree(folder / "runner", ignore_errors=True)
        return outcomes.close(PhaseEnd(), ())

    def stop(self, run_id: str) -> None:
        """Ask a run to end; one that is over, or that this machine does not know, hears nothing."""
        with suppress(FileNotFoundError):
            (self._runs / run_id / CANCEL).touch(mode=0o600)

    @property
    def containment(self) -> str:
        """What ends all processes of a run with its runner here, one of ``domain.run.CONTAINMENTS``."""
        return containment()

    def _lock(self, run_id: str) -> Path | None:
        """Give the lock file of a run, which whoever carries it out or buries it holds; None when there is none."""
        path = self._runs / f"{run_id}.lock"
        return path if path.exists() else None

    def _phase(
        self,
        sealed: Sealed,
        playbook: str,
        tags: tuple[str, ...],
        identities: Path,
        approved: Mapping[str, list[Seen]] | None,
    ) -> Phase:
        return Phase(
            snapshot=self._snapshots.path(sealed.id).absolute(),
            sealed_id=sealed.id,
            playbook=playbook,
            hosts=len(sealed.hosts),
            identities=identities,
            approved=approved,
            facts=self._facts / sealed.id,
            tags=tags,
            secrets=self._secrets,
        )

    def _require_intact(self, sealed: Sealed) -> None:
        altered = self._snapshots.altered(sealed.id)
        if altered or sealed.files != self._snapshots.manifest(sealed.id).sealed.files:
            raise IntegrityError(
                N_("The sealed copy does not match its digests"),
                on=sealed.id,
                expected=N_("no altered file"),
                found=", ".join(altered) or "another file list",
                next="sopti plan",
            )

    def _require_key(self, plan: Plan) -> None:
        if plan.hmac_key_id != key_id(self._key):
            raise IntegrityError(
                N_("The plan was made with another HMAC key; plan again"),
                on=plan.playbook,
                expected=plan.hmac_key_id,
                found=key_id(self._key),
                next="sopti plan",
            )

    def _observe(self, sealed: Sealed, results: Sequence[Line]) -> dict[str, dict[str, ObjectState]]:
        looks = []
        for host in sealed.hosts:
            mine = [line for line in results if line["host"] == host]
            looks.append(Look(host, tuple(sorted({name for line in mine for name in line["objects"]}))))
        return self._seen(sealed, looks)

    def _seen(self, sealed: Sealed, looks: Sequence[Look]) -> dict[str, dict[str, ObjectState]]:
        snapshot = self._snapshots.path(sealed.id)
        with ssh.identities(snapshot, self._keys) as identities:
            return Observers(snapshot, self._key, identities).look(looks)


def _approved(plan: Plan) -> dict[str, list[Seen]]:
    """Give task key → what the plan holds, one for each occurrence in order."""
    approved: dict[str, list[Seen]] = defaultdict(list)
    for record in sorted(plan.records, key=lambda r: (r.host, r.ordinal)):
        line = {name: getattr(record, name) for name in ("host", "task", "module", "args", "item")}
        objects, states = (tuple(getattr(state, part) for state in record.objects) for part in ("object", "before"))
        approved[task_key(line)].append(Seen(record.kind.value, record.before, record.after, objects, states))
    return approved


def _require_complete(sealed: Sealed, lines: Sequence[Line], end: PhaseEnd) -> None:
    """Raise unless the play reached its end on every host that a plan must cover."""
    if end.interrupted:
        raise StoppedError(N_("Planning was stopped; no host was changed"), on=", ".join(sealed.hosts))
    for line in lines:
        if line["e"] == "refused":
            raise IntegrityError(
                N_("The launcher refused to start"), on=sealed.id, found=line["reason"], next="sopti plan"
            )
        if line["e"] == "result" and line["outcome"] == "unreachable":
            raise ssh.trouble(line["host"], line["detail"])
    for host, counted in end.stats.items():
        if counted["dark"]:
            raise ssh.trouble(host, "\n".join(end.said))
    if not any(line["e"] == "end" for line in lines) or not end.stats:
        raise ExecutionError(
            N_("The play could not run"),
            on=", ".join(sealed.hosts),
            expected=N_("a play that ends"),
            found="\n".join(end.said)[-600:] or f"exit code {end.code}",
        )
    for host in sealed.hosts:
        if host not in end.stats:
            raise ExecutionError(
                ABSENT_PLAY, on=host, expected=N_("hosts of the plays"), found=", ".join(end.stats), next="sopti plan"
            )


def _records(results: Sequence[Line], states: Mapping[str, Mapping[str, ObjectState]]) -> tuple[PlanRecord, ...]:
    """Give the records sorted by host and ordinal; hosts answer in any order, each host's tasks in their own."""
    counts: dict[str, int] = defaultdict(int)
    records = []
    for line in results:
        host = line["host"]
        records.append(
            PlanRecord(
                host=host,
                ordinal=counts[host],
                task=line["task"],
                name=line["name"],
                module=line["module"],
                item=line["item"],
                args=line["args"],
                kind=RecordClass(line["class"]),
                objects=tuple(states[host][name] for name in line["objects"]),
                before=line["before"],
                after=line["after"],
                reads=line["reads"],
                diff=line["diff"],
                detail=line["detail"] if line["class"] == "failed" else "",
            )
        )
        counts[host] += 1
    return tuple(sorted(records, key=lambda r: (r.host, r.ordinal)))
