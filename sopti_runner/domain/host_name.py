"""The names of hosts in the inventory: each names a file there, so it is a plain name and never a path."""

from __future__ import annotations

import re

from sopti_runner.errors import N_, UsageError

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")


def require_name(text: str) -> None:
    """Refuse with UsageError what can't name a host."""
    if not _NAME.fullmatch(text):
        raise UsageError(
            N_("A host name has small letters, digits, dots and hyphens"), on=text, expected="web1", found=text
        )


def inventory_file(host: str) -> str:
    """Give the name that a host's file has in the inventory folder; UsageError when it can't be a host's name."""
    require_name(host)
    return f"{host}.yml"
