"""A ledger file on a disk that is full, limited or read-only: refused with the reason, nothing acknowledged lost."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from contextlib import closing
from datetime import timedelta

import pytest

from sopti_runner.adapters.store_sql import SqlStore
from sopti_runner.domain.ledger.verify import audit
from sopti_runner.errors import LedgerError
from tests.contract.ledger_traffic import fill, writer
from tests.fakes import ORIGIN, START, Drafts, FakeClock


def test_disk_that_takes_no_more_refuses_and_loses_nothing(tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with closing(SqlStore(url)) as store:
        store.create(ORIGIN)
        fill(store, 10)
    limit = max(path.stat().st_size for path in tmp_path.iterdir()) + 64 * 1024
    limited = writer(url, "full", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    done, exit_code, what = limited.communicate(timeout=120)[0].split(" ", 2)
    assert exit_code == "11"
    assert "disk" in what
    assert int(done) > 0
    with closing(SqlStore(url)) as after:
        assert after.head().size == 10 + int(done)
        assert list(after.differences()) == []
        later = FakeClock(START + timedelta(days=2))
        assert after.append([Drafts(later)("request.registered")], later.now(), expect_size=10 + int(done))


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 300 KiB of its own; needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = shutil.which("mount") and os.geteuid() == 0
    mounted = (
        mounted
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=300k,mode=0700", "none", folder], capture_output=True, check=False
        ).returncode
    )
    if not mounted:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_full_disk_refuses_says_so_and_keeps_what_was_acknowledged(small_disk):
    store = SqlStore(f"sqlite:///{small_disk / 'ledger.db'}")
    store.create(ORIGIN)
    drafts, done, error = Drafts(), 0, None
    while error is None:
        try:
            store.append([drafts(data={"x": "y" * 3000})], FakeClock().now())
            done += 1
        except LedgerError as caught:
            error = caught
    assert (error.exit_code, "disk" in str(error)) == (11, True)
    assert store.head().size == done > 0
    assert audit(store.bodies()).verdict == "self_consistent"
    store.close()


def test_read_only_disk_reads_or_says_why_not_and_refuses_to_write(small_disk):
    store = SqlStore(f"sqlite:///{small_disk / 'ledger.db'}")
    store.create(ORIGIN)
    fill(store, 2)
    store.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(LedgerError) as error:
        fill(store, 1)
    assert error.value.exit_code == 11
    store.close()
    with pytest.raises(LedgerError) as made:
        SqlStore(f"sqlite:///{small_disk / 'other.db'}").create(ORIGIN)
    assert made.value.exit_code == 11
    assert not (small_disk / "other.db").exists()
