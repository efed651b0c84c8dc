"""``python -m tests.lab``: bring throw-away hosts up and down by hand."""

from __future__ import annotations

import argparse
import sys
import time

import yaml

from tests.lab import base, machine, record, repository
from tests.lab.lab import Lab, LabError, reap


def main() -> int:
    """Run one subcommand; 0 done, 1 not possible here or failed, 2 wrong words."""
    words = _parser().parse_args()
    try:
        return int(words.run(words))
    except (LabError, base.BaseError) as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    commands = parser.add_subparsers(required=True)
    check = commands.add_parser(
        "check", help="say what is missing here and how to get it (exit 0: labs work, 1: they don't)"
    )
    check.set_defaults(run=_check)
    build = commands.add_parser("base", help="build the cached base now")
    build.set_defaults(run=_base)
    up = commands.add_parser("up", help="bring N hosts up and print an Ansible inventory")
    up.add_argument("n", type=int, nargs="?", default=2, metavar="N")
    up.add_argument("--name", default="default", help="name of the lab (default: %(default)s)")
    up.add_argument("--hosts", default="", help="names of the hosts, comma separated, instead of N")
    up.set_defaults(run=_up)
    inventory = commands.add_parser("inventory", help="print the inventory of a lab that is up")
    inventory.add_argument("name", nargs="?", default="default")
    inventory.set_defaults(run=lambda words: _print(Lab.find(words.name)))
    down = commands.add_parser("down", help="take a lab down, and every lab nobody holds any more")
    down.add_argument("names", nargs="*", metavar="NAME")
    down.add_argument("--all", action="store_true", help="every lab, also those that are in use")
    down.set_defaults(run=_down)
    listing = commands.add_parser("list", help="list the labs that are up")
    listing.set_defaults(run=_list)
    return parser


def _check(_words: argparse.Namespace) -> int:
    lacking = machine.missing()
    for line in lacking:
        print(f"missing: {line}")
    if not lacking:
        ready = base.path().is_dir()
        print("labs work here; the base is", "ready" if ready else "not built yet (python -m tests.lab base)")
    return bool(lacking)


def _base(_words: argparse.Namespace) -> int:
    started = time.monotonic()
    print(f"{base.ensure()} ({time.monotonic() - started:.1f} s)")
    repository.ensure()
    return 0


def _up(words: argparse.Namespace) -> int:
    names = [name for name in words.hosts.split(",") if name]
    return _print(Lab.up(words.n, name=words.name, names=names, detached=True))


def _print(lab: Lab) -> int:
    print(f"# lab {lab.name}: pinned keys in {lab.known_hosts}")
    print(yaml.safe_dump(lab.inventory(), sort_keys=False, width=200), end="")
    return 0


def _down(words: argparse.Namespace) -> int:
    for name in [] if words.all else words.names or ["default"]:
        known = name in {lab.name for lab in record.records()}
        if known:
            Lab.find(name).down()
        print(f"{name}: {'down' if known else 'was not up'}")
    for name in reap(everything=words.all):
        print(f"{name}: down")
    return 0


def _list(_words: argparse.Namespace) -> int:
    for lab in record.records():
        held = f"held by process {lab.owner.pid}" if lab.owner else "stays until down"
        held = "nobody holds it any more" if lab.stale else held
        print(f"{lab.name}: {len(lab.hosts)} hosts in {lab.network.subnet}, {held}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
