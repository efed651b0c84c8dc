"""Throw-away systemd hosts: Debian with sshd in systemd-nspawn on overlayfs, in a network of their own.

The rules this package keeps:

- Everything a lab starts lives under one keeper process, in its mount namespace and its cgroups. When the keeper dies,
  however it dies, its hosts and mounts die with it; what then remains (a bridge, a folder) the next ``up`` reaps.
- Only what a lab started is ever stopped: processes are known by pid and start time, or by the lab's own cgroup.
- Several labs may run side by side: each claims its own /24, bridge and folder under one lock.

Use from tests::

    with Lab.up(2) as lab:
        lab.hosts[0].ssh("systemctl is-system-running")

Use from a shell: ``python -m tests.lab check | base | up N | down``.
"""

from tests.lab.host import Host
from tests.lab.lab import Lab, LabError

__all__ = ["Host", "Lab", "LabError"]
