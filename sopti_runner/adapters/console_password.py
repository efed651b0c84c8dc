"""A console's password and its hash: made by the C library's own yescrypt, as Debian's ``passwd`` makes it."""

from __future__ import annotations

import ctypes
import secrets

from sopti_runner.domain.typed_password import typed_password
from sopti_runner.errors import N_, ExecutionError

GROUPS = 6
"""24 letters of 31: 118 bits."""
LIBRARY = "libcrypt.so.1"


def make_password() -> tuple[str, str]:
    """Give a fresh password and its hash; ExecutionError when this machine's C library can't make one."""
    password = typed_password(GROUPS, secrets.choice)
    return password, hashed(password)


def hashed(password: str, setting: bytes = b"") -> str:
    """Give the hash of a password.

    Args:
        password: As it is typed.
        setting: A hash whose salt and cost are taken; empty for fresh ones.

    Raises:
        ExecutionError: The C library is not here, or knows no yescrypt.
    """
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise _impossible(str(error)) from error
    library.crypt_gensalt.restype = library.crypt.restype = ctypes.c_char_p
    salt = setting or library.crypt_gensalt(b"$y$", ctypes.c_ulong(0), None, 0)
    made = library.crypt(password.encode(), salt) if salt else None
    if made is None or not made.startswith(b"$y$"):
        raise _impossible(N_("no yescrypt"))
    return bytes(made).decode("ascii")


def _impossible(found: str) -> ExecutionError:
    return ExecutionError(
        N_("No password hash can be made on this machine"),
        on=LIBRARY,
        expected=N_("libcrypt with yescrypt"),
        found=found,
    )
