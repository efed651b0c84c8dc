"""The whole error hierarchy: one class for each thing a caller tells apart, with its exit code.

Every error says what happened, on which object, what was expected, what was found, and the next command.
The texts are message ids of the catalogues: written in plain English with ``{name}`` fields, translated at the edge.
``docs/exit-codes.md`` is generated from this file.
"""

from __future__ import annotations


def N_(text: str) -> str:  # noqa: N802  gettext's own name for "mark for translation, translate later"
    """Mark a literal as a message id; it is translated where it is shown."""
    return text


class SoptiError(Exception):
    """A bug in sopti.

    Args:
        what: What happened, as a message id with ``{field}`` placeholders.
        on: The object concerned (a file, a request, a host).
        expected: What would have been right; a message id or plain data.
        found: What there was instead; a message id or plain data.
        next: The next command or act, as a message id or plain command.
        **fields: Values of the placeholders in any of the five texts.
    """

    exit_code = 1

    def __init__(
        self, what: str, *, on: str = "", expected: str = "", found: str = "", next: str = "", **fields: object
    ) -> None:
        self.what, self.on, self.expected, self.found, self.next = what, on, expected, found, next
        self.fields = fields
        super().__init__(what.format(**fields) if fields else what)


class UsageError(SoptiError):
    """The command's words, or a file given to it, are wrong; nothing was changed."""

    exit_code = 2


class SettingsError(UsageError):
    """The machine settings can't be read."""


class ContentError(UsageError):
    """A playbook, role, change model or inventory can't be used as it is."""


class VariableError(UsageError):
    """A variable is unknown to the change model, or its value is outside the model's bounds."""


class NotFoundError(UsageError):
    """No such request, person, host or file."""


class PartialError(SoptiError):
    """Some hosts did not get the change."""

    exit_code = 3


class DeviationError(SoptiError):
    """A check found deviations."""

    exit_code = 4


class RefusedError(SoptiError):
    """The gate, or the rule of an act, said no; the refusal is recorded.

    Args:
        reasons: Every reason, each a ``domain.gate.Reason``; never empty.
    """

    exit_code = 10

    def __init__(self, what: str, *, reasons: tuple[object, ...] = (), **kwargs: object) -> None:
        super().__init__(what, **kwargs)  # type: ignore[arg-type]  # the five texts and fields pass through unchanged
        self.reasons = reasons


class OvertakenError(RefusedError):
    """The ledger grew while something was being decided; nothing was written, and it may be decided anew."""


class LedgerError(SoptiError):
    """The ledger can't be read or written."""

    exit_code = 11


class IntegrityError(LedgerError):
    """The ledger, or something it vouches for, does not verify."""

    exit_code = 12


class ExecutionError(SoptiError):
    """A playbook, or the machinery that runs it, failed."""

    exit_code = 13


class DeviceError(SoptiError):
    """A host or network device can't be reached or understood."""

    exit_code = 14


class ReportError(SoptiError):
    """A document can't be made."""

    exit_code = 15


class StoppedError(SoptiError):
    """The person stopped the command."""

    exit_code = 130
