"""A court's desk: its state folder, its persons with real SSH keys, and the command ``sopti`` as they type it.

``do`` runs a command inside this process, which is fast; ``process`` starts the installed command itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sopti_runner.bootstrap import House
from sopti_runner.cli.main import run
from sopti_runner.domain.ledger.event import Event
from sopti_runner.settings import Settings

ROOT = Path(__file__).parents[2]
SOPTI = Path(sys.executable).with_name("sopti")
ORIGIN = "sopti.contoh.example/ledger"
OFFICES = {"budi": "operator", "sari": "secretary", "rina": "section_head", "dewi": "division_head"}
NAMES = {
    "budi": "Budi Contoh",
    "sari": "Sari Contoh",
    "rina": "Rina Contoh",
    "dewi": "Dewi Contoh",
    "tono": "Tono Contoh",
}
FOUNDERS = ("budi", "sari")
CONTENT = ("playbooks", "roles", "collections", "reports", "ansible.cfg")


@dataclass(frozen=True)
class Said:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """Its JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """Its JSON error: the last line of stderr."""
        return json.loads(self.err.splitlines()[-1])


class Desk:
    """One court's folder.

    Args:
        folder: Holds ``state``, ``sink``, ``keys`` and whatever a test adds.
        content: Folder with playbooks and roles.
    """

    def __init__(self, folder: Path, content: Path = ROOT) -> None:
        self.folder, self.content = folder, content
        self.state, self.inventory = folder / "state", folder / "inventory.yml"
        self.extra: dict[str, str] = {}

    def key(self, person: str) -> Path:
        """Give a person's private key, made when first asked for."""
        path = self.folder / "keys" / person
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", str(path)], check=True)
        return path

    def public(self, person: str) -> str:
        """Give the file of a person's public key."""
        return str(self.key(person).with_suffix(".pub"))

    def environment(self, who: str = "budi") -> dict[str, str]:
        """Give what a command's environment holds for sopti."""
        return {
            "SOPTI_STATE_DIR": str(self.state),
            "SOPTI_CONTENT_DIR": str(self.content),
            "SOPTI_INVENTORY": str(self.inventory),
            "SOPTI_SINKS": str(self.folder / "sink"),
            "SOPTI_KEY": str(self.key(who)),
            "SOPTI_LANG": "en",
            "COLUMNS": "200",
            **self.extra,
        }

    def do(self, *words: str, who: str = "budi", code: int | None = 0, typed: str | None = None) -> Said:
        """Run a command in this process; fails unless it ends with ``code`` (None: any).

        Args:
            words: The command.
            who: Whose key signs.
            code: The exit code that it must end with.
            typed: What comes on standard input, when it reads that.
        """
        out, err = io.StringIO(), io.StringIO()
        with (
            _environment(self.environment(who)),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            _typed(typed),
        ):
            ended = run(list(words))
        said = Said(ended, out.getvalue(), err.getvalue())
        assert code in (None, ended), f"sopti {' '.join(words)}: exit {ended}\n{said.out}{said.err}"
        return said

    def value(self, *words: str, who: str = "budi") -> Any:
        """Run a command and give its JSON."""
        return self.do(*words, "--json", who=who).value

    def start(self, *words: str, who: str = "budi", **options: Any) -> subprocess.Popen[str]:
        """Start the installed command in a process group of its own."""
        given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
        return subprocess.Popen(
            [str(SOPTI), *words],
            env={**_without_sopti(), **self.environment(who)},
            text=True,
            start_new_session=True,
            cwd=self.folder,
            **given,
        )

    def process(self, *words: str, who: str = "budi", code: int | None = 0, **options: Any) -> Said:
        """Run the installed command; fails unless it ends with ``code`` (None: any)."""
        with self.start(*words, who=who, **options) as started:
            out, err = started.communicate(timeout=120)
        assert code in (None, started.returncode), f"sopti {words}: exit {started.returncode}\n{out}{err}"
        return Said(started.returncode, out or "", err or "")

    def house(self) -> House:
        """Give the parts behind the commands."""
        environment = self.environment()
        return House(Settings.load(environment, lambda _name: b""), environment, "en")

    def events(self, *types: str) -> list[Event]:
        """Give the ledger's events, of some types only when named."""
        store = self.house().store
        try:
            return list(store.events(types=types))
        finally:
            store.close()

    def counts(self) -> Counter[str]:
        """Give how many events of each type there are."""
        return Counter(event.type for event in self.events())

    def refusals(self) -> list[list[str]]:
        """Give the reasons of every recorded refusal, in order."""
        return [event.data["reasons"] for event in self.events("gate.refused")]

    def fingerprint(self) -> str:
        """Give a digest of everything the state folder says: the ledger row by row, every other file byte by byte."""
        digest = hashlib.sha256()
        with contextlib.closing(sqlite3.connect(f"file:{self.state / 'ledger.db'}?mode=ro", uri=True)) as ledger:
            for line in ledger.iterdump():
                digest.update(line.encode())
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and not path.name.startswith("ledger.db") and path.suffix not in (".pub", ""):
                digest.update(str(path.relative_to(self.folder)).encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()

    def governed(self, *words: str, confirmed_by: str = "sari") -> None:
        """Propose as the operator and confirm as another official."""
        proposal = self.value(*words)["proposal"]
        self.do("office", "confirm", proposal, who=confirmed_by)

    def found(self, **changes: str) -> Said:
        """Found the court with its two founders."""
        (self.folder / "sink").mkdir(exist_ok=True)
        given = {"court": "Pengadilan Contoh", "place": "Contoh", "preset": "banding", "zone": "WIB", "origin": ORIGIN}
        words = [word for name, value in (given | changes).items() for word in (f"--{name}", value)]
        for person in FOUNDERS:
            words += ["--person", f"{NAMES[person]}:{OFFICES[person]}:{self.public(person)}"]
        return self.do("init", *words)

    def staff(self) -> None:
        """Enrol and appoint the other officials, and adopt the year's calendar."""
        for person in OFFICES.keys() - set(FOUNDERS):
            self.governed("office", "enrol", NAMES[person], "--public", self.public(person))
            self.governed("office", "appoint", NAMES[person], OFFICES[person])
        year = str(self.events()[0].time.year)
        self.governed("office", "adopt-calendar", year)

    def copy(self, folder: Path) -> Desk:
        """Give a court with the same past."""
        with contextlib.closing(sqlite3.connect(self.state / "ledger.db")) as ledger:
            ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        inside = self.content.is_relative_to(self.folder)
        return Desk(folder, folder / self.content.relative_to(self.folder) if inside else self.content)

    def ask(self, what: str = "Printer PTSP rusak") -> str:
        """Register a request and give its number."""
        return str(self.value("request", "add", "--what", what, "--unit", "PTSP")["request"])

    def prioritised(self, what: str = "Batasi akses ke server") -> str:
        """Take a request through B1-B6 and give its number: as attested by the operator, and by Rina's own key."""
        number = self.ask(what)
        self.do("request", "dispose", number, "--by", "Sari")
        self.do("request", "examine", number, "--by", "Rina")
        self.do("request", "classify", number, "--change-type", "normal", "--category", "security")
        self.do("request", "verify", number, who="rina")
        self.do("request", "prioritise", number, "--by", "Rina", "--impact", "wide")
        return number

    def approved(self, number: str, *words: str) -> None:
        """Take a planned request through B7 and B8."""
        self.do("consider", number, "--advice", "approve", who="dewi")
        self.do("approve", number, *words, who="sari")

    def sign(self, file: Path, person: str) -> Path:
        """Sign an exported statement as a person does on their own machine; gives the signature's file."""
        command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "act@sopti", "-f", str(self.key(person)), str(file)]
        subprocess.run(command, check=True, capture_output=True)
        return file.with_name(file.name + ".sig")


@contextlib.contextmanager
def _typed(text: str | None) -> Iterator[None]:
    before = sys.stdin
    sys.stdin = before if text is None else io.StringIO(text)
    try:
        yield
    finally:
        sys.stdin = before


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update({**_without_sopti(before), **values})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


_OF_THE_CALLER = ("SOPTI_", "LANGUAGE", "NO_COLOR", "PY_COLORS", "FORCE_COLOR", "CLICOLOR", "GITHUB_ACTIONS")
"""What decides how sopti speaks, and must not come from whoever runs the tests."""


def _without_sopti(environment: dict[str, str] | None = None) -> dict[str, str]:
    given = dict(os.environ) if environment is None else environment
    return {name: value for name, value in given.items() if not name.startswith(_OF_THE_CALLER)}


def copied_content(folder: Path, names: Sequence[str] = CONTENT) -> Path:
    """Copy the repository's own content, so that a test may edit it."""
    for name in names:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / name)
    return folder
