"""Passwords that people type from paper: groups of letters and digits that look like no other."""

from __future__ import annotations

from collections.abc import Callable

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without letters and digits that look alike on paper: 31, so 4.95 bits each."""
LENGTH = 4


def typed_password(groups: int, choose: Callable[[str], str]) -> str:
    """Give a password of groups of four, hyphens between them.

    Args:
        groups: How many; six make 118 bits, eight 158.
        choose: Gives one character of a text by chance that nobody can foretell.
    """
    return "-".join("".join(choose(LETTERS) for _ in range(LENGTH)) for _ in range(groups))
