"""Runs on hosts: looks at objects and says what they are. Python 3.6 and its standard library only; changes nothing.

The controller sends this file over one ssh connection with a last line ``main([...objects...])``. The answer is one
line, ``sopti1 `` and JSON: object -> {"facts": what is digested, "seen": a short form for a person}.
"""

import grp
import hashlib
import json
import os
import pwd
import stat
import subprocess
import sys


def run(*words):
    """Give (exit code, output) of a read-only command; 127 when there is no such program."""
    environment = {"PATH": "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}
    try:
        done = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        output = done.communicate()[0]
    except OSError:
        return 127, ""
    return done.returncode, output.decode("utf-8", "backslashreplace").strip()


def digest_file(path):
    """Give SHA-256 (hex) of a file's content."""
    hashed = hashlib.sha256()
    with open(path, "rb") as stream:
        for part in iter(lambda: stream.read(1 << 20), b""):
            hashed.update(part)
    return hashed.hexdigest()


def digest_text(text):
    """Give SHA-256 (hex) of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def owner(status):
    """Give ``user:group``, by number where there is no name."""
    try:
        user = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        user = str(status.st_uid)
    try:
        group = grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        group = str(status.st_gid)
    return user + ":" + group


def see_file(path):
    """A file, folder or link itself, never what it leads to."""
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return {"type": "absent"}, "absent"
    mode, whose = "%04o" % stat.S_IMODE(status.st_mode), owner(status)
    if stat.S_ISLNK(status.st_mode):
        target = os.readlink(path)
        return {"type": "link", "target": target, "owner": whose}, "link to " + target
    if stat.S_ISDIR(status.st_mode):
        return {"type": "folder", "owner": whose, "mode": mode}, "folder " + whose + " " + mode
    if not stat.S_ISREG(status.st_mode):
        return {"type": "special", "owner": whose, "mode": mode}, "special file " + whose + " " + mode
    sha = digest_file(path)
    return {"type": "file", "owner": whose, "mode": mode, "sha256": sha}, "file %s %s sha256:%s" % (
        whose,
        mode,
        sha[:12],
    )


def see_package(name):
    """A Debian package's state and version."""
    code, text = run("dpkg-query", "-W", "-f", "${Status} ${Version}\n", name)
    if code == 127:
        return {"state": "no dpkg"}, "unknown, no dpkg"
    parts = text.split()
    if code != 0 or len(parts) < 4 or parts[2] != "installed":
        return {"state": "absent", "want": parts[0] if parts and parts[0] == "hold" else ""}, "absent"
    return {"state": " ".join(parts[:3]), "version": parts[3]}, parts[0] + " " + parts[3]


def see_unit(name):
    """A systemd unit: loaded, enabled, active, and its files."""
    wanted = "LoadState,ActiveState,UnitFileState,FragmentPath,DropInPaths"
    code, text = run("systemctl", "show", "--property", wanted, "--", name)
    if code == 127:
        return {"load": "no systemd"}, "unknown, no systemd"
    shown = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    files = [shown.get("FragmentPath", ""), *shown.get("DropInPaths", "").split()]
    facts = {
        "load": shown.get("LoadState", ""),
        "active": shown.get("ActiveState", ""),
        "enabled": shown.get("UnitFileState", ""),
        "files": {path: digest_file(path) for path in files if path and os.path.isfile(path)},
    }
    return facts, " ".join(filter(None, (facts["load"], facts["enabled"], facts["active"])))


def see_user(name):
    """An account: its line, its groups, and a digest of its shadow line."""
    code, line = run("getent", "passwd", name)
    if code != 0:
        return {"state": "absent"}, "absent"
    groups = sorted(run("id", "-Gn", "--", name)[1].split())
    shadow = run("getent", "shadow", name)[1]
    uid = line.split(":")[2]
    return {"line": line, "groups": groups, "shadow": digest_text(shadow)}, "uid %s, groups %s" % (
        uid,
        ",".join(groups),
    )


def see_group(name):
    """A group's number and members."""
    code, line = run("getent", "group", name)
    if code != 0:
        return {"state": "absent"}, "absent"
    return {"line": line}, line.split(":", 2)[2]


def see_cron(user):
    """A user's crontab."""
    code, text = run("crontab", "-l", "-u", user)
    if code != 0:
        return {"state": "absent"}, "absent"
    return {"sha256": digest_text(text)}, "sha256:" + digest_text(text)[:12]


def see_nft(name):
    """An nftables table (``family name``), counters left out."""
    code, text = run("nft", "-s", "list", "table", *name.split())
    if code != 0:
        return {"state": "absent"}, "absent"
    return {"sha256": digest_text(text)}, "sha256:" + digest_text(text)[:12]


def see_access(name):
    """Which certificates open this host to the gate: its own settings of sshd, and what sshd makes of all settings."""
    files = ["/etc/ssh/sshd_config.d/00-sopti-access.conf", "/etc/ssh/sopti/authorities.pub", "/etc/ssh/sopti/revoked"]
    folder = "/etc/ssh/sopti/principals"
    files += sorted(os.path.join(folder, each) for each in os.listdir(folder)) if os.path.isdir(folder) else []
    found = {path: digest_file(path) for path in files if os.path.isfile(path)}
    wanted = ("trustedusercakeys", "authorizedprincipalsfile", "revokedkeys")
    text = run("sshd", "-T")[1]
    facts = {"files": found, "sshd": sorted(line for line in text.splitlines() if line.startswith(wanted))}
    return facts, "certificates" if files[1] in found else "no certificates"


OBSERVERS = {
    "file": see_file,
    "package": see_package,
    "unit": see_unit,
    "user": see_user,
    "group": see_group,
    "cron": see_cron,
    "nft": see_nft,
    "access": see_access,
}


def observe(objects):
    """Give object -> facts and short form; an object that can't be read says so and is never equal to another state."""
    seen = {}
    for each in objects:
        kind, _, key = each.partition(":")
        try:
            facts, short = OBSERVERS[kind](key)
        except (OSError, ValueError, IndexError) as error:
            facts, short = {"error": str(error)}, "unreadable: " + str(error)
        seen[each] = {"facts": facts, "seen": short}
    return seen


def main(objects):
    """Print the answer."""
    sys.stdout.write("sopti1 " + json.dumps(observe(objects), sort_keys=True) + "\n")
