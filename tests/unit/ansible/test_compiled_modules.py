"""Modules packed for hosts: compiled beside their source, and of use only to the Python that they were compiled for."""

from __future__ import annotations

import zipfile
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import ModuleType
from zipimport import zipimporter

import pytest

from sopti_runner.adapters.ansible.compiled_modules import CompiledZip, send_compiled

SOURCE = b"answer = 42\n"


def packed(folder: Path, name: str, source: bytes | str) -> Path:
    path = folder / "packed.zip"
    with CompiledZip(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        entry = zipfile.ZipInfo(name)
        entry.compress_type = zipfile.ZIP_DEFLATED
        zipped.writestr(entry, source)
    return path


@pytest.mark.parametrize("source", [SOURCE, SOURCE.decode()], ids=["bytes", "text"])
def test_packed_module_on_the_same_python_is_taken_compiled(tmp_path: Path, source: bytes | str) -> None:
    importer = zipimporter(str(packed(tmp_path, "module.py", source)))
    found: dict[str, int] = {}
    exec(importer.get_code("module"), found)
    assert (Path(importer.get_filename("module")).name, found["answer"]) == ("module.pyc", 42)


def test_packed_module_on_another_python_is_taken_as_source(tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(packed(tmp_path, "module.py", SOURCE)) as mine, zipfile.ZipFile(other, "w") as theirs:
        for name in mine.namelist():
            theirs.writestr(name, mine.read(name).replace(MAGIC_NUMBER, b"\x01\x02\r\n"))
    importer = zipimporter(str(other))
    assert Path(importer.get_filename("module")).name == "module.py"
    assert importer.get_source("module") == SOURCE.decode()


@pytest.mark.parametrize(("name", "source"), [("module.py", b"def ("), ("data.json", b"{}")])
def test_what_is_not_python_is_packed_once(tmp_path: Path, name: str, source: bytes) -> None:
    with zipfile.ZipFile(packed(tmp_path, name, source)) as zipped:
        assert [(each, zipped.read(each)) for each in zipped.namelist()] == [(name, source)]


def test_ansibles_packer_takes_the_compiling_zip_and_another_one_stays_as_it_is() -> None:
    ours, other = ModuleType("ours"), ModuleType("other")
    ours.zipfile = zipfile  # type: ignore[attr-defined]  # as Ansible's own module has it
    send_compiled(ours)
    send_compiled(other)
    assert ours.zipfile.ZipFile is CompiledZip  # type: ignore[attr-defined]  # as Ansible's own module has it
    assert ours.zipfile.ZIP_DEFLATED == zipfile.ZIP_DEFLATED  # type: ignore[attr-defined]  # as Ansible's own module has it
    assert vars(other).keys() == vars(ModuleType("other")).keys()
