"""Groups of commands: English names with Indonesian twins, in the reader's language.

Commands are declared once, with message ids for help; they are translated when a group is built, because only then the
language is known. Typer's own words go through gettext too, so the catalogue has them (``TYPER_WORDS``).
"""

from __future__ import annotations

import difflib
from typing import Any

from typer.core import TyperGroup

from sopti_runner.cli.language import _
from sopti_runner.errors import N_, UsageError

TWINS = {
    "request": "permintaan",
    "plan": "rencana",
    "consider": "pertimbangan",
    "approve": "setujui",
    "reject": "tolak",
    "return": "kembalikan",
    "revoke": "cabut",
    "apply": "jalankan",
    "trace": "jejak",
    "ledger": "jejak-audit",
    "recap": "rekap",
    "office": "jabatan",
    "doctor": "periksa",
    "init": "mulai",
    "host": "perangkat",
    "add": "tambah",
    "list": "daftar",
    "show": "lihat",
    "dispose": "disposisi",
    "examine": "teliti",
    "classify": "klasifikasi",
    "verify": "verifikasi",
    "prioritise": "prioritas",
    "fulfil": "kerjakan",
    "close": "tutup",
    "minutes": "berita-acara",
    "resubmit": "ajukan",
    "withdraw": "batalkan",
    "confirm": "sahkan",
    "proposals": "usulan",
}
"""English command → its Indonesian twin, in every group that has the command."""

_ENGLISH = {twin: name for name, twin in TWINS.items()}

TYPER_WORDS = (
    N_("Usage: "),
    N_("Options"),
    N_("Arguments"),
    N_("Commands"),
    N_("[required]"),
    N_("[default: {}]"),
    N_("Show this message and exit."),
    N_("Install completion for the current shell."),
    N_("Show completion for the current shell, to copy it or customize the installation."),
)
"""What Typer says by itself."""


class Commands(TyperGroup):
    """A group whose commands answer to their Indonesian twins as well."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Give a command by its English or Indonesian name."""
        return super().get_command(ctx, cmd_name) or super().get_command(ctx, _ENGLISH.get(cmd_name, ""))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Give the command that the first word names; UsageError with the nearest one otherwise."""
        word = args[0]
        if self.get_command(ctx, word) is None and not word.startswith("-"):
            known = [*self.commands, *(TWINS[name] for name in self.commands if name in TWINS)]
            near = difflib.get_close_matches(word, known, n=1)
            raise UsageError(
                N_("There is no command {command}; did you mean {near}?")
                if near
                else N_("There is no command {command}"),
                on=ctx.command_path,
                expected=", ".join(self.commands),
                next=f"{ctx.command_path} --help",
                command=word,
                near=near[0] if near else "",
            )
        return super().resolve_command(ctx, args)


def translate(command: Any) -> None:
    """Put a command's help, and that of all below it, into the language in use; examples get a line each."""
    for attribute in ("help", "short_help", "epilog", "rich_help_panel"):
        text = getattr(command, attribute, None)
        if text:
            setattr(command, attribute, _(text).replace(" | sopti ", "\n  sopti "))
    for parameter in getattr(command, "params", ()):
        if getattr(parameter, "help", None):
            parameter.help = _(parameter.help)
    for child in getattr(command, "commands", {}).values():
        translate(child)
