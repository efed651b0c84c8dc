"""SSH signatures (SSHSIG) and public keys, checked without a subprocess.

The rule this module keeps: a signature counts only for one namespace, and only for the keys that the caller names; who
a key belongs to, and since when, is the ledger's business. Format: PROTOCOL.sshsig and PROTOCOL.u2f of OpenSSH, RFC
4253, 5656, 8332 and 8709. Longer than other modules: one format, read from its armor to its seven kinds of key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from sopti_runner.errors import N_, UsageError

MIN_RSA_BITS, MAX_RSA_BITS = 2048, 16_384
MAX_SIGNATURE_CHARS = 20_000

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_SPACE = " \t\r\n\f\v"
_WORD = re.compile(r"[a-z0-9@.-]{1,60}")  # what an error may repeat of a file that may be somebody's secret


class SignatureError(ValueError):
    """A signature is malformed, or is not this key's over these bytes in this namespace; the text says which."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An SSH public key.

    Attributes:
        kind: Key type (``ssh-ed25519``).
        blob: The key in SSH wire form.
        comment: What follows the key on its line.
    """

    kind: str
    blob: bytes
    comment: str = ""

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` as ``ssh-keygen -l`` prints it."""
        return fingerprint(self.blob)

    @property
    def line(self) -> str:
        """``type base64``, without the comment."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"


def fingerprint(blob: bytes) -> str:
    """Give ``SHA256:…`` of a wire-form public key, as ``ssh-keygen -l`` prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def parse_public_key(line: str, *, on: str = "") -> PublicKey:
    """Give the key of an OpenSSH public key line (a ``.pub`` file's content).

    Args:
        line: ``type base64 [comment]``; empty lines and lines starting with ``#`` around it are passed over.
        on: Where it comes from, for the error.

    Raises:
        UsageError: Not such a line; says what was found and how to get the right file.
    """
    lines = [text.strip() for text in line.splitlines() if text.strip() and not text.lstrip().startswith("#")]
    if "PRIVATE KEY" in line or "PuTTY-User-Key-File" in line:
        raise _key_error(on, N_("a private key; it must never leave its owner"))
    if "BEGIN SSH2 PUBLIC KEY" in line:
        raise _key_error(on, N_("a key in RFC 4716 form"), "ssh-keygen -i -f FILE")
    if len(lines) != 1:
        raise _key_error(on, N_("{count} lines"), count=len(lines))
    kind, encoded, comment = (*lines[0].split(None, 2), "", "")[:3]
    if kind not in _VERIFIERS:
        known = _WORD.fullmatch(kind)
        raise _key_error(on, N_("the key type {kind}"), kind=kind) if known else _key_error(on, N_("something else"))
    try:
        blob = base64.b64decode(encoded, validate=True)
        _load(blob, kind)
    except (ValueError, SignatureError) as error:
        raise _key_error(on, N_("a damaged key: {why}"), why=str(error)) from None
    return PublicKey(kind, blob, comment)


def verify(armored: str, message: bytes, *, namespace: str, allowed: Collection[str | bytes] | None = None) -> bytes:
    """Give the wire-form public key that signed ``message``.

    Args:
        armored: What ``ssh-keygen -Y sign`` wrote.
        message: The exact signed bytes.
        namespace: The only namespace that counts; never empty.
        allowed: The keys that count, as OpenSSH ``type base64`` lines or wire form; None takes any key, and then the
            caller must compare what it gets back.

    Raises:
        SignatureError: Malformed, of another namespace, by another key, or not over these bytes.
    """
    public, signed, signature = _open(armored, message, namespace)
    if allowed is not None and public not in {_wire(key) for key in allowed}:
        raise SignatureError(f"it was made with the key {fingerprint(public)}, which does not count here")
    kind = _Reader(public).text()
    if kind not in _VERIFIERS:
        raise SignatureError(f"keys of type {kind[:60]!r} are not accepted")
    reader = _Reader(signature)
    algorithm = reader.text()
    try:
        _VERIFIERS[kind](_load(public, kind), algorithm, reader, signed)
    except InvalidSignature:
        raise SignatureError(N_("it is not a signature over these bytes")) from None
    return public


