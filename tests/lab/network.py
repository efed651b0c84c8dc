"""A /24 and a bridge for each lab, chosen so that they meet neither another lab's nor the machine's own networks."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import subprocess
from collections.abc import Collection
from dataclasses import dataclass

_RANGES = (ipaddress.IPv4Network("10.79.0.0/16"), ipaddress.IPv4Network("172.27.0.0/16"))


@dataclass(frozen=True, slots=True)
class Network:
    """One lab's network: the controller is .1 on the bridge, hosts follow from .11.

    Attributes:
        bridge: Interface name.
        subnet: IPv4 /24, as text.
    """

    bridge: str
    subnet: str

    @property
    def controller(self) -> str:
        """The address of this machine on the bridge."""
        return self.address(1)

    @property
    def prefix6(self) -> str:
        """An IPv6 /64 of the unique local range that goes with the subnet."""
        return "fd79:{:x}:{:x}:{:x}".format(*ipaddress.IPv4Network(self.subnet).network_address.packed[:3])

    @property
    def controller6(self) -> str:
        """The IPv6 address of this machine on the bridge."""
        return f"{self.prefix6}::1"

    def address(self, number: int) -> str:
        """The IPv4 address with this last number."""
        return str(ipaddress.IPv4Network(self.subnet)[number])

    def create(self) -> None:
        """Bring the bridge up."""
        _ip("link", "add", self.bridge, "type", "bridge")
        _ip("address", "add", f"{self.controller}/24", "dev", self.bridge)
        with contextlib.suppress(subprocess.CalledProcessError):  # a machine without IPv6 has labs without IPv6
            _ip("-6", "address", "add", f"{self.controller6}/64", "dev", self.bridge, "nodad")
        _ip("link", "set", self.bridge, "up")

    def remove(self) -> None:
        """Take the bridge away; nothing happens when it is gone already."""
        if self.bridge in _links():
            _ip("link", "delete", self.bridge)


def choose(taken: Collection[str]) -> Network:
    """Give a free network; the caller holds the lock and records it before it is created.

    Args:
        taken: Subnets of the labs that are up or being brought up.
    """
    routed = _routed()
    links = _links()
    for number, subnet in enumerate(net for wide in _RANGES for net in wide.subnets(new_prefix=24)):
        bridge = f"sopti{number}"
        if str(subnet) not in taken and bridge not in links and not any(subnet.overlaps(other) for other in routed):
            return Network(bridge, str(subnet))
    raise RuntimeError("no free /24 is left for a lab; next: python -m tests.lab down --all")


def _routed() -> list[ipaddress.IPv4Network]:
    rows = json.loads(_ip("-json", "-4", "route", "show", "table", "all"))
    return [ipaddress.IPv4Network(row["dst"], strict=False) for row in rows if row["dst"] != "default"]


def _links() -> set[str]:
    return {row["ifname"] for row in json.loads(_ip("-json", "link"))}


def _ip(*words: str) -> str:
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=True).stdout
