"""Secrets that stand in content or inventory as they are: what can be recognised is refused, and never repeated.

A secret in a file would be in every sealed copy and every copy of the content, for good. What looks like any other word
can't be recognised; content is reviewed for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sopti_runner.domain.variables import ends_secret

_VAULT = b"$ANSIBLE_VAULT;"
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=:,\s-]{40}")
_IN_ADDRESS = re.compile(rb"[a-z][a-z0-9+.-]*://[^\s/:@{}\"'<>$]+:[^\s/@{}\"'<>$]+@", re.I)
_NO_SECRET = frozenset(("", "*", "!", "!!", "!*", "omit", "on_create", "always"))
_NO_SECRET_KEYS = frozenset(("update_password",))


def is_literal_secret(key: object, value: object) -> bool:
    """Tell whether a key names a secret and its value is one: plain text, no template and no path."""
    named = isinstance(key, str) and key not in _NO_SECRET_KEYS and ends_secret(key)
    text = isinstance(value, str) and "{{" not in value and not value.startswith("/") and value not in _NO_SECRET
    return named and text


def check_secrets(content: bytes) -> Iterator[tuple[int, str, str]]:
    """Give (line from 1, rule, what it is) for each secret that a file's bytes hold in a form known everywhere."""
    if content.startswith(_VAULT):
        yield 1, "vault", "a file encrypted by ansible-vault"
    for pattern, what in ((_PRIVATE_KEY, "a private key"), (_IN_ADDRESS, "an address with a password")):
        for found in pattern.finditer(content):
            yield content[: found.start()].count(b"\n") + 1, "secret", what
