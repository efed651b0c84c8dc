"""What the services need of the place where secrets are held, as a Protocol; a value goes in and never comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SecretDigest:
    """What binds a secret's value without telling it.

    Attributes:
        digest: 64 hex digits, keyed.
        key: Which HMAC key they were made with: its id, 16 hex digits.
    """

    digest: str
    key: str


class Secrets(Protocol):
    """The court's secrets, by name."""

    def names(self) -> Sequence[str]:
        """Give the names of the secrets there are, sorted."""
        ...

    def accepted(self, name: str, value: str) -> str:
        """Give the value as it would be kept; UsageError when name or value can't be a secret's."""
        ...

    def bound_by(self, value: str) -> SecretDigest:
        """Give what binds a value."""
        ...

    def held(self, name: str) -> SecretDigest:
        """Give what binds the value that runs are given; NotFoundError when there is none of this name."""
        ...

    def kept(self, name: str) -> SecretDigest:
        """Give what binds the value that ``drop`` would remove; NotFoundError when there is none."""
        ...

    def put(self, name: str, value: str) -> None:
        """Keep a secret, or replace it; UsageError as ``accepted``."""
        ...

    def drop(self, name: str) -> None:
        """Remove a secret; NotFoundError when there is none."""
        ...
