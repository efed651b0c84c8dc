"""The stage of the demo: its folder, its court, its persons' keys, and how a command is run and shown."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CONTENT = ("playbooks", "roles", "collections", "reports", "ansible.cfg")
PRODUCTION = (Path("/var/lib/sopti"), Path("/etc/sopti"))
NAMES = {
    "budi": "Budi Contoh",
    "rina": "Rina Contoh, S.E.",
    "dewi": "Dewi Contoh, S.H., M.H.",
    "sari": "Sari Contoh, S.H.",
    "hakim": "Dr. Hakim Contoh, S.H., M.H.",
}
OFFICES = {"budi": "operator", "rina": "section_head", "dewi": "division_head", "sari": "secretary", "hakim": "chair"}
COURT = "MAHKAMAH AGUNG CONTOH|PENGADILAN TINGGI CONTOH RAYA|Jalan Contoh Nomor 1, Contoh Raya (nama rekaan)"
WORDS = yaml.safe_load(Path(__file__).with_name("words.yml").read_text("utf-8"))


class DemoError(Exception):
    """The demo can't go on; the text says why and what to do."""


@dataclass
class Stage:
    """Where the demo plays.

    Attributes:
        folder: Everything the demo makes.
        lang: ``id`` or ``en``.
        step: Number of the step told last.
    """

    folder: Path
    lang: str
    step: int = 0
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("state", "auditor", "officials", "content"):
            (self.folder / name).mkdir(parents=True)
        for name in CONTENT:
            source = ROOT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy2
            copy(source, self.folder / "content" / name)
        for person in NAMES:
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", str(self.key(person))]
            subprocess.run(command, check=True)

    def key(self, person: str) -> Path:
        """Give a person's private key file."""
        return self.folder / "officials" / person

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every sopti command of the demo."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SOPTI_")}
        return {
            **kept,
            "SOPTI_STATE_DIR": str(self.folder / "state"),
            "SOPTI_CONTENT_DIR": str(self.folder / "content"),
            "SOPTI_INVENTORY": str(self.folder / "inventory.yml"),
            "SOPTI_SINKS": str(self.folder / "auditor"),
            "SOPTI_KEY": str(self.key("budi")),
            "SOPTI_LANG": self.lang,
            "COLUMNS": "100",
        }

    def tell(self, key: str) -> None:
        """Tell a step of ``words.yml``: its title and a sentence or two."""
        self.step += 1
        first, second = WORDS[key][self.lang]
        seconds = int(time.monotonic() - self.started)
        bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
        print(f"\n{bold}{self.step:2}. {first}{plain}  [{seconds // 60}:{seconds % 60:02}]")
        print(textwrap.fill(second, 100, initial_indent="    ", subsequent_indent="    "), flush=True)

    def sopti(self, *words: str, expect: int = 0, show: int = 0, as_json: bool = False) -> str:
        """Run a command, show it and the first ``show`` lines of what it says; DemoError for another exit code."""
        shown = " ".join(w if " " not in w else f"'{w}'" for w in words)
        print(f"    $ sopti {shown}".replace(str(self.folder) + "/", ""), flush=True)
        command = [str(Path(sys.executable).parent / "sopti"), *words, *(["--json"] if as_json else [])]
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != expect:
            raise DemoError(f"exit {done.returncode}, expected {expect}\n{done.stdout}{done.stderr}")
        said = (done.stderr if expect else done.stdout).strip("\n").splitlines()
        for line in said[:show]:
            print(f"      {line}")
        if show and len(said) > show:
            print(f"      … (+{len(said) - show})")
        sys.stdout.flush()
        return done.stdout

    def value(self, *words: str) -> Any:
        """Run a command and give its JSON value, showing only the command."""
        return json.loads(self.sopti(*words, as_json=True))

    def governed(self, *words: str) -> None:
        """Propose something as the operator and let the secretary confirm it."""
        proposal = self.value("office", *words)["proposal"]
        self.sopti("office", "confirm", proposal, "--key", str(self.key("sari")))
