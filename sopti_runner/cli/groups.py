"""Groups of commands: English names with Indonesian twins, in the reader's language.

Commands are declared once, with message ids for help; they are translated when a group is built, because only then the
language is known. Typer's own words go through gettext too, so the catalogue has them (``TYPER_WORDS``).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
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
    "secret": "rahasia",
    "self": "pemulihan",
    "backup": "cadangkan",
    "kit": "amplop",
    "restore": "pulihkan",
    "resume": "lanjutkan",
    "access": "akses",
    "check": "uji",
    "run": "pelaksanaan",
    "cancel": "hentikan",
    "reconcile": "cocokkan",
    "rotate": "ganti",
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
    "emergency": "darurat",
    "ratify": "susulan",
    "refuse": "tolak-susulan",
    "record": "catat",
    "decree": "keputusan",
    "end-decree": "akhiri-keputusan",
    "session": "sesi",
    "open": "buka",
    "replay": "putar",
    "set": "simpan",
    "forget": "hapus",
}
"""English command → its Indonesian twin, in every group that has the command."""

_ENGLISH = {twin: name for name, twin in TWINS.items()}

TYPER_WORDS = (
    N_("Options"),
    N_("Arguments"),
    N_("Commands"),
    N_("[required]"),
    N_("[default: {}]"),
)
"""What Typer says by itself."""

PLACEHOLDERS = (
    N_("ACT"),
    N_("ADDRESS"),
    N_("CATEGORY"),
    N_("DATE"),
    N_("DECREE"),
    N_("EVENT"),
    N_("FILE"),
    N_("FINGERPRINT"),
    N_("HOST"),
    N_("KEY"),
    N_("NAME"),
    N_("OFFICE"),
    N_("PATH"),
    N_("PERSON"),
    N_("PLAYBOOK"),
    N_("PROPOSAL"),
    N_("REPOSITORY"),
    N_("REQUEST"),
    N_("RUN"),
    N_("SCAN"),
    N_("SEPARATION"),
    N_("STEP"),
    N_("TIME"),
    N_("VALUE"),
    N_("YEAR"),
)
"""What stands for a word to be typed."""


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
    _translate_usage(command)
    for attribute in ("help", "short_help", "epilog", "rich_help_panel"):
        text = getattr(command, attribute, None)
        if text:
            setattr(command, attribute, _(text).replace(" | sopti ", "\n  sopti "))
    for parameter in getattr(command, "params", ()):
        if getattr(parameter, "help", None):
            parameter.help = _(parameter.help)
        _translate_kind(parameter)
    for child in getattr(command, "commands", {}).values():
        translate(child)


def _translate_usage(command: Any) -> None:
    """Translate what Typer itself writes around a command: the usage line and the option ``--help``."""
    command.options_metavar = _("[OPTIONS]")
    if hasattr(command, "subcommand_metavar"):
        command.subcommand_metavar = _("COMMAND [ARGS]...")

    def usage(context: Any, formatter: Any) -> None:
        formatter.write_usage(context.command_path, " ".join(_usage_words(command)), prefix=_("Usage: "))

    command.format_usage = usage
    given = command.context_class(command, help_option_names=["-h", "--help"])
    option = command.get_help_option(given)  # made once and kept by the command
    option.help = _("Show this message and exit.")
    _translate_kind(option)


def _usage_words(command: Any) -> Iterator[str]:
    """Give the words of a usage line after the command: options, arguments (in brackets when they may be left out)."""
    yield command.options_metavar
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            name = parameter.metavar or parameter.name.upper()
            yield name if parameter.required or name.startswith("[") else f"[{name}]"
    if hasattr(command, "subcommand_metavar"):
        yield command.subcommand_metavar


def _translate_kind(parameter: Any) -> None:
    """Name what an option or argument takes in the language; a mere switch takes nothing, and says nothing."""
    if parameter.metavar is not None:
        parameter.metavar = re.sub("[A-Z]+", lambda word: _(word[0]), parameter.metavar)
    if parameter.param_type_name != "option":
        parameter.display_type_rich = lambda ctx: None
    elif parameter.metavar is None and parameter.is_flag:
        parameter.metavar = ""
    elif parameter.metavar is None:
        parameter.metavar = _("NUMBER") if "int" in parameter.bare_type() else _("TEXT")
