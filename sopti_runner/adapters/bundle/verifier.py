"""The verifier that an auditor carries: one file, Python 3.9 or newer and ``cryptography``, no installation.

This module is what it runs; ``source`` packs it together with every module it imports. Exit codes: 0 verified,
4 nothing is wrong but not everything could be proved (no trust file, or something is missing), 12 tampered, 2 the
command or a file is not usable.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sopti_runner.adapters.bundle.zip_file import ZipBundle
from sopti_runner.domain.authority_audit import AuthorityAudit
from sopti_runner.domain.ledger.trust import Trust, parse_trust
from sopti_runner.domain.ledger.verdict_text import as_data, lines
from sopti_runner.domain.ledger.verification import AuditVerdict, Verification
from sopti_runner.domain.ledger.verify import audit
from sopti_runner.errors import N_, IntegrityError, SoptiError

EXIT_CODES = {
    AuditVerdict.VERIFIED: 0,
    AuditVerdict.SELF_CONSISTENT: 4,
    AuditVerdict.INCOMPLETE: 4,
    AuditVerdict.TAMPERED: 12,
}
CATALOGUE: dict[str, str] = {}
"""Message id → Indonesian; filled by ``source`` from the catalogue of sopti."""

MAX_TRUST_BYTES = 1 << 20


def verify_bundle(bundle: ZipBundle, trust: Trust | None, *, acts: bool = True) -> Verification:
    """Judge a bundle; IntegrityError when it is damaged so that it can't be read to its end.

    Args:
        bundle: What is judged.
        trust: What the auditor brought along.
        acts: Whether to judge each act again: its signature, and whether it was allowed.
    """
    authority = AuthorityAudit(trust.persons if trust else None)
    on_event = authority.see if acts else None
    return audit(bundle.bodies(), notes=bundle.checkpoints(), trust=trust, blobs=bundle.blob, on_event=on_event)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    arguments = _parser().parse_args(argv)
    words = CATALOGUE if arguments.lang == "id" else {}
    try:
        trust = _trust(arguments.trust) if arguments.trust else None
        with ZipBundle(Path(arguments.bundle)) as bundle:
            found = verify_bundle(bundle, trust, acts=not arguments.without_acts)
    except SoptiError as error:
        _say_error(error, words)
        return error.exit_code if isinstance(error, IntegrityError) else 2
    if arguments.json:
        print(json.dumps(as_data(found), indent=2))
    else:
        print("\n".join(lines(found, lambda text, **fields: words.get(text, text).format(**fields))))
    return EXIT_CODES[found.verdict]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Periksa berkas bukti sopti / verify a sopti bundle, offline.")
    parser.add_argument("bundle", help="berkas bukti / the bundle (.zip)")
    parser.add_argument("--trust", metavar="FILE", help="berkas kepercayaan Anda sendiri / your own trust file (.json)")
    parser.add_argument("--json", action="store_true", help="keluaran JSON / print JSON")
    parser.add_argument(
        "--without-acts",
        action="store_true",
        help="hanya byte, pohon, dan checkpoint / bytes, tree and checkpoints only, not whether acts were allowed",
    )
    parser.add_argument("--lang", choices=("id", "en"), default="id", help="bahasa / language")
    return parser


def _trust(path: str) -> Trust:
    try:
        with Path(path).open("rb") as file:
            return parse_trust(file.read(MAX_TRUST_BYTES), on=path)
    except OSError as error:
        raise SoptiError(N_("The trust file can't be read"), on=path, found=error.strerror or str(error)) from error


def _say_error(error: SoptiError, words: Mapping[str, str]) -> None:
    texts = [error.what, error.on, error.expected, error.found]
    print(" | ".join(_filled(words.get(text, text), error.fields) for text in texts if text), file=sys.stderr)


def _filled(text: str, fields: Mapping[str, object]) -> str:
    """Give a text with its placeholders filled; plain data with braces of its own stays as it is."""
    try:
        return text.format(**fields)
    except (KeyError, ValueError, IndexError):
        return text


if __name__ == "__main__":
    sys.exit(main())
