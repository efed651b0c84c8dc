from __future__ import annotations

from pathlib import Path

from sopti_runner.adapters.ansible import kept_facts


def test_facts_of_a_plan_are_taken_by_one_run(tmp_path: Path) -> None:
    kept, folder = tmp_path / "facts" / "copy", tmp_path / "plan"
    folder.mkdir()
    (folder / "web1").write_text("{}")
    kept_facts.keep(folder, kept)
    kept_facts.take(kept, tmp_path / "run-1")
    kept_facts.take(kept, tmp_path / "run-2")
    assert [path.name for path in (tmp_path / "run-1").iterdir()] == ["web1"]
    assert list((tmp_path / "run-2").iterdir()) == []


def test_facts_of_a_newer_plan_replace_the_older(tmp_path: Path) -> None:
    kept = tmp_path / "facts" / "copy"
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
        kept_facts.keep(tmp_path / name, kept)
    assert [path.name for path in kept.iterdir()] == ["new"]


def test_settings_gather_anew_where_no_facts_were_kept(tmp_path: Path) -> None:
    assert "GATHERING" not in kept_facts.settings(tmp_path)
    (tmp_path / "web1").touch()
    assert kept_facts.settings(tmp_path)["GATHERING"] == "smart"
