"""A local apt repository on the bridge: one tiny package in two versions, so that a real upgrade needs no internet."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tests.lab import base

PACKAGE = "sopti-lab-sample"
VERSIONS = ("1.0", "2.0")
_PORT = 8077


def url(controller: str) -> str:
    """Give the address hosts find it at."""
    return f"http://{controller}:{_PORT}/"


def folder() -> Path:
    """Give the folder that is served."""
    return base.cache() / "repository-1"


def ensure() -> None:
    """Build the packages and their index once."""
    if folder().is_dir():
        return
    work = base.cache() / f"repository-{hashlib.sha256(str(sys.argv).encode()).hexdigest()[:8]}.new"
    shutil.rmtree(work, ignore_errors=True)
    index = [_package(work, version) for version in VERSIONS]
    (work / "Packages").write_text("\n".join(index))
    if not folder().is_dir():
        work.rename(folder())


def serve(controller: str) -> subprocess.Popen[bytes]:
    """Start the server; it dies with the caller."""
    server = [sys.executable, "-m", "http.server", str(_PORT), "--bind", controller, "--directory", str(folder())]
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *server],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _package(work: Path, version: str) -> str:
    """Build one .deb and give its entry in the index (``deb822``, Debian repository format)."""
    control = (
        f"Package: {PACKAGE}\nVersion: {version}\nArchitecture: all\nMaintainer: Lab <lab@example.invalid>\n"
        "Section: misc\nPriority: optional\nDescription: A package to install and upgrade in tests\n"
    )
    tree = work / f"tree-{version}"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(control)
    (tree / "usr/share" / PACKAGE).mkdir(parents=True)
    (tree / "usr/share" / PACKAGE / "version").write_text(f"{version}\n")
    deb = work / f"{PACKAGE}_{version}_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", str(tree), str(deb)], check=True, capture_output=True)
    shutil.rmtree(tree)
    content = deb.read_bytes()
    return f"{control}Filename: ./{deb.name}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
