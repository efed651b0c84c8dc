"""Test keys that sign SSHSIG in pure Python; ``test_signing`` holds them against ssh-keygen."""

import base64
import hashlib
import struct
import textwrap

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sopti_runner.domain.sshsig import PublicKey

KIND = "ssh-ed25519"


def wire(*parts):
    """Give the parts as SSH strings, one after the other."""
    raw = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(struct.pack(">I", len(part)) + part for part in raw)


class TestKey:
    """An Ed25519 key made from a name; signs as ``ssh-keygen -Y sign`` does."""

    __test__ = False

    def __init__(self, name):
        self.name = name
        self._key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
        self.public = PublicKey(KIND, wire(KIND, self._key.public_key().public_bytes_raw()))
        self.fingerprint = self.public.fingerprint

    def sign(self, statement, namespace="act@sopti"):
        signed = b"SSHSIG" + wire(namespace, b"", "sha512", hashlib.sha512(statement).digest())
        signature = wire(KIND, self._key.sign(signed))
        blob = b"SSHSIG" + struct.pack(">I", 1) + wire(self.public.blob, namespace, b"", "sha512", signature)
        lines = textwrap.wrap(base64.b64encode(blob).decode(), 70)
        return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])

    def data(self):
        """Give the key as an enrolment carries it."""
        return {"fingerprint": self.fingerprint, "public": self.public.line}
