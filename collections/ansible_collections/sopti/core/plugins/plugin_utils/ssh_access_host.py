"""Runs on the host, as root: looks at the ways into it, changes them with a way back armed first, and keeps the change.

The controller sends this file over ssh with a last line ``main({...})``. Python 3 and its standard library only. The
answer is one line of JSON. Nothing is left behind but ``/etc/ssh/sopti`` and the file in ``sshd_config.d``.
"""

import base64
import hashlib
import json
import os
import pwd
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

SETTINGS = Path("/etc/ssh/sshd_config.d/00-sopti-access.conf")
FOLDER = Path("/etc/ssh/sopti")
AUTHORITIES, REVOKED = FOLDER / "authorities.pub", FOLDER / "revoked"
RUN = Path("/run/sopti/access")
ROLLBACK = "sopti-access-rollback"
CONTENT = f"""\
# Managed by sopti (role ssh_access): changes made by hand are undone.
TrustedUserCAKeys {AUTHORITIES}
AuthorizedPrincipalsFile {FOLDER}/principals/%u
RevokedKeys {REVOKED}
"""
PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


class TroubleError(Exception):
    """Something on the host stands in the way; nothing was changed, or it was put back."""


def run(*words):
    """Give (exit code, what was printed) of a program."""
    done = subprocess.run(
        words, env={"PATH": PATH, "LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def principals(account):
    """Give the file that lists which principals open an account."""
    return FOLDER / "principals" / account


def key_files(account):
    """Give the files in which sshd looks for an account's plain keys, whether they are there or not."""
    code, text = run("sshd", "-T", "-C", f"user={account},host=localhost,addr=127.0.0.1")
    if code != 0:
        raise TroubleError(f"sshd does not accept its own settings: {text.strip()}")
    named = [line.split()[1:] for line in text.splitlines() if line.startswith("authorizedkeysfile ")]
    home = Path(pwd.getpwnam(account).pw_dir)
    expanded = [name.replace("%u", account).replace("%h", str(home)).replace("%%", "%") for name in named[0]]
    return [(home / name).resolve() for name in expanded if name != "none"]


def read(path):
    """Give a file's lines, none when it is not there."""
    return path.read_text("utf-8", "surrogateescape").splitlines() if path.is_file() else []


def holds(line, key):
    """Tell whether a line of an ``authorized_keys`` file lets a key in, whatever options stand before it."""
    words, wanted = line.split(), key.split()[:2]
    return not line.lstrip().startswith("#") and any(words[i : i + 2] == wanted for i in range(len(words)))


def look(account, standing):
    """Give what decides who comes in: our files, and which standing keys open the account."""
    krl = REVOKED.read_bytes() if REVOKED.is_file() else None
    return {
        "settings": "\n".join(read(SETTINGS)),
        "authorities": read(AUTHORITIES),
        "principals": read(principals(account)),
        "revoked": None if krl is None else hashlib.sha256(krl).hexdigest(),
        "standing": [key for key in standing if any(holds(line, key) for f in key_files(account) for line in read(f))],
        "pending": run("systemctl", "is-active", f"{ROLLBACK}.timer")[0] == 0,
    }


def write(path, content, mode=0o644):
    """Put a file in its place at once; an existing one keeps its owner and mode."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    handle, name = tempfile.mkstemp(dir=str(path.parent), prefix=".sopti-")
    fresh = Path(name)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    before = path.stat() if path.exists() else None
    fresh.chmod(before.st_mode & 0o7777 if before else mode)
    if before:
        os.chown(fresh, before.st_uid, before.st_gid)
    fresh.replace(path)


def write_lines(path, lines, mode=0o644):
    """Write a file of lines."""
    write(path, "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"), mode)


def reload_sshd():
    """Let sshd read what is there now, when it accepts it."""
    code, text = run("sshd", "-t")
    if code != 0:
        raise TroubleError(f"sshd does not accept the new settings: {text.strip()}")
    code, text = run("systemctl", "try-reload-or-restart", "ssh.service")
    if code != 0:
        raise TroubleError(f"sshd could not be reloaded: {text.strip()}")


def arm(paths, seconds, nonce):
    """Keep what is there now, and have the host put it back by itself after ``seconds``."""
    RUN.mkdir(parents=True, exist_ok=True, mode=0o700)
    (RUN / "rolled-back").unlink(missing_ok=True)
    there = [str(path) for path in paths if path.exists()]
    gone = [str(path) for path in paths if not path.exists()]
    tar = ["tar", "--create", "--absolute-names", "--file", str(RUN / "previous.tar"), "--files-from", "/dev/null"]
    code, text = run(*tar, *there)
    if code != 0:
        raise TroubleError(f"what is there now could not be kept: {text.strip()}")
    script = [f"echo {nonce} >{RUN}/rolled-back"]
    script += [f"rm -f {shlex.join(gone)}"] if gone else []
    script += [
        f"tar --extract --absolute-names --file {RUN}/previous.tar",
        "systemctl try-reload-or-restart ssh.service",
    ]
    write_lines(RUN / "rollback.sh", script, 0o700)
    run("systemctl", "reset-failed", f"{ROLLBACK}.timer", f"{ROLLBACK}.service")
    timer = ["systemd-run", "--quiet", "--collect", f"--unit={ROLLBACK}", f"--on-active={seconds}"]
    code, text = run(*timer, "--timer-property=AccuracySec=100ms", "sh", str(RUN / "rollback.sh"))
    if code != 0 or run("systemctl", "is-active", f"{ROLLBACK}.timer")[0] != 0:
        raise TroubleError(f"the way back could not be armed: {text.strip()}")


def settle(wanted, account, standing, *, union):
    """Write what is wanted; with ``union``, what opened the host before opens it still."""
    certificate = wanted["way"] == "certificate"
    before = look(account, standing)
    files = key_files(account)
    if certificate:
        kept = before["authorities"] if union else []
        write_lines(AUTHORITIES, list(dict.fromkeys([*wanted["authorities"], *kept])))
        kept = before["principals"] if union else []
        write_lines(principals(account), list(dict.fromkeys([wanted["principal"], *kept])))
        write(REVOKED, base64.b64decode(wanted["revoked"]))
        write(SETTINGS, CONTENT.encode())
    missing = [key for key in standing if key not in before["standing"]]
    if not certificate and missing:
        home = pwd.getpwnam(account)
        if not files[0].exists():
            files[0].parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.chown(files[0].parent, home.pw_uid, home.pw_gid)
            write_lines(files[0], [], 0o600)
            os.chown(files[0], home.pw_uid, home.pw_gid)
        write_lines(files[0], [*read(files[0]), *missing], 0o600)
    if certificate and not union:
        for path in files:
            lines = read(path)
            left = [line for line in lines if not any(holds(line, key) for key in standing)]
            if left != lines:
                write_lines(path, left)
    if not certificate and not union:
        for path in (SETTINGS, AUTHORITIES, REVOKED, principals(account)):
            path.unlink(missing_ok=True)
    reload_sshd()


def put_back():
    """Put back what was there before, now; gives whether it was this call that did it."""
    waiting = run("systemctl", "stop", f"{ROLLBACK}.timer")[0] == 0
    return run("sh", str(RUN / "rollback.sh"))[0] == 0 and waiting


def stage(given):
    """Arm the way back, then let the new way in beside the old one."""
    account, standing = given["account"], given["standing"]
    paths = [SETTINGS, AUTHORITIES, REVOKED, principals(account), *key_files(account)]
    arm(paths, given["seconds"], given["nonce"])
    try:
        settle(given["wanted"], account, standing, union=True)
    except Exception:
        put_back()
        raise
    return {}


def finish(given):
    """Shut the old way."""
    settle(given["wanted"], given["account"], given["standing"], union=False)
    return {}


def keep(given):
    """Disarm the way back, while it is still waiting; gives how that went."""
    state = "lost"
    if run("systemctl", "is-active", f"{ROLLBACK}.timer")[0] == 0:
        run("systemctl", "stop", f"{ROLLBACK}.timer")
        state = "disarmed"
    if run("systemctl", "is-active", f"{ROLLBACK}.timer")[0] == 0:
        state = "pending"
    if (RUN / "rolled-back").exists():
        state = "rolled-back"
    return {"state": state}


ACTS = {
    "look": lambda given: {},
    "stage": stage,
    "finish": finish,
    "keep": keep,
    "put_back": lambda given: {"put_back": put_back()},
}


def main(given):
    """Do one act and print the answer."""
    try:
        done = ACTS[given["act"]](given)
        answer = {**done, "seen": look(given["account"], given["standing"])}
    except (TroubleError, OSError, KeyError) as error:
        answer = {"trouble": str(error)}
    sys.stdout.write("sopti1 " + json.dumps(answer, sort_keys=True) + "\n")
