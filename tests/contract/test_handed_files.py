"""What a person may have sopti open: plain files of their own, and nothing that sopti keeps."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from sopti_runner.adapters.handed_files import HandedFiles
from sopti_runner.errors import UsageError

KEPT = "a place that sopti keeps for itself"


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state"
    (folder / "reports").mkdir(parents=True)
    (folder / "log.key").write_bytes(b"secret")
    return folder


@pytest.fixture
def desk(tmp_path):
    folder = tmp_path / "desk"
    folder.mkdir()
    return folder


@pytest.fixture
def files(state):
    return HandedFiles([state])


def refused(call, *arguments, **options):
    """Give what a refusal found."""
    with pytest.raises(UsageError) as error:
        call(*arguments, **options)
    return error.value.found


def test_read_plain_file_gives_its_bytes(files, desk):
    (desk / "page.pdf").write_bytes(b"%PDF")
    assert files.read(desk / "page.pdf") == b"%PDF"
    assert files.text(str(desk / "page.pdf")) == "%PDF"


def test_read_of_what_sopti_keeps_is_refused_by_every_way_there(files, state, desk, monkeypatch):
    (desk / "way").symlink_to(state)
    (desk / "deep").symlink_to(state / "reports")
    monkeypatch.chdir(state / "reports")
    for name in (
        state / "log.key",
        desk / "way" / "log.key",
        desk / "deep" / ".." / "log.key",
        "../log.key",
        state / "not-there",
        f"/proc/self/root{state}/log.key",
        "/proc/self/cwd/../log.key",
    ):
        assert refused(files.read, name) == KEPT, name


def test_read_of_a_kept_file_outside_the_kept_folder_is_refused(desk):
    (desk / "ledger.db").write_bytes(b"x")
    assert refused(HandedFiles([desk / "ledger.db"]).read, desk / "ledger.db") == KEPT


def test_read_of_links_pipes_devices_and_second_names_is_refused(files, state, desk):
    (desk / "link").symlink_to(state / "log.key")
    (desk / "hard").hardlink_to(state / "log.key")
    os.mkfifo(desk / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(desk / "socket"))
    assert refused(files.read, desk / "link") == "a link"
    assert refused(files.read, desk / "hard") == "a file with a second name elsewhere"
    assert refused(files.read, desk / "pipe") == "a pipe or a device"
    assert refused(files.read, "/dev/zero") == "a pipe or a device"
    assert refused(files.read, desk) == "a folder"
    assert refused(files.read, desk / "missing") == "No such file or directory"
    assert refused(files.read, desk / "socket")
    assert refused(files.read, "")


def test_read_of_a_file_too_large_or_no_text_is_refused(files, desk):
    (desk / "large").write_bytes(b"\xff" * 2049)
    assert refused(files.read, desk / "large", limit=2048) == "more than {size} KiB"
    assert refused(files.text, desk / "large") == "bytes that are no text in UTF-8"


def test_write_replaces_a_plain_file_for_owner_and_group(files, desk):
    (desk / "recap.pdf").write_bytes(b"old")
    files.write(desk / "recap.pdf", b"new")
    assert (desk / "recap.pdf").read_bytes() == b"new"
    assert (desk / "recap.pdf").stat().st_mode & 0o777 == 0o640
    assert [each.name for each in desk.iterdir()] == ["recap.pdf"]


def test_write_into_what_sopti_keeps_is_refused_by_every_way_there(files, state, desk):
    (desk / "way").symlink_to(state)
    for name in (state / "log.key", desk / "way" / "log.key", state / "reports" / "new.pdf"):
        assert refused(files.write, name, b"x") == KEPT
    assert (state / "log.key").read_bytes() == b"secret"
    assert list((state / "reports").iterdir()) == []


def test_write_through_a_link_or_into_a_pipe_is_refused(files, state, desk):
    (desk / "link").symlink_to(state / "log.key")
    (desk / "dangling").symlink_to(state / "hmac.key")
    os.mkfifo(desk / "pipe")
    assert refused(files.write, desk / "link", b"x") == "a link"
    assert refused(files.write, desk / "dangling", b"x") == "a link"
    assert refused(files.write, desk / "pipe", b"x") == "a pipe or a device"
    assert refused(files.write, desk, b"x") == "a folder"
    assert {each.name for each in state.iterdir()} == {"log.key", "reports"}
    assert (state / "log.key").read_bytes() == b"secret"


def test_open_new_leaves_nothing_when_its_block_fails_and_replaces_nothing(files, desk):
    with pytest.raises(TypeError), files.open_new(desk / "bundle.zip") as file:
        file.writelines([b"half", None])
    assert list(desk.iterdir()) == []
    (desk / "bundle.zip").write_bytes(b"old")
    with pytest.raises(UsageError, match="The file exists already"), files.open_new(desk / "bundle.zip"):
        pass
    assert (desk / "bundle.zip").read_bytes() == b"old"


def test_folder_is_made_for_a_person_but_never_inside_the_kept_one(files, state, desk):
    assert files.folder(desk / "witness" / "memory").is_dir()
    (desk / "way").symlink_to(state)
    for name in (state, state / "witness", desk / "way" / "witness"):
        assert refused(files.folder, name) == KEPT
    assert {each.name for each in state.iterdir()} == {"log.key", "reports"}


def test_place_is_judged_also_when_the_kept_folder_comes_later(desk, tmp_path):
    files = HandedFiles([tmp_path / "later"])
    (desk / "a").write_bytes(b"a")
    assert files.read(desk / "a") == b"a"
    Path(tmp_path / "later").mkdir()
    assert refused(files.write, tmp_path / "later" / "b", b"b") == KEPT


def test_secret_is_written_only_where_no_disk_is(files):
    files.require_memory("/dev/shm/slip.pdf")
    for place in (Path(__file__).with_name("slip.pdf"), Path("/proc/slip.pdf"), Path("/nowhere/slip.pdf")):
        with pytest.raises(UsageError) as error:
            files.require_memory(place)
        assert error.value.on == str(place)
