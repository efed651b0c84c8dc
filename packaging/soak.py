"""Run every test with full counts and keep the figures, bound to the commit, in build/soak-<commit>.txt.

A test gives a figure with pytest's own ``record_property(name, value)``. Words after the name go to pytest.
"""

import datetime
import os
import platform
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def git(*words: str) -> str:
    """Give git's answer, stripped."""
    return subprocess.run(["git", *words], capture_output=True, text=True, check=True).stdout.strip()


def machine() -> str:
    """Say on what the figures were measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return f"{os.cpu_count()} cores, {memory} MB, {platform.platform()}, Python {platform.python_version()}"


def figures(report: Path) -> list[str]:
    """Give one line for each figure the tests recorded."""
    return [
        f"{case.get('classname')}::{case.get('name')}  {item.get('name')} = {item.get('value')}"
        for case in ET.parse(report).iter("testcase")  # noqa: S314  pytest wrote it a moment ago
        for item in case.iter("property")
    ]


def main() -> int:
    """Refuse a dirty tree, run the tests, write the figures."""
    dirty = git("status", "--porcelain")
    if dirty:
        print(f"make soak: refused. The tree differs from the commit:\n{dirty}\nNext: commit, then make soak.")
        return 2
    commit = git("rev-parse", "HEAD")
    build = Path("build")
    build.mkdir(exist_ok=True)
    report = build / f"soak-{commit[:12]}.xml"
    started = datetime.datetime.now(datetime.UTC)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", f"--junitxml={report}", "--durations=20", "-o", "timeout=7200", *sys.argv[1:]],
        env={**os.environ, "SOPTI_SOAK": "1"},
        check=False,
    )
    if not report.exists():
        return run.returncode or 1
    suite = next(ET.parse(report).iter("testsuite"))  # noqa: S314  pytest wrote it a moment ago
    counts = ", ".join(f"{suite.get(key)} {key}" for key in ("tests", "failures", "errors", "skipped"))
    took = datetime.datetime.now(datetime.UTC) - started
    lines = [
        f"commit   {commit}",
        f"started  {started:%Y-%m-%dT%H:%M:%SZ}, took {took.total_seconds():.0f} s",
        f"machine  {machine()}",
        f"tests    {counts}",
        f"verdict  {'passed' if run.returncode == 0 else 'FAILED'}",
        "",
        *figures(report),
    ]
    target = report.with_suffix(".txt")
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines), f"\nWritten to {target}")
    return run.returncode


if __name__ == "__main__":
    sys.exit(main())