def _open(armored: str, message: bytes, namespace: str) -> tuple[bytes, bytes, bytes]:
    """Give public key, the bytes that were signed, and the signature of an armored SSHSIG."""
    try:
        reader = _Reader(base64.b64decode(_inside(armored), validate=True))
    except binascii.Error:
        raise SignatureError(N_("it is not base64 between its first and last line")) from None
    if reader.take(6) != b"SSHSIG" or reader.number() != 1:
        raise SignatureError(N_("it is not an SSHSIG of version 1"))
    public, name, reserved, algorithm, signature = (reader.string() for _ in range(5))
    reader.end()
    if not namespace or name != namespace.encode():
        raise SignatureError(f"it was made for the namespace {name[:60].decode(errors='replace')!r}, not {namespace!r}")
    if algorithm not in (b"sha256", b"sha512"):
        raise SignatureError(f"its hash {algorithm[:20]!r} is not sha256 or sha512")
    digest = hashlib.new(algorithm.decode(), message).digest()
    return public, b"SSHSIG" + b"".join(map(_string, (name, reserved, algorithm, digest))), signature


def _inside(armored: str) -> str:
    """Give what stands between the first and the last line, without spaces; in a time that grows with its length."""
    text = armored.strip(_SPACE) if len(armored) <= MAX_SIGNATURE_CHARS and armored.isascii() else ""
    inside = text[len(_BEGIN) : -len(_END)]
    if not (text.startswith(_BEGIN) and text.endswith(_END) and inside.strip(_SPACE)):
        raise SignatureError(f"it is not an SSH signature ({_BEGIN})")
    if inside[0] not in _SPACE or inside[-1] not in _SPACE:
        raise SignatureError(f"it is not an SSH signature ({_BEGIN})")
    return "".join(inside.split())


def _wire(key: str | bytes) -> bytes:
    return key if isinstance(key, bytes) else parse_public_key(key).blob


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def _mpint(value: int) -> bytes:
    """Give a positive number in its only wire form (RFC 4251 section 5): no byte more than it needs."""
    return value.to_bytes(value.bit_length() // 8 + 1, "big")


class _Reader:
    """Reads SSH wire form (RFC 4251 section 5); SignatureError when it ends too early or too late."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        piece = self._data[self._at : self._at + count]
        if len(piece) != count:
            raise SignatureError(N_("it ends too early"))
        self._at += count
        return piece

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        return self.take(self.number())

    def text(self) -> str:
        return self.string().decode("ascii", errors="replace")

    def mpint(self) -> int:
        value = int.from_bytes(self.string(), "big", signed=True)
        if value < 0:
            raise SignatureError(N_("it holds a negative number"))
        return value

    def end(self) -> None:
        if self._at != len(self._data):
            raise SignatureError(N_("it has bytes left over"))


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A public key ready to verify with; ``application`` for keys on a security token."""

    key: Any
    application: bytes = b""


_POINT = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
_CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "nistp256": (ec.SECP256R1(), hashes.SHA256()),
    "nistp384": (ec.SECP384R1(), hashes.SHA384()),
    "nistp521": (ec.SECP521R1(), hashes.SHA512()),
}


def _load(blob: bytes, kind: str) -> _Loaded:
    """Give the key of its wire form.

    One key has one wire form and so one fingerprint: a longer number or a compressed point would be the same key under
    another name. ValueError when it is in another form, damaged, weak or of another type than ``kind``.
    """
    reader = _Reader(blob)
    inside = reader.text()
    if inside != kind:
        told = inside if _WORD.fullmatch(inside) else "something else"
        raise SignatureError(f"the key says {kind} outside and {told} inside")
    key: Any
    if kind in ("ssh-ed25519", "sk-ssh-ed25519@openssh.com"):
        parts = [reader.string()]
        key = ed25519.Ed25519PublicKey.from_public_bytes(parts[0])
    elif kind == "ssh-rsa":
        key, parts = _load_rsa(reader.mpint(), reader.mpint())
    else:
        curve, _ = _CURVES[_curve_of(kind)]
        if reader.text() != _curve_of(kind):
            raise SignatureError(N_("the key's curve is not the one its type names"))
        key = ec.EllipticCurvePublicKey.from_encoded_point(curve, reader.string())
        parts = [_curve_of(kind).encode(), key.public_bytes(*_POINT)]
    application = reader.string() if kind.startswith("sk-") else b""
    reader.end()
    parts += [application] if kind.startswith("sk-") else []
    if b"".join(map(_string, (kind.encode(), *parts))) != blob:
        raise SignatureError(N_("it is not in the one form that ssh-keygen writes"))
    return _Loaded(key, application)


