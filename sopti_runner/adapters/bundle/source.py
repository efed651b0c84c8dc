"""Makes ``sopti_verify.py``: the verifier and every module it imports, as one readable file.

One truth: the file is made from the very modules that sopti itself runs. Start is ``ROOT``; whatever it imports from
``PACKED`` goes in by itself, so a new check needs no change here. Write it out with
``python -m sopti_runner.adapters.bundle.source > sopti_verify.py``.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = "sopti_runner.adapters.bundle.verifier"
PACKED = ("sopti_runner", "rfc8785")
ALLOWED = ("cryptography", "__future__")
OLDEST = (3, 9)


@cache
def verifier_source() -> str:
    """Give the text of ``sopti_verify.py``.

    Raises:
        ValueError: A module imports what an auditor's machine does not have, or is written for a newer Python.
    """
    modules = dict(_closure(ROOT))
    packed = [_packed(name, text) for name, text in sorted(modules.items())]
    return "\n".join([_HEAD, *packed, _catalogue(modules.values()), _TAIL])


def readme() -> str:
    """Give the bundle's README, Indonesian first, with the digest of the verifier beside it."""
    digest = hashlib.sha256(verifier_source().encode("utf-8")).hexdigest()
    return _README.format(digest=digest)


def _closure(root: str) -> Iterator[tuple[str, str]]:
    """Give (name, source) of ``root`` and everything it imports, packages above them included."""
    waiting, seen = [root], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        text = _source(name)
        yield name, text
        waiting += [parent for parent in (name.rpartition(".")[0],) if parent]
        waiting += _imports(name, text)


def _source(name: str) -> str:
    """Give a module's source; a package's own code stays out, for it may load what the verifier has not."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ValueError(f"{name} has no source")
    if spec.submodule_search_locations is not None and name.startswith("sopti_runner"):
        return ""
    return Path(spec.origin).read_text(encoding="utf-8")


def _imports(name: str, text: str) -> Iterator[str]:
    tree = ast.parse(text, filename=name, feature_version=OLDEST)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = name.rpartition(".")[0] if node.level and not _is_package(name) else name
            module = f"{package}.{node.module}" if node.level else node.module or ""
            submodules = [f"{module}.{alias.name}" for alias in node.names]
            targets = [module, *(full for full in submodules if module.startswith(PACKED) and _exists(full))]
        else:
            continue
        yield from (target for target in targets if _wanted(name, target))


def _wanted(name: str, target: str) -> bool:
    top = target.split(".", maxsplit=1)[0]
    if top in PACKED:
        return True
    if top not in ALLOWED and top not in sys.stdlib_module_names:
        raise ValueError(f"{name} imports {target}, which an auditor's machine does not have")
    return False


def _exists(name: str) -> bool:
    parent, _, child = name.rpartition(".")
    return _is_package(parent) and importlib.util.find_spec(f"{parent}.{child}") is not None


def _is_package(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.submodule_search_locations is not None


def _packed(name: str, text: str) -> str:
    """Give the lines that keep one module, readable: its source between three quotes that it does not use itself."""
    if "'''" in text or "\\" in text[-1:]:
        return f"SOURCES[{name!r}] = {text!r}\n"
    return f"# ======== {name}\nSOURCES[{name!r}] = r'''{text}'''\n"


def _catalogue(sources: Iterable[str]) -> str:
    """Give the Indonesian of every message id in these sources, as far as the catalogue knows it."""
    wanted = {text for source in sources for text in _message_ids(source)}
    known = {}
    catalogue = resources.files("sopti_runner").joinpath("locale/id/LC_MESSAGES/sopti.po")
    if catalogue.is_file():
        with catalogue.open("rb") as file:
            known = {m.id: m.string for m in read_po(file) if isinstance(m.id, str) and m.string and not m.fuzzy}
    rows = "".join(f"    {text!r}: {known[text]!r},\n" for text in sorted(wanted & known.keys()))
    return f"WORDS = {{\n{rows}}}\n"


def _message_ids(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "N_":
            yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))


_HEAD = '''#!/usr/bin/env python3
"""sopti_verify.py: check an exported sopti ledger offline. Made from the modules of sopti; do not edit.

