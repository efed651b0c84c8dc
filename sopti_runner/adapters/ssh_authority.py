"""The gate as SSH certificate authority: its key in a file, certificates by ``ssh-keygen``, keys that live one errand.

``ssh-ca.key`` signs. While hosts learn of a new authority the one before lies beside it as ``ssh-ca.old.key``, and each
certificate is made twice, so that a host accepts one whether or not it has learnt yet. There is no passphrase, for the
same reason as with the log's key: the gate signs unattended, and a passphrase beside the program would protect nothing.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sopti_runner.domain.access import Certificate
from sopti_runner.domain.sshsig import PublicKey, parse_public_key
from sopti_runner.errors import N_, LedgerError
from sopti_runner.ports.access import HostKeys

KEY, OLD = "ssh-ca.key", "ssh-ca.old.key"
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}
_FORCED = ("no-agent-forwarding", "no-port-forwarding", "no-x11-forwarding", "no-user-rc")


@dataclass(frozen=True, slots=True)
class ErrandKey:
    """A key pair made for one errand, in a folder that is gone afterwards; implements ``ports.ErrandKey``.

    Attributes:
        public: ``ssh-ed25519 AAAA…``.
        fingerprint: ``SHA256:…`` of it.
    """

    authority: SshAuthority
    folder: Path
    public: str
    fingerprint: str

    def certify(self, certificates: Sequence[Certificate], plain: frozenset[str]) -> HostKeys:
        """Have each certificate signed by every authority in use; gives what opens the hosts.

        Args:
            certificates: One a host.
            plain: Hosts to which the inventory's own key is offered as well.
        """
        files = {each.host: self._files(each) for each in certificates}
        return HostKeys(str(self.folder), str(self.folder / "key"), files, plain)

    def _files(self, certificate: Certificate) -> tuple[str, ...]:
        found = []
        for number, text in enumerate(self.authority.sign(self.public, certificate)):
            path = self.folder / f"{certificate.serial}.{number}-cert.pub"
            path.write_text(text, "ascii")
            found.append(str(path))
        return tuple(found)


class SshAuthority:
    """Implements ``ports.SshAuthority``.

    Args:
        state_dir: Holds the authority's keys, and ``errands/`` with the keys of what is going on.
    """

    def __init__(self, state_dir: Path) -> None:
        self._key, self._old, self._errands = state_dir / KEY, state_dir / OLD, state_dir / "errands"

    def exists(self) -> bool:
        """Tell whether there is an authority."""
        return self._key.exists()

    def create(self, name: str) -> PublicKey:
        """Make the authority's key; LedgerError when there is one already, or none can be made.

        Args:
            name: Comment of the key: the log's origin.
        """
        if self.exists():
            raise _trouble(self._key, N_("there is one already"))
        _make_key(self._key, name)
        return self._public(self._key)

    def rotate(self, name: str) -> PublicKey:
        """Put the authority aside and make a new one; LedgerError while one is aside already."""
        if self._old.exists():
            raise _trouble(self._old, N_("the authority before is still in use"), "sopti access rotate --finish")
        _beside(self._key).rename(_beside(self._old))
        self._key.rename(self._old)
        return self.create(name)

    def retire(self) -> PublicKey:
        """Destroy the authority that was put aside and give its public key; LedgerError when there is none."""
        if not self._old.exists():
            raise _trouble(self._old, N_("no authority was put aside"), "sopti access rotate")
        public = self._public(self._old)
        for path in (self._old, _beside(self._old)):
            path.unlink(missing_ok=True)
        return public

    def publics(self) -> tuple[PublicKey, ...]:
        """Give the public keys of the authorities in use, the newest first."""
        return tuple(self._public(path) for path in (self._key, self._old) if path.exists())

    def sign(self, public: str, certificate: Certificate) -> tuple[str, ...]:
        """Give the certificate of a public key, signed by each authority in use, the newest first.

        Raises:
            LedgerError: There is no authority, or its key can't be used.
        """
        keys = [path for path in (self._key, self._old) if path.exists()]
        if not keys:
            raise _trouble(self._key, N_("nothing"), "sopti access init")
        return tuple(_signed(key, public, certificate) for key in keys)

    def revocations(self, before: bytes, serials: Sequence[int], keys: Sequence[str]) -> bytes:
        """Give a list of what is revoked (a KRL of OpenSSH): what was, and these.

        Args:
            before: The list before, or nothing.
            serials: Of certificates; counted for each authority in use.
            keys: Public keys, ``type base64``: authorities or persons, each with every certificate of it.
        """
        with tempfile.TemporaryDirectory(prefix="sopti-krl-") as home:
            folder = Path(home)
            krl = folder / "krl"
            if before:
                krl.write_bytes(before)
            for number, public in enumerate(self.publics()):
                lines = [f"serial: {serial}" for serial in serials]
                lines += [f"key: {key}" for key in keys] if number == 0 else []
                if not lines:
                    continue
                (folder / "ca.pub").write_text(public.line + "\n", "ascii")
                (folder / "what").write_text("\n".join([*lines, ""]), "ascii")
                update = ["-u"] if krl.exists() else []
                _run(["-k", "-q", *update, "-f", str(krl), "-s", str(folder / "ca.pub"), str(folder / "what")], krl)
            return krl.read_bytes() if krl.exists() else b""

    @contextmanager
    def errand(self) -> Iterator[ErrandKey]:
        """Give a fresh key for one errand; it is destroyed at the end, and so is what a killed errand left behind."""
        self._errands.mkdir(mode=0o700, parents=True, exist_ok=True)
        for stale in self._errands.iterdir():
            _remove_unused(stale)
        folder = Path(tempfile.mkdtemp(prefix="errand-", dir=self._errands))
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            _make_key(folder / "key", "sopti")
            public = parse_public_key((folder / "key.pub").read_text("ascii"))
            yield ErrandKey(self, folder, public.line, public.fingerprint)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(handle)

    def _public(self, path: Path) -> PublicKey:
        try:
            mode = path.stat().st_mode
            if stat.S_IMODE(mode) & 0o077:
                raise _trouble(path, N_("others may read it"), f"chmod 600 {path}")
            return parse_public_key(_beside(path).read_text("ascii"), on=str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise _trouble(path, str(getattr(error, "strerror", "") or error)) from error


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.pub")


def _make_key(path: Path, comment: str) -> None:
    _run(["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)], path)


def _signed(key: Path, public: str, certificate: Certificate) -> str:
    """Give a certificate; everything that a login does not need is taken out of it."""
    with tempfile.TemporaryDirectory(prefix="sopti-cert-") as home:
        (Path(home) / "key.pub").write_text(public + "\n", "ascii")
        options = [*_FORCED, *([] if certificate.terminal else ["no-pty"])]
        window = f"{_when(certificate.first)}:{_when(certificate.last)}"
        words = ["-q", "-s", str(key), "-I", certificate.key_id, "-n", certificate.principal]
        words += ["-V", window, "-z", str(certificate.serial)]
        words += [word for option in options for word in ("-O", option)]
        _run([*words, f"{home}/key.pub"], key)
        return (Path(home) / "key-cert.pub").read_text("ascii")


def _when(moment: datetime) -> str:
    """Give a time as ssh-keygen of Debian 12 reads it: in its own zone, which is set to UTC."""
    return moment.strftime("%Y%m%d%H%M%S")


def _run(words: Sequence[str], on: Path, environment: Mapping[str, str] = _ENVIRONMENT) -> None:
    done = subprocess.run(
        ["ssh-keygen", *words], env=dict(environment), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode != 0:
        raise _trouble(on, done.stderr.decode("utf-8", "replace").strip()[-300:])


def _remove_unused(folder: Path) -> None:
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass  # another command is on its errand
        finally:
            os.close(handle)


def _trouble(path: Path, found: str, next_: str = "sopti access show") -> LedgerError:
    return LedgerError(
        N_("The certificate authority's key can't be used"),
        on=str(path),
        expected=N_("a key file of this user, mode 0600"),
        found=found,
        next=next_,
    )
