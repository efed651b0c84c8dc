"""Where adapters meet services: one house per process, each part made when it is first asked for.

Longer than other modules because every part and every use case that needs several of them stands here once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sopti_runner.adapters.clock_system import SystemClock
from sopti_runner.adapters.handed_files import HandedFiles
from sopti_runner.adapters.log_key import LogKey
from sopti_runner.adapters.machine_checks import containment_check, machine_checks
from sopti_runner.adapters.outbox_directory import DirectoryOutbox
from sopti_runner.adapters.recordings import DirectoryRecordings
from sopti_runner.adapters.run_lock_file import FileRunLocks
from sopti_runner.adapters.signer_exchange import ExchangeSigner
from sopti_runner.adapters.signer_ssh_keygen import SshKeygenSigner
from sopti_runner.adapters.sink_directory import DirectorySink
from sopti_runner.adapters.ssh_authority import SshAuthority
from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.adapters.words_gettext import GettextWords
from sopti_runner.domain.check import Check
from sopti_runner.domain.holiday import CalendarYear
from sopti_runner.domain.ledger.trust import parse_trust, write_trust
from sopti_runner.domain.ledger.verification import Verification
from sopti_runner.domain.sshsig import PublicKey, parse_public_key
from sopti_runner.errors import N_, LedgerError, UsageError
from sopti_runner.ports import Clock, Progress
from sopti_runner.ports.access import HostKeys
from sopti_runner.services.access import Access
from sopti_runner.services.acts import Acts
from sopti_runner.services.applying import Applying
from sopti_runner.services.approving import Approving
from sopti_runner.services.books import Books
from sopti_runner.services.emergencies import Emergencies
from sopti_runner.services.examining import examine
from sopti_runner.services.hand_sessions import Sessions
from sopti_runner.services.planning import Planned, make_plan
from sopti_runner.services.verifying import trust_of, unsound, verify_ledger
from sopti_runner.services.witnessing import cosign
from sopti_runner.settings import Settings

if TYPE_CHECKING:
    from sopti_runner.adapters.ansible.content import AnsibleContent
    from sopti_runner.adapters.ansible.engine import AnsibleEngine
    from sopti_runner.adapters.ansible.host_doors import InventoryDoors
    from sopti_runner.adapters.ansible.host_journals import Journals
    from sopti_runner.adapters.ansible.secret_store import SecretStore
    from sopti_runner.adapters.render.documents import TypstDocuments

MAX_KEY_BYTES = 64 << 10
DEFAULT_KEY = "~/.ssh/id_ed25519"


class House:
    """All parts of sopti on this machine.

    Args:
        settings: Machine settings.
        environ: Process environment, for the person's key.
        lang: Language of documents and texts, ``id`` or ``en``.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str], lang: str) -> None:
        self.settings, self.environ, self.lang = settings, environ, lang

    @cached_property
    def store(self) -> SqlStore:
        """The ledger; in a server's database, which courts may share, the log that this machine's key is for."""
        log = ""
        if not self.ledger_files():
            with suppress(LedgerError):
                log = self.log_key.name
        return SqlStore(self.settings.database, log, owner_url=self.settings.database_owner_url)

    def close(self) -> None:
        """Close the ledger when it was opened; it opens again when used again."""
        if "store" in self.__dict__:
            self.store.close()

    @cached_property
    def log_key(self) -> LogKey:
        """The log's key."""
        return LogKey.load(self.settings.state_dir / "log.key")

    def founded(self) -> bool:
        """Tell whether a court was founded on this machine, or its founding begun."""
        return (self.settings.state_dir / "log.key").exists()

    @cached_property
    def files(self) -> HandedFiles:
        """The files that people name: anything but what sopti keeps, and what left for another machine."""
        settings = self.settings
        keys = [settings.ssh_private_key] if settings.ssh_private_key else []
        return HandedFiles([settings.state_dir, *self._places(), *self.ledger_files(), *keys])

    @cached_property
    def clock(self) -> Clock:
        """The machine's clocks."""
        return SystemClock()

    @cached_property
    def books(self) -> Books:
        """The court's books."""
        return Books(self.store, self.clock, self.log_key, [DirectorySink(p) for p in self.settings.sinks])

    @cached_property
    def acts(self) -> Acts:
        """The acts of the court's persons."""
        return Acts(self.books, DirectoryOutbox(self.settings.state_dir / "outbox"))

    @cached_property
    def words(self) -> GettextWords:
        """The words officials read."""
        return GettextWords(self.lang)

    @cached_property
    def content(self) -> AnsibleContent:
        """Playbooks, roles and inventory."""
        from sopti_runner.adapters.ansible.content import AnsibleContent  # noqa: PLC0415  loads yaml only when content is read

        settings = self.settings
        return AnsibleContent(settings.content_dir, settings.inventory, settings.state_dir, self.secrets)

    @cached_property
    def secrets(self) -> SecretStore:
        """The court's secrets."""
        from sopti_runner.adapters.ansible.secret_store import SecretStore  # noqa: PLC0415  only where one is used

        return SecretStore.of(self.settings.state_dir, self.environ)

    @cached_property
    def engine(self) -> AnsibleEngine:
        """Ansible, with the inventory's own keys."""
        return self._engine_with(None)

    def _engine_with(self, keys: HostKeys | None) -> AnsibleEngine:
        from sopti_runner.adapters.ansible.engine import AnsibleEngine  # noqa: PLC0415  loads ansible-runner only here
        from sopti_runner.adapters.ansible.hmac_key import load_or_create  # noqa: PLC0415

        state = self.settings.state_dir
        return AnsibleEngine(state, load_or_create(state / "hmac.key"), keys, self.secrets.folders)

    @cached_property
    def doors(self) -> InventoryDoors:
        """Hosts, tried from outside."""
        from sopti_runner.adapters.ansible.host_doors import InventoryDoors  # noqa: PLC0415  loads yaml only here

        return InventoryDoors(self.settings.content_dir, self.settings.inventory)

    @cached_property
    def journals(self) -> Journals:
        """The hosts' own logs of who came in."""
        from sopti_runner.adapters.ansible.host_journals import Journals  # noqa: PLC0415  loads yaml only here

        return Journals(self.doors)

    @cached_property
    def authority(self) -> SshAuthority:
        """The gate's certificate authority."""
        return SshAuthority(self.settings.state_dir)

    @cached_property
    def access(self) -> Access:
        """Ways into hosts."""
        return Access(self.books, self.authority, self._engine_with, lambda: self.doors)

    @cached_property
    def documents(self) -> TypstDocuments:
        """Documents as PDF."""
        from sopti_runner.adapters.render.documents import TypstDocuments  # noqa: PLC0415  loads typst only for documents

        return TypstDocuments(self.settings.content_dir / "reports", self.words)

    @cached_property
    def approving(self) -> Approving:
        """Approval sheets and statements."""
        return Approving(self.acts, self.content, self.words)

    @cached_property
    def applying(self) -> Applying:
        """The gate and the run."""
        parts = (self.acts, self.content, self.engine, self.run_locks, unsound)
        return Applying(*parts, escort=self.access.escort, before_end=self.sessions.settle)

    @cached_property
    def sessions(self) -> Sessions:
        """People's work by hand, and what their terminals showed."""
        return Sessions(self.books, DirectoryRecordings(self.settings.state_dir / "sessions"))

    @cached_property
    def run_locks(self) -> FileRunLocks:
        """Which runs have a living process."""
        return FileRunLocks(self.settings.state_dir / "runs")

    @cached_property
    def emergencies(self) -> Emergencies:
        """Emergency changes."""
        return Emergencies(self.acts, self.content, self.applying, self.words)

    def signer(self, key: str = "") -> SshKeygenSigner | ExchangeSigner:
        """Give the key of the person at this terminal.

        Args:
            key: Key file; when empty the wrapper's exchange folder, then ``SOPTI_KEY``, then ``~/.ssh/id_ed25519``.

        Raises:
            UsageError: There is none.
        """
        exchange = self.environ.get("SOPTI_SIGNER", "")
        if exchange and not key:
            return ExchangeSigner(Path(exchange))
        path = Path(key or self.environ.get("SOPTI_KEY", "") or DEFAULT_KEY).expanduser()
        if not path.exists():
            raise UsageError(
                N_("There is no key to sign with"),
                on=str(path),
                expected=N_("your SSH key, by --key or SOPTI_KEY"),
                next="ssh-keygen -t ed25519",
            )
        return SshKeygenSigner(path)

    def plan(
        self,
        *,
        number: str,
        playbook: str,
        limit: Sequence[str],
        variables: Mapping[str, Any],
        tags: Sequence[str],
        key: str,
        progress: Progress,
    ) -> Planned:
        """Plan a request; arguments and errors as ``services.planning.make_plan``."""
        self.bury_dead()
        return make_plan(
            self.acts,
            self.content,
            self.engine,
            self.signer(key),
            number=number,
            playbook=playbook,
            limit=limit,
            variables=variables,
            tags=tags,
            progress=progress,
            escort=self.access.escort,
        )

    def bury_dead(self) -> None:
        """Record the end of runs whose process died without a word; nothing while one is really going on."""
        if any(run.outcome == "running" for run in self.books.court().runs.values()):
            self.applying.bury_dead()

    def variables(self, given: Sequence[str], file: str) -> dict[str, Any]:
        """Read variables from ``NAME=YAML`` words and a YAML file; VariableError names what can't be read."""
        from sopti_runner.adapters.ansible.given_variables import read_variables  # noqa: PLC0415  loads yaml only for variables

        return read_variables(given, file, self.files.read(file) if file else b"")

    def holidays(self, year: int) -> CalendarYear:
        """Give the holidays of a year as the pinned library knows them."""
        from sopti_runner.adapters.holidays_package import proposal  # noqa: PLC0415  loads holidays only here

        return proposal(year)

    def public_key(self, file: str) -> PublicKey:
        """Read an SSH public key from a file that a person names; UsageError when it can't be."""
        return parse_public_key(
            self.files.text(file, what=N_("The key file can't be read"), limit=MAX_KEY_BYTES), on=file
        )

    def scan_host(self, address: str, port: int) -> PublicKey:
        """Give the host key that answers at an address now."""
        from sopti_runner.adapters.host_pins import scan  # noqa: PLC0415  loads yaml only here

        return scan(address, port)

    def add_host(self, name: str, *, address: str, port: int, user: str, group: str, key: PublicKey) -> Path:
        """Write a host into the inventory folder."""
        from sopti_runner.adapters.host_pins import write_host  # noqa: PLC0415  loads yaml only here

        return write_host(
            self.settings.inventory,
            name,
            address=address,
            port=port,
            user=user,
            group=group,
            key=key,
            private_key=self.settings.ssh_private_key,
        )

    def verify(self, trust_file: str = "") -> Verification:
        """Judge the live ledger; UsageError when the trust file can't be used."""
        trust = parse_trust(self.files.read(trust_file), on=trust_file) if trust_file else None
        return verify_ledger(self.books, trust)

    def export_bundle(self, target: str) -> tuple[int, bool]:
        """Write the evidence bundle; gives the number of events, and whether its end could be signed first.

        A ledger that is damaged, an old copy, or without its log key is evidence, too, but its end is not signed anew.
        """
        from sopti_runner.adapters.bundle.source import readme, verifier_source  # noqa: PLC0415  only for bundles
        from sopti_runner.adapters.bundle.zip_file import write_bundle  # noqa: PLC0415

        signed = True
        try:
            self.books.checkpoint()
        except LedgerError:
            signed = False
        extras = {"sopti_verify.py": verifier_source().encode(), "README.txt": readme().encode()}
        store = self.store
        with self.files.open_new(target) as file:
            count = write_bundle(
                file, bodies=store.bodies(), notes=store.checkpoints(), blobs=store.blob, extras=extras
            )
        return count, signed

    def write_trust(self, target: str) -> None:
        """Sign the ledger's end and write the trust file of this ledger for an auditor to keep."""
        self.books.checkpoint()
        self.files.write(target, write_trust(trust_of(self.books)).encode())

    def cosign(self, request: str, *, log: str, name: str, folder: str) -> tuple[str, str]:
        """As the witness: give the cosigned note and the witness's verifier key; makes key and memory when new."""
        from sopti_runner.adapters.log_key import WitnessKey  # noqa: PLC0415  only a witness needs it
        from sopti_runner.adapters.witness_state import WitnessStateFile  # noqa: PLC0415

        home = self.files.folder(folder)
        path = home / "witness.key"
        key = WitnessKey.load(path) if path.exists() else WitnessKey.create(path, name)
        text = self.files.text(request)
        memory = WitnessStateFile(home / "memory.json")
        note = cosign(text, vkey=log, memory=memory, key=key, now=self.clock.now().time)
        return note, key.vkey

    def checks(self) -> list[Check]:
        """Examine the installation: files and tools of this machine, then the ledger and what it tells."""
        from sopti_runner.adapters.ansible.containment import containment  # noqa: PLC0415  only here, to be tried
        from sopti_runner.adapters.ansible.hmac_key import load_or_create  # noqa: PLC0415  loads yaml only for doctor
        from sopti_runner.adapters.backup_password import BackupPassword  # noqa: PLC0415  only for doctor

        log, hmac = self.settings.state_dir / "log.key", self.settings.state_dir / "hmac.key"
        keys = {log: lambda: self.log_key.vkey, hmac: lambda: load_or_create(hmac)}
        here = machine_checks(keys, self.settings.state_dir, self._places())
        here.append(containment_check(containment()))
        password = BackupPassword(self.settings.state_dir)
        return [
            *here,
            *self.store.checks(),
            *password.checks(),
            *examine(self.books, self.settings.backup_repository, password.id()),
        ]

    def _places(self) -> list[Path]:
        """Give the folders that should be another machine's: for checkpoints, and for sopti's own backups."""
        repository = self.settings.backup_repository
        return [*self.settings.sinks, *([Path(repository)] if repository.startswith("/") else [])]

    def ledger_files(self) -> list[Path]:
        """Give the files of a ledger that lies in one."""
        if not self.settings.database.startswith("sqlite:///"):
            return []
        path = Path(self.settings.database.removeprefix("sqlite:///"))
        return [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]


def open_house(lang: str = "") -> House:
    """Read this machine's settings and give its house; SettingsError when they can't be read."""
    settings = Settings.load(os.environ, lambda name: Path(name).read_bytes())
    return House(settings, os.environ, lang or settings.lang)