Needs Python 3.9 or newer and the package "cryptography", nothing else, and no network.
Use: python sopti_verify.py BUNDLE.zip --trust TRUST.json
Exit codes: 0 verified; 4 nothing wrong, but not everything proved; 12 tampered; 2 command or file not usable.
SPDX-License-Identifier: GPL-3.0-or-later (parts from rfc8785, Apache-2.0)
"""
import dataclasses
import datetime
import enum
import importlib.abc
import importlib.util
import sys
import zoneinfo

if sys.version_info < (3, 9):
    sys.exit("Python 3.9 or newer is needed")

SOURCES = {}
'''

_TAIL = '''
def fill_in_for_old_pythons():
    """Give older Pythons the few names of newer ones that these modules use."""
    if not hasattr(datetime, "UTC"):
        datetime.UTC = datetime.timezone.utc
    if not hasattr(enum, "StrEnum"):

        class StrEnum(str, enum.Enum):
            __str__ = str.__str__
            __format__ = str.__format__

            def _generate_next_value_(name, start, count, last_values):
                return name.lower()

        enum.StrEnum = StrEnum
    if sys.version_info < (3, 10):
        plain = dataclasses.dataclass
        dataclasses.dataclass = lambda cls=None, slots=False, kw_only=False, **options: plain(cls, **options)


def fill_in_for_windows():
    """Give machines without a time zone database the three zones of Indonesia, fixed since 1964."""
    try:
        zoneinfo.ZoneInfo("Asia/Jakarta")
    except zoneinfo.ZoneInfoNotFoundError:
        hours = {"Asia/Jakarta": 7, "Asia/Pontianak": 7, "Asia/Makassar": 8, "Asia/Jayapura": 9}

        def zone(name):
            if name not in hours:
                raise zoneinfo.ZoneInfoNotFoundError(name)
            return datetime.timezone(datetime.timedelta(hours=hours[name]), name)

        zoneinfo.ZoneInfo = zone


class Packed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the modules above from this file, and only from it."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.split(".")[0] not in {name.split(".")[0] for name in SOURCES}:
            return None
        if fullname not in SOURCES:
            raise ModuleNotFoundError(fullname + " is not part of this file", name=fullname)
        package = any(name.startswith(fullname + ".") for name in SOURCES)
        return importlib.util.spec_from_loader(fullname, self, is_package=package)

    def exec_module(self, module):
        name = module.__name__
        exec(compile(SOURCES[name], "<" + name + ">", "exec"), module.__dict__)


if __name__ == "__main__":
    fill_in_for_old_pythons()
    fill_in_for_windows()
    sys.meta_path.insert(0, Packed())
    sys.dont_write_bytecode = True
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    from sopti_runner.adapters.bundle import verifier

    verifier.CATALOGUE.update(WORDS)
    sys.exit(verifier.main())
'''

_README = """Berkas bukti sopti (sopti evidence bundle)

Periksa di komputer Anda sendiri, tanpa internet, dengan Python 3.9 ke atas dan paket "cryptography":
    python sopti_verify.py BERKAS.zip --trust KEPERCAYAAN.json
Ambil sopti_verify.py dan berkas kepercayaan dari arsip Anda sendiri, bukan dari berkas ini: berkas yang diperiksa
tidak boleh membawa pemeriksanya sendiri. Salinan di sini hanya untuk kemudahan; SHA-256-nya:
    {digest}
Kode keluar: 0 utuh; 4 tidak ada yang salah, tetapi tidak semuanya terbukti; 12 diubah; 2 perintah atau berkas salah.

Check on your own computer, without internet, with Python 3.9 or newer and the package "cryptography":
    python sopti_verify.py BUNDLE.zip --trust TRUST.json
Take sopti_verify.py and the trust file from your own archive, not from here: evidence must not bring its own judge.
The copy beside this file is a convenience. Exit codes: 0 verified; 4 nothing wrong, but not everything proved;
12 tampered; 2 command or file not usable.

events.jsonl        every event, exact bytes, one a line / setiap catatan
blobs/DIGEST        32 bytes of salt, then a name or text / nama dan teks; yang dihapus tidak ada
checkpoints/N.note  signed notes (C2SP tlog-checkpoint) / catatan bertanda tangan
"""


if __name__ == "__main__":
    sys.stdout.write(verifier_source())
