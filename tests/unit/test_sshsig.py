"""SSH signatures: what ssh-keygen accepts and refuses, this accepts and refuses; both are asked."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import time

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils
from hypothesis import given
from hypothesis import strategies as st

from sopti_runner.domain.sshsig import SignatureError, fingerprint, parse_public_key, verify
from sopti_runner.domain.statement import NAMESPACE
from sopti_runner.errors import UsageError

STATEMENT = b'{"act":"approve","plan":"3f"}'
KINDS = {
    "ed25519": ("-t", "ed25519"),
    "ecdsa256": ("-t", "ecdsa", "-b", "256"),
    "ecdsa384": ("-t", "ecdsa", "-b", "384"),
    "ecdsa521": ("-t", "ecdsa", "-b", "521"),
    "rsa": ("-t", "rsa", "-b", "2048"),
}


class Signer:
    """One ssh-keygen key in a folder, and ssh-keygen's own word on its signatures."""

    def __init__(self, folder, *options):
        self.folder, self.path = folder, folder / "key"
        folder.mkdir()
        subprocess.run(["ssh-keygen", "-q", *options, "-N", "", "-C", "budi@contoh", "-f", self.path], check=True)
        self.line = self.path.with_suffix(".pub").read_text()

    def sign(self, message=STATEMENT, namespace=NAMESPACE, *options):
        command = ["ssh-keygen", "-q", "-Y", "sign", "-f", self.path, "-n", namespace, *options]
        return subprocess.run(command, input=message, capture_output=True, check=True).stdout.decode()

    def believes(self, armored, message=STATEMENT, principal="budi@contoh", namespace=NAMESPACE):
        """Whether ssh-keygen says Good for this key's owner."""
        allowed, signature = self.folder / "allowed", self.folder / "signature"
        allowed.write_text(f'budi@contoh namespaces="{NAMESPACE}" {self.line}')
        signature.write_text(armored)
        command = ["ssh-keygen", "-Y", "verify", "-f", allowed, "-I", principal, "-n", namespace, "-s", signature]
        return subprocess.run(command, input=message, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module", params=KINDS)
def signer(request, tmp_path_factory):
    return Signer(tmp_path_factory.mktemp("keys") / request.param, *KINDS[request.param])


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return Signer(tmp_path_factory.mktemp("keys") / "other", *KINDS["ed25519"])


def ours(signer, armored, message=STATEMENT, namespace=NAMESPACE):
    try:
        return (
            verify(armored, message, namespace=namespace, allowed={signer.line}) == parse_public_key(signer.line).blob
        )
    except SignatureError:
        return False


def test_good_signature_is_accepted_by_both(signer):
    armored = signer.sign()
    assert signer.believes(armored)
    assert ours(signer, armored)


def test_sha256_signature_is_accepted_by_both(signer):
    armored = signer.sign(STATEMENT, NAMESPACE, "-O", "hashalg=sha256")
    assert signer.believes(armored)
    assert ours(signer, armored)


def test_edited_statement_is_refused_by_both(signer):
    armored = signer.sign()
    edited = STATEMENT.replace(b"3f", b"4f")
    assert not signer.believes(armored, edited)
    assert not ours(signer, armored, edited)


def test_other_namespace_is_refused_by_both(signer):
    armored = signer.sign(namespace="git")
    assert not signer.believes(armored)
    assert not ours(signer, armored)
    with pytest.raises(SignatureError, match="git"):
        verify(armored, STATEMENT, namespace=NAMESPACE)


def test_unknown_key_is_refused_by_both(signer, other):
    armored = other.sign()
    assert not signer.believes(armored)
    assert not ours(signer, armored)
    assert other.believes(armored)


def test_other_principal_is_refused_by_both(signer, other):
    armored = signer.sign()
    assert not signer.believes(armored, principal="siti@contoh")
    keys_of = {"budi@contoh": {signer.line}, "siti@contoh": {other.line}}
    with pytest.raises(SignatureError, match="does not count"):
        verify(armored, STATEMENT, namespace=NAMESPACE, allowed=keys_of["siti@contoh"])


def test_damaged_signature_is_refused_by_both(signer):
    raw = bytearray(base64.b64decode("".join(signer.sign().splitlines()[1:-1])))
    raw[-3] ^= 1
    body = base64.b64encode(raw).decode()
    lines = [body[at : at + 70] for at in range(0, len(body), 70)]
    armored = "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])
    assert not signer.believes(armored)
    assert not ours(signer, armored)


def test_fingerprint_is_what_ssh_keygen_prints(signer):
    printed = subprocess.run(["ssh-keygen", "-l", "-f", signer.path], capture_output=True, text=True, check=True).stdout
    key = parse_public_key(signer.line)
    assert key.fingerprint == fingerprint(key.blob) == printed.split()[1]
    assert key.comment == "budi@contoh"
    assert parse_public_key(key.line) == type(key)(key.kind, key.blob)


def test_windows_line_endings_and_outer_space_change_nothing(signer):
    assert ours(signer, "\n " + signer.sign().replace("\n", "\r\n"))


def test_empty_namespace_never_counts(other):
    with pytest.raises(SignatureError, match="namespace"):
        verify(other.sign(), STATEMENT, namespace="")


def test_without_allowed_keys_the_signer_is_told(other):
    assert verify(other.sign(), STATEMENT, namespace=NAMESPACE) == parse_public_key(other.line).blob
    with pytest.raises(SignatureError):
        verify(other.sign(), STATEMENT, namespace=NAMESPACE, allowed=())


@given(st.binary(max_size=300))
def test_any_bytes_in_armor_are_refused(raw):
    armored = f"-----BEGIN SSH SIGNATURE-----\n{base64.b64encode(raw).decode()}\n-----END SSH SIGNATURE-----\n"
    with pytest.raises(SignatureError):
        verify(armored, STATEMENT, namespace=NAMESPACE)


@given(st.text(max_size=200))
def test_any_text_is_refused(text):
    with pytest.raises(SignatureError):
        verify(text, STATEMENT, namespace=NAMESPACE)


def test_any_single_byte_of_the_signature_changed_is_refused(other):
    raw = base64.b64decode("".join(other.sign().splitlines()[1:-1]))
    key = parse_public_key(other.line).blob
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        armored = f"-----BEGIN SSH SIGNATURE-----\n{base64.b64encode(changed).decode()}\n-----END SSH SIGNATURE-----\n"
        with pytest.raises(SignatureError):
            verify(armored, STATEMENT, namespace=NAMESPACE, allowed={key})


# Security tokens: made here as PROTOCOL.u2f says, for want of a token.


def wire(*parts):
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def armor(public, signature, message=STATEMENT):
    return (
        "-----BEGIN SSH SIGNATURE-----\n"
        + base64.b64encode(
            b"SSHSIG" + (1).to_bytes(4, "big") + wire(public, NAMESPACE.encode(), b"", b"sha512", signature)
        ).decode()
        + "\n-----END SSH SIGNATURE-----\n"
    )


SIGNED = b"SSHSIG" + wire(NAMESPACE.encode(), b"", b"sha512", hashlib.sha512(STATEMENT).digest())


def token_message(flags, application=b"ssh:"):
    counter = bytes([0, 0, 0, 9])
    return hashlib.sha256(application).digest() + flags + counter + hashlib.sha256(SIGNED).digest(), flags + counter


@pytest.mark.parametrize(("flags", "accepted"), [(b"\x01", True), (b"\x05", True), (b"\x04", False), (b"\x00", False)])
@pytest.mark.parametrize("kind", ["sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"])
def test_token_signature_counts_only_when_it_was_touched(kind, flags, accepted):
    message, tail = token_message(flags)
    if "ed25519" in kind:
        key = ed25519.Ed25519PrivateKey.generate()
        public = wire(kind.encode(), key.public_key().public_bytes_raw(), b"ssh:")
        raw = key.sign(message)
    else:
        curve = ec.generate_private_key(ec.SECP256R1())
        point = curve.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        public = wire(kind.encode(), b"nistp256", point, b"ssh:")
        halves = utils.decode_dss_signature(curve.sign(message, ec.ECDSA(hashes.SHA256())))
        raw = wire(*(half.to_bytes(33, "big") for half in halves))
    armored = armor(public, wire(kind.encode(), raw) + tail)
    line = f"{kind} {base64.b64encode(public).decode()}"
    if accepted:
        assert verify(armored, STATEMENT, namespace=NAMESPACE, allowed={line}) == public
    else:
        with pytest.raises(SignatureError, match="touched"):
            verify(armored, STATEMENT, namespace=NAMESPACE, allowed={line})


def test_signature_algorithm_of_another_key_type_is_refused():
    key = ed25519.Ed25519PrivateKey.generate()
    public = wire(b"ssh-ed25519", key.public_key().public_bytes_raw())
    armored = armor(public, wire(b"ssh-rsa", key.sign(SIGNED)))
    with pytest.raises(SignatureError, match="does not belong"):
        verify(armored, STATEMENT, namespace=NAMESPACE)


def found(line):
    with pytest.raises(UsageError) as error:
        parse_public_key(line, on="kunci.pub")
    assert error.value.on == "kunci.pub"
    return error.value.found.format(**error.value.fields)


def test_public_key_errors_say_what_was_given(other, tmp_path):
    weak = Signer(tmp_path / "weak", "-t", "rsa", "-b", "1024")
    rfc4716 = subprocess.run(["ssh-keygen", "-e", "-f", other.path], capture_output=True, text=True, check=True).stdout
    kind, encoded, _ = other.line.split()
    assert "private key" in found(other.path.read_text())
    assert "private key" in found("PuTTY-User-Key-File-3: ssh-ed25519\n")
    assert "RFC 4716" in found(rfc4716)
    assert "0 lines" in found("\n# only a remark\n")
    assert "2 lines" in found(other.line * 2)
    assert "1024" in found(weak.line)
    assert "ssh-dss" in found("ssh-dss AAAA")
    assert "ssh-ed25519-cert" in found("ssh-ed25519-cert-v01@openssh.com AAAA")
    assert "outside" in found(f"ssh-rsa {encoded}")
    assert "damaged" in found(f"{kind} {encoded[:-8]}")
    assert "damaged" in found(f"{kind} ???")
    assert "damaged" in found(kind)
    assert parse_public_key(f"# remark\n{other.line}\n").comment == "budi@contoh"


def as_ssh_keygen_reads(blob, kind, folder):
    """Whether ssh-keygen takes a key, and gives it the fingerprint of these very bytes."""
    (folder / "other.pub").write_text(f"{kind} {base64.b64encode(blob).decode()}\n")
    ran = subprocess.run(["ssh-keygen", "-l", "-f", folder / "other.pub"], capture_output=True, text=True, check=False)
    return ran.returncode == 0 and ran.stdout.split()[1] == fingerprint(blob)


def other_forms(line):
    """Give the same key in forms that ssh-keygen never writes."""
    key = parse_public_key(line)
    loaded = serialization.load_ssh_public_key(key.line.encode())
    kind = key.kind.encode()
    if isinstance(loaded, rsa.RSAPublicKey):
        numbers = loaded.public_numbers()
        exponent, modulus = (n.to_bytes(n.bit_length() // 8 + 1, "big") for n in (numbers.e, numbers.n))
        yield wire(kind, b"\0" + exponent, modulus)
        yield wire(kind, exponent, b"\0" + modulus)
    if isinstance(loaded, ec.EllipticCurvePublicKey):
        point = loaded.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
        yield wire(kind, key.kind.rpartition("-")[2].encode(), point)
    yield key.blob + b"\0"


def test_key_in_another_form_is_refused_and_never_has_a_fingerprint_of_its_own(signer, tmp_path):
    key = parse_public_key(signer.line)
    assert as_ssh_keygen_reads(key.blob, key.kind, tmp_path)
    for blob in other_forms(signer.line):
        assert not as_ssh_keygen_reads(blob, key.kind, tmp_path)
        assert "damaged" in found(f"{key.kind} {base64.b64encode(blob).decode()}")
        with pytest.raises(SignatureError):
            verify(armor(blob, b""), STATEMENT, namespace=NAMESPACE)


@pytest.mark.parametrize("between", [" ", "\n", " \n", "=", "A", "-"])
def test_long_armor_is_refused_at_once(between):
    begin = "-----BEGIN SSH SIGNATURE-----"
    started = time.monotonic()
    for text in (begin + between * 19_000, begin + "\nQUFB" + between * 19_000, begin * 600, between * 20_000):
        with pytest.raises(SignatureError):
            verify(text, STATEMENT, namespace=NAMESPACE)
    assert time.monotonic() - started < 1


def test_public_key_errors_repeat_nothing_that_may_be_secret():
    assert found("PRIVATE+KEY+sopti.example+8a62db81+AWtrSecret") == "something else"
    assert found("Geheim") == "something else"
    inside = base64.b64encode(wire(b"Geheim", b"x")).decode()
    assert "Geheim" not in found(f"ssh-ed25519 {inside}")
