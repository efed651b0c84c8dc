"""Runs on hosts: looks at a whole host in one pass. Python 3.6 and its standard library only; changes nothing.

The controller sends it behind ``observer_program``, without the line that imports from there, and with a last line
``look_around()``. The answer is one line, ``sopti1 `` and JSON: "objects": object -> short form, "left_out", "cut".
Bounded in files, bytes and seconds; what a bound left out is said.
"""

import glob
import json
import os
import re
import stat
import sys
import time

from sopti_runner.adapters.ansible.observer_program import digest_text, owner, run, see_file, see_nft

ROOTS = ("/etc", "/usr/local", "/opt", "/srv", "/boot", "/root", "/var/spool/cron", "/var/www", "/home/*/.ssh")
CHANGES_BY_ITSELF = ("/etc/mtab/", "/root/.bash_history/", "/root/.lesshst/", "/root/.viminfo/", "/root/.cache/")
MAXIMUM_FILES, MAXIMUM_BYTES, WHOLE_BYTES, MAXIMUM_S = 60000, 1 << 30, 16 << 20, 60
OF_LOGINS = ("user@", "user-runtime-dir@", "ssh@", "session-", "run-u")


class Bound:
    """What may still be looked at."""

    def __init__(self):
        self.files, self.bytes, self.until = MAXIMUM_FILES, MAXIMUM_BYTES, time.monotonic() + MAXIMUM_S

    @property
    def over(self):
        """Tell whether it is time to stop."""
        return self.files <= 0 or time.monotonic() > self.until


def look_at_file(path, bound):
    """A file in short; the content of one that is too large stands for itself by size and times."""
    status = os.lstat(path)
    if stat.S_ISREG(status.st_mode) and (status.st_size > WHOLE_BYTES or status.st_size > bound.bytes):
        mode, whose = "%04o" % stat.S_IMODE(status.st_mode), owner(status)
        return "file %s %s %d bytes of %d" % (whose, mode, status.st_size, status.st_mtime_ns), False
    bound.bytes -= status.st_size if stat.S_ISREG(status.st_mode) else 0
    return see_file(path)[1], True


def look_at_files(seen, left_out):
    """Every file, folder and link below the roots, other file systems left out; True when not all were reached."""
    bound, large = Bound(), 0
    for root in (each for pattern in ROOTS for each in sorted(glob.glob(pattern))):
        if not os.path.isdir(root):
            continue
        seen["file:" + root] = see_file(root)[1]
        if os.path.islink(root):
            left_out.append("what the link %s leads to" % root)
            continue
        device = os.lstat(root).st_dev
        for folder, below, names in os.walk(root):
            below[:] = sorted(d for d in below if not foreign(os.path.join(folder, d), device))
            for name in sorted(names) + below:
                path = os.path.join(folder, name)
                if (path + "/").startswith(CHANGES_BY_ITSELF):
                    continue
                if bound.over:
                    left_out.append("files from %s on" % path)
                    return True
                bound.files -= 1
                try:
                    seen["file:" + path], whole = look_at_file(path, bound)
                    large += not whole
                except OSError as error:
                    seen["file:" + path] = "unreadable: %s" % error.strerror
    if large:
        left_out.append("content of %d large files" % large)
    return False


def foreign(path, device):
    """Tell whether a folder is on another file system."""
    try:
        return os.lstat(path).st_dev != device
    except OSError:
        return False


def look_at_lists(seen):
    """Packages, users and groups."""
    for line in run("dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package} ${Version}\\n")[1].splitlines():
        parts = line.split()
        if len(parts) == 3 and parts[0] != "un":
            seen["package:" + parts[1]] = parts[0] + " " + parts[2]
    shadow = {line.split(":")[0]: line for line in run("getent", "shadow")[1].splitlines()}
    for line in run("getent", "passwd")[1].splitlines():
        name = line.split(":")[0]
        seen["user:" + name] = line + " " + digest_text(shadow.get(name, ""))[:12]
    for line in run("getent", "group")[1].splitlines():
        seen["group:" + line.split(":")[0]] = line


def look_at_units(seen):
    """Which units are enabled, and which of those that are no part of another are running."""
    enabled = {}
    for line in run("systemctl", "list-unit-files", "--no-legend", "--no-pager")[1].splitlines():
        parts = line.split()
        if len(parts) > 1:
            enabled[parts[0]] = parts[1]
    kinds = "--type=service,socket,timer,path,mount"
    active = {}
    for line in run("systemctl", "list-units", "--all", "--plain", "--no-legend", "--no-pager", kinds)[1].splitlines():
        parts = line.split()
        if len(parts) > 3:
            active[parts[0]] = parts[2]
    for name in set(enabled) | set(active):
        state = enabled.get(name, enabled.get(re.sub("@.*[.]", "@.", name), "transient"))
        if name.startswith(OF_LOGINS):
            continue
        running = "" if state in ("static", "indirect", "alias") else active.get(name, "inactive")
        seen["unit:" + name] = (state + " " + running).strip()


def look_at_network(seen):
    """Ports that are listened on, and nftables' tables."""
    for kind, listening in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        try:
            with open("/proc/net/" + kind) as stream:
                rows = [line.split() for line in stream][1:]
        except OSError:
            continue
        for row in rows:
            address, _, port = row[1].partition(":")
            if row[3] == listening and (kind.startswith("tcp") or int(port, 16) < 32768):
                seen["listen:%s %s port %d" % (kind, address, int(port, 16))] = "open"
    for line in run("nft", "list", "tables")[1].splitlines():
        name = line.replace("table ", "", 1).strip()
        seen["nft:" + name] = see_nft(name)[1]


def look_around():
    """Print the answer."""
    seen: dict[str, str] = {}
    left_out: list[str] = []
    for look in (look_at_lists, look_at_units, look_at_network):
        try:
            look(seen)
        except (OSError, ValueError, IndexError) as error:
            left_out.append("%s: %s" % (look.__name__, error))
    cut = look_at_files(seen, left_out)
    found = {"objects": seen, "left_out": left_out, "cut": cut}
    sys.stdout.write("sopti1 " + json.dumps(found, sort_keys=True) + "\n")
