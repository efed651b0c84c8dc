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
from sopti_runner.domain.ledger.verification import AuditVerdict, Verification
from sopti_runner.domain.ledger.verify import audit
from sopti_runner.errors import N_, IntegrityError, SoptiError

EXIT_CODES = {
    AuditVerdict.VERIFIED: 0,
    AuditVerdict.SELF_CONSISTENT: 4,
    AuditVerdict.INCOMPLETE: 4,
    AuditVerdict.TAMPERED: 12,
}
VERDICTS = {
    AuditVerdict.VERIFIED: N_("VERIFIED: the log is what your trust file says it is"),
    AuditVerdict.SELF_CONSISTENT: N_("SELF-CONSISTENT ONLY: nothing contradicts itself; nobody outside vouches for it"),
    AuditVerdict.INCOMPLETE: N_("INCOMPLETE: nothing is wrong, but something that your trust file asks for is missing"),
    AuditVerdict.TAMPERED: N_("TAMPERED: something is not what it was"),
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
        print(json.dumps(as_json(found), indent=2))
    else:
        print("\n".join(_report(found, words)))
    return EXIT_CODES[found.verdict]


def as_json(found: Verification) -> dict[str, object]:
    """Give a verification as plain JSON values, hashes in hex."""
    return {
        "verdict": str(found.verdict),
        "size": found.size,
        "root": found.root.hex(),
        "first_bad": found.first_bad,
        "defect_count": found.defect_count,
        "defects": [
            {"code": d.code, "what": d.what, "seq": d.seq, "size": d.size, "expected": d.expected, "found": d.found}
            for d in found.defects
        ],
        "gaps": [str(gap) for gap in found.gaps],
        "not_detectable": [str(remark) for remark in found.not_detectable],
        "checkpoints": found.checkpoints,
        "protected": found.protected,
    }


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


def _report(found: Verification, words: Mapping[str, str]) -> list[str]:
    def say(text: str, **fields: object) -> str:
        return words.get(text, text).format(**fields)

    lines = [
        say(N_("Events: {size}"), size=found.size),
        say(N_("Root: {root}"), root=found.root.hex()),
        say(N_("Checkpoints that hold: {count}"), count=found.checkpoints),
        say(N_("Events that somebody outside has seen: {count}"), count=found.protected),
    ]
    if found.first_bad is not None:
        lines.append(say(N_("First event that can't be believed: {seq}"), seq=found.first_bad))
    for d in found.defects:
        place = f"[{d.code}] " + " ".join([f"#{d.seq}"] * (d.seq is not None) + [f"@{d.size}"] * (d.size is not None))
        lines.append(f"  x {place}: {say(d.what)}. {say(N_('Expected'))}: {d.expected}; {say(N_('found'))}: {d.found}")
    if found.defect_count > len(found.defects):
        lines.append(say(N_("  and {count} more"), count=found.defect_count - len(found.defects)))
    lines += [f"  ! {say(gap.text, **gap.fields)}" for gap in found.gaps]
    lines.append(say(N_("What this could not have found:")))
    lines += [f"  - {say(remark.text, **remark.fields)}" for remark in found.not_detectable]
    return [*lines, say(VERDICTS[found.verdict])]


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