def _load_rsa(exponent: int, modulus: int) -> tuple[Any, list[bytes]]:
    bits = modulus.bit_length()
    if not MIN_RSA_BITS <= bits <= MAX_RSA_BITS:
        raise SignatureError(f"an RSA key of {bits} bits is too weak or too long; {MIN_RSA_BITS} is the least")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key(), [_mpint(exponent), _mpint(modulus)]


def _curve_of(kind: str) -> str:
    return kind.split("@", maxsplit=1)[0].rsplit("-", 1)[1]


def _require(algorithm: str, *accepted: str) -> None:
    if algorithm not in accepted:
        raise SignatureError(f"the signature algorithm {algorithm[:60]!r} does not belong to the key")


def _verify_ed25519(loaded: _Loaded, algorithm: str, reader: _Reader, signed: bytes) -> None:
    _require(algorithm, "ssh-ed25519")
    signature = reader.string()
    reader.end()
    loaded.key.verify(signature, signed)


def _verify_rsa(loaded: _Loaded, algorithm: str, reader: _Reader, signed: bytes) -> None:
    _require(algorithm, "rsa-sha2-256", "rsa-sha2-512")
    signature = reader.string()
    reader.end()
    digest = hashes.SHA256() if algorithm == "rsa-sha2-256" else hashes.SHA512()
    loaded.key.verify(signature, signed, padding.PKCS1v15(), digest)


def _dss(raw: bytes) -> bytes:
    """Give the DER form of an ECDSA signature in SSH form (RFC 5656 section 3.1.2)."""
    reader = _Reader(raw)
    r, s = reader.mpint(), reader.mpint()
    reader.end()
    return utils.encode_dss_signature(r, s)


def _verify_ecdsa(kind: str) -> Callable[[_Loaded, str, _Reader, bytes], None]:
    _, digest = _CURVES[_curve_of(kind)]

    def check(loaded: _Loaded, algorithm: str, reader: _Reader, signed: bytes) -> None:
        _require(algorithm, kind)
        signature = _dss(reader.string())
        reader.end()
        loaded.key.verify(signature, signed, ec.ECDSA(digest))

    return check


def _token_message(loaded: _Loaded, reader: _Reader, signed: bytes) -> bytes:
    """Give what a security token signs (PROTOCOL.u2f); SignatureError unless somebody touched it."""
    flags, counter = reader.take(1), reader.take(4)
    reader.end()
    if not flags[0] & 1:
        raise SignatureError(N_("nobody touched the security token for it"))
    return hashlib.sha256(loaded.application).digest() + flags + counter + hashlib.sha256(signed).digest()


def _verify_token_ed25519(loaded: _Loaded, algorithm: str, reader: _Reader, signed: bytes) -> None:
    _require(algorithm, "sk-ssh-ed25519@openssh.com")
    signature = reader.string()
    loaded.key.verify(signature, _token_message(loaded, reader, signed))


def _verify_token_ecdsa(loaded: _Loaded, algorithm: str, reader: _Reader, signed: bytes) -> None:
    _require(algorithm, "sk-ecdsa-sha2-nistp256@openssh.com")
    signature = _dss(reader.string())
    loaded.key.verify(signature, _token_message(loaded, reader, signed), ec.ECDSA(hashes.SHA256()))


_VERIFIERS: dict[str, Callable[[_Loaded, str, _Reader, bytes], None]] = {
    "ssh-ed25519": _verify_ed25519,
    "sk-ssh-ed25519@openssh.com": _verify_token_ed25519,
    "ecdsa-sha2-nistp256": _verify_ecdsa("ecdsa-sha2-nistp256"),
    "ecdsa-sha2-nistp384": _verify_ecdsa("ecdsa-sha2-nistp384"),
    "ecdsa-sha2-nistp521": _verify_ecdsa("ecdsa-sha2-nistp521"),
    "sk-ecdsa-sha2-nistp256@openssh.com": _verify_token_ecdsa,
    "ssh-rsa": _verify_rsa,
}


def _key_error(on: str, found: str, next_: str = "ssh-keygen -t ed25519", **fields: object) -> UsageError:
    return UsageError(
        N_("This is not an OpenSSH public key"),
        on=on,
        expected=N_("one line of a .pub file: type (ssh-ed25519, ecdsa-sha2-…, ssh-rsa, sk-…), base64, comment"),
        found=found,
        next=next_,
        **fields,
    )
