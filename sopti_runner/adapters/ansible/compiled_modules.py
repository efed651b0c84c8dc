"""Modules go to hosts compiled as well: Python there would compile the same sources anew for each task.

Ansible packs a module and all that it imports into a zip and sends it each time. Compiling that is some 40 % of what a
small module costs its host. So beside each source in the zip lies its compiled form, made from those very bytes. A host
whose Python is of another series passes it over and takes the source, as any Python does. Where an Ansible to come
packs otherwise, modules go as sources alone: nothing but time depends on this.
"""

from __future__ import annotations

import marshal
import zipfile
from importlib.util import MAGIC_NUMBER, source_hash
from types import SimpleNamespace
from typing import Any

_NEVER_CHECKED = (1).to_bytes(4, "little")
"""Flags of PEP 552: told apart by a digest of the source, which need not be compared: both lie in one zip."""


class CompiledZip(zipfile.ZipFile):
    """A zip that holds each ``*.py`` written by ``writestr`` twice: as source, and compiled as ``*.pyc``."""

    def writestr(self, zinfo_or_arcname: Any, data: Any, *args: Any, **kwargs: Any) -> None:
        """Write one file, and after a source its compiled form."""
        super().writestr(zinfo_or_arcname, data, *args, **kwargs)
        entry = zinfo_or_arcname
        if not isinstance(entry, zipfile.ZipInfo) or not entry.filename.endswith(".py"):
            return
        source = data.encode() if isinstance(data, str) else bytes(data)
        try:
            code = compile(source, entry.filename, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):  # the host will say so
            return
        compiled = zipfile.ZipInfo(f"{entry.filename}c", entry.date_time)
        compiled.compress_type = entry.compress_type
        super().writestr(compiled, MAGIC_NUMBER + _NEVER_CHECKED + source_hash(source) + marshal.dumps(code))


def send_compiled(packer: Any) -> None:
    """Let Ansible pack modules by ``CompiledZip``.

    Args:
        packer: Ansible's ``module_common``, before any module was packed.
    """
    if getattr(packer, "zipfile", None) is zipfile:
        packer.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": CompiledZip})
